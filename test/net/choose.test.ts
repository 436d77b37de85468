import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The compiled sources alone, in a place from where no package can be found. */
async function runWithoutPackages(script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bare-'));
  try {
    cpSync(fileURLToPath(new URL('../../src/', import.meta.url)), join(folder, 'src'), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'main.js'), script);
    const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.js')], {
      timeout: 20_000,
    });
    return stdout.trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const SCRIPT = (choice: string) => `
  import { openTransport } from './src/net/choose.js';
  import { endpointFrom } from './src/sip/address.js';
  const bound = endpointFrom('127.77.50.22:5060');
  const sockets = [{ index: 0, bound, sentBy: bound }];
  try {
    const { transport, why } = await openTransport('${choice}', { sockets, receiveBufferBytes: 65536 }, {});
    console.log(transport.kind + ': ' + why);
    transport.close();
  } catch (error) {
    console.log(error.message);
  }
`;

test('auto without koffi takes the portable transport and says why', async () => {
  assert.match(
    await runWithoutPackages(SCRIPT('auto')),
    /^portable: (the optional package koffi can't be loaded \(Cannot find package 'koffi'.*\)|it needs Linux, .*)$/,
  );
});

test('the batched transport, asked for by name, is not replaced by another', async () => {
  assert.match(await runWithoutPackages(SCRIPT('batched')), /^transport batched can't be had: /);
});

test('the portable transport needs no package', async () => {
  assert.equal(await runWithoutPackages(SCRIPT('portable')), 'portable: asked for');
});
