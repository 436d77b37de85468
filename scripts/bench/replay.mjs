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
import { build } from 'esbuild';
import { inRoot } from '../lib/paths.mjs';

const CHILD = '--one';
const MIXED = '--mixed';
/** Processes, one after the other: the compiler's work comes out a little different in each. */
const ROUNDS = 5;
const PHONES = 1000;
/** As many as a socket brings at a time under full load. */
const BATCH = 28;
/** Batches of requests, and as many of answers, between two turns of the monitor. */
const BATCHES_PER_TURN = 3;
const TURNS_PER_SAMPLE = 40;
/** For each build; in the middle of it the monitor's time jumps, to where phones are old acquaintances. */
const WARM_UP_MS = 6000;
const ACQUAINTED_MS = 100_000;
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
/** Digits in a nonce that was just issued, likewise. */
const ISSUED = '2000000000';

/**
 * What a phone sends: a refresh, a first REGISTER without credentials, the two that may answer its challenge, and an
 * OPTIONS.
 * @typedef {'refresh' | 'first' | 'retry' | 'wrong' | 'options'} Step
 * @typedef {{ step: Step, serial: number, nonce: string }} Sent
 */

/** A text whose serial numbers can be written anew. */
class Template {
  constructor(/** @type {string[]} */ lines) {
    const text = lines.join('\r\n');
    this.bytes = Buffer.from(text, 'latin1');
    this.places = placesOf(text, SERIAL);
    this.issued = placesOf(text, ISSUED);
  }

  /** The same bytes each time. */
  number(/** @type {Sent} */ { serial, nonce }) {
    for (const place of this.places) this.bytes.write(`${serial}`, place, 'latin1');
    for (const place of this.issued) this.bytes.write(nonce, place, 'latin1');
    return this.bytes;
  }
}

/** @param {string} text @param {string} word */
function placesOf(text, word) {
  return [...text.matchAll(new RegExp(word, 'g'))].map(({ index }) => index);
}

/** What a phone says, and what it is told. */
class Phone {
  constructor(/** @type {number} */ number) {
    const extension = 100_000 + number;
    const ip = `127.1.${number >> 8}.${number & 255}`;
    const hex = Array.from({ length: 32 }, (_, i) => ((number * 7 + i * 5) & 15).toString(16)).join('');
    const identity = [
      `From: "Phone ${extension}" <sip:${extension}@example.com>;tag=${SERIAL}`,
      `To: "Phone ${extension}" <sip:${extension}@example.com>`,
      `Call-ID: ${hex.slice(3)}@${ip}`,
    ];
    const contact = `<sip:${extension}@${ip}:5060;line=${hex.slice(8, 16)}>`;
    const first = (/** @type {string} */ method) => [
      `${method} sip:example.com SIP/2.0`,
      `Via: SIP/2.0/UDP ${ip}:5060;branch=z9hG4bK${SERIAL};rport`,
      'Max-Forwards: 70',
      ...identity,
      `CSeq: ${SERIAL} ${method}`,
    ];
    const register = (/** @type {string | undefined} */ nonce) => [
      ...first('REGISTER'),
      `User-Agent: Desk Phone 9.${number % 7}.1`,
      `Contact: ${contact};+sip.instance="<urn:uuid:00000000-0000-1000-8000-${extension}ab00ff>"`,
      'Expires: 3600',
      'Supported: path, replaces',
      ...(nonce === undefined
        ? []
        : [
            `Authorization: Digest username="${extension}", realm="example.com", nonce="${nonce}", uri="sip:example.com", response="${hex}", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001`,
          ]),
      ...END,
    ];
    const answer = (/** @type {string} */ method, /** @type {string[]} */ lines) => [
      ...[...identity, `CSeq: ${SERIAL} ${method}`],
      'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE',
      ...lines,
      ...END,
    ];
    const granted = new Template(
      answer('REGISTER', [`Contact: ${contact};expires=3600`, 'Date: Sun, 29 Nov 2026 12:00:00 GMT']),
    );
    const challenged = new Template(
      answer('REGISTER', [
        `WWW-Authenticate: Digest realm="example.com", nonce="${hex.slice(10)}${ISSUED}", algorithm=MD5, qop="auth"`,
      ]),
    );
    const answered = new Template(register(`${hex.slice(10)}${ISSUED}`));
    const isForbidden = number % 2 === 1;
    this.source = `${ip}:5060`;
    /** @type {Record<Step, Template>} */
    this.requests = {
      refresh: new Template(register(hex)),
      first: new Template(register(undefined)),
      retry: answered,
      wrong: answered,
      options: new Template([...first('OPTIONS'), ...END]),
    };
    /** @type {Record<Step, readonly [status: string, Template]>} */
    this.answers = {
      refresh: ['200 OK', granted],
      first: ['401 Unauthorized', challenged],
      retry: ['200 OK', granted],
      wrong: isForbidden
        ? ['403 Forbidden', new Template(answer('REGISTER', []))]
        : ['401 Unauthorized', challenged],
      options: ['200 OK', new Template(answer('OPTIONS', []))],
    };
  }
}

const END = ['Content-Length: 0', '\r\n'];

/** Who sends what next. Two crowds of one kind send the same. */
class Crowd {
  constructor(/** @type {boolean} */ isMixed) {
    this.isMixed = isMixed;
    this.serial = Number(SERIAL);
    this.phones = Array.from({ length: PHONES }, (_, number) => new Phone(number));
    /** @type {{ phone: Phone, step: Step, nonce: string }[]} Challenges that are to be answered. */
    this.challenged = [];
  }

  /** @returns {{ phone: Phone, sent: Sent }} */
  next() {
    const serial = ++this.serial;
    const answer = this.challenged.shift();
    if (answer !== undefined) {
      return { phone: answer.phone, sent: { serial, step: answer.step, nonce: answer.nonce } };
    }
    const phone = this.phones[serial % PHONES];
    if (phone === undefined) throw new Error('no phone');
    const roll = this.isMixed ? (Math.imul(serial, 0x9e3779b1) >>> 8) % 100 : 0;
    const step = roll < 80 ? 'refresh' : roll < 95 ? 'first' : 'options';
    const nonce = `${2 * Number(SERIAL) + (serial % Number(SERIAL))}`;
    if (step === 'first') this.challenged.push({ phone, step: roll < 90 ? 'retry' : 'wrong', nonce });
    return { phone, sent: { step, serial, nonce } };
  }
}

const MODULES = [
  // First: it gives the kernel a memory of its own.
  'test/proxy/support/passing.js',
  'src/sip/kernel/kernel.js',
  'src/proxy/decide.js',
  'src/proxy/decision.js',
  'src/net/forwarder.js',
  'src/net/counters.js',
  'src/net/reply-limiter.js',
  'src/net/ring.js',
  'src/monitor/monitor.js',
  'src/monitor/tapped.js',
];

/** What these modules export, as one file, because that is what ships. @param {string} dist */
async function load(dist) {
  const contents = MODULES.map((path) => `export * from './${path}';`).join('\n');
  const outfile = inRoot('.cache', 'replay', `${dist.replaceAll(/\W+/g, '-')}.mjs`);
  const stdin = { contents, resolveDir: dist };
  await build({ stdin, outfile, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' });
  return import(outfile);
}

/** The parts of one build, around memory as the process has it. @param {string} dist */
async function assemble(dist) {
  const parts = await load(dist);
  const { Decision, Forwarder, ForwardingCounters, Monitor, ReplyLimiter, RingReader, RingWriter, Tapped } =
    parts;
  const { createSharedMemory, decide, endpoint, KERNEL_BYTES, kernel, ringFootprint, routesOf } = parts;

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

/** @param {string} dist @param {boolean} isMixed */
async function replayOf(dist, isMixed) {
  const { bytes, endpoint, forwarder, monitor, reader, sent, sentAt, slotsAt, tapped } = await assemble(dist);
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
    /** Time passes in which nothing comes. */
    wait(/** @type {number} */ ms) {
      clockMs += ms;
      monitor.advance(clockMs);
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
  const warmUp = () => {
    const warmAt = performance.now() + (WARM_UP_MS / 2) * builds.length;
    while (performance.now() < warmAt) for (const build of builds) build.sample();
  };
  warmUp();
  for (const build of builds) build.wait(ACQUAINTED_MS);
  warmUp();
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

/** @param {number[]} values */
function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
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
