import { HASH_INPUT_BYTES, kernel } from './kernel/kernel.ts';

/** A SipHash key: 128 bits as four little-endian 32-bit words. */
export type HashKey = Int32Array;

/**
 * Hashes what `input` holds with SipHash-2-4 and 128 bits of output: out[0], out[1] = first eight bytes,
 * little-endian; then the other eight, which are left out where `out` has room for two words only. Frozen: branches
 * and check values of other instances and versions depend on every bit of it. The reference implementation's vectors
 * are its test.
 */
export function sipHash128(key: HashKey, input: HashInput, out: Int32Array): void {
  const isWhole = out.length > 2;
  kernel.hash(key, input.length, isWhole ? 16 : 8);
  const { hashWord, words } = kernel;
  out[0] = words[hashWord]!;
  out[1] = words[hashWord + 1]!;
  if (!isWhole) return;
  out[2] = words[hashWord + 2]!;
  out[3] = words[hashWord + 3]!;
}

/**
 * Fields to be hashed as one: each with its length in front, so that no two lists of fields read alike. They stand in
 * the kernel's memory, of which there is one: fill it and hash it before anybody fills another.
 */
export class HashInput {
  length = 0;

  /** What was put in so far, and the room behind it. */
  get bytes(): Uint8Array {
    return kernel.bytes.subarray(kernel.hashInputAt, kernel.hashInputAt + HASH_INPUT_BYTES);
  }

  clear(): this {
    this.length = 0;
    return this;
  }

  /** A field that does not fit is cut, the same way every time. */
  field(from: Uint8Array, start: number, end: number): this {
    const size = this.roomFor(end - start);
    kernel.putField(from, start, size, this.length);
    this.length += 2 + size;
    return this;
  }

  /** The same with capital letters folded. */
  foldedField(from: Uint8Array, start: number, end: number): this {
    const size = this.roomFor(end - start);
    kernel.putFoldedField(from, start, size, this.length);
    this.length += 2 + size;
    return this;
  }

  private roomFor(size: number): number {
    return Math.max(Math.min(size, MAX_INPUT_BYTES - this.length - 2), 0);
  }

  word(value: number): this {
    kernel.putWord(value, this.length);
    this.length += 4;
    return this;
  }
}

/** Behind it there is room for the words and the lengths of cut fields. */
const MAX_INPUT_BYTES = 1 << 17;
