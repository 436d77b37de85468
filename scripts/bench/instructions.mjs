#!/usr/bin/env node
// How many instructions forwarding takes for a REGISTER and for its 200, function by function, the operating system's left out:
// counted, by single-stepping a process that does nothing else. The clock of a noisy machine says that a profile is flat;
// this says the same each time, but for what the compiler inlines, and needs no counters of the processor's.
//   npm run bench:instructions                       this build
//   npm run bench:instructions -- /before/dist       another one
//   npm run bench:instructions -- --lines            by lines of the source, too
// Linux on x64, where the optional package koffi is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inRoot } from '../lib/paths.mjs';
import { assemble, HEADROOM_BYTES, REGISTRAR, SENT_BYTES, SLOT_BYTES } from './both-threads.mjs';
import { Crowd } from './crowd.mjs';
import { lastNotBeyond, lineAt, readJitDump } from './jit-dump.mjs';

const CHILD = '--one';
const LINES = '--lines';
const KINDS = ['request', 'response'];
/** The compiler is done by then. */
const WARM_UP_MS = 6000;
const STEPS = 250_000;
const SHOWN = 40;
const SHOWN_LINES = 80;
const SHOWN_LETTERS = 110;
const SCAN = 'kernel: scan';
/** A first cache of 32 KiB, eight lines of 64 bytes in each of 64 sets. */
const LINE_SHIFT = 6;
const SETS = 64;
const WAYS = 8;

const PTRACE_SINGLESTEP = 9;
const PTRACE_GETREGS = 12;
const PTRACE_ATTACH = 16;
const WALL = 0x40000000;
/** Of `struct user_regs_struct`: its size, and where the address of the next instruction stands. */
const REGISTERS_BYTES = 27 * 8;
const RIP_AT = 16 * 8;

/** Forwards one message again and again, and never comes back. @param {string} dist @param {string} kind */
async function forwardForEver(dist, kind) {
  const { bytes, endpoint, forwarder, kernel, reader, sent, sentAt, slotsAt, tapped } = await assemble(
    dist,
    4,
  );
  const [phone] = new Crowd(false).phones;
  if (phone === undefined) throw new Error('no phone');
  const [source, registrar] = [endpoint(phone.source), endpoint(REGISTRAR)];
  const payloadAt = (/** @type {number} */ slot) => slotsAt + slot * SLOT_BYTES + HEADROOM_BYTES;
  const [requestAt, responseAt, worked] = [2, 3, 0].map(payloadAt);
  const forward = (/** @type {number} */ at, /** @type {number} */ length, /** @type {unknown} */ from) => {
    // Not by its length, for which V8 takes 700 instructions.
    while (sent.length > 0) sent.pop();
    kernel.copyWithin(bytes, worked, at, at + length);
    const { datagram } = forwarder;
    datagram.bytes = bytes;
    datagram.start = worked;
    datagram.end = worked + length;
    datagram.socket = 0;
    datagram.source.copyFrom(from);
    forwarder.take(worked - HEADROOM_BYTES);
  };

  const message = { step: /** @type {const} */ ('refresh'), serial: 1_000_000_001, nonce: '' };
  const request = Buffer.from(phone.requests.refresh.number(message));
  bytes.set(request, requestAt);
  forward(requestAt, request.length, source);
  const forwarded = Buffer.from(bytes.slice(sentAt, sent[0]));
  const vias = forwarded.subarray(forwarded.indexOf('Via:'), forwarded.indexOf('Max-Forwards:'));
  const [status, template] = phone.answers.refresh;
  const response = Buffer.concat([Buffer.from(`SIP/2.0 ${status}\r\n`), vias, template.number(message)]);
  if (response.length > SENT_BYTES) throw new Error('no room for the answer');
  bytes.set(response, responseAt);
  const work =
    kind === 'request'
      ? () => forward(requestAt, request.length, source)
      : () => forward(responseAt, response.length, registrar);

  const warmAt = performance.now() + WARM_UP_MS;
  let isTold = false;
  while (true) {
    forwarder.startBatch();
    // The ring is read only between rows of so many, so that few steps are anything but forwarding.
    for (let i = 0; i < 5000; i++) work();
    forwarder.endBatch('part');
    while (reader.next(tapped));
    reader.release();
    if (isTold || performance.now() < warmAt) continue;
    isTold = true;
    const names = Object.entries(kernel.loops).map(([name, loop]) => [loop.name, name]);
    writeSync(1, `${JSON.stringify(names)}\n`);
  }
}

/** The addresses of so many instructions that a process executes. @param {number} pid */
async function stepsOf(pid) {
  const { default: koffi } = await import('koffi');
  const libc = koffi.load(null);
  const ptrace = libc.func('long ptrace(int request, int pid, void *address, void *data)');
  const waitpid = libc.func('int waitpid(int pid, void *status, int options)');
  const registers = Buffer.alloc(REGISTERS_BYTES);
  const status = Buffer.alloc(4);
  const call = (/** @type {number} */ request, /** @type {Buffer | null} */ data) => {
    if (ptrace(request, pid, null, data) < 0)
      throw new Error(`ptrace request ${request}: errno ${koffi.errno()}`);
  };
  call(PTRACE_ATTACH, null);
  waitpid(pid, status, WALL);
  const steps = new Float64Array(STEPS);
  for (let i = 0; i < STEPS; i++) {
    call(PTRACE_GETREGS, registers);
    steps[i] = registers.readUInt32LE(RIP_AT) + registers.readUInt32LE(RIP_AT + 4) * 2 ** 32;
    call(PTRACE_SINGLESTEP, null);
    waitpid(pid, status, WALL);
  }
  return steps;
}

/**
 * The functions that the compiler has made, as `node --perf-basic-prof` lists them: the last one at an address counts.
 *
 * @param {string} file
 * @param {Map<string, string>} loops names of the kernel's loops, by their numbers
 */
function functionsOf(file, loops) {
  /** @type {Map<number, { start: number, end: number, name: string }>} */
  const functions = new Map();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const found = /^([0-9a-f]+) ([0-9a-f]+) (.*)$/.exec(line);
    if (found === null) continue;
    const [start, bytes] = [Number.parseInt(found[1] ?? '', 16), Number.parseInt(found[2] ?? '', 16)];
    const loop = /wasm-function\[(\d+)\]/.exec(found[3] ?? '')?.[1];
    const name =
      loop === undefined
        ? (found[3] ?? '').replace(/^JS:\*/, '').replace(/ file:.*/, '')
        : `kernel: ${loops.get(loop) ?? `its own ${loop}`}`;
    functions.set(start, { start, end: start + bytes, name });
  }
  return [...functions.values()].sort((a, b) => a.start - b.start);
}

/**
 * The steps from one datagram's place on to the same of the last one: each is scanned once.
 *
 * @param {Float64Array} steps
 * @param {{ start: number, name: string }[]} functions
 */
function wholeDatagrams(steps, functions) {
  const scans = new Set(functions.filter(({ name }) => name === SCAN).map(({ start }) => start));
  const first = steps.findIndex((address) => scans.has(address));
  const last = steps.findLastIndex((address) => scans.has(address));
  const whole = steps.subarray(Math.max(first, 0), Math.max(last, 0));
  const datagrams = whole.reduce((sum, address) => sum + (scans.has(address) ? 1 : 0), 0);
  if (datagrams === 0) throw new Error('no datagram was forwarded while it was counted');
  return { steps: whole, datagrams };
}

/** @param {Float64Array} steps @param {{ start: number, end: number, name: string }[]} functions */
function count(steps, functions) {
  const elsewhere = { start: 0, end: 0, name: 'elsewhere: Node, libc, builtins' };
  const functionAt = (/** @type {number} */ address) => {
    const found = functions[lastNotBeyond(functions, address, ({ start }) => start)];
    return found !== undefined && address < found.end ? found : elsewhere;
  };
  /** @type {Map<number, number>} */
  const executed = new Map();
  for (const address of steps) executed.set(address, (executed.get(address) ?? 0) + 1);
  /** @type {Map<string, { instructions: number, calls: number, lines: Set<number> }>} */
  const totals = new Map();
  for (const [address, times] of executed) {
    const { name, start } = functionAt(address);
    const total = totals.get(name) ?? { instructions: 0, calls: 0, lines: new Set() };
    totals.set(name, total);
    total.instructions += times;
    total.lines.add(Math.floor(address / 2 ** LINE_SHIFT));
    if (address === start) total.calls += times;
  }
  return totals;
}

/** How often a line of code is not in the first cache. @param {Float64Array} steps */
function missesOf(steps) {
  /** @type {number[][]} */
  const sets = Array.from({ length: SETS }, () => []);
  let misses = 0;
  for (const address of steps) {
    const line = Math.floor(address / 2 ** LINE_SHIFT);
    const set = sets[line % SETS] ?? [];
    const at = set.indexOf(line);
    if (at >= 0) set.splice(at, 1);
    else if (set.length === WAYS) set.shift();
    if (at < 0) misses++;
    set.push(line);
  }
  return misses;
}

/**
 * The lines that most instructions come from, wherever the compiler has put them. WebAssembly has none.
 *
 * @param {Float64Array} steps
 * @param {number} datagrams
 * @param {string} dump
 */
function linesOf(steps, datagrams, dump) {
  const codes = readJitDump(dump);
  /** @type {Map<string, { file: string, line: number, instructions: number }>} */
  const totals = new Map();
  for (const step of steps) {
    const { file, line } = lineAt(codes, step) ?? { file: '', line: 0 };
    if (!file.startsWith('file:')) continue;
    const total = totals.get(`${file}:${line}`) ?? { file, line, instructions: 0 };
    totals.set(`${file}:${line}`, total);
    total.instructions++;
  }
  /** @type {Map<string, string[]>} */
  const texts = new Map();
  const textOf = (/** @type {string} */ file, /** @type {number} */ line) => {
    const lines = texts.get(file) ?? readFileSync(fileURLToPath(file), 'utf8').split('\n');
    texts.set(file, lines);
    return lines[line - 1]?.trim().slice(0, SHOWN_LETTERS);
  };
  return [...totals.values()]
    .sort((a, b) => b.instructions - a.instructions)
    .slice(0, SHOWN_LINES)
    .map(({ file, line, instructions }) => ({
      instructions: Math.round(instructions / datagrams),
      line,
      text: textOf(file, line),
    }));
}

/** @param {string} dist @param {string} kind @param {boolean} byLine */
async function tell(dist, kind, byLine) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-instructions-'));
  const flags = ['--perf-basic-prof', ...(byLine ? ['--perf-prof'] : [])];
  const child = spawn(process.execPath, [...flags, fileURLToPath(import.meta.url), CHILD, kind, dist], {
    // V8 writes its dump to where it is started.
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const map = `/tmp/perf-${child.pid}.map`;
  try {
    const [line] = await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => {
        throw new Error('the process to be counted has ended');
      }),
    ]);
    const all = await stepsOf(child.pid ?? 0);
    const functions = functionsOf(map, new Map(JSON.parse(`${line}`)));
    const { steps, datagrams } = wholeDatagrams(all, functions);
    const totals = count(steps, functions);
    const rows = [...totals]
      .sort(([, a], [, b]) => b.instructions - a.instructions)
      .slice(0, SHOWN)
      .map(([name, { instructions, calls, lines }]) => ({
        function: name,
        instructions: Math.round(instructions / datagrams),
        calls: Number((calls / datagrams).toFixed(2)),
        'lines of code': lines.size,
      }));
    console.log(
      `a ${kind}: ${Math.round(steps.length / datagrams)} instructions, ${Math.round(missesOf(steps) / datagrams)} misses of a cache of 32 KiB`,
    );
    console.table(rows);
    if (byLine) console.table(linesOf(steps, datagrams, join(folder, `jit-${child.pid}.dump`)));
  } finally {
    child.kill('SIGKILL');
    rmSync(map, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

const given = process.argv.slice(2);
if (given[0] === CHILD) {
  await forwardForEver(given[2] ?? '', given[1] ?? '');
} else if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(`it needs Linux on x64, this is ${process.platform} on ${process.arch}`);
  process.exitCode = 1;
} else {
  const [dist = inRoot('dist')] = given.filter((word) => word !== LINES);
  for (const kind of KINDS) await tell(resolve(dist), kind, given.includes(LINES));
}
