import { Inlet, Outlet, openSocket, placeOf } from './datagrams.mjs';
import { PORTS } from './exchanges.mjs';
import { ANSWERS, idIn, KINDS, REFUSED, readDigits, SEEN_VIAS, WRONG } from './messages.mjs';

const MAX_FORWARDS = Buffer.from('\r\nMax-Forwards: ', 'latin1');
/** From the beginning of its line to its two digits. */
const DIGITS_AT = MAX_FORWARDS.length - 2;
const LINE_END = Buffer.from('\r\n', 'latin1');

/** It checks what it is asked, and answers. */
export class Registrar {
  /** Whether what comes has been through no SIP proxy: then an answer's last six bytes say where it goes. */
  isRaw = false;
  /** Whether it comes from the phones themselves. */
  isDirect = false;
  /** @type {import('./tally.mjs').Tally} */
  tally;
  #exchanges;
  #answers;
  #seenVias;
  #topVia;
  #inlet;
  #outlet;

  /**
   * @param {import('./exchanges.mjs').Exchanges} exchanges
   * @param {import('./tally.mjs').Tally} tally
   * @param {{ address: string, proxy: string }} places each an IP address, a colon and a port
   */
  constructor(exchanges, tally, { address, proxy }) {
    this.#exchanges = exchanges;
    this.tally = tally;
    this.#answers = [...KINDS, /** @type {const} */ ('refused')].map((kind) => {
      const [statusLine, rest] = ANSWERS[kind];
      return { statusLine: exchanges.template(statusLine), rest: exchanges.template(rest) };
    });
    this.#seenVias = SEEN_VIAS.map((via) => exchanges.template(via));
    this.#topVia = Buffer.from(`Via: SIP/2.0/UDP ${proxy};branch=z9hG4bK`, 'latin1');
    this.fd = openSocket(placeOf(address));
    this.#outlet = new Outlet(this.fd, { choosesSource: false });
    this.#inlet = new Inlet(this.fd, exchanges.address, exchanges.receivedAt + PORTS * Inlet.BYTES);
  }

  /** Takes what has come, and answers it; answers how many datagrams that were. */
  receive() {
    return this.#inlet.takeAll(this.#takeOne, this.#flush);
  }

  #flush = () => this.#outlet.flush();

  #takeOne = (/** @type {number} */ start, /** @type {number} */ end, /** @type {number} */ i) => {
    const why = this.#take(start, end, this.#inlet.ipOf(i), this.#inlet.portOf(i));
    if (why !== undefined) this.tally.isWrong(why, this.#exchanges.arena.latin1Slice(start, end));
  };

  /**
   * @param {number} start
   * @param {number} end
   * @param {number} senderIp
   * @param {number} senderPort
   * @returns {string | undefined} what is wrong with it
   */
  #take(start, end, senderIp, senderPort) {
    const exchanges = this.#exchanges;
    const { arena } = exchanges;
    const viasAt = arena.indexOf(LINE_END, start) + 2;
    const viaAt = this.isRaw ? viasAt : arena.indexOf(LINE_END, viasAt) + 2;
    const { slot, serial } = idIn(arena, viaAt);
    if (!(slot >= 0 && slot < exchanges.slots)) return 'a request whose last Via is no phone’s';
    if (exchanges.serials[slot] !== serial) {
      this.tally.late++;
      return undefined;
    }
    const restAt = arena.indexOf(MAX_FORWARDS, viaAt) + 2;
    const trouble = this.isRaw
      ? this.#rawTrouble(slot, start, end)
      : this.#troubleBehindProxy(slot, start, viasAt, viaAt, restAt, end);
    if (trouble !== undefined) return trouble;
    exchanges.topLengths[slot] = viaAt - viasAt;
    this.#answer(slot, viasAt, restAt, senderIp, senderPort);
    return undefined;
  }

  #rawTrouble(/** @type {number} */ slot, /** @type {number} */ start, /** @type {number} */ end) {
    const { arena, requestLengths } = this.#exchanges;
    const sent = this.#exchanges.requestAt(slot);
    const isSame = arena.compare(arena, sent, sent + (requestLengths[slot] ?? 0), start, end) === 0;
    return isSame ? undefined : 'a request with other bytes';
  }

  /**
   * @param {number} slot
   * @param {number} start
   * @param {number} viasAt
   * @param {number} viaAt the phone's
   * @param {number} restAt where Max-Forwards is
   * @param {number} end
   */
  #troubleBehindProxy(slot, start, viasAt, viaAt, restAt, end) {
    const exchanges = this.#exchanges;
    const { arena, scratchAt } = exchanges;
    const topVia = this.#topVia;
    if (arena.compare(topVia, 0, topVia.length, viasAt, viasAt + topVia.length) !== 0)
      return 'a request whose first Via is not the forwarder’s';
    const numbers = exchanges.numbersOf(slot);
    const isSeen = this.#seenVias.some(
      (via) =>
        arena.compare(arena, scratchAt, scratchAt + via.stamp(scratchAt, numbers), viaAt, restAt) === 0,
    );
    if (!isSeen) return 'a request whose second Via says something else';
    const sent = exchanges.requestAt(slot);
    const sentViaAt = sent + (viasAt - start);
    const sentEnd = sent + (exchanges.requestLengths[slot] ?? 0);
    const sentRestAt = arena.indexOf(MAX_FORWARDS, sentViaAt) + 2;
    if (readDigits(arena, restAt + DIGITS_AT, 2) !== 69) return 'a request whose Max-Forwards is not 69';
    const isSame =
      arena.compare(arena, sent, sentViaAt, start, viasAt) === 0 &&
      arena.compare(arena, sentRestAt + DIGITS_AT + 2, sentEnd, restAt + DIGITS_AT + 2, end) === 0;
    return isSame ? undefined : 'a request with other bytes';
  }

  /**
   * @param {number} slot
   * @param {number} viasAt
   * @param {number} restAt where its Vias end
   * @param {number} senderIp
   * @param {number} senderPort
   */
  #answer(slot, viasAt, restAt, senderIp, senderPort) {
    const exchanges = this.#exchanges;
    const { arena } = exchanges;
    const kind = exchanges.kinds[slot] ?? 0;
    // Half of the phones with a wrong password are told that they are not allowed, the others are asked again.
    const isRefused = kind === WRONG && (exchanges.aorOf[slot] ?? 0) % 2 === 1;
    const answer = this.#answers[isRefused ? REFUSED : kind];
    if (answer === undefined) return;
    const from = exchanges.answerAt(slot);
    const numbers = exchanges.numbersOf(slot);
    let at = from + answer.statusLine.stamp(from, numbers);
    exchanges.statusLengths[slot] = at - from;
    arena.copyWithin(at, viasAt, restAt);
    at += restAt - viasAt;
    at += answer.rest.stamp(at, numbers);
    const ip = exchanges.ipOf(slot);
    if (this.isRaw) {
      arena.writeInt32LE(ip, at);
      at = arena.writeUInt16BE(numbers.port, at + 4);
    }
    if (at > exchanges.requestAt(slot + 1)) throw new Error('an answer does not fit into its slot');
    exchanges.answerLengths[slot] = at - from;
    const address = exchanges.address + from;
    if (this.isDirect) this.#outlet.add(address, at - from, ip, numbers.port, 0);
    else this.#outlet.add(address, at - from, senderIp, senderPort, 0);
  }
}
