/**
 * Reads the message corpus under `test/fixtures/`. Its README says what each file is.
 *
 * Every call returns fresh plain Uint8Arrays, never a Buffer: code under test that leans on a Buffer method
 * fails here, as it would on the forwarding path, and a test may write into what it got.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One message of a set: the RFC's name for it (`wsinv`), and the datagram. */
export interface Fixture {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const PACKAGE_NAME = 'sip-rollcall';
const MESSAGE_SUFFIX = '.sip';

const fixturesRoot = findFixturesRoot();

/** The bytes of one file, by its path below `test/fixtures/`: `rfc4475/wsinv.sip`. Throws if it is not there. */
export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(fixturesRoot, path)));
}

/** Every message (`*.sip`) of a folder below `test/fixtures/`, by name in ASCII order. */
export function fixturesIn(folder: string): Fixture[] {
  return readdirSync(join(fixturesRoot, folder))
    .filter((file) => file.endsWith(MESSAGE_SUFFIX))
    .sort()
    .map((file) => ({
      name: file.slice(0, -MESSAGE_SUFFIX.length),
      bytes: fixture(`${folder}/${file}`),
    }));
}

// Compiled tests run from dist/test and the messages are not copied there, so look upwards for the repository.
// A build written outside it finds them from the folder that the tests were started in.
function findFixturesRoot(): string {
  for (const start of [dirname(fileURLToPath(import.meta.url)), process.cwd()]) {
    for (let folder = start; ; folder = dirname(folder)) {
      const candidate = join(folder, 'test', 'fixtures');
      if (isOurPackage(folder) && existsSync(candidate)) return candidate;
      if (dirname(folder) === folder) break;
    }
  }
  throw new Error(
    `no folder above ${import.meta.url} or ${process.cwd()} holds ${PACKAGE_NAME} and test/fixtures`,
  );
}

function isOurPackage(folder: string): boolean {
  const manifest = join(folder, 'package.json');
  if (!existsSync(manifest)) return false;
  const parsed: unknown = JSON.parse(readFileSync(manifest, 'utf8'));
  return typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === PACKAGE_NAME;
}
