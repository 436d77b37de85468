/** A SipHash key: 128 bits as four little-endian 32-bit words. */
export type HashKey = Int32Array;

/**
 * SipHash-2-4 with 128 bits of output, in plain 32-bit arithmetic (no BigInt, no allocation). Frozen:
 * branches and check values of other instances and versions depend on every bit of it. The reference
 * implementation's vectors are its test.
 */
const ROUNDS = 2;
/** The four rounds of each half of the result, two at a time like those of a block. */
const HALF_STEPS = 2;

/**
 * Hashes what `input` holds into four words: out[0], out[1] = first eight bytes, little-endian; then the other
 * eight, which are left out where `out` has room for two words only. Carries are computed, not compared: as random as they are, every second branch would be guessed wrongly.
 */
export function sipHash128(key: HashKey, input: HashInput, out: Int32Array): void {
  const { words, length } = input;
  const k0l = key[0]!;
  const k0h = key[1]!;
  const k1l = key[2]!;
  const k1h = key[3]!;
  let v0l = k0l ^ 0x70736575;
  let v0h = k0h ^ 0x736f6d65;
  let v1l = k1l ^ 0x6e646f6d ^ 0xee;
  let v1h = k1h ^ 0x646f7261;
  let v2l = k0l ^ 0x6e657261;
  let v2h = k0h ^ 0x6c796765;
  let v3l = k1l ^ 0x79746573;
  let v3h = k1h ^ 0x74656462;

  const wholeBlocks = length >>> 3;
  // The last block: so many bytes as are left, zeros, and the length in the last byte.
  const bits = (length & 7) << 3;
  const rest = wholeBlocks * 2;
  if (bits < 32) words[rest] = words[rest]! & ~(-1 << bits);
  words[rest + 1] = (bits > 32 ? words[rest + 1]! & ~(-1 << (bits - 32)) : 0) | (length << 24);
  const lastStep = wholeBlocks + (out.length > 2 ? 2 : 1) * HALF_STEPS;
  let ml = 0;
  let mh = 0;
  let low = 0;
  let turned = 0;
  for (let step = 0; step <= lastStep; step++) {
    ml = step <= wholeBlocks ? words[step * 2]! : 0;
    mh = step <= wholeBlocks ? words[step * 2 + 1]! : 0;
    v3l ^= ml;
    v3h ^= mh;
    // A SipRound: four 64-bit additions, each a low half, its carry, and a high half.
    for (let round = 0; round < ROUNDS; round++) {
      low = (v0l + v1l) | 0;
      v0h = (v0h + v1h + (((v0l & v1l) | ((v0l | v1l) & ~low)) >>> 31)) | 0;
      v0l = low;
      turned = (v1l << 13) | (v1h >>> 19);
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
      v1l = turned ^ v0l;
      turned = v0l;
      v0l = v0h;
      v0h = turned;

      low = (v2l + v3l) | 0;
      v2h = (v2h + v3h + (((v2l & v3l) | ((v2l | v3l) & ~low)) >>> 31)) | 0;
      v2l = low;
      turned = (v3l << 16) | (v3h >>> 16);
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
      v3l = turned ^ v2l;

      low = (v0l + v3l) | 0;
      v0h = (v0h + v3h + (((v0l & v3l) | ((v0l | v3l) & ~low)) >>> 31)) | 0;
      v0l = low;
      turned = (v3l << 21) | (v3h >>> 11);
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
      v3l = turned ^ v0l;

      low = (v2l + v1l) | 0;
      v2h = (v2h + v1h + (((v2l & v1l) | ((v2l | v1l) & ~low)) >>> 31)) | 0;
      v2l = low;
      turned = (v1l << 17) | (v1h >>> 15);
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
      v1l = turned ^ v2l;
      turned = v2l;
      v2l = v2h;
      v2h = turned;
    }
    v0l ^= ml;
    v0h ^= mh;
    if (step === wholeBlocks) {
      v2l ^= 0xee;
    } else if (step === wholeBlocks + HALF_STEPS) {
      out[0] = v0l ^ v1l ^ v2l ^ v3l;
      out[1] = v0h ^ v1h ^ v2h ^ v3h;
      v1l ^= 0xdd;
    }
  }
  if (out.length < 4) return;
  out[2] = v0l ^ v1l ^ v2l ^ v3l;
  out[3] = v0h ^ v1h ^ v2h ^ v3h;
}

/** Fields to be hashed as one: each with its length in front, so that no two lists of fields read alike. */
export class HashInput {
  /** A datagram's worth of fields plus their lengths; fields that do not fit are cut, the same way every time. */
  readonly bytes = new Uint8Array(MAX_INPUT_BYTES + SLACK_BYTES);
  /** The same memory, as the hash reads it. */
  readonly words = new Int32Array(this.bytes.buffer);
  length = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  field(from: Uint8Array, start: number, end: number): this {
    const size = Math.max(Math.min(end - start, MAX_INPUT_BYTES - this.length - 2), 0);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = size & 0xff;
    bytes[at++] = size >>> 8;
    for (let i = 0; i < size; i++) bytes[at + i] = from[start + i]!;
    this.length = at + size;
    return this;
  }

  word(value: number): this {
    const { bytes } = this;
    const at = this.length;
    bytes[at] = value & 0xff;
    bytes[at + 1] = (value >>> 8) & 0xff;
    bytes[at + 2] = (value >>> 16) & 0xff;
    bytes[at + 3] = value >>> 24;
    this.length = at + 4;
    return this;
  }
}

const MAX_INPUT_BYTES = 1 << 17;
/** What words and the lengths of cut fields may take beyond it. */
const SLACK_BYTES = 256;
