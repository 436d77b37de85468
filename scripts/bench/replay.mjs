#!/usr/bin/env node
// What both threads do with a datagram, kernel left out: a thousand phones refresh, each in words of its own, and every
// REGISTER and its 200 goes through the forwarder, the ring and the monitor, in one thread. It scatters less than a load
// generator on the same machine: by some 2 % from run to run in a quiet minute. So two builds are compared in turn.
//   npm run bench:replay                           this build
//   npm run bench:replay -- /before/dist dist      two builds in turn, and the ratio of the second to the first
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inRoot } from '../lib/paths.mjs';

const CHILD = '--one';
const ROUNDS = 5;
const PHONES = 1000;
/** As many as a socket brings at a time under full load. */
const BATCH = 28;
/** Batches of requests, and as many of answers, between two turns of the monitor. */
const BATCHES_PER_TURN = 3;
const TURNS_PER_SAMPLE = 40;
const WARM_UP_MS = 5000;
const MEASURED_MS = 4000;
/** Time goes on for the monitor as if so many phones registered. */
const REGISTERS_PER_MS = 77;
/** Slots as the transport has them, and room for what is sent. */
const SLOT_BYTES = 66_624;
const HEADROOM_BYTES = 1024;
const SENT_BYTES = 2048;
const RING_BYTES = 16 * 1024 * 1024;
const COUNTERS_BYTES = 1024 * 1024;
const US = '127.0.0.1:15060';
const REGISTRAR = '127.0.0.1:15070';
/** Digits that are written anew each time stand for the serial number of a request. */
const SERIAL = '1000000000';

/** @param {number} number */
function phoneTexts(number) {
  const extension = 100_000 + number;
  const ip = `127.1.${number >> 8}.${number & 255}`;
  const nonce = Array.from({ length: 32 }, (_, i) => ((number * 7 + i * 5) & 15).toString(16)).join('');
  const identity = [
    `From: "Phone ${extension}" <sip:${extension}@example.com>;tag=${SERIAL}`,
    `To: "Phone ${extension}" <sip:${extension}@example.com>`,
    `Call-ID: ${nonce.slice(3)}@${ip}`,
    `CSeq: ${SERIAL} REGISTER`,
  ];
  const contact = `<sip:${extension}@${ip}:5060;line=${nonce.slice(8, 16)}>`;
  const request = [
    'REGISTER sip:example.com SIP/2.0',
    `Via: SIP/2.0/UDP ${ip}:5060;branch=z9hG4bK${SERIAL};rport`,
    'Max-Forwards: 70',
    ...identity,
    `User-Agent: Desk Phone 9.${number % 7}.1`,
    `Contact: ${contact};+sip.instance="<urn:uuid:00000000-0000-1000-8000-${extension}ab00ff>"`,
    'Expires: 3600',
    'Supported: path, replaces',
    `Authorization: Digest username="${extension}", realm="example.com", nonce="${nonce}", uri="sip:example.com", response="${nonce}", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001`,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
  const answer = [
    ...identity,
    `Contact: ${contact};expires=3600`,
    'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE',
    'Date: Sun, 29 Nov 2026 12:00:00 GMT',
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
  return { address: `${ip}:5060`, request, answer };
}

/** A text whose serial numbers can be written anew. */
class Template {
  constructor(/** @type {string} */ text) {
    this.bytes = Buffer.from(text, 'latin1');
    this.places = [...text.matchAll(new RegExp(SERIAL, 'g'))].map(({ index }) => index);
  }

  number(/** @type {string} */ serial) {
    for (const place of this.places) this.bytes.write(serial, place, 'latin1');
    return this.bytes;
  }
}

/** The parts of one build, around memory as the process has it. @param {string} dist */
async function assemble(dist) {
  const load = async (/** @type {string} */ path) => import(join(dist, path));
  // First: it gives the kernel a memory of its own.
  const { endpoint, routesOf } = await load('test/proxy/support/passing.js');
  const { createSharedMemory, KERNEL_BYTES, kernel } = await load('src/sip/kernel/kernel.js');
  const { decide } = await load('src/proxy/decide.js');
  const { Decision } = await load('src/proxy/decision.js');
  const { Forwarder } = await load('src/net/forwarder.js');
  const { ForwardingCounters } = await load('src/net/counters.js');
  const { ReplyLimiter } = await load('src/net/reply-limiter.js');
  const { RingReader, RingWriter, ringFootprint } = await load('src/net/ring.js');
  const { Monitor } = await load('src/monitor/monitor.js');
  const { Tapped } = await load('src/monitor/tapped.js');

  const slotsAt = Math.ceil(ringFootprint(RING_BYTES) / 64) * 64;
  const sentAt = slotsAt + BATCH * SLOT_BYTES;
  const kernelAt = sentAt + BATCH * SENT_BYTES;
  const memory = createSharedMemory(kernelAt + KERNEL_BYTES);
  kernel.moveTo(memory, kernelAt);
  const place = { buffer: memory.buffer, offset: 0, capacityBytes: RING_BYTES };
  const tap = new RingWriter(place);
  /** @type {number[]} Where what was sent of the batch ends. */
  const sent = [];
  const transport = {
    faceRegistrar: () => {},
    send(
      /** @type {Uint8Array} */ bytes,
      /** @type {number} */ start,
      /** @type {number} */ end,
      /** @type {number} */ _socket,
      /** @type {unknown} */ _target,
      /** @type {number} */ tag,
    ) {
      const at = sentAt + sent.length * SENT_BYTES;
      kernel.copyWithin(bytes, at, start, end);
      sent.push(at + end - start);
      forwarder.sent(tag);
    },
  };
  const routes = routesOf({
    us: [US],
    registrar: REGISTRAR,
    registrarNets: ['127.0.0.1/32'],
    phoneNets: ['127.0.0.0/8'],
  });
  const forwarder = new Forwarder({
    transport,
    decide,
    decision: new Decision(),
    assignment: { routes, registrars: [routes.registrar] },
    counters: new ForwardingCounters(new SharedArrayBuffer(COUNTERS_BYTES), [0.001, 1]),
    tap,
    limiter: new ReplyLimiter(1000, 0),
    reportBug: (/** @type {unknown} */ error) => {
      throw error;
    },
  });
  const monitor = new Monitor({}, () => {});
  return {
    ...{ endpoint, forwarder, monitor, sent, sentAt, slotsAt },
    bytes: tap.bytes,
    reader: new RingReader(place),
    tapped: new Tapped(),
  };
}

/** @param {string} dist */
async function replay(dist) {
  const { bytes, endpoint, forwarder, monitor, reader, sent, sentAt, slotsAt, tapped } = await assemble(dist);
  const phones = Array.from({ length: PHONES }, (_, number) => {
    const { address, request, answer } = phoneTexts(number);
    return { source: endpoint(address), request: new Template(request), answer: new Template(answer) };
  });
  const registrar = endpoint(REGISTRAR);
  const statusLine = Buffer.from('SIP/2.0 200 OK\r\n');
  let serial = Number(SERIAL);
  let clockMs = 1000;
  const spent = { forwarding: 0, monitoring: 0, forwarded: 0, monitored: 0 };

  const payloadAt = (/** @type {number} */ slot) => slotsAt + slot * SLOT_BYTES + HEADROOM_BYTES;
  const forward = (/** @type {{ source: unknown, length: number }[]} */ datagrams) => {
    sent.length = 0;
    const start = process.hrtime.bigint();
    forwarder.startBatch();
    for (let slot = 0; slot < BATCH; slot++) {
      const { source, length } = datagrams[slot] ?? { source: registrar, length: 0 };
      const { datagram } = forwarder;
      datagram.bytes = bytes;
      datagram.start = payloadAt(slot);
      datagram.end = datagram.start + length;
      datagram.socket = 0;
      datagram.source.copyFrom(source);
      forwarder.take(datagram.start - HEADROOM_BYTES);
    }
    forwarder.endBatch('part');
    spent.forwarding += Number(process.hrtime.bigint() - start);
    spent.forwarded += BATCH;
    if (sent.length !== BATCH) throw new Error(`${sent.length} of ${BATCH} were forwarded`);
  };

  const batch = () => {
    const turn = Array.from({ length: BATCH }, () => {
      const phone = phones[++serial % PHONES];
      if (phone === undefined) throw new Error('no phone');
      return { phone, number: String(serial) };
    });
    forward(
      turn.map(({ phone, number }, slot) => {
        const request = phone.request.number(number);
        bytes.set(request, payloadAt(slot));
        return { source: phone.source, length: request.length };
      }),
    );
    forward(
      turn.map(({ phone, number }, slot) => {
        const forwarded = Buffer.from(bytes.slice(sentAt + slot * SENT_BYTES, sent[slot]));
        const vias = forwarded.subarray(forwarded.indexOf('Via:'), forwarded.indexOf('Max-Forwards:'));
        const answer = Buffer.concat([statusLine, vias, phone.answer.number(number)]);
        bytes.set(answer, payloadAt(slot));
        return { source: registrar, length: answer.length };
      }),
    );
  };

  const drain = () => {
    const start = process.hrtime.bigint();
    while (reader.next(tapped)) {
      clockMs += 1 / (2 * REGISTERS_PER_MS);
      tapped.atMs = clockMs;
      monitor.observe(tapped);
      spent.monitored++;
    }
    reader.release();
    monitor.advance(clockMs);
    spent.monitoring += Number(process.hrtime.bigint() - start);
  };

  const sample = () => {
    Object.assign(spent, { forwarding: 0, monitoring: 0, forwarded: 0, monitored: 0 });
    for (let turn = 0; turn < TURNS_PER_SAMPLE; turn++) {
      for (let i = 0; i < BATCHES_PER_TURN; i++) batch();
      drain();
    }
    return [spent.forwarding / spent.forwarded, spent.monitoring / spent.monitored];
  };
  const warmAt = performance.now() + WARM_UP_MS;
  while (performance.now() < warmAt) sample();
  const [one] = monitor.aorsByContacts;
  if (one !== PHONES) throw new Error(`${one} AORs in the ledger, not ${PHONES}`);
  const samples = [];
  const endAt = performance.now() + MEASURED_MS;
  while (performance.now() < endAt) samples.push(sample());
  return [0, 1].map((part) => median(samples.map((values) => values[part] ?? 0)));
}

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** @param {string[]} dists */
function compare(dists) {
  /** @type {Map<string, number[][]>} */
  const results = new Map(dists.map((dist) => [dist, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [dist, rounds] of results) {
      const command = [fileURLToPath(import.meta.url), CHILD, resolve(dist)];
      const { status, stdout } = spawnSync(process.execPath, command, {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`${dist}: the replay failed`);
      rounds.push(JSON.parse(`${stdout}`));
    }
  }
  const first = results.get(dists[0] ?? '') ?? [];
  const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
  return [...results].map(([dist, rounds]) => ({
    build: dist,
    'ns per datagram, forwarding': Math.round(median(rounds.map(([forwarding = 0]) => forwarding))),
    monitoring: Math.round(median(rounds.map(([, monitoring = 0]) => monitoring))),
    'both, as a multiple of the first': Number(
      median(rounds.map((round, i) => sum(round) / sum(first[i] ?? []))).toFixed(3),
    ),
  }));
}

const [word, dist = ''] = process.argv.slice(2);
if (word === CHILD) {
  console.log(JSON.stringify(await replay(dist)));
} else {
  const given = process.argv.slice(2);
  console.table(compare(given.length > 0 ? given : [inRoot('dist')]));
}
