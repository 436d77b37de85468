import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { capture, say } from './command.mjs';
import { compileKernel, KERNEL_CODE } from './kernel.mjs';
import { inRoot, ROOT } from './paths.mjs';

const SOURCE_FOLDERS = ['src', 'test', 'grafana'];
const DIST = inRoot('dist');
const STAMP = join(DIST, '.build-stamp');
const BUILD_LIMIT_MS = 5 * 60_000;

/**
 * Every file under some folders of a root, as paths relative to it, sorted.
 *
 * @param {string} root
 * @param {string[]} folders
 */
export function filesUnder(root, folders) {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name))),
    )
    .filter((path) => statSync(join(root, path)).isFile())
    .sort();
}

/** Changes with any source that is added, edited, renamed or removed, and with how they are compiled. */
function sourcesStamp() {
  const hash = createHash('sha256').update(process.versions.node);
  const sources = filesUnder(ROOT, SOURCE_FOLDERS).filter(
    (path) => path.endsWith('.ts') && path !== KERNEL_CODE,
  );
  const builders = ['build', 'bundle', 'kernel'].map((name) => join('scripts', 'lib', `${name}.mjs`));
  for (const path of [...sources, ...builders, 'tsconfig.json', 'package-lock.json']) {
    const { size, mtimeMs } = statSync(inRoot(path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** A compiled file whose source is gone would still be found, and run, as a test. */
function removeStale() {
  for (const path of filesUnder(DIST, SOURCE_FOLDERS)) {
    const source = path.replace(/\.js(\.map)?$/, '.ts');
    if (!existsSync(inRoot(source))) rmSync(join(DIST, path));
  }
}

/** Compiles the sources into dist/ unless dist/ is up to date. */
export async function ensureBuild() {
  const stamp = sourcesStamp();
  if (existsSync(STAMP) && existsSync(inRoot(KERNEL_CODE)) && readFileSync(STAMP, 'utf8') === stamp) return;
  say('compiling (asc, tsc, rollup)');
  rmSync(STAMP, { force: true });
  compileKernel();
  const compiler = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  const done = capture([process.execPath, compiler, '-p', 'tsconfig.json'], {
    cwd: ROOT,
    timeoutMs: BUILD_LIMIT_MS,
  });
  if (!done.ok) throw new Error(`the sources do not compile:\n${done.output.trim()}`);
  mkdirSync(DIST, { recursive: true });
  removeStale();
  await bundle();
  writeFileSync(STAMP, stamp);
}
