import { kernel } from '../../sip/kernel/kernel.ts';

/**
 * A single-producer single-consumer queue of messages in shared memory: where it lies. `head` and `tail` are byte counts modulo 2^32;
 * only they are shared atomically, each written by one side. Where the data's first byte counts from is `base`: the producer sets it to
 * `head` now and then when the ring is empty, so that a ring whose reader keeps up uses its beginning again and again, which is in the
 * caches. The reader looks at it where it looks at `head`: until then it has nothing that an older base would be needed for.
 */

/** Head, with base behind it, and tail stand on cache lines of their own, else the two threads fight over one. */
const TAIL_WORD = 16;
const DATA_AT = 128;

/** A place in shared memory. */
export interface RingPlace {
  readonly buffer: SharedArrayBuffer;
  /** A multiple of 64. */
  readonly offset: number;
  /** A power of two, 256 KiB to 1 GiB. */
  readonly capacityBytes: number;
}

export const MIN_RING_BYTES = 2 ** 18;
export const MAX_RING_BYTES = 2 ** 30;

export function ringFootprint(capacityBytes: number): number {
  return DATA_AT + capacityBytes;
}

export class RingMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly headWord: number;
  readonly baseWord: number;
  readonly tailWord: number;
  readonly dataAt: number;
  readonly capacity: number;
  readonly mask: number;

  constructor({ buffer, offset, capacityBytes }: RingPlace) {
    const isPowerOfTwo = (capacityBytes & (capacityBytes - 1)) === 0;
    if (
      !isPowerOfTwo ||
      capacityBytes < MIN_RING_BYTES ||
      capacityBytes > MAX_RING_BYTES ||
      offset % 64 !== 0
    ) {
      throw new RangeError(`ring of ${capacityBytes} bytes at ${offset}`);
    }
    this.bytes = kernel.bytesOf(buffer);
    this.words = kernel.wordsOf(buffer);
    this.doubles = new Float64Array(buffer, 0, buffer.byteLength >>> 3);
    this.headWord = offset >>> 2;
    this.baseWord = this.headWord + 1;
    this.tailWord = this.headWord + TAIL_WORD;
    this.dataAt = offset + DATA_AT;
    this.capacity = capacityBytes;
    this.mask = capacityBytes - 1;
  }

  /** Where the record stands that a count of bytes leads to. */
  placeOf(count: number, base: number): number {
    return this.dataAt + (since(base, count) & this.mask);
  }
}

/** Bytes from one count to another. What may have gone round is made a whole number first: else V8 calculates with doubles once it has. */
export function since(from: number, to: number): number {
  return ((to | 0) - (from | 0)) | 0;
}
