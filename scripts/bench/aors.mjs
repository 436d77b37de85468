#!/usr/bin/env node
// What an AOR costs: memory and time of the real monitor with 100 … 1,000,000 registered AORs, each size in a process
// of its own. Every AOR registers (challenge, credentials) and refreshes (the same), evenly over half a grant; timed are
// the refreshes. The tables that a monitor makes at its start are in RSS and heap, but not in the bytes per AOR.
//   npm run bench:memory                  all sizes
//   npm run bench:memory -- 100 10000     these
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { inRoot } from '../lib/paths.mjs';

const SIZES = [100, 1000, 10_000, 100_000, 1_000_000];
const MAX_AORS = 4_000_000;
const GRANT_SEC = 3600;
/** So many registrations are written beforehand, so that only the monitor's work is on the clock. */
const BATCH = 500;
const MESSAGE_BYTES = 768;
/** So many datagrams at least are timed, and as many were seen before by a monitor that is thrown away. */
const MIN_DATAGRAMS = 100_000;
const MIB = 1024 * 1024;

const CHILD = '--one';
const ONE_LIMIT_MS = 20 * 60_000;

/** @typedef {{ bytes: Uint8Array, starts: number[], ends: number[], atMs: number[], end: number }} Batch */

/** A phone of its own for each AOR, behind addresses that a hundred of them share. */
function phoneOf(/** @type {number} */ number) {
  const host = Math.floor(number / 100);
  return { ip: `10.${(host >> 16) & 255}.${(host >> 8) & 255}.${host & 255}`, port: 5060 + (number % 100) };
}

/** @param {number} number @param {number} cseq @param {string} nonce */
function registerText(number, cseq, nonce) {
  const { ip, port } = phoneOf(number);
  const aor = `sip:${100_000 + number}@pbx.example.com`;
  const branch = `z9hG4bK${number.toString(16).padStart(24, '0')}${cseq.toString(16).padStart(8, '0')}`;
  return [
    'REGISTER sip:pbx.example.com SIP/2.0',
    `Via: SIP/2.0/UDP 192.0.2.10:5060;branch=${branch};s=0`,
    `Via: SIP/2.0/UDP ${ip}:${port};branch=${branch}x;rport=${port};received=${ip}`,
    'Max-Forwards: 69',
    `From: <${aor}>;tag=${number.toString(16)}`,
    `To: <${aor}>`,
    `Call-ID: ${number.toString(16).padStart(12, '0')}@${ip}`,
    `CSeq: ${cseq} REGISTER`,
    `Contact: <sip:${100_000 + number}@${ip}:${port};ob>`,
    ...(nonce === ''
      ? []
      : [
          `Authorization: Digest username="${100_000 + number}", realm="pbx", nonce="${nonce}", uri="sip:pbx.example.com", response="d41d8cd98f00b204e9800998ecf8427e", algorithm=MD5`,
        ]),
    `Expires: ${GRANT_SEC}`,
    'User-Agent: Yealink SIP-T46S 66.85.0.5',
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** @param {string} request @param {number} number @param {string} nonce of a challenge; empty: accepted */
function responseText(request, number, nonce) {
  const { ip, port } = phoneOf(number);
  const copied = request.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line));
  const own =
    nonce === ''
      ? [`Contact: <sip:${100_000 + number}@${ip}:${port};ob>;expires=${GRANT_SEC}`]
      : [`WWW-Authenticate: Digest realm="pbx", nonce="${nonce}", algorithm=MD5, qop="auth"`];
  return [
    nonce === '' ? 'SIP/2.0 200 OK' : 'SIP/2.0 401 Unauthorized',
    ...copied,
    `To: <sip:${100_000 + number}@pbx.example.com>;tag=as${number}`,
    ...own,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}

/** Fills `batch` with one registration of each AOR from `first` on: four datagrams each. */
function write(/** @type {Batch} */ batch, /** @type {number} */ first, count = 0, round = 0, stepMs = 0) {
  batch.end = 0;
  const put = (/** @type {string} */ text, /** @type {number} */ index, /** @type {number} */ atMs) => {
    const { written } = new TextEncoder().encodeInto(text, batch.bytes.subarray(batch.end));
    batch.starts[index] = batch.end;
    batch.end += written;
    batch.ends[index] = batch.end;
    batch.atMs[index] = atMs;
  };
  for (let i = 0; i < count; i++) {
    const number = first + i;
    const atMs = 1000 + round * GRANT_SEC * 500 + number * stepMs;
    const nonce = `${round}${number.toString(16).padStart(8, '0')}b7c1f2e0a94d`;
    const plain = registerText(number, round * 2 + 1, '');
    const sure = registerText(number, round * 2 + 2, nonce);
    put(plain, 4 * i, atMs);
    put(responseText(plain, number, nonce), 4 * i + 1, atMs);
    put(sure, 4 * i + 2, atMs);
    put(responseText(sure, number, ''), 4 * i + 3, atMs);
  }
}

/** @typedef {{ makeMonitor: () => any, tapped: any, endpointFrom: (text: string) => any, batch: Batch }} Bench */

/** Registers (round 0) or refreshes `size` AORs; nanoseconds of CPU per datagram, all threads' (collecting garbage, too). */
function run(/** @type {Bench} */ bench, /** @type {any} */ monitor, /** @type {number} */ size, round = 0) {
  const { batch, tapped, endpointFrom } = bench;
  const stepMs = (GRANT_SEC * 500) / size;
  let tookUs = 0;
  for (let first = 0; first < size; first += BATCH) {
    const count = Math.min(BATCH, size - first);
    write(batch, first, count, round, stepMs);
    const phones = Array.from({ length: count }, (_, i) => {
      const { ip, port } = phoneOf(first + i);
      return endpointFrom(`${ip}:${port}`);
    });
    const start = process.cpuUsage();
    for (let i = 0; i < 4 * count; i++) {
      tapped.atMs = batch.atMs[i] ?? 0;
      tapped.kind = i % 2 === 0 ? 'request' : 'response';
      tapped.phone.copyFrom(phones[i >> 2]);
      tapped.start = batch.starts[i] ?? 0;
      tapped.end = batch.ends[i] ?? 0;
      monitor.observe(tapped);
    }
    const { user, system } = process.cpuUsage(start);
    tookUs += user + system;
  }
  return (tookUs * 1000) / (4 * size);
}

/** @returns {Promise<Bench>} */
async function openBench(/** @type {number} */ size) {
  const load = async (/** @type {string[]} */ ...path) => import(inRoot('dist', 'src', ...path));
  const { Monitor } = await load('monitor', 'monitor.js');
  const { Tapped } = await load('monitor', 'tapped.js');
  const { endpointFrom } = await load('sip', 'address.js');
  const tapped = new Tapped();
  tapped.registrar.copyFrom(endpointFrom('192.0.2.20:5060'));
  const batch = { bytes: new Uint8Array(4 * BATCH * MESSAGE_BYTES), starts: [], ends: [], atMs: [], end: 0 };
  tapped.bytes = batch.bytes;
  const makeMonitor = () => {
    const monitor = new Monitor({ maxAors: Math.max(size, 1_000_000), registrarLists: 'all' }, () => {});
    monitor.advance(0);
    return monitor;
  };
  return { makeMonitor, tapped, endpointFrom, batch };
}

async function measure(/** @type {number} */ size) {
  const collect = () => /** @type {any} */ (globalThis).gc();
  const bench = await openBench(size);
  const warm = bench.makeMonitor();
  for (let round = 0; round < 2; round++) run(bench, warm, MIN_DATAGRAMS / 8, round);
  const monitor = bench.makeMonitor();
  collect();
  const before = process.memoryUsage().heapUsed;
  run(bench, monitor, size);
  const rounds = Math.ceil(MIN_DATAGRAMS / (4 * size));
  let refreshNs = 0;
  for (let round = 1; round <= rounds; round++) refreshNs += run(bench, monitor, size, round) / rounds;
  collect();
  const { rss, heapUsed } = process.memoryUsage();
  const [one, ...more] = monitor.aorsByContacts;
  if (one !== size || more.some((/** @type {number} */ count) => count > 0)) {
    throw new Error(`${monitor.aorsByContacts} AORs instead of ${size}`);
  }
  return {
    AORs: size,
    'RSS MiB': Math.round(rss / MIB),
    'peak MiB': Math.round(process.resourceUsage().maxRSS / 1024),
    'heap MiB': Math.round(heapUsed / MIB),
    'bytes per AOR': Math.round((heapUsed - before) / size),
    'CPU ns per datagram': Math.round(refreshNs),
  };
}

function main(/** @type {string[]} */ given) {
  const sizes = given.length > 0 ? given.map(Number) : SIZES;
  if (!sizes.every((size) => Number.isInteger(size) && size > 0 && size <= MAX_AORS)) {
    console.error(`sizes are whole numbers from 1 to ${MAX_AORS}`);
    return 2;
  }
  const self = fileURLToPath(import.meta.url);
  const rows = [];
  for (const size of sizes) {
    const flags = ['--expose-gc', '--max-old-space-size=4096', self, CHILD, String(size)];
    const child = spawnSync(process.execPath, flags, {
      timeout: ONE_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (child.status !== 0) return 1;
    rows.push(JSON.parse(child.stdout.toString()));
  }
  console.table(rows);
  return 0;
}

if (process.argv[2] === CHILD) console.log(JSON.stringify(await measure(Number(process.argv[3]))));
else process.exitCode = main(process.argv.slice(2));
