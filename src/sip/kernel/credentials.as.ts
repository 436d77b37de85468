import {
  BACKSLASH,
  CASE_BITS,
  COMMA,
  DQUOTE,
  EQUALS,
  FIVE_BYTES,
  firstOf,
  noToken,
  SPACE,
  VECTOR,
} from './bytes.as';

/** `response`, `nonce`, `stale` and `true` as words, first byte lowest; with the bits that tell capitals. */
const RESPONSE: u64 = 0x65736e6f70736572;
const NONCE: u64 = 0x65636e6f6e;
const STALE: u64 = 0x656c617473;
const TRUE: u32 = 0x65757274;
const FOUR_CASE_BITS: u32 = 0x20202020;
const FIVE_CASE_BITS: u64 = 0x2020202020;

/**
 * Reads credentials or a challenge (§20.7, §20.44) from behind their scheme on, as they ought to be: `name=value`, the value
 * a token or in quotes without escapes, commas and spaces between them. Writes to `out` where the nonce starts and ends
 * (twice 0 where it is empty or absent; the last one that is not empty counts), whether there is a response that is
 * not empty, how many nonces there are, empty ones too, and whether a `stale` is `true`. Answers 1, or 0 where they are written
 * in another way. Reads up to 15 bytes past `end`, and decides nothing by them.
 */
export function credentials(from: i32, end: i32, out: i32): i32 {
  let at = from;
  let nonceStart = 0;
  let nonceEnd = 0;
  let hasResponse = 0;
  let nonces = 0;
  let isStale = 0;
  while (true) {
    while (at < end) {
      const separator: i32 = load<u8>(at);
      if (separator !== COMMA) {
        if (separator !== SPACE) break;
      }
      at++;
    }
    if (at >= end) break;
    // What ends a token is the equals sign, or the name is none.
    const name = at;
    at = tokenEnd(at, end);
    const length = at - name;
    if (length === 0 || at >= end || <i32>load<u8>(at) !== EQUALS) return 0;
    let value = ++at;
    let valueEnd = 0;
    const first: i32 = at < end ? load<u8>(at) : COMMA;
    if (first === DQUOTE) {
      value++;
      valueEnd = firstOf(value, end, DQUOTE, BACKSLASH, DQUOTE, DQUOTE);
      if (valueEnd >= end || <i32>load<u8>(valueEnd) !== DQUOTE) return 0;
      at = valueEnd + 1;
    } else {
      if (first <= SPACE) return 0;
      at = wordEnd(at, end);
      valueEnd = at;
      if (at < end && <i32>load<u8>(at) < SPACE) return 0;
    }
    if (length === 5) {
      const word = (load<u64>(name) & FIVE_BYTES) | FIVE_CASE_BITS;
      if (word === NONCE) {
        nonces++;
        if (valueEnd === value) continue;
        nonceStart = value;
        nonceEnd = valueEnd;
      } else if (word === STALE && valueEnd - value === 4 && (load<u32>(value) | FOUR_CASE_BITS) === TRUE) {
        isStale = 1;
      }
    } else if (length === 8 && valueEnd > value && (load<u64>(name) | CASE_BITS) === RESPONSE) {
      hasResponse = 1;
    }
  }
  store<i32>(out, nonceStart);
  store<i32>(out, nonceEnd, 4);
  store<i32>(out, hasResponse, 8);
  store<i32>(out, nonces, 12);
  store<i32>(out, isStale, 16);
  return 1;
}

/** Behind the token that starts there: where the first byte stands that is not of it, or `end`. */
function tokenEnd(from: i32, end: i32): i32 {
  for (let at = from; at < end; at += VECTOR) {
    const found = noToken(v128.load(at));
    if (found !== 0) return min(at + ctz(found), end);
  }
  return end;
}

/** Where the first comma, white space or control byte stands, or `end`. */
function wordEnd(from: i32, end: i32): i32 {
  for (let at = from; at < end; at += VECTOR) {
    const bytes = v128.load(at);
    const commas = i8x16.eq(bytes, i8x16.splat(<i8>COMMA));
    const found = i8x16.bitmask(v128.or(commas, i8x16.le_u(bytes, i8x16.splat(<i8>SPACE))));
    if (found !== 0) return min(at + ctz(found), end);
  }
  return end;
}
