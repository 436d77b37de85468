import { CAPITAL_A, CASE_BIT, LETTERS, VECTOR } from './bytes.as';

/**
 * What is to be hashed stands at `input`: in the first word how many bytes there are, and behind it the bytes. Whoever
 * begins sets the word to zero. So many bytes of fields fit; there is room for words, and for the lengths of fields, behind them.
 */
const LENGTH_BYTES: i32 = 4;
const MAX_FIELD_BYTES: i32 = 1 << 17;

/**
 * Adds a field of up to 65,535 bytes: its length in two bytes, then its bytes, and up to 15 more that the next one
 * overwrites. What does not fit is cut.
 */
export function field(from: i32, length: i32, input: i32): void {
  const size = openField(length, input);
  const to = input + LENGTH_BYTES + load<i32>(input) - size;
  for (let at = 0; at < size; at += VECTOR) v128.store(to + at, v128.load(from + at));
}

/** The same with capital letters folded; the bytes may stand already where they are put. */
export function foldedField(from: i32, length: i32, input: i32): void {
  const size = openField(length, input);
  const to = input + LENGTH_BYTES + load<i32>(input) - size;
  for (let at = 0; at < size; at += VECTOR) {
    const bytes = v128.load(from + at);
    const isCapital = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(CAPITAL_A)), i8x16.splat(LETTERS));
    v128.store(to + at, v128.or(bytes, v128.and(isCapital, i8x16.splat(CASE_BIT))));
  }
}

/** Adds the length of a field, and room for its bytes; answers how many of them fit. */
function openField(length: i32, input: i32): i32 {
  const used = load<i32>(input);
  const size = max(min(length, MAX_FIELD_BYTES - used - 2), 0);
  store<u16>(input + LENGTH_BYTES + used, <u16>size);
  store<i32>(input, used + 2 + size);
  return size;
}

/** Adds a word, low byte first. */
export function word(value: i32, input: i32): void {
  const used = load<i32>(input);
  store<i32>(input + LENGTH_BYTES + used, value);
  store<i32>(input, used + 4);
}

/** Adds four words. */
export function words(a: i32, b: i32, c: i32, d: i32, input: i32): void {
  const used = load<i32>(input);
  const to = input + LENGTH_BYTES + used;
  store<i32>(to, a);
  store<i32>(to, b, 4);
  store<i32>(to, c, 8);
  store<i32>(to, d, 12);
  store<i32>(input, used + 16);
}

/** Turns behind the last block for each half of the hash; a turn is two rounds. */
const HALF_TURNS: i32 = 2;

/**
 * SipHash-2-4 of what stands at `input`; up to 7 more bytes are read and not used. Writes 8 bytes of the hash with 128
 * bits of output to `out`, or all 16. The key is given in four words, low ones first.
 */
export function sipHash(k0: i32, k1: i32, k2: i32, k3: i32, input: i32, out: i32, bytes: i32): void {
  const length = load<i32>(input);
  const blocks = input + LENGTH_BYTES;
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
    if (turn < lastBlock) {
      block = load<u64>(blocks + turn * 8);
    } else if (turn === lastBlock) {
      block = (load<u64>(blocks + turn * 8) & (((<u64>1) << (left * 8)) - 1)) | ((<u64>length) << 56);
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
    if (turn < lastBlock) continue;
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
