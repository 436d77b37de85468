import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { loadSecrets } from '../../src/secrets/secret-file.ts';

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-secret-'));
  try {
    work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const hex = (secrets: readonly Uint8Array[]) => secrets.map((secret) => Buffer.from(secret).toString('hex'));
const A = 'a1'.repeat(32);
const B = 'B2'.repeat(32);

test('the first start makes the file for its owner alone; the next one reads the same secret', () =>
  inFolder((folder) => {
    const path = join(folder, 'state', 'rollcall', 'secret');
    const made = loadSecrets(path);
    assert.equal(made.origin, 'created');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(readFileSync(path, 'latin1'), /^[0-9a-f]{64}\n$/);
    assert.deepEqual(readdirSync(dirname(path)), ['secret']);
    const again = loadSecrets(path);
    assert.equal(again.origin, 'read');
    assert.deepEqual(hex(again.secrets), hex(made.secrets));
    const other = loadSecrets(join(folder, 'other'));
    assert.notDeepEqual(hex(other.secrets), hex(made.secrets));
  }));

test('current, then previous; case, blank lines and CRLF do not matter', () =>
  inFolder((folder) => {
    const path = join(folder, 'secret');
    writeFileSync(path, `${A}\r\n${B}\r\n\r\n`);
    assert.deepEqual(hex(loadSecrets(path).secrets), [A, B.toLowerCase()]);
  }));

test('anything else in the file ends the start with what to do, and is not overwritten', () =>
  inFolder((folder) => {
    for (const text of ['', 'short\n', `${A}zz\n`, `${A}\n${B}\n${A}\n`, `${A} ${B}\n`]) {
      const path = join(folder, 'secret');
      writeFileSync(path, text);
      assert.throws(() => loadSecrets(path), {
        name: 'SecretFileError',
        message: `secret-file: ${path} must hold one or two lines of 64 hex digits, the current secret and then the previous one; make one with \`openssl rand -hex 32\``,
      });
      assert.equal(readFileSync(path, 'utf8'), text);
    }
  }));

test('a folder in place of the file, or a file in place of a folder, is told as it is', () =>
  inFolder((folder) => {
    assert.throws(() => loadSecrets(folder), /^SecretFileError: secret-file: can't read .* \(EISDIR\)/);
    writeFileSync(join(folder, 'file'), '');
    assert.throws(
      () => loadSecrets(join(folder, 'file', 'secret')),
      /^SecretFileError: secret-file: can't .* \(ENOTDIR\)/,
    );
  }));
