import { lower, sameBytes } from '../sip/bytes.ts';
import type { ExchangeKey } from './exchange-key.ts';

/** Bytes of a key that there is room for; a longer one is not kept here. */
export const KEY_SLOT_BYTES = 96;
const FIRST_SLOTS = 1024;
const NONE = -1;

/** A key that was copied out of its datagram: branch, then host in lower case. */
export interface KeptKey {
  readonly key: Uint8Array;
  readonly keyAt: number;
  readonly branchLength: number;
  readonly keyLength: number;
  readonly port: number;
  readonly cseq: number;
  readonly hash: number;
  /** When the handshake began that it was part of. */
  readonly handshakeStartMs: number;
}

/**
 * The keys of exchanges of which little more is wanted than to know a copy when one comes: which is nearly all,
 * for half a minute each. So many objects would keep the garbage collector busier than all else here; these are
 * flat arrays, filled round and round in the order of time, with room for twice as many when they are full.
 */
export class SettledKeys {
  private slots = 0;
  private bytes = new Uint8Array(0);
  private branchLengths = new Uint8Array(0);
  private keyLengths = new Uint8Array(0);
  private ports = new Uint16Array(0);
  private cseqs = new Int32Array(0);
  private hashes = new Int32Array(0);
  private atMs = new Float64Array(0);
  private handshakeStartsMs = new Float64Array(0);
  /** The first slot of each chain, and for each slot the next of its chain; newest first. */
  private heads = new Int32Array(0);
  private nexts = new Int32Array(0);
  private first = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** When the oldest was settled; infinite where there is none. */
  get oldestMs(): number {
    return this.count === 0 ? Number.POSITIVE_INFINITY : this.atMs[this.first]!;
  }

  /** Keeps a copy of a key, which must not be here and must fit; `settledAtMs` must not lie before that of the last one. */
  add(kept: KeptKey, settledAtMs: number): void {
    if (this.count === this.slots) this.grow();
    const slot = (this.first + this.count) & (this.slots - 1);
    this.count++;
    const at = slot * KEY_SLOT_BYTES;
    const { key, keyAt, keyLength } = kept;
    for (let i = 0; i < keyLength; i++) this.bytes[at + i] = key[keyAt + i]!;
    this.branchLengths[slot] = kept.branchLength;
    this.keyLengths[slot] = keyLength;
    this.ports[slot] = kept.port;
    this.cseqs[slot] = kept.cseq;
    this.hashes[slot] = kept.hash;
    this.atMs[slot] = settledAtMs;
    this.handshakeStartsMs[slot] = kept.handshakeStartMs;
    this.link(slot);
  }

  /** When the handshake of this exchange began; undefined where it is not here. */
  handshakeStartOf(key: ExchangeKey): number | undefined {
    if (this.count === 0) return undefined;
    let slot = this.heads[key.hash & (this.slots - 1)]!;
    while (slot !== NONE) {
      if (this.hashes[slot] === key.hash && this.isAt(slot, key)) return this.handshakeStartsMs[slot];
      slot = this.nexts[slot]!;
    }
    return undefined;
  }

  forgetOldest(): void {
    if (this.count === 0) return;
    const slot = this.first;
    const chain = this.hashes[slot]! & (this.slots - 1);
    if (this.heads[chain] === slot) {
      this.heads[chain] = this.nexts[slot]!;
    } else {
      let before = this.heads[chain]!;
      while (this.nexts[before] !== slot) before = this.nexts[before]!;
      this.nexts[before] = this.nexts[slot]!;
    }
    this.first = (slot + 1) & (this.slots - 1);
    this.count--;
  }

  private isAt(
    slot: number,
    { bytes, branchStart, branchEnd, hostStart, hostEnd, port, cseq }: ExchangeKey,
  ): boolean {
    if (this.cseqs[slot] !== cseq || this.ports[slot] !== port) return false;
    const branchLength = this.branchLengths[slot]!;
    if (this.keyLengths[slot]! - branchLength !== hostEnd - hostStart) return false;
    const hostAt = slot * KEY_SLOT_BYTES + branchLength;
    if (!sameBytes(this.bytes, hostAt - branchLength, hostAt, bytes, branchStart, branchEnd)) return false;
    for (let i = 0; i < hostEnd - hostStart; i++) {
      if (this.bytes[hostAt + i] !== lower(bytes[hostStart + i]!)) return false;
    }
    return true;
  }

  private link(slot: number): void {
    const chain = this.hashes[slot]! & (this.slots - 1);
    this.nexts[slot] = this.heads[chain]!;
    this.heads[chain] = slot;
  }

  /** Twice the room; the oldest comes first again. */
  private grow(): void {
    const { first, slots: before } = this;
    this.slots = Math.max(FIRST_SLOTS, before * 2);
    this.bytes = turned(this.bytes, new Uint8Array(this.slots * KEY_SLOT_BYTES), first * KEY_SLOT_BYTES);
    this.branchLengths = turned(this.branchLengths, new Uint8Array(this.slots), first);
    this.keyLengths = turned(this.keyLengths, new Uint8Array(this.slots), first);
    this.ports = turned(this.ports, new Uint16Array(this.slots), first);
    this.cseqs = turned(this.cseqs, new Int32Array(this.slots), first);
    this.hashes = turned(this.hashes, new Int32Array(this.slots), first);
    this.atMs = turned(this.atMs, new Float64Array(this.slots), first);
    this.handshakeStartsMs = turned(this.handshakeStartsMs, new Float64Array(this.slots), first);
    this.nexts = new Int32Array(this.slots);
    this.heads = new Int32Array(this.slots).fill(NONE);
    this.first = 0;
    for (let slot = 0; slot < this.count; slot++) this.link(slot);
  }
}

type Numbers = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** `into`, beginning with all of `from`, which is read from `first` on and round its end. */
function turned<T extends Numbers>(from: T, into: T, first: number): T {
  into.set(from.subarray(first));
  into.set(from.subarray(0, first), from.length - first);
  return into;
}
