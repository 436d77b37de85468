#!/usr/bin/env node
// The whole process against itself: phones and a registrar in this process, Rollcall in another one, everything on
// loopback, a fixed number of REGISTERs always under way. CPU time of Rollcall per datagram that it sent on, for each
// transport in turn, so that whatever the machine does to one it does to the other. Every answer is checked.
//   npm run bench:loop                    5 rounds of 3 seconds
//   npm run bench:loop -- --rounds 9
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { inRoot } from '../lib/paths.mjs';
import { usageOf } from './cpu.mjs';
import { median } from './median.mjs';

const PROXY = { ip: '127.78.0.1', port: 15_060 };
const REGISTRAR = { ip: '127.78.0.2', port: 15_060 };
const PHONES = 16;
const AORS = 1000;
const UNDER_WAY = 64;
const WARM_UP_MS = 4000;
const ROUND_MS = 3000;
const MAX_ROUNDS = 50;
/** What got no answer in this time is lost; another one takes its place. */
const LOST_MS = 1000;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Math.min(Number(values.rounds), MAX_ROUNDS);
if (!(rounds >= 1)) {
  console.error('bench: --rounds takes a number from 1 to 50');
  process.exit(2);
}

const bound = async (/** @type {string} */ ip, /** @type {number} */ port) => {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  socket.bind(port, ip);
  await once(socket, 'listening');
  return socket;
};

function registerText(/** @type {number} */ number, /** @type {string} */ ip) {
  const user = 24_000 + (number % AORS);
  return [
    'REGISTER sip:pbx.example.com SIP/2.0',
    `Via: SIP/2.0/UDP ${ip}:5060;branch=z9hG4bK${number.toString(36).padStart(12, '0')};rport`,
    'Max-Forwards: 70',
    `From: <sip:${user}@pbx.example.com>;tag=${user.toString(36)}`,
    `To: <sip:${user}@pbx.example.com>`,
    `Call-ID: ${user.toString(16).padStart(16, '0')}@${ip}`,
    `CSeq: ${1 + Math.floor(number / AORS)} REGISTER`,
    `Contact: <sip:${user}@${ip}:5060>;expires=3600`,
    `Authorization: Digest username="${user}", realm="pbx", nonce="5f0c2a7e${user}", uri="sip:pbx.example.com", response="d41d8cd98f00b204e9800998ecf8427e", algorithm=MD5`,
    'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE',
    'User-Agent: bench',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** A registrar that says yes to everything. */
function accept(/** @type {string} */ request) {
  const copied = request.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq|To|Contact):/.test(line));
  const lines = copied.map((line) => (line.startsWith('To:') ? `${line};tag=r` : line));
  return ['SIP/2.0 200 OK', ...lines, 'Content-Length: 0', '', ''].join('\r\n');
}

/** What a process has taken, in seconds. */
function cpuSecOf(/** @type {number} */ pid) {
  return [...usageOf(pid).threadsUs.values()].reduce((sum, us) => sum + us, 0) / 1e6;
}

async function startRollcall(/** @type {string} */ transport, /** @type {string} */ secret) {
  const args = [
    ...['run', '--listen', `${PROXY.ip}:${PROXY.port}`, '--registrar', `${REGISTRAR.ip}:${REGISTRAR.port}`],
    ...[
      '--http',
      '127.78.0.1:19090',
      '--secret-file',
      secret,
      '--transport',
      transport,
      '--contact-mode',
      'direct',
    ],
  ];
  const child = spawn(process.execPath, [inRoot('dist', 'bin', 'rollcall.js'), ...args], {
    stdio: 'ignore',
  });
  for (let tries = 0; tries < 100; tries++) {
    const ready = await fetch('http://127.78.0.1:19090/readyz').catch(() => undefined);
    if (ready?.ok) return child;
    await sleep(100);
  }
  child.kill();
  throw new Error('Rollcall did not become ready in 10 s');
}

/** @typedef {{ sent: number, answered: number, wrong: number, lost: number, latenciesMs: number[] }} Tally */

/** Keeps UNDER_WAY REGISTERs under way; `stop` ends it. */
async function startLoad() {
  const registrar = await bound(REGISTRAR.ip, REGISTRAR.port);
  registrar.on('message', (bytes, { port, address }) =>
    registrar.send(accept(bytes.toString('latin1')), port, address),
  );
  const phones = await Promise.all(
    Array.from({ length: PHONES }, (_, i) => bound(`127.78.1.${i + 1}`, 5060)),
  );
  /** @type {Tally} */
  const tally = { sent: 0, answered: 0, wrong: 0, lost: 0, latenciesMs: [] };
  /** @type {Map<string, number>} */
  const underWay = new Map();
  let number = 0;
  const next = (/** @type {number} */ phone) => {
    const ip = `127.78.1.${phone + 1}`;
    const text = registerText(number, ip);
    underWay.set(`${phone} ${number.toString(36).padStart(12, '0')}`, performance.now());
    number++;
    tally.sent++;
    phones[phone]?.send(text, PROXY.port, PROXY.ip);
  };
  for (const [phone, socket] of phones.entries()) {
    socket.on('message', (bytes) => {
      const text = bytes.toString('latin1');
      const own =
        /^SIP\/2\.0 200 OK\r\nVia: [^\r]*;branch=z9hG4bK([0-9a-z]{12});rport=5060;received=127\.78\.1\.(\d+)\r\n(?!Via)/.exec(
          text,
        );
      const name = `${phone} ${own?.[1]}`;
      const startMs = underWay.get(name);
      if (startMs === undefined || own?.[2] !== String(phone + 1)) {
        tally.wrong++;
        return;
      }
      underWay.delete(name);
      tally.answered++;
      tally.latenciesMs.push(performance.now() - startMs);
      next(phone);
    });
  }
  for (let i = 0; i < UNDER_WAY; i++) next(i % PHONES);
  const watch = setInterval(() => {
    const limit = performance.now() - LOST_MS;
    for (const [name, startMs] of underWay) {
      if (startMs > limit) break;
      underWay.delete(name);
      tally.lost++;
      next(Number(name.split(' ')[0]));
    }
  }, 100);
  const stop = () => {
    clearInterval(watch);
    for (const socket of [registrar, ...phones]) socket.close();
  };
  return { tally, stop };
}

async function round(/** @type {string} */ transport, /** @type {string} */ secret) {
  const rollcall = await startRollcall(transport, secret);
  const { tally, stop } = await startLoad();
  try {
    await sleep(WARM_UP_MS);
    const before = { cpu: cpuSecOf(rollcall.pid ?? 0), answered: tally.answered, atMs: performance.now() };
    tally.latenciesMs.length = 0;
    await sleep(ROUND_MS);
    const answered = tally.answered - before.answered;
    const seconds = (performance.now() - before.atMs) / 1000;
    const cpuSec = cpuSecOf(rollcall.pid ?? 0) - before.cpu;
    const sorted = Float64Array.from(tally.latenciesMs).sort();
    return {
      cpuUs: (cpuSec * 1e6) / (2 * answered),
      perSec: answered / seconds,
      p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
      lost: tally.lost,
      wrong: tally.wrong,
    };
  } finally {
    stop();
    rollcall.kill('SIGTERM');
    await once(rollcall, 'exit');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
const secret = join(folder, 'secret');
writeFileSync(secret, `${'5f'.repeat(32)}\n`, { mode: 0o600 });
/** @type {Record<string, Awaited<ReturnType<typeof round>>[]>} */
const results = { uring: [], batched: [], portable: [] };
try {
  for (let i = 0; i < rounds; i++) {
    for (const [transport, list] of Object.entries(results)) list.push(await round(transport, secret));
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.table(
  Object.entries(results).map(([transport, list]) => ({
    transport,
    'CPU us per datagram': Number(median(list.map(({ cpuUs }) => cpuUs)).toFixed(2)),
    'REGISTERs per second': Math.round(median(list.map(({ perSec }) => perSec))),
    'p99 ms': Number(median(list.map(({ p99Ms }) => p99Ms)).toFixed(2)),
    lost: list.reduce((sum, { lost }) => sum + lost, 0),
    wrong: list.reduce((sum, { wrong }) => sum + wrong, 0),
  })),
);
