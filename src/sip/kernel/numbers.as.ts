/** What begins with digits: sequence numbers, and IPv4 addresses. */
import { isToken, SPACE, ZERO } from './bytes.as';

const MAX_SEQUENCE_NUMBER: i64 = 0x7fffffff;
const DOT: i32 = 0x2e;
const DIGITS_OF_OCTET: i32 = 3;
const MAX_OCTET: i32 = 255;

/**
 * Reads a CSeq value (RFC 3261 §20.16) as it ought to be: a number below 2^31, a space, a token. Writes to `out` where the
 * number ends and, behind that, what it is; answers 1, or 0 where it is not such a value.
 */
export function cseq(from: i32, end: i32, out: i32): i32 {
  let at = from;
  let number: i64 = 0;
  while (at < end) {
    const digit = <i32>load<u8>(at) - ZERO;
    if (<u32>digit > 9) break;
    number = number * 10 + <i64>digit;
    if (number > MAX_SEQUENCE_NUMBER) return 0;
    at++;
  }
  if (at === from || at >= end || <i32>load<u8>(at) !== SPACE || !isToken(at + 1, end - at - 1)) return 0;
  store<i32>(out, at);
  store<i32>(out, <i32>number, 4);
  return 1;
}

/** Reads a dotted quad that fills the range, and writes it to `out` as one number; answers 1, or 0 where it is none. */
export function ipv4(from: i32, end: i32, out: i32): i32 {
  let address = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let at = from; at < end; at++) {
    const byte: i32 = load<u8>(at);
    if (byte === DOT) {
      if (digits === 0 || dots === 3) return 0;
      address = (address << 8) | octet;
      octet = 0;
      digits = 0;
      dots++;
      continue;
    }
    const digit = byte - ZERO;
    if (<u32>digit > 9 || digits === DIGITS_OF_OCTET) return 0;
    octet = octet * 10 + digit;
    if (octet > MAX_OCTET) return 0;
    digits++;
  }
  if (digits === 0 || dots !== 3) return 0;
  store<i32>(out, (address << 8) | octet);
  return 1;
}

/** Writes a dotted quad at `to`; answers the position behind it. */
export function writeIpv4(address: i32, to: i32): i32 {
  let at = to;
  for (let shift = 24; shift >= 0; shift -= 8) {
    let rest: i32 = (address >>> shift) & MAX_OCTET;
    if (rest >= 100) {
      const hundreds = rest / 100;
      store<u8>(at++, <u8>(ZERO + hundreds));
      rest -= hundreds * 100;
      store<u8>(at++, <u8>(ZERO + rest / 10));
    } else if (rest >= 10) {
      store<u8>(at++, <u8>(ZERO + rest / 10));
    }
    store<u8>(at++, <u8>(ZERO + (rest % 10)));
    if (shift > 0) store<u8>(at++, <u8>DOT);
  }
  return at;
}
