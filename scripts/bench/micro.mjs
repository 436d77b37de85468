#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
// What one datagram costs in each layer, kernel left out: nanoseconds and bytes allocated, on the ladders that the
// project began with. The fastest of many short rounds counts: what disturbs a round can only make it slower.
// For comparing two versions on one machine, run in turn; figures of two machines say nothing.
//   npm run bench
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inRoot } from '../lib/paths.mjs';

const CHILD = '--child';
const ROUNDS = 200;
const PER_ROUND = 500;
const WARM_UP = 30_000;
const COUNTED = 20_000;
/** Where a datagram lies in its arena: some room before it, as in a receive slot. */
const SLOT = 2048;
const RING_BYTES = 4 * 1024 * 1024;

const load = async (/** @type {string[]} */ ...path) => import(inRoot('dist', ...path));
const fixture = (/** @type {string} */ name) => readFileSync(inRoot('test', 'fixtures', 'seed', name));

/** @param {string} name @param {() => void} work @param {number} datagrams per call */
function measure(name, work, datagrams = 1) {
  for (let i = 0; i < WARM_UP; i++) work();
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < PER_ROUND; i++) work();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / PER_ROUND);
  }
  /** @type {any} */ (globalThis).gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < COUNTED; i++) work();
  const allocated = process.memoryUsage().heapUsed - before;
  return {
    work: name,
    'ns per datagram': Math.round(best / datagrams),
    'bytes allocated': Math.max(0, Math.round(allocated / COUNTED / datagrams)),
  };
}

/** Memory as in the running process: what arrives there is read where it lies. */
const ARENA_BYTES = 8 * 1024 * 1024;
// First: it gives the kernel a memory of its own.
const { endpoint, pass, routesOf } = await load('test', 'proxy', 'support', 'passing.js');
const { kernel } = await load('src', 'sip', 'kernel', 'kernel.js');
const { KERNEL_BYTES } = await load('src', 'sip', 'kernel', 'layout.js');
const { createSharedMemory } = await load('src', 'sip', 'kernel', 'web-assembly.js');
kernel.moveTo(createSharedMemory(ARENA_BYTES + KERNEL_BYTES), ARENA_BYTES);
let arenaUsed = 0;

function arenaOf(/** @type {number} */ length) {
  const from = arenaUsed;
  arenaUsed += length;
  return from;
}

/** A datagram in an arena, fresh for each turn because editing is done in place. */
function slotOf(/** @type {any} */ Datagram, /** @type {Uint8Array} */ bytes, /** @type {any} */ source) {
  const arena = kernel.bytes;
  const start = arenaOf(SLOT + 65_536) + SLOT;
  const datagram = new Datagram();
  datagram.bytes = arena;
  datagram.start = start;
  datagram.end = start + bytes.length;
  datagram.source.copyFrom(source);
  const refill = () => arena.set(bytes, start);
  refill();
  return { datagram, refill };
}

async function forwarding() {
  const { decide } = await load('src', 'proxy', 'decide.js');
  const { Datagram, Decision } = await load('src', 'proxy', 'decision.js');
  const { Message } = await load('src', 'sip', 'message.js');
  const { parse } = await load('src', 'sip', 'parse.js');
  const register = fixture('ses-f3-register-credentials.sip');
  const phone = endpoint('10.0.13.244:5060');
  const message = new Message();
  const decision = new Decision();
  const rows = [];
  for (const contactMode of ['direct', 'alias']) {
    const routes = routesOf({ contactMode });
    const request = slotOf(Datagram, register, phone);
    const { sent } = pass(register, '10.0.13.244:5060', routes);
    const vias = sent.split('\r\n').filter((/** @type {string} */ line) => line.startsWith('Via:'));
    const contact = /\r\n(Contact:.*)/.exec(sent)?.[1] ?? '';
    const accepted = fixture('ses-f4-200.sip')
      .toString('latin1')
      .replace(/^Via:.*(\r\nVia:.*)*/m, vias.join('\r\n'))
      .replace(/^Contact:.*/m, contact);
    const response = slotOf(Datagram, Buffer.from(accepted, 'latin1'), endpoint('10.0.1.8:5060'));
    if (contactMode === 'direct') {
      const { bytes, start, end } = request.datagram;
      rows.push(measure('parse a REGISTER', () => parse(bytes, start, end, message)));
    }
    rows.push(
      measure(`decide a REGISTER, ${contactMode}`, () => decide(request.datagram, routes, decision)),
      measure(`decide and splice a REGISTER, ${contactMode}`, () => {
        request.refill();
        decide(request.datagram, routes, decision);
        decision.edits.applyInPlace(
          request.datagram.bytes,
          decision.message.start,
          request.datagram.start - SLOT,
        );
      }),
      measure(`decide its 200, ${contactMode}`, () => decide(response.datagram, routes, decision)),
    );
  }
  return rows;
}

/** A thousand phones that refresh, one after the other. */
async function monitoring() {
  const PHONES = 1000;
  const { Monitor } = await load('src', 'monitor', 'monitor.js');
  const { Tapped } = await load('src', 'monitor', 'tapped.js');
  const monitor = new Monitor({}, () => {});
  const tapped = new Tapped();
  const [f3, f4] = ['ses-f3-register-credentials.sip', 'ses-f4-200.sip'].map((name) => fixture(name));
  /** Our Via on top, an AOR of its own; the branch and CSeq digits are overwritten at each turn. */
  const made = Array.from({ length: PHONES }, (_, number) => {
    const of = (/** @type {Buffer | undefined} */ text) =>
      Buffer.from(
        `${text}`
          .replace(
            /^Via:.*(\r\nVia:.*)*/m,
            `Via: SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bK${'0'.repeat(32)};s=0;m=${'0'.repeat(16)};l=${'0'.repeat(16)}\r\n$&`,
          )
          .replaceAll('24001', String(24_000 + number))
          .replace(/^CSeq: .*/m, 'CSeq: 1000000000 REGISTER'),
        'latin1',
      );
    const phone = endpoint(`10.1.${number >> 8}.${number & 255}:5060`);
    return { phone, messages: [of(f3), of(f4)] };
  });
  const ring = kernel.bytes;
  const ringStart = arenaOf(RING_BYTES);
  let turn = 0;
  let at = ringStart;
  const put = (/** @type {Buffer} */ message, /** @type {'request' | 'response'} */ kind) => {
    if (at + message.length > ringStart + RING_BYTES) at = ringStart;
    ring.set(message, at);
    tapped.kind = kind;
    tapped.bytes = ring;
    tapped.start = at;
    tapped.end = at + message.length;
    at = (at + message.length + 7) & ~7;
    monitor.observe(tapped);
  };
  const work = () => {
    const { phone, messages } = made[turn % PHONES] ?? {};
    const digits = String(1_000_000_000 + turn++);
    for (const message of messages ?? []) {
      message.write(digits, message.indexOf('z9hG4bK') + 7, 'latin1');
      message.write(digits, message.indexOf('CSeq: ') + 6, 'latin1');
    }
    tapped.phone.copyFrom(phone);
    tapped.atMs = 1000 + turn / 10;
    put(messages[0], 'request');
    put(messages[1], 'response');
  };
  const rows = [measure('observe a REGISTER and its 200, the making of both included', work, 2)];
  const [one] = monitor.aorsByContacts;
  if (one !== PHONES) throw new Error(`${one} AORs instead of ${PHONES}`);
  return rows;
}

if (process.argv[2] === CHILD) {
  console.table([...(await forwarding()), ...(await monitoring())]);
} else {
  // So that nothing is collected while allocations are counted.
  const flags = ['--expose-gc', '--max-semi-space-size=256', fileURLToPath(import.meta.url), CHILD];
  process.exitCode = spawnSync(process.execPath, flags, { stdio: 'inherit' }).status ?? 1;
}
