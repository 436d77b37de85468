#!/usr/bin/env node
// Phones and their registrar in one thread, around a forwarder that somebody else has started. Each datagram is checked byte
// by byte: what the registrar gets is what a phone sent but for a Via, Max-Forwards and the Via's rport and received, and what
// the phone gets, at its port, is what the registrar answered but for that Via.
// It is told what to do by one argument in JSON (`Task` below), and tells what came of it in JSON, one line for each phase.
import { BATCH } from '../../../dist/src/net/transport/transport.js';
import { usageOf } from '../cpu.mjs';
import { Inlet, placeOf, Waiter } from './datagrams.mjs';
import { Exchanges, NONE, PORTS } from './exchanges.mjs';
import { FIRST, OPTIONS, REFRESH, RETRY, WRONG } from './messages.mjs';
import { Phones } from './phones.mjs';
import { Registrar } from './registrar.mjs';
import { Tally } from './tally.mjs';

/**
 * - `probe`: until one exchange succeeds, for so long at most;
 * - `closed`: so many exchanges under way all the time;
 * - `open`: so many sequences a second are begun, whatever comes back; `ratePerSec` below 1 is a share of what the closed
 *   loop before it came to;
 * - `storm`: every AOR registers at once, with a challenge, and sends again what is not answered.
 * `direct`: without the forwarder.
 * @typedef {{ name: string, kind: 'probe' | 'closed' | 'open' | 'storm', seconds: number, ratePerSec?: number, direct?: boolean }} Phase
 * @typedef {{
 *   proxy: string, registrar: string, pid: number, mode: 'refresh' | 'mixed' | 'challenge', aors: number, addresses: number,
 *   window: number, raw: boolean, phases: Phase[],
 * }} Task
 */

const MIN_SLOTS = 16_384;
const LOOK_AT_TIMERS_EVERY_MS = 10;
const PROBE_EVERY_MS = 200;
const LATE_MS = 10;

class Load {
  #task;
  #tally = new Tally();
  #exchanges;
  #phones;
  #registrar;
  #waiter;
  #saturatedPerSec = 0;

  constructor(/** @type {Task} */ task) {
    this.#task = task;
    const isStorm = task.phases.some(({ kind }) => kind === 'storm');
    this.#exchanges = new Exchanges({
      slots: Math.max(MIN_SLOTS, isStorm ? task.aors : 0),
      aors: task.aors,
      addresses: task.addresses,
      receivedBytes: (PORTS + 1) * Inlet.BYTES,
    });
    this.#phones = new Phones(this.#exchanges, this.#tally);
    const places = { address: task.registrar, proxy: task.proxy };
    this.#registrar = new Registrar(this.#exchanges, this.#tally, places);
    this.#waiter = new Waiter([this.#registrar.fd, ...this.#phones.fds]);
  }

  /** What came of it. */
  run(/** @type {Phase} */ phase) {
    this.#prepare(phase);
    const before = usageOf(this.#task.pid);
    const self = process.cpuUsage();
    const startMs = performance.now();
    const share = phase.ratePerSec ?? 1;
    const ratePerSec = share < 1 ? share * this.#saturatedPerSec : share;
    this.#kinds[phase.kind](phase.seconds * 1000, ratePerSec);
    const seconds = (performance.now() - startMs) / 1000;
    const after = usageOf(this.#task.pid);
    const { user, system } = process.cpuUsage(self);
    const { answered, sequences, resent } = this.#tally;
    // What was begun may still be answered; what is not is lost.
    this.#loop(
      () => this.#exchanges.underWay > 0,
      () => LOOK_AT_TIMERS_EVERY_MS,
    );
    if (phase.kind === 'closed') this.#saturatedPerSec = sequences / seconds;
    const { begun, begunLate, lost, late, wrong, firstWrong, longestMs } = this.#tally;
    const [p50Ms, p99Ms, p999Ms] = [0.5, 0.99, 0.999].map((part) => this.#tally.quantileMs(part));
    return {
      name: phase.name,
      seconds,
      perSec: answered / seconds,
      ...{ begun, begunLate, answered, lost, resent, late, wrong: Object.fromEntries(wrong), firstWrong },
      ...{ p50Ms, p99Ms, p999Ms, longestMs, rssMib: after.rssMib },
      ...cpuBetween(before, after, 2 * answered + resent),
      loadBusy: (user + system) / 1e6 / seconds,
    };
  }

  #prepare(/** @type {Phase} */ { kind, direct = false }) {
    const { proxy, registrar, raw } = this.#task;
    this.#tally = new Tally();
    this.#phones.tally = this.#tally;
    this.#phones.target = placeOf(direct ? registrar : proxy);
    this.#phones.isPatient = kind === 'storm';
    this.#registrar.tally = this.#tally;
    this.#registrar.isRaw = raw || direct;
    this.#registrar.isDirect = direct;
  }

  /** Each kind of phase. */
  #kinds = {
    probe: (/** @type {number} */ forMs) => {
      const endMs = performance.now() + forMs;
      let nextMs = 0;
      this.#loop(
        () => this.#tally.answered === 0 && performance.now() < endMs,
        (nowMs) => {
          if (nowMs >= nextMs) {
            nextMs = nowMs + PROBE_EVERY_MS;
            this.#phones.begin(REFRESH, NONE, nowMs);
          }
          return LOOK_AT_TIMERS_EVERY_MS;
        },
      );
    },
    closed: (/** @type {number} */ forMs) => {
      const endMs = performance.now() + forMs;
      this.#loop(
        () => performance.now() < endMs,
        (nowMs) => {
          for (let i = 0; i < BATCH; i++) {
            if (this.#exchanges.underWay >= this.#task.window || !this.#begin(nowMs)) break;
          }
          return LOOK_AT_TIMERS_EVERY_MS;
        },
      );
    },
    // Never sleeps, so that each is sent when it is due.
    open: (/** @type {number} */ forMs, /** @type {number} */ ratePerSec) => {
      const startMs = performance.now();
      let begun = 0;
      this.#loop(
        () => performance.now() < startMs + forMs,
        (nowMs) => {
          // No more than a batch for each socket before it looks what has come.
          for (let i = 0; i < BATCH * PORTS; i++) {
            const dueMs = startMs + (begun * 1000) / ratePerSec;
            if (dueMs > nowMs || !this.#begin(dueMs)) break;
            begun++;
            if (nowMs - dueMs > LATE_MS) this.#tally.begunLate++;
          }
          return 0;
        },
      );
    },
    storm: () => {
      const { aors } = this.#task;
      let begun = 0;
      this.#loop(
        () => begun < aors || this.#exchanges.underWay > 0,
        (nowMs) => {
          for (let i = 0; i < BATCH * PORTS && begun < aors; i++) {
            if (!this.#phones.begin(FIRST, RETRY, nowMs)) break;
            begun++;
          }
          return begun < aors ? 0 : 1;
        },
      );
    },
  };

  /** A sequence of the kind whose turn it is. */
  #begin(/** @type {number} */ nowMs) {
    const phones = this.#phones;
    switch (this.#task.mode) {
      case 'refresh':
        return phones.begin(REFRESH, NONE, nowMs);
      case 'challenge':
        return phones.begin(FIRST, RETRY, nowMs);
      default: {
        const roll = (Math.imul(phones.nextSerial, 0x9e3779b1) >>> 8) % 100;
        if (roll < 80) return phones.begin(REFRESH, NONE, nowMs);
        return roll < 95
          ? phones.begin(FIRST, roll < 90 ? RETRY : WRONG, nowMs)
          : phones.begin(OPTIONS, NONE, nowMs);
      }
    }
  }

  /** @param {() => boolean} goOn @param {(nowMs: number) => number} begin what is due; answers for how many ms nothing will be */
  #loop(goOn, begin) {
    let timersAtMs = 0;
    while (goOn()) {
      const nowMs = performance.now();
      const idleMs = begin(nowMs);
      if (nowMs >= timersAtMs) {
        timersAtMs = nowMs + LOOK_AT_TIMERS_EVERY_MS;
        this.#phones.lookAtTimers(nowMs);
      }
      this.#phones.flush();
      const count = this.#registrar.receive() + this.#phones.receive();
      if (count === 0 && idleMs >= 1) this.#waiter.wait(Math.min(idleMs, LOOK_AT_TIMERS_EVERY_MS));
    }
  }
}

/**
 * Per datagram that came out of the forwarder.
 *
 * @param {ReturnType<typeof usageOf>} before
 * @param {ReturnType<typeof usageOf>} after
 * @param {number} datagrams
 */
function cpuBetween(before, after, datagrams) {
  const threads = [...after.threadsUs]
    .map(([thread, us]) => (us - (before.threadsUs.get(thread) ?? 0)) / datagrams)
    .sort((a, b) => b - a);
  return { cpuUs: threads.reduce((sum, us) => sum + us, 0), busiestThreadUs: threads[0] ?? 0 };
}

/** @type {Task} */
const task = JSON.parse(process.argv[2] ?? '');
const load = new Load(task);
for (const phase of task.phases) {
  const result = load.run(phase);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (result.answered === 0) break;
}
