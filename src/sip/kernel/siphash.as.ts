import { CAPITAL_A, CASE_BIT, LETTERS, VECTOR } from './bytes.as';

/**
 * Puts a field of up to 65,535 bytes at `to`: its length in two bytes, then its bytes, and up to 15 more that the next
 * field overwrites. The ranges must not overlap.
 */
export function field(from: i32, length: i32, to: i32): void {
  store<u16>(to, <u16>length);
  for (let at = 0; at < length; at += VECTOR) v128.store(to + 2 + at, v128.load(from + at));
}

/** The same with capital letters folded; the bytes may stand already where they are put. */
export function foldedField(from: i32, length: i32, to: i32): void {
  store<u16>(to, <u16>length);
  for (let at = 0; at < length; at += VECTOR) {
    const bytes = v128.load(from + at);
    const isCapital = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(CAPITAL_A)), i8x16.splat(LETTERS));
    v128.store(to + 2 + at, v128.or(bytes, v128.and(isCapital, i8x16.splat(CASE_BIT))));
  }
}

/** Turns behind the last block for each half of the hash; a turn is two rounds. */
const HALF_TURNS: i32 = 2;

/**
 * SipHash-2-4 of `length` bytes at `input`, of which up to 7 more are read and not used. Writes 8 bytes of the hash
 * with 128 bits of output to `out`, or all 16. The key is given in four words, low ones first.
 */
export function sipHash(
  k0: i32,
  k1: i32,
  k2: i32,
  k3: i32,
  input: i32,
  length: i32,
  out: i32,
  bytes: i32,
): void {
  const low = ((<u64>(<u32>k1)) << 32) | <u64>(<u32>k0);
  const high = ((<u64>(<u32>k3)) << 32) | <u64>(<u32>k2);
  let v0: u64 = low ^ 0x736f6d6570736575;
  let v1: u64 = high ^ 0x646f72616e646f6d ^ 0xee;
  let v2: u64 = low ^ 0x6c7967656e657261;
  let v3: u64 = high ^ 0x7465646279746573;
  const left: u64 = length & 7;
  const lastBlock = length >> 3;
  const last = lastBlock + (bytes >> 3) * HALF_TURNS;
  // A turn takes in a block; behind the last one there are some for each half of the hash, which take in nothing.
  for (let turn = 0; turn <= last; turn++) {
    let block: u64 = 0;
    if (turn <= lastBlock) {
      block = load<u64>(input + turn * 8);
      if (turn === lastBlock) block = (block & (((<u64>1) << (left * 8)) - 1)) | ((<u64>length) << 56);
    }
    v3 ^= block;

    // A round, written down twice: a loop of two takes a tenth longer for the whole hash.
    v0 += v1;
    v1 = rotl(v1, 13) ^ v0;
    v0 = rotl(v0, 32);
    v2 += v3;
    v3 = rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl(v1, 17) ^ v2;
    v2 = rotl(v2, 32);

    v0 += v1;
    v1 = rotl(v1, 13) ^ v0;
    v0 = rotl(v0, 32);
    v2 += v3;
    v3 = rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl(v1, 17) ^ v2;
    v2 = rotl(v2, 32);

    v0 ^= block;
    const behind = turn - lastBlock;
    if (behind === 0) {
      v2 ^= 0xee;
    } else if (behind === HALF_TURNS) {
      store<u64>(out, v0 ^ v1 ^ v2 ^ v3);
      v1 ^= 0xdd;
    } else if (behind === 2 * HALF_TURNS) {
      store<u64>(out, v0 ^ v1 ^ v2 ^ v3, 8);
    }
  }
}
