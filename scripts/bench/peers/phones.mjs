import { Inlet, Outlet, openSocket } from './datagrams.mjs';
import { NONE, PORTS } from './exchanges.mjs';
import { ANSWERS, FIRST, FIRST_PORT, idIn, KINDS, REFRESH, REFUSED, REQUESTS } from './messages.mjs';

/** What got no answer in this time is lost; who sends again waits longer (RFC 3261 17.1.2.2). */
const LOST_MS = 1000;
const T1_MS = 500;
const T2_MS = 4000;
const GIVE_UP_MS = 64 * T1_MS;
const FIRST_SERIAL = 100_000_000;
const LAST_SERIAL = 999_999_999;
/** A refresh has the credentials that the phone has had for long. */
const OLD_NONCE = 200_000_000;

/** They register, and check what is answered. */
export class Phones {
  /** Where they send to. @type {import('./datagrams.mjs').Place} */
  target = { ip: 0, port: 0 };
  /** Whether they send again what is not answered. */
  isPatient = false;
  /** @type {import('./tally.mjs').Tally} */
  tally;
  #exchanges;
  #requests;
  #statusLengths;
  #sockets;
  #serial = FIRST_SERIAL;

  /** @param {import('./exchanges.mjs').Exchanges} exchanges @param {import('./tally.mjs').Tally} tally */
  constructor(exchanges, tally) {
    this.#exchanges = exchanges;
    this.tally = tally;
    this.#requests = KINDS.map((kind) => exchanges.template(REQUESTS[kind]));
    this.#statusLengths = [...KINDS, /** @type {const} */ ('refused')].map((kind) => ANSWERS[kind][0].length);
    this.#sockets = Array.from({ length: PORTS }, (_, i) => {
      const fd = openSocket({ ip: 0, port: FIRST_PORT + i });
      const place = exchanges.receivedAt + i * Inlet.BYTES;
      return {
        fd,
        outlet: new Outlet(fd, { choosesSource: true }),
        inlet: new Inlet(fd, exchanges.address, place),
        /** @type {Parameters<Inlet['takeAll']>[0]} */
        take: (start, end, _i, nowMs) => {
          const why = this.#take(i, start, end, nowMs);
          if (why !== undefined) this.tally.isWrong(why, exchanges.arena.latin1Slice(start, end));
        },
      };
    });
  }

  get fds() {
    return this.#sockets.map(({ fd }) => fd);
  }

  /** The next one that does nothing else sends a request of that kind; false where there is none. */
  begin(/** @type {number} */ kind, /** @type {number} */ followUp, /** @type {number} */ nowMs) {
    const slot = this.#exchanges.claim();
    if (slot < 0) return false;
    this.#exchanges.followUps[slot] = followUp;
    this.#send(slot, kind, nowMs);
    return true;
  }

  /** Of the sequence that begins next. */
  get nextSerial() {
    return this.#serial + 1;
  }

  #send(/** @type {number} */ slot, /** @type {number} */ kind, /** @type {number} */ nowMs) {
    const exchanges = this.#exchanges;
    this.#serial = this.#serial === LAST_SERIAL ? FIRST_SERIAL : this.#serial + 1;
    exchanges.serials[slot] = this.#serial;
    exchanges.kinds[slot] = kind;
    exchanges.startedAtMs[slot] = nowMs;
    if (kind === FIRST) exchanges.nonces[slot] = this.#serial;
    else if (kind === REFRESH) exchanges.nonces[slot] = OLD_NONCE + (exchanges.aorOf[slot] ?? 0);
    exchanges.answerLengths[slot] = 0;
    const numbers = exchanges.numbersOf(slot);
    exchanges.requestLengths[slot] = this.#requests[kind]?.stamp(exchanges.requestAt(slot), numbers) ?? 0;
    exchanges.intervalMs[slot] = T1_MS;
    exchanges.resendAtMs[slot] = nowMs + T1_MS;
    this.tally.begun++;
    this.#transmit(slot);
  }

  #transmit(/** @type {number} */ slot) {
    const exchanges = this.#exchanges;
    const { ip, port } = this.target;
    const from = exchanges.address + exchanges.requestAt(slot);
    const length = exchanges.requestLengths[slot] ?? 0;
    this.#sockets[exchanges.portIndex(slot)]?.outlet.add(from, length, ip, port, exchanges.ipOf(slot));
  }

  flush() {
    for (const { outlet } of this.#sockets) outlet.flush();
  }

  /** Sends again what is due, and gives up what nobody waits for any more. */
  lookAtTimers(/** @type {number} */ nowMs) {
    const exchanges = this.#exchanges;
    if (exchanges.underWay === 0) return;
    const patienceMs = this.isPatient ? GIVE_UP_MS : LOST_MS;
    for (let slot = 0; slot < exchanges.slots; slot++) {
      if (exchanges.serials[slot] === 0) continue;
      if (nowMs - (exchanges.startedAtMs[slot] ?? 0) > patienceMs) {
        this.tally.lost++;
        exchanges.release(slot);
      } else if (this.isPatient && nowMs >= (exchanges.resendAtMs[slot] ?? 0)) {
        const next = Math.min(2 * (exchanges.intervalMs[slot] ?? 0), T2_MS);
        exchanges.intervalMs[slot] = next;
        exchanges.resendAtMs[slot] = nowMs + next;
        this.tally.resent++;
        this.#transmit(slot);
      }
    }
  }

  /** Takes what has come; answers how many datagrams that were. */
  receive() {
    let all = 0;
    for (const { inlet, take } of this.#sockets) all += inlet.takeAll(take);
    return all;
  }

  /**
   * @param {number} port the one at which it came
   * @param {number} start
   * @param {number} end
   * @param {number} nowMs
   * @returns {string | undefined} what is wrong with it
   */
  #take(port, start, end, nowMs) {
    const exchanges = this.#exchanges;
    const { arena } = exchanges;
    const statusLength = this.#statusLength(start);
    const viaAt = start + statusLength;
    const { slot, serial } = idIn(arena, viaAt);
    if (!(slot >= 0 && slot < exchanges.slots)) return 'an answer whose topmost Via is no phone’s';
    if (exchanges.serials[slot] !== serial) {
      this.tally.late++;
      return undefined;
    }
    if (port !== exchanges.portIndex(slot)) return 'an answer at another port than its phone’s';
    const answerLength = exchanges.answerLengths[slot] ?? 0;
    if (answerLength === 0) return 'an answer that nobody gave';
    const given = exchanges.answerAt(slot);
    const givenRestAt = given + statusLength + (exchanges.topLengths[slot] ?? 0);
    if (
      exchanges.statusLengths[slot] !== statusLength ||
      arena.compare(arena, given, given + statusLength, start, viaAt) !== 0 ||
      arena.compare(arena, givenRestAt, given + answerLength, viaAt, end) !== 0
    )
      return 'an answer with other bytes';
    this.#goOn(slot, nowMs);
    return undefined;
  }

  /** By the first and the last digit of the status. */
  #statusLength(/** @type {number} */ start) {
    const { arena } = this.#exchanges;
    const kind = arena[start + 8] === 0x32 ? REFRESH : arena[start + 10] === 0x31 ? FIRST : REFUSED;
    return this.#statusLengths[kind] ?? 0;
  }

  #goOn(/** @type {number} */ slot, /** @type {number} */ nowMs) {
    const exchanges = this.#exchanges;
    this.tally.answeredAfter(nowMs - (exchanges.startedAtMs[slot] ?? 0));
    const followUp = exchanges.followUps[slot] ?? NONE;
    exchanges.followUps[slot] = NONE;
    if (followUp !== NONE) {
      this.#send(slot, followUp, nowMs);
      return;
    }
    this.tally.sequences++;
    exchanges.release(slot);
  }
}
