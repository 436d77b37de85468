import { addressOf } from '../../../dist/src/net/linux.js';
import { FIRST_OCTET, FIRST_PORT, OCTETS, Template } from './messages.mjs';

/** Ports that the phones share. */
export const PORTS = 4;
/** No other exchange follows. */
export const NONE = 255;
/** A slot holds a request, and behind it what is answered. */
const SLOT_BYTES = 2048;
const ANSWER_AT = 1024;
const TEMPLATES_BYTES = 64 * 1024;
/** For what is added to a message of a template: Vias above all. */
const MARGIN_BYTES = 16;

/**
 * The exchanges under way, each in a slot of its own: what phones and registrar, who are one program here, know of it. Messages
 * lie in one array, as do the datagrams that come in.
 */
export class Exchanges {
  #free;
  #freeCount;
  #busy;
  #nextAor = 0;
  #templateEnd;
  #numbers = { extension: 0, octetB: 0, octetA: 0, port: 0, serial: 0, slot: 0, nonce: 0 };

  /** @param {{ slots: number, aors: number, addresses: number, receivedBytes: number }} sizes `addresses` that the phones share */
  constructor({ slots, aors, addresses, receivedBytes }) {
    this.slots = slots;
    this.aors = aors;
    this.addresses = addresses;
    /** Where datagrams that come in have their place. */
    this.receivedAt = slots * SLOT_BYTES;
    this.#templateEnd = this.receivedAt + receivedBytes;
    // Written to, so that no page of it is met for the first time while it is measured.
    this.arena = Buffer.alloc(this.#templateEnd + TEMPLATES_BYTES, 0x20);
    this.address = addressOf(this.arena);
    this.#free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
    this.#freeCount = slots;
    this.#busy = new Uint8Array(aors);
    /** 0: nothing is under way. */
    this.serials = new Int32Array(slots);
    /** Places in KINDS. */
    this.kinds = new Uint8Array(slots);
    /** The kind that the same phone goes on with. */
    this.followUps = new Uint8Array(slots);
    this.aorOf = new Int32Array(slots);
    this.nonces = new Int32Array(slots);
    this.requestLengths = new Int32Array(slots);
    /** Of what the registrar answered, 0 before it did: all of it, its status line, and the Via that the forwarder will take off. */
    this.answerLengths = new Int32Array(slots);
    this.statusLengths = new Int32Array(slots);
    this.topLengths = new Int32Array(slots);
    this.startedAtMs = new Float64Array(slots);
    this.resendAtMs = new Float64Array(slots);
    this.intervalMs = new Float64Array(slots);
  }

  template(/** @type {string} */ text) {
    const made = new Template(this.arena, this.#templateEnd, text);
    this.#templateEnd += made.length;
    if (made.length > ANSWER_AT - MARGIN_BYTES) throw new Error('a message does not fit into its slot');
    return made;
  }

  /** Where a copy of something may be made. */
  get scratchAt() {
    return this.#templateEnd;
  }

  requestAt(/** @type {number} */ slot) {
    return slot * SLOT_BYTES;
  }

  answerAt(/** @type {number} */ slot) {
    return slot * SLOT_BYTES + ANSWER_AT;
  }

  get underWay() {
    return this.slots - this.#freeCount;
  }

  /** A slot for the next phone that does nothing else; -1 where there is none. */
  claim() {
    if (this.#freeCount === 0) return -1;
    for (let tries = 0; this.#busy[this.#nextAor] === 1; tries++) {
      if (tries === this.aors) return -1;
      this.#nextAor = (this.#nextAor + 1) % this.aors;
    }
    const slot = this.#free[--this.#freeCount] ?? 0;
    this.aorOf[slot] = this.#nextAor;
    this.#busy[this.#nextAor] = 1;
    this.#nextAor = (this.#nextAor + 1) % this.aors;
    return slot;
  }

  release(/** @type {number} */ slot) {
    this.serials[slot] = 0;
    this.#busy[this.aorOf[slot] ?? 0] = 0;
    this.#free[this.#freeCount++] = slot;
  }

  /** Which of the phones' ports is this one's. */
  portIndex(/** @type {number} */ slot) {
    return (((this.aorOf[slot] ?? 0) / this.addresses) | 0) % PORTS;
  }

  /** What the messages of a slot's phone say; good until the next call. */
  numbersOf(/** @type {number} */ slot) {
    const numbers = this.#numbers;
    const aor = this.aorOf[slot] ?? 0;
    const address = aor % this.addresses;
    numbers.extension = 1_000_000 + aor;
    numbers.octetB = FIRST_OCTET + ((address / OCTETS) | 0);
    numbers.octetA = FIRST_OCTET + (address % OCTETS);
    numbers.port = FIRST_PORT + this.portIndex(slot);
    numbers.serial = this.serials[slot] ?? 0;
    numbers.slot = slot;
    numbers.nonce = this.nonces[slot] ?? 0;
    return numbers;
  }

  /** As four bytes that are read as one word. */
  ipOf(/** @type {number} */ slot) {
    const address = (this.aorOf[slot] ?? 0) % this.addresses;
    const octetB = FIRST_OCTET + ((address / OCTETS) | 0);
    const octetA = FIRST_OCTET + (address % OCTETS);
    return 127 | (1 << 8) | (octetB << 16) | (octetA << 24);
  }
}
