import { BACKSLASH, CASE_BITS, COMMA, DQUOTE, EQUALS, FIVE_BYTES, firstOf, isToken, SPACE } from './bytes.as';

/** `response` and `nonce` as words, first byte lowest; with the bits that tell capitals. */
const RESPONSE: u64 = 0x65736e6f70736572;
const NONCE: u64 = 0x65636e6f6e;
const FIVE_CASE_BITS: u64 = 0x2020202020;

/**
 * Reads credentials (§20.7) from behind their scheme on, as they ought to be: `name=value`, the value a token or in
 * quotes without escapes, commas and spaces between them. Writes to `out` where the nonce starts and ends (twice 0
 * where it is empty or absent; the last one counts) and whether there is a response that is not empty. Answers 1, or 0
 * where they are written in another way. Reads up to 15 bytes past `end`, and decides nothing by them.
 */
export function credentials(from: i32, end: i32, out: i32): i32 {
  let at = from;
  let nonceStart = 0;
  let nonceEnd = 0;
  let hasResponse = 0;
  while (true) {
    while (at < end && (<i32>load<u8>(at) === COMMA || <i32>load<u8>(at) === SPACE)) at++;
    if (at >= end) break;
    const name = at;
    while (at < end && <i32>load<u8>(at) !== EQUALS) at++;
    const length = at - name;
    if (at >= end || !isToken(name, length)) return 0;
    let value = ++at;
    let valueEnd = 0;
    if (at < end && <i32>load<u8>(at) <= SPACE) return 0;
    if (at < end && <i32>load<u8>(at) === DQUOTE) {
      value++;
      valueEnd = firstOf(value, end, DQUOTE, BACKSLASH, DQUOTE, DQUOTE);
      if (valueEnd >= end || <i32>load<u8>(valueEnd) !== DQUOTE) return 0;
      at = valueEnd + 1;
    } else {
      while (at < end && <i32>load<u8>(at) > SPACE && <i32>load<u8>(at) !== COMMA) at++;
      valueEnd = at;
      if (at < end && <i32>load<u8>(at) < SPACE) return 0;
    }
    if (valueEnd === value) continue;
    if (length === 8 && (load<u64>(name) | CASE_BITS) === RESPONSE) {
      hasResponse = 1;
    } else if (length === 5 && ((load<u64>(name) & FIVE_BYTES) | FIVE_CASE_BITS) === NONCE) {
      nonceStart = value;
      nonceEnd = valueEnd;
    }
  }
  store<i32>(out, nonceStart);
  store<i32>(out, nonceEnd, 4);
  store<i32>(out, hasResponse, 8);
  return 1;
}
