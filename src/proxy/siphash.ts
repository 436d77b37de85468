import type { HashKey } from './signer.ts';

/**
 * SipHash-2-4 with 128 bits of output, in plain 32-bit arithmetic (no BigInt, no allocation). Frozen:
 * branches and check values of other instances and versions depend on every bit of it. The reference
 * implementation's vectors are its test.
 */
const COMPRESSION_ROUNDS = 2;
const FINAL_ROUNDS = 4;

/** Hashes bytes [0, length) into four words: out[0], out[1] = first eight bytes, little-endian; then the other eight. */
export function sipHash128(key: HashKey, bytes: Uint8Array, length: number, out: Int32Array): void {
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
  const blockSteps = (wholeBlocks + 1) * COMPRESSION_ROUNDS;
  let ml = 0;
  let mh = 0;
  for (let step = 0; step < blockSteps + 2 * FINAL_ROUNDS; step++) {
    if (step < blockSteps && (step & 1) === 0) {
      const at = step << 2;
      if (at + 8 <= length) {
        ml = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
        mh = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
      } else {
        ml = 0;
        mh = length << 24;
        for (let i = at; i < length; i++) {
          if (i - at < 4) ml |= bytes[i]! << ((i - at) * 8);
          else mh |= bytes[i]! << ((i - at - 4) * 8);
        }
      }
      v3l ^= ml;
      v3h ^= mh;
    }

    // One SipRound: four 64-bit additions, each a low half, its carry, and a high half.
    let low = (v0l + v1l) | 0;
    v0h = (v0h + v1h + (low >>> 0 < v0l >>> 0 ? 1 : 0)) | 0;
    v0l = low;
    let turned = (v1l << 13) | (v1h >>> 19);
    v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
    v1l = turned ^ v0l;
    turned = v0l;
    v0l = v0h;
    v0h = turned;

    low = (v2l + v3l) | 0;
    v2h = (v2h + v3h + (low >>> 0 < v2l >>> 0 ? 1 : 0)) | 0;
    v2l = low;
    turned = (v3l << 16) | (v3h >>> 16);
    v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    v3l = turned ^ v2l;

    low = (v0l + v3l) | 0;
    v0h = (v0h + v3h + (low >>> 0 < v0l >>> 0 ? 1 : 0)) | 0;
    v0l = low;
    turned = (v3l << 21) | (v3h >>> 11);
    v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    v3l = turned ^ v0l;

    low = (v2l + v1l) | 0;
    v2h = (v2h + v1h + (low >>> 0 < v2l >>> 0 ? 1 : 0)) | 0;
    v2l = low;
    turned = (v1l << 17) | (v1h >>> 15);
    v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
    v1l = turned ^ v2l;
    turned = v2l;
    v2l = v2h;
    v2h = turned;

    if (step < blockSteps) {
      if ((step & 1) === 1) {
        v0l ^= ml;
        v0h ^= mh;
        if (step === blockSteps - 1) v2l ^= 0xee;
      }
    } else if (step === blockSteps + FINAL_ROUNDS - 1) {
      out[0] = v0l ^ v1l ^ v2l ^ v3l;
      out[1] = v0h ^ v1h ^ v2h ^ v3h;
      v1l ^= 0xdd;
    }
  }
  out[2] = v0l ^ v1l ^ v2l ^ v3l;
  out[3] = v0h ^ v1h ^ v2h ^ v3h;
}

/** Fields to be hashed as one: each with its length in front, so that no two lists of fields read alike. */
export class HashInput {
  /** A datagram's worth of fields plus their lengths; fields that do not fit are cut, the same way every time. */
  readonly bytes = new Uint8Array(MAX_INPUT_BYTES);
  length = 0;

  clear(): this {
    this.length = 0;
    return this;
  }

  field(from: Uint8Array, start: number, end: number): this {
    const size = Math.max(Math.min(end - start, MAX_INPUT_BYTES - this.length - 2), 0);
    this.bytes[this.length++] = size & 0xff;
    this.bytes[this.length++] = size >>> 8;
    for (let i = 0; i < size; i++) this.bytes[this.length + i] = from[start + i]!;
    this.length += size;
    return this;
  }

  word(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.bytes[this.length++] = (value >>> shift) & 0xff;
    return this;
  }
}

const MAX_INPUT_BYTES = 1 << 17;
