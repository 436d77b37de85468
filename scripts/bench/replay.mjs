#!/usr/bin/env node
// What both threads do with a datagram, kernel left out: a thousand phones register, each in words of its own, and every
// datagram goes through the forwarder, the ring and the monitor, in one thread. Two builds take turns in one process, some
// ten times a second: so a machine that is slow for a minute is slow for both.
//   npm run bench:replay                           this build
//   npm run bench:replay -- /before/dist dist      two builds in turn, and the ratio of the second to the first
//   npm run bench:replay -- --mixed ...            one in ten phones is challenged, one in twenty has a wrong password, and
//                                                  one message in twenty is an OPTIONS; else all is REGISTERs that refresh
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inRoot } from '../lib/paths.mjs';
import { assemble, HEADROOM_BYTES, REGISTRAR, SENT_BYTES, SLOT_BYTES } from './both-threads.mjs';
import { Crowd, PHONES } from './crowd.mjs';
import { median } from './median.mjs';

const CHILD = '--one';
const MIXED = '--mixed';
/** Processes, one after the other: the compiler's work comes out a little different in each. */
const ROUNDS = 5;
/** As many as a socket brings at a time under full load. */
const BATCH = 28;
/** Batches of requests, and as many of answers, between two turns of the monitor. */
const BATCHES_PER_TURN = 3;
const TURNS_PER_SAMPLE = 40;
/** For each build. */
const WARM_UP_MS = 5000;
const MEASURED_MS = 4000;
/** Time goes on for the monitor as if so many phones registered. */
const REGISTERS_PER_MS = 77;

/** @param {string} dist @param {boolean} isMixed */
async function replayOf(dist, isMixed) {
  const { bytes, endpoint, forwarder, monitor, reader, sent, sentAt, slotsAt, tapped } = await assemble(
    dist,
    BATCH,
  );
  const crowd = new Crowd(isMixed);
  const sources = new Map(crowd.phones.map(({ source }) => [source, endpoint(source)]));
  const registrar = endpoint(REGISTRAR);
  let clockMs = 1000;
  const spent = { forwarding: 0, monitoring: 0, datagrams: 0 };

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
    spent.datagrams += BATCH;
    if (sent.length !== BATCH) throw new Error(`${sent.length} of ${BATCH} were forwarded`);
  };

  const batch = () => {
    const turn = Array.from({ length: BATCH }, () => crowd.next());
    forward(
      turn.map(({ phone, sent }, slot) => {
        const request = phone.requests[sent.step].number(sent);
        bytes.set(request, payloadAt(slot));
        return { source: sources.get(phone.source), length: request.length };
      }),
    );
    forward(
      turn.map(({ phone, sent: request }, slot) => {
        const forwarded = Buffer.from(bytes.slice(sentAt + slot * SENT_BYTES, sent[slot]));
        const vias = forwarded.subarray(forwarded.indexOf('Via:'), forwarded.indexOf('Max-Forwards:'));
        const [status, template] = phone.answers[request.step];
        const answer = Buffer.concat([Buffer.from(`SIP/2.0 ${status}\r\n`), vias, template.number(request)]);
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
    }
    reader.release();
    monitor.advance(clockMs);
    spent.monitoring += Number(process.hrtime.bigint() - start);
  };

  return {
    /** Nanoseconds per datagram that passed: the forwarding thread's and the monitor's. */
    sample() {
      Object.assign(spent, { forwarding: 0, monitoring: 0, datagrams: 0 });
      for (let turn = 0; turn < TURNS_PER_SAMPLE; turn++) {
        for (let i = 0; i < BATCHES_PER_TURN; i++) batch();
        drain();
      }
      return [spent.forwarding / spent.datagrams, spent.monitoring / spent.datagrams];
    },
    /** Throws where the monitor has not seen what there was to see. */
    check() {
      const [one] = monitor.aorsByContacts;
      if (one !== PHONES) throw new Error(`${one} AORs in the ledger, not ${PHONES}`);
    },
  };
}

/** Samples of several builds in turn. @param {string[]} dists @param {boolean} isMixed */
async function replay(dists, isMixed) {
  const builds = await Promise.all(dists.map(async (dist) => replayOf(dist, isMixed)));
  const warmAt = performance.now() + WARM_UP_MS * builds.length;
  while (performance.now() < warmAt) for (const build of builds) build.sample();
  for (const build of builds) build.check();
  /** @type {number[][][]} */
  const samples = [];
  const endAt = performance.now() + MEASURED_MS * builds.length;
  while (performance.now() < endAt) samples.push(builds.map((build) => build.sample()));
  const of = (/** @type {(sample: number[][]) => number} */ figure) => median(samples.map(figure));
  return dists.map((_, i) => ({
    parts: [0, 1].map((part) => of((sample) => sample[i]?.[part] ?? 0)),
    ratios: [0, 1, 2].map((part) => of((sample) => partOf(sample[i], part) / partOf(sample[0], part))),
  }));
}

/** Of a sample one part, or both together. @param {number[] | undefined} sample @param {number} part */
function partOf(sample, part) {
  const [forwarding = 0, monitoring = 0] = sample ?? [];
  return [forwarding, monitoring, forwarding + monitoring][part] ?? 0;
}

/** @param {string[]} dists @param {boolean} isMixed */
function compare(dists, isMixed) {
  /** @type {{ parts: number[], ratios: number[] }[][]} */
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const paths = dists.map((dist) => resolve(dist));
    const command = [fileURLToPath(import.meta.url), CHILD, ...(isMixed ? [MIXED] : []), ...paths];
    const { status, stdout } = spawnSync(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    if (status !== 0) throw new Error('the replay failed');
    rounds.push(JSON.parse(`${stdout}`));
  }
  return dists.map((build, i) => {
    const all = rounds.map((round) => round[i]);
    const part = (/** @type {number} */ at) => Math.round(median(all.map((one) => one?.parts[at] ?? 0)));
    const ratio = (/** @type {number} */ at) => {
      const ratios = all.map((one) => one?.ratios[at] ?? 0);
      const [middle, least, most] = [median(ratios), Math.min(...ratios), Math.max(...ratios)];
      return `${middle.toFixed(3)} (${least.toFixed(3)} to ${most.toFixed(3)})`;
    };
    return {
      build,
      'ns per datagram, forwarding': part(0),
      monitoring: part(1),
      'forwarding, as a multiple of the first': ratio(0),
      'monitoring ': ratio(1),
      both: ratio(2),
    };
  });
}

const given = process.argv.slice(2);
const isMixed = given.includes(MIXED);
const dists = given.filter((word) => word !== MIXED && word !== CHILD);
if (given.includes(CHILD)) {
  console.log(JSON.stringify(await replay(dists, isMixed)));
} else {
  console.table(compare(dists.length > 0 ? dists : [inRoot('dist')], isMixed));
}
