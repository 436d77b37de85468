import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isKernelFrom } from '../../../src/net/transport/choose.ts';

const onLinux = process.platform === 'linux' ? {} : { skip: 'needs Linux' };

/** The compiled sources alone, in a place from where no package can be found. */
async function runWithoutPackages(script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bare-'));
  try {
    cpSync(fileURLToPath(new URL('../../../src/', import.meta.url)), join(folder, 'src'), {
      recursive: true,
    });
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
  import { openTransport } from './src/net/transport/choose.js';
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

test('kernels are compared by their numbers', () => {
  const fromHere = (release: string) => isKernelFrom([6, 12], release);
  assert.ok(['6.12.9-amd64', '6.12', '6.13.0-rc1', '7.0.1', '10.1'].every(fromHere));
  assert.ok(!['6.11.99', '6.1.0-28-amd64', '5.15.0', '4.18.0-553.el8', ''].some(fromHere));
});

/** A thread under this filter (man 2 seccomp) gets EPERM from io_uring_setup, as in most containers. */
const WITHOUT_IO_URING = `
  import koffi from 'koffi';
  const prctl = koffi.load(null).func('int prctl(int, uintptr_t, uintptr_t, uintptr_t, uintptr_t)');
  const memory = new Uint8Array(8192);
  const words = new Uint32Array(memory.buffer);
  const halves = new Uint16Array(memory.buffer);
  const address = Number(koffi.address(memory));
  // Where it is not equal, the next one, which allows; else the one behind it.
  const LOAD_NUMBER = [0x20, 0], IF_EQUAL = [0x15, 0x0001], RETURN = [0x06, 0];
  const program = [[LOAD_NUMBER, 0], [IF_EQUAL, 425], [RETURN, 0x7fff0000], [RETURN, 0x00050001]];
  for (const [i, [[code, jumps], k]] of program.entries()) {
    halves[(64 + i * 8) >> 1] = code;
    halves[(64 + i * 8 + 2) >> 1] = jumps;
    words[(64 + i * 8 + 4) >> 2] = k;
  }
  halves[0] = program.length;
  words[2] = (address + 64) >>> 0;
  words[3] = Math.floor((address + 64) / 2 ** 32);
  if (prctl(38, 1, 0, 0, 0) !== 0 || prctl(22, 2, address, 0, 0) !== 0) throw new Error('no filter');
`;

const FORBIDDEN = 'the kernel does not let us have io_uring (io_uring_setup: EPERM)';

for (const [choice, said] of [
  [
    'auto',
    isKernelFrom([6, 12], release())
      ? `batched: ${FORBIDDEN}`
      : /^batched: io_uring is taken from Linux 6\.12 on, this is \d/,
  ],
  ['uring', `transport uring can't be had: ${FORBIDDEN}`],
  ['batched', 'batched: asked for'],
] as const) {
  test(`where io_uring is forbidden, ${choice} says so or does without`, onLinux, async () => {
    const folder = fileURLToPath(new URL('../../../', import.meta.url));
    const script = SCRIPT(choice)
      .replace('127.77.50.22', '127.77.50.23')
      .replace(
        ', {});',
        ', { bytes: new Uint8Array(new SharedArrayBuffer(2 ** 24)), offset: 0, length: 2 ** 24 });',
      );
    const path = join(folder, `without-io-uring-${choice}.mjs`);
    writeFileSync(path, WITHOUT_IO_URING + script);
    try {
      const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 20_000 });
      if (typeof said === 'string') assert.equal(stdout.trim(), said);
      else assert.match(stdout, said);
    } finally {
      rmSync(path);
    }
  });
}
