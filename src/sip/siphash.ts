import type { Endpoint } from './address.ts';
import { kernel } from './kernel/kernel.ts';
import { HASH_INPUT_BYTES } from './kernel/layout.ts';

/** A SipHash key: 128 bits as four little-endian 32-bit words. */
export type HashKey = Int32Array;

/**
 * Fields to be hashed as one: each with its length in front, so that no two lists of fields read alike. They stand in
 * the kernel's memory, of which there is one: fill it and hash it before somebody fills another.
 */
export class HashInput {
  /** What was put in so far, and the room behind it. */
  get bytes(): Uint8Array {
    return kernel.bytes.subarray(kernel.hashInputAt, kernel.hashInputAt + HASH_INPUT_BYTES);
  }

  /** How many of these bytes are hashed. */
  get length(): number {
    return kernel.hashedBytes;
  }

  set length(bytes: number) {
    kernel.hashedBytes = bytes;
  }

  clear(): this {
    kernel.hashedBytes = 0;
    return this;
  }

  /** A field that does not fit is cut, the same way every time. */
  field(from: Uint8Array, start: number, end: number): this {
    kernel.putField(from, start, end - start);
    return this;
  }

  /** The same with capital letters folded. */
  foldedField(from: Uint8Array, start: number, end: number): this {
    kernel.putFoldedField(from, start, end - start);
    return this;
  }

  /** 32 bits. */
  word(value: number): this {
    kernel.putWord(value);
    return this;
  }

  /** An address without its port. */
  host({ a, b, c, d }: Endpoint): this {
    kernel.putWords(a, b, c, d);
    return this;
  }

  /**
   * Hashes what was put in with SipHash-2-4 and 128 bits of output: out[0], out[1] = first eight bytes, little-endian;
   * then the other eight, which are left out where `out` has room for two words only. Frozen: branches and check
   * values of other instances and versions depend on every bit of it. The reference implementation's vectors are its test.
   */
  sipHash128(key: HashKey, out: Int32Array): void {
    const isWhole = out.length > 2;
    kernel.hash(key, isWhole ? 16 : 8);
    const { hashWord, words } = kernel;
    out[0] = words[hashWord]!;
    out[1] = words[hashWord + 1]!;
    if (!isWhole) return;
    out[2] = words[hashWord + 2]!;
    out[3] = words[hashWord + 3]!;
  }
}
