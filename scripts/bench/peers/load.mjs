#!/usr/bin/env node
// Phones and their registrar in one thread, around a forwarder that somebody else has started. Each datagram is checked byte
// by byte: what the registrar gets is what a phone sent but for a Via, Max-Forwards and the Via's rport and received, and what
// the phone gets, at its port, is what the registrar answered but for that Via.
// It is told what to do by one argument in JSON (`Task` below), and tells what came of it in JSON, one line for each phase.
import { usageOf } from './cpu.mjs';
import { addressOf, BATCH, Inlet, ipWord, Outlet, openSocket, Waiter } from './datagrams.mjs';
import {
  ANSWERS,
  FIRST_OCTET,
  FIRST_PORT,
  KINDS,
  OCTETS,
  REQUESTS,
  readDigits,
  SEEN_VIAS,
  slotInVia,
  Template,
} from './messages.mjs';

/**
 * - `probe`: until one exchange succeeds, for so long at most;
 * - `closed`: so many exchanges under way all the time;
 * - `open`: so many sequences a second are begun, whatever comes back; `ratePerSec` below 1 is a share of what the closed
 *   loop before it came to;
 * - `storm`: every AOR registers at once, with a challenge, and sends again what is not answered (RFC 3261 17.1.2.2).
 * `direct`: without the forwarder.
 * @typedef {{ name: string, kind: 'probe' | 'closed' | 'open' | 'storm', seconds: number, ratePerSec?: number, direct?: boolean }} Phase
 * @typedef {{
 *   proxy: string, registrar: string, pid: number, mode: 'refresh' | 'mixed' | 'challenge', aors: number, addresses: number,
 *   window: number, raw: boolean, phases: Phase[],
 * }} Task
 */
const /** @type {Task} */ task = JSON.parse(process.argv[2] ?? '{}');

const SLOT_BYTES = 2048;
const ANSWER_AT = 1024;
const PORTS = 4;
const MIN_SLOTS = 16_384;
/** What got no answer in this time is lost; a storm's phones wait longer. */
const LOST_MS = 1000;
const T1_MS = 500;
const T2_MS = 4000;
const GIVE_UP_MS = 64 * T1_MS;
const LOOK_AT_TIMERS_EVERY_MS = 10;
const PROBE_EVERY_MS = 200;
const TAIL_BYTES = 6;
/** Taken from one socket before it is the others' turn. */
const MAX_BATCHES = 8;
/** Latencies are counted by the microsecond up to 0.1 s, by the millisecond up to 40 s. */
const FINE_BUCKETS = 100_000;
const COARSE_BUCKETS = 40_000;

const [proxyIp, proxyPort] = endpoint(task.proxy);
const [registrarIp, registrarPort] = endpoint(task.registrar);
const TOP_VIA = `Via: SIP/2.0/UDP ${task.proxy};branch=z9hG4bK`;

/** @returns {[ip: number, port: number]} */
function endpoint(/** @type {string} */ text) {
  const [ip = '', port] = text.split(':');
  return [ipWord(ip), Number(port)];
}

// ---------------------------------------------------------------- memory

const slots = Math.max(MIN_SLOTS, task.phases.some(({ kind }) => kind === 'storm') ? task.aors : 0);
const receivedAt = slots * SLOT_BYTES;
const templatesAt = receivedAt + (PORTS + 1) * Inlet.BYTES;
// Written to, so that no page of it is met for the first time while it is measured.
const arena = Buffer.alloc(templatesAt + 64 * 1024, 0x20);
const arenaAddress = addressOf(arena);

let templateEnd = templatesAt;
function template(/** @type {string} */ text) {
  const made = new Template(arena, templateEnd, text);
  templateEnd += made.length;
  if (made.length > ANSWER_AT - 16) throw new Error('a message does not fit into its slot');
  return made;
}

const requests = KINDS.map((kind) => template(REQUESTS[kind]));
const answers = [...KINDS, /** @type {const} */ ('refused')].map((kind) => {
  const [statusLine, rest] = ANSWERS[kind];
  return { statusLine: template(statusLine), rest: template(rest) };
});
const seenVias = SEEN_VIAS.map(template);
const scratchAt = templateEnd;
const topVia = Buffer.from(TOP_VIA, 'latin1');
const MAX_FORWARDS = Buffer.from('\r\nMax-Forwards: ', 'latin1');
const LINE_END = Buffer.from('\r\n', 'latin1');
/** Places in KINDS, and behind them. */
const [REFRESH, FIRST, RETRY, WRONG, OPTIONS, REFUSED] = [0, 1, 2, 3, 4, 5];

// ---------------------------------------------------------------- sockets

const phonePorts = Array.from({ length: PORTS }, (_, i) => FIRST_PORT + i);
const phoneFds = phonePorts.map((port) => openSocket('0.0.0.0', port));
const phoneOutlets = phoneFds.map((fd) => new Outlet(fd, { choosesSource: true }));
const phoneInlets = phoneFds.map((fd, i) => new Inlet(fd, arenaAddress, receivedAt + i * Inlet.BYTES));
const registrarFd = openSocket(task.registrar.split(':')[0] ?? '', registrarPort);
const registrarOutlet = new Outlet(registrarFd, { choosesSource: false });
const registrarInlet = new Inlet(registrarFd, arenaAddress, receivedAt + PORTS * Inlet.BYTES);
const waiter = new Waiter([registrarFd, ...phoneFds]);

// ---------------------------------------------------------------- what is under way

/** Of each slot. A serial of 0: nothing is under way in it. */
const serials = new Int32Array(slots);
const kinds = new Uint8Array(slots);
const aorOf = new Int32Array(slots);
const nonces = new Int32Array(slots);
const startedAtMs = new Float64Array(slots);
const requestLengths = new Int32Array(slots);
const topLengths = new Int32Array(slots);
const answerLengths = new Int32Array(slots);
const statusLengths = new Int32Array(slots);
const resendAtMs = new Float64Array(slots);
const intervalMs = new Float64Array(slots);
/** The kind that comes next with the same phone; 255: none. */
const followUps = new Uint8Array(slots);
const NONE = 255;
const free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
let freeCount = slots;
const busy = new Uint8Array(task.aors);
/** Goes on from run to run, so that each CSeq is higher than the one before. */
let serial = 100_000_000 + (Math.floor(Date.now() / 10) % 80_000_000) * 10;
let nextAor = 0;

/** @type {Phase} */
let phase = { name: '', kind: 'probe', seconds: 0 };
let isRaw = task.raw;
const tally = newTally();

function newTally() {
  return {
    begun: 0,
    answered: 0,
    sequences: 0,
    lost: 0,
    resent: 0,
    late: 0,
    /** @type {Map<string, number>} */
    wrong: new Map(),
    /** @type {string | undefined} */
    firstWrong: undefined,
    fine: new Uint32Array(FINE_BUCKETS),
    coarse: new Uint32Array(COARSE_BUCKETS),
    longestMs: 0,
    registered: 0,
  };
}

const numbers = { extension: 0, octetB: 0, octetA: 0, port: 0, serial: 0, slot: 0, nonce: 0 };

/** The numbers of a slot's phone and exchange. */
function numbersOf(/** @type {number} */ slot) {
  const aor = aorOf[slot] ?? 0;
  const address = aor % task.addresses;
  numbers.extension = 1_000_000 + aor;
  numbers.octetB = FIRST_OCTET + ((address / OCTETS) | 0);
  numbers.octetA = FIRST_OCTET + (address % OCTETS);
  numbers.port = FIRST_PORT + portOf(aor);
  numbers.serial = serials[slot] ?? 0;
  numbers.slot = slot;
  numbers.nonce = nonces[slot] ?? 0;
  return numbers;
}

const portOf = (/** @type {number} */ aor) => ((aor / task.addresses) | 0) % PORTS;
const addressWord = ({ octetB, octetA } = numbers) => 127 | (1 << 8) | (octetB << 16) | (octetA << 24);

// ---------------------------------------------------------------- the phones

/** Begins a sequence with a phone that does nothing else; false where there is none. */
function begin(/** @type {number} */ nowMs) {
  if (freeCount === 0) return false;
  let tries = 0;
  while (busy[nextAor] === 1) {
    nextAor = (nextAor + 1) % task.aors;
    if (++tries === task.aors) return false;
  }
  const slot = free[--freeCount] ?? 0;
  aorOf[slot] = nextAor;
  busy[nextAor] = 1;
  nextAor = (nextAor + 1) % task.aors;
  let kind = REFRESH;
  followUps[slot] = NONE;
  if (phase.kind === 'storm' || task.mode === 'challenge') {
    kind = FIRST;
    followUps[slot] = RETRY;
  } else if (task.mode === 'mixed' && phase.kind !== 'probe') {
    const roll = (Math.imul(serial, 0x9e3779b1) >>> 8) % 100;
    if (roll >= 95) kind = OPTIONS;
    else if (roll >= 80) {
      kind = FIRST;
      followUps[slot] = roll < 90 ? RETRY : WRONG;
    }
  }
  send(slot, kind, nowMs);
  return true;
}

function send(/** @type {number} */ slot, /** @type {number} */ kind, /** @type {number} */ nowMs) {
  serial = serial >= 999_999_999 ? 100_000_000 : serial + 1;
  serials[slot] = serial;
  kinds[slot] = kind;
  startedAtMs[slot] = nowMs;
  // A phone answers the challenge it was given; a refresh goes on with an old one.
  if (kind === FIRST) nonces[slot] = serial;
  else if (kind === REFRESH) nonces[slot] = 200_000_000 + (aorOf[slot] ?? 0);
  answerLengths[slot] = 0;
  requestLengths[slot] = requests[kind]?.stamp(slot * SLOT_BYTES, numbersOf(slot)) ?? 0;
  intervalMs[slot] = T1_MS;
  resendAtMs[slot] = phase.kind === 'storm' ? nowMs + T1_MS : Number.POSITIVE_INFINITY;
  tally.begun++;
  transmit(slot);
}

function transmit(/** @type {number} */ slot) {
  const { octetB, octetA } = numbersOf(slot);
  phoneOutlets[portOf(aorOf[slot] ?? 0)]?.add(
    arenaAddress + slot * SLOT_BYTES,
    requestLengths[slot] ?? 0,
    phase.direct ? registrarIp : proxyIp,
    phase.direct ? registrarPort : proxyPort,
    addressWord({ octetB, octetA }),
  );
}

function finish(/** @type {number} */ slot) {
  serials[slot] = 0;
  busy[aorOf[slot] ?? 0] = 0;
  free[freeCount++] = slot;
}

/** @returns {string | undefined} what is wrong with it */
function takeAnswer(
  /** @type {number} */ port,
  /** @type {number} */ start,
  /** @type {number} */ length,
  /** @type {number} */ nowMs,
) {
  const statusLength = lengthOfStatusLine(start);
  if (statusLength === 0) return 'a status that nobody sent';
  const via = start + statusLength;
  const idAt = slotInVia(arena, via);
  const slot = readDigits(arena, idAt, 6);
  const number = readDigits(arena, idAt + 7, 9);
  if (!(slot >= 0 && slot < slots) || !(number > 0)) return 'an answer whose topmost Via is no phone’s';
  if (serials[slot] !== number) {
    tally.late++;
    return undefined;
  }
  if (port !== portOf(aorOf[slot] ?? 0)) return 'an answer at another port than its phone’s';
  const answerLength = answerLengths[slot] ?? 0;
  if (answerLength === 0) return 'an answer that nobody gave';
  const from = slot * SLOT_BYTES + ANSWER_AT;
  const restFrom = from + statusLength + (topLengths[slot] ?? 0);
  if (
    statusLengths[slot] !== statusLength ||
    arena.compare(arena, from, from + statusLength, start, via) !== 0 ||
    arena.compare(arena, restFrom, from + answerLength, via, start + length) !== 0
  )
    return 'an answer with other bytes';
  answered(slot, nowMs);
  return undefined;
}

/** 0 where it is none of ours. */
function lengthOfStatusLine(/** @type {number} */ start) {
  const kind = arena[start + 8] === 50 ? REFRESH : arena[start + 10] === 49 ? FIRST : REFUSED;
  return answers[kind]?.statusLine.length ?? 0;
}

function answered(/** @type {number} */ slot, /** @type {number} */ nowMs) {
  tally.answered++;
  const tookMs = nowMs - (startedAtMs[slot] ?? 0);
  const us = (tookMs * 1000) | 0;
  if (us < FINE_BUCKETS) tally.fine[us]++;
  else tally.coarse[Math.min(tookMs | 0, COARSE_BUCKETS - 1)]++;
  if (tookMs > tally.longestMs) tally.longestMs = tookMs;
  const followUp = followUps[slot] ?? NONE;
  if (followUp !== NONE) {
    followUps[slot] = NONE;
    send(slot, followUp, nowMs);
    return;
  }
  tally.sequences++;
  finish(slot);
}

// ---------------------------------------------------------------- the registrar

/** @returns {string | undefined} what is wrong with it */
function takeRequest(
  /** @type {number} */ start,
  /** @type {number} */ length,
  /** @type {number} */ senderIp,
  /** @type {number} */ senderPort,
) {
  const end = start + length;
  const viasAt = arena.indexOf(LINE_END, start) + 2;
  const viaAt = isRaw ? viasAt : arena.indexOf(LINE_END, viasAt) + 2;
  if (viasAt < start + 2 || viaAt < viasAt || viaAt > end) return 'a request without Vias';
  const idAt = slotInVia(arena, viaAt);
  const slot = readDigits(arena, idAt, 6);
  const number = readDigits(arena, idAt + 7, 9);
  if (!(slot >= 0 && slot < slots) || !(number > 0)) return 'a request whose second Via is no phone’s';
  if (serials[slot] !== number) {
    tally.late++;
    return undefined;
  }
  const restAt = arena.indexOf(MAX_FORWARDS, viaAt) + 2;
  const trouble = isRaw
    ? rawTrouble(slot, start, length)
    : proxiedTrouble(slot, start, viasAt, viaAt, restAt, end);
  if (trouble !== undefined) return trouble;
  topLengths[slot] = viaAt - viasAt;
  reply(slot, viasAt, restAt, senderIp, senderPort);
  return undefined;
}

function rawTrouble(/** @type {number} */ slot, /** @type {number} */ start, /** @type {number} */ length) {
  const sent = slot * SLOT_BYTES;
  const isSame = arena.compare(arena, sent, sent + (requestLengths[slot] ?? 0), start, start + length) === 0;
  return isSame ? undefined : 'a request with other bytes';
}

function proxiedTrouble(
  /** @type {number} */ slot,
  /** @type {number} */ start,
  /** @type {number} */ viasAt,
  /** @type {number} */ viaAt,
  /** @type {number} */ restAt,
  /** @type {number} */ end,
) {
  if (arena.compare(topVia, 0, topVia.length, viasAt, viasAt + topVia.length) !== 0)
    return 'a request whose first Via is not the forwarder’s';
  const values = numbersOf(slot);
  const isSeen = seenVias.some(
    (via) => arena.compare(arena, scratchAt, scratchAt + via.stamp(scratchAt, values), viaAt, restAt) === 0,
  );
  if (!isSeen) return 'a request whose second Via says something else';
  const sent = slot * SLOT_BYTES;
  // Start line, then what follows the one Via, with Max-Forwards one less.
  const sentViaAt = sent + (viasAt - start);
  const sentRestAt = arena.indexOf(MAX_FORWARDS, sentViaAt) + 2;
  const sentEnd = sent + (requestLengths[slot] ?? 0);
  const digitsAt = MAX_FORWARDS.length - 2;
  if (readDigits(arena, restAt + digitsAt, 2) !== 69) return 'a request whose Max-Forwards is not 69';
  const isSame =
    arena.compare(arena, sent, sentViaAt, start, viasAt) === 0 &&
    arena.compare(arena, sentRestAt + digitsAt + 2, sentEnd, restAt + digitsAt + 2, end) === 0;
  return isSame ? undefined : 'a request with other bytes';
}

function reply(
  /** @type {number} */ slot,
  /** @type {number} */ viasAt,
  /** @type {number} */ restAt,
  /** @type {number} */ senderIp,
  /** @type {number} */ senderPort,
) {
  const kind = kinds[slot] ?? REFRESH;
  // Half of the phones are told that they are not allowed, the others are asked again.
  const answer = answers[kind === WRONG && (aorOf[slot] ?? 0) % 2 === 1 ? REFUSED : kind];
  if (answer === undefined) return;
  const from = slot * SLOT_BYTES + ANSWER_AT;
  const values = numbersOf(slot);
  let at = from + answer.statusLine.stamp(from, values);
  statusLengths[slot] = at - from;
  arena.copyWithin(at, viasAt, restAt);
  at += restAt - viasAt;
  at += answer.rest.stamp(at, values);
  if (isRaw) {
    arena.writeInt32LE(addressWord(), at);
    arena.writeUInt16BE(values.port, at + 4);
    at += TAIL_BYTES;
  }
  if (at > from + SLOT_BYTES - ANSWER_AT) throw new Error('an answer does not fit into its slot');
  answerLengths[slot] = at - from;
  const isDirect = phase.direct === true;
  registrarOutlet.add(
    arenaAddress + from,
    at - from,
    isDirect ? addressWord() : senderIp,
    isDirect ? values.port : senderPort,
    0,
  );
}

// ---------------------------------------------------------------- the loop

function wrong(/** @type {string} */ why, /** @type {number} */ start, /** @type {number} */ length) {
  tally.wrong.set(why, (tally.wrong.get(why) ?? 0) + 1);
  tally.firstWrong ??= `${why}: ${arena.latin1Slice(start, start + length)}`;
}

/** Takes what each socket holds, some batches at most; answers how many datagrams there were. */
function receiveAll() {
  let count = takeRequests();
  for (let port = 0; port < PORTS; port++) count += takeAnswers(port);
  return count;
}

function takeRequests() {
  let all = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const count = registrarInlet.receive();
    for (let i = 0; i < count; i++) {
      const start = registrarInlet.startOf(i);
      const length = registrarInlet.lengthOf(i);
      const why = takeRequest(start, length, registrarInlet.ipOf(i), registrarInlet.portOf(i));
      if (why !== undefined) wrong(why, start, length);
    }
    registrarOutlet.flush();
    all += count;
    if (count < BATCH) break;
  }
  return all;
}

function takeAnswers(/** @type {number} */ port) {
  const inlet = phoneInlets[port];
  if (inlet === undefined) return 0;
  let all = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const count = inlet.receive();
    const nowMs = count === 0 ? 0 : performance.now();
    for (let i = 0; i < count; i++) {
      const start = inlet.startOf(i);
      const length = inlet.lengthOf(i);
      const why = takeAnswer(port, start, length, nowMs);
      if (why !== undefined) wrong(why, start, length);
    }
    all += count;
    if (count < BATCH) break;
  }
  return all;
}

function flushPhones() {
  for (const outlet of phoneOutlets) outlet.flush();
}

/** Sends again what a storm's phone would, and gives up what nobody waits for any more. */
function lookAtTimers(/** @type {number} */ nowMs) {
  if (freeCount === slots) return;
  const patienceMs = phase.kind === 'storm' ? GIVE_UP_MS : LOST_MS;
  for (let slot = 0; slot < slots; slot++) {
    if (serials[slot] === 0) continue;
    if (nowMs - (startedAtMs[slot] ?? 0) > patienceMs) {
      tally.lost++;
      finish(slot);
    } else if (nowMs >= (resendAtMs[slot] ?? 0)) {
      const next = Math.min(2 * (intervalMs[slot] ?? 0), T2_MS);
      intervalMs[slot] = next;
      resendAtMs[slot] = nowMs + next;
      tally.resent++;
      transmit(slot);
    }
  }
}

/** @param {() => boolean} goOn @param {(nowMs: number) => number} start begins what is due; answers for how many ms nothing will be */
function loop(goOn, start) {
  let timersAtMs = 0;
  while (goOn()) {
    const nowMs = performance.now();
    const idleMs = start(nowMs);
    if (nowMs >= timersAtMs) {
      timersAtMs = nowMs + LOOK_AT_TIMERS_EVERY_MS;
      lookAtTimers(nowMs);
    }
    flushPhones();
    if (receiveAll() === 0 && idleMs >= 1) waiter.wait(Math.min(idleMs, LOOK_AT_TIMERS_EVERY_MS));
  }
}

const underWay = () => slots - freeCount;

/** What was begun may still be answered; what is not is lost. */
function settle() {
  loop(
    () => underWay() > 0,
    () => LOOK_AT_TIMERS_EVERY_MS,
  );
}

/** Each kind's loop; answers what the phase took in ms. */
const RUN = {
  /** @param {Phase} phase */
  probe({ seconds }) {
    const endMs = performance.now() + seconds * 1000;
    let nextMs = 0;
    loop(
      () => tally.answered === 0 && performance.now() < endMs,
      (nowMs) => {
        if (nowMs >= nextMs) {
          nextMs = nowMs + PROBE_EVERY_MS;
          begin(nowMs);
        }
        return LOOK_AT_TIMERS_EVERY_MS;
      },
    );
  },
  /** @param {Phase} phase */
  closed({ seconds }) {
    const endMs = performance.now() + seconds * 1000;
    loop(
      () => performance.now() < endMs,
      (nowMs) => {
        for (let i = 0; i < BATCH && underWay() < task.window && begin(nowMs); i++);
        return LOOK_AT_TIMERS_EVERY_MS;
      },
    );
  },
  /** Never sleeps, so that each is sent when it is due. @param {Phase} phase */
  open({ seconds, ratePerSec = 1 }) {
    const startMs = performance.now();
    const endMs = startMs + seconds * 1000;
    let begun = 0;
    loop(
      () => performance.now() < endMs,
      (nowMs) => {
        // No more than a batch for each socket before it looks what has come.
        for (let i = 0; i < BATCH * PORTS; i++) {
          const dueMs = startMs + (begun * 1000) / ratePerSec;
          if (dueMs > nowMs || !begin(dueMs)) break;
          begun++;
        }
        return 0;
      },
    );
  },
  storm() {
    const all = task.aors;
    let begun = 0;
    loop(
      () => begun < all || underWay() > 0,
      (nowMs) => {
        for (let i = 0; i < BATCH * PORTS && begun < all && begin(nowMs); i++) begun++;
        return begun < all ? 0 : 1;
      },
    );
  },
};

function quantileMs(/** @type {number} */ share) {
  let left = Math.ceil(tally.answered * share);
  for (let us = 0; us < FINE_BUCKETS; us++) {
    left -= tally.fine[us] ?? 0;
    if (left <= 0) return us / 1000;
  }
  for (let ms = 0; ms < COARSE_BUCKETS; ms++) {
    left -= tally.coarse[ms] ?? 0;
    if (left <= 0) return ms;
  }
  return tally.longestMs;
}

/** Per datagram that came out of the forwarder, the busiest thread first. */
function cpuBetween(
  /** @type {ReturnType<typeof usageOf>} */ before,
  /** @type {ReturnType<typeof usageOf>} */ after,
) {
  const datagrams = 2 * tally.answered + tally.resent;
  const threads = [...after.threadsUs]
    .map(([thread, us]) => (us - (before.threadsUs.get(thread) ?? 0)) / datagrams)
    .sort((a, b) => b - a);
  return { us: threads.reduce((sum, us) => sum + us, 0), busiestThreadUs: threads[0] ?? 0 };
}

let saturatedPerSec = 0;

function run(/** @type {Phase} */ next) {
  phase = next;
  isRaw = task.raw || next.direct === true;
  if ((next.ratePerSec ?? 1) < 1) phase = { ...next, ratePerSec: saturatedPerSec * (next.ratePerSec ?? 1) };
  Object.assign(tally, newTally());
  const before = usageOf(task.pid);
  const self = process.cpuUsage();
  const startMs = performance.now();
  RUN[phase.kind](phase);
  const endMs = performance.now();
  const after = usageOf(task.pid);
  const { user, system } = process.cpuUsage(self);
  const { answered, sequences } = tally;
  const cpu = cpuBetween(before, after);
  settle();
  const seconds = (endMs - startMs) / 1000;
  if (phase.kind === 'closed') saturatedPerSec = sequences / seconds;
  const { begun, lost, resent, late, wrong: reasons, firstWrong, longestMs } = tally;
  const result = {
    ...{ name: phase.name, seconds, begun, answered, lost, resent, late },
    perSec: answered / seconds,
    wrong: Object.fromEntries(reasons),
    firstWrong,
    cpuUs: cpu.us,
    busiestThreadUs: cpu.busiestThreadUs,
    rssMib: after.rssMib,
    ...{ p50Ms: quantileMs(0.5), p99Ms: quantileMs(0.99), p999Ms: quantileMs(0.999), longestMs },
    loadBusy: (user + system) / 1e6 / seconds,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return answered > 0;
}

for (const next of task.phases) if (!run(next)) break;
