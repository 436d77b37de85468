import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isKernelFrom } from '../../../src/net/transport/choose.ts';
import { over } from '../../support/transports.ts';

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

/** A thread under this filter (man 2 seccomp) gets EPERM from a system call, as it does in most containers from io_uring_setup. */
const FORBID = `
  import koffi from 'koffi';
  function forbid(number) {
    const prctl = koffi.load(null).func('int prctl(int, uintptr_t, uintptr_t, uintptr_t, uintptr_t)');
    const memory = new Uint8Array(8192);
    const words = new Uint32Array(memory.buffer);
    const halves = new Uint16Array(memory.buffer);
    const address = Number(koffi.address(memory));
    // Where it is not equal, the next one, which allows; else the one behind it.
    const LOAD_NUMBER = [0x20, 0], IF_EQUAL = [0x15, 0x0001], RETURN = [0x06, 0];
    const program = [[LOAD_NUMBER, 0], [IF_EQUAL, number], [RETURN, 0x7fff0000], [RETURN, 0x00050001]];
    for (const [i, [[code, jumps], k]] of program.entries()) {
      halves[(64 + i * 8) >> 1] = code;
      halves[(64 + i * 8 + 2) >> 1] = jumps;
      words[(64 + i * 8 + 4) >> 2] = k;
    }
    halves[0] = program.length;
    words[2] = (address + 64) >>> 0;
    words[3] = Math.floor((address + 64) / 2 ** 32);
    if (prctl(38, 1, 0, 0, 0) !== 0 || prctl(22, 2, address, 0, 0) !== 0) throw new Error('no filter');
  }
`;

const IO_URING_SETUP = 425;
const IO_URING_REGISTER = 427;
const FORBIDDEN = 'the kernel does not let us have io_uring';
const isTaken = isKernelFrom([6, 12], release());
const TOO_OLD = /^batched: io_uring is taken from Linux 6\.12 on, this is \d/;

/** What is said by a script that runs beside the compiled sources, with a place in memory for datagrams. */
async function runBesidePackages(name: string, script: string): Promise<string> {
  const path = fileURLToPath(new URL(`../../../without-io-uring-${name}.mjs`, import.meta.url));
  const arena = '{ bytes: new Uint8Array(new SharedArrayBuffer(2 ** 25)), offset: 0, length: 2 ** 25 }';
  writeFileSync(path, FORBID + script.replace(', {});', `, ${arena});`));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 20_000 });
    return stdout.trim();
  } finally {
    rmSync(path);
  }
}

for (const [call, number] of [
  ['io_uring_setup', IO_URING_SETUP],
  // As where locked memory is limited so that the ring fits, and its buffers don't.
  ['io_uring_register', IO_URING_REGISTER],
] as const) {
  const reason = `${FORBIDDEN} (${call}: EPERM)`;
  for (const [choice, said] of [
    ['auto', isTaken ? `batched: ${reason}` : TOO_OLD],
    ['uring', `transport uring can't be had: ${reason}`],
    ['batched', 'batched: asked for'],
  ] as const) {
    test(`where ${call} is forbidden, ${choice} says so or does without`, onLinux, async () => {
      const script = SCRIPT(choice).replace('127.77.50.22', '127.77.50.23');
      const heard = await runBesidePackages(`${call}-${choice}`, `forbid(${number});${script}`);
      if (typeof said === 'string') assert.equal(heard, said);
      else assert.match(heard, said);
    });
  }
}

test(
  'where the registrar can have no socket of its own, what is sent to it leaves by the common one',
  over('uring'),
  async () => {
    const script = SCRIPT('uring')
      .replace('127.77.50.22', '127.77.50.24')
      .replace(
        'transport.close();',
        `
    forbid(${IO_URING_REGISTER});
    const peer = createSocket('udp4').bind(5060, '127.77.50.25');
    await once(peer, 'listening');
    const heard = once(peer, 'message');
    await new Promise((resolve) => peer.send('x', 5060, '127.77.50.24', resolve));
    const registrar = endpointFrom('127.77.50.25:5060');
    console.log(transport.faceRegistrar(0, registrar));
    const datagram = { source: endpointFrom('127.0.0.1:1') };
    let taken = 0;
    const take = () => {
      taken++;
      transport.send(datagram.bytes, datagram.start, datagram.end, 0, registrar, 0);
    };
    const receiver = { datagram, startBatch() {}, take, endBatch() {}, sent() {}, failed() {} };
    await transport.run(receiver, () => (taken === 0 ? 'wait' : 'stop'));
    const [, { address, port }] = await heard;
    console.log(address + ':' + port);
    peer.close();`,
      );
    const heard = await runBesidePackages(
      'register-later',
      `import { createSocket } from 'node:dgram';\nimport { once } from 'node:events';\n${script}`,
    );
    assert.equal(heard, 'uring: asked for\nEPERM\n127.77.50.24:5060');
  },
);
