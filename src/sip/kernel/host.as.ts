/** Host and port, as they stand in a Via and in a URI. */
import { VECTOR, ZERO } from './bytes.as';

const PORT_DIGITS: i32 = 5;
const MAX_PORT: i32 = 65_535;

/** Behind the name or IPv4 address that starts at `host`; `host` where there is none. Reads up to 15 bytes past `end`. */
export function hostEnd(host: i32, end: i32): i32 {
  let at = host;
  let others = noHost(v128.load(at));
  while (others === 0 && at < end) {
    at += VECTOR;
    others = noHost(v128.load(at));
  }
  return min(at + ctz(others), end);
}

/** Which of the bytes stand in no host name: all but letters, digits, dot, dash and underscore. */
function noHost(bytes: v128): i32 {
  const folded = v128.or(bytes, i8x16.splat(0x20));
  const letters = i8x16.le_u(i8x16.sub(folded, i8x16.splat(0x61)), i8x16.splat(25));
  const digits = i8x16.le_u(i8x16.sub(bytes, i8x16.splat(0x2d)), i8x16.splat(12));
  const named = v128.or(letters, v128.andnot(digits, i8x16.eq(bytes, i8x16.splat(0x2f))));
  return i8x16.bitmask(v128.not(v128.or(named, i8x16.eq(bytes, i8x16.splat(0x5f)))));
}

/** The port that fills the range with one to five digits, or -1. */
export function portOf(from: i32, end: i32): i32 {
  if (end <= from || end - from > PORT_DIGITS) return -1;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = <i32>load<u8>(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= MAX_PORT ? value : -1;
}
