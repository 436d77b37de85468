/** Numbers as hex digits, and back. */
import { VECTOR, ZERO } from './bytes.as';

/** The magic cookie (RFC 3261 §8.1.1.7), `z9hG4bK`, as a word. */
const COOKIE: u64 = 0x4b62344768397a;
const SEVEN_BYTES: u64 = 0xffffffffffffff;
const COOKIE_BYTES: i32 = 7;
const BRANCH_DIGITS: i32 = 32;

/** 1 where the magic cookie stands there. Reads 1 byte more, and decides nothing by it. */
export function isCookie(at: i32): i32 {
  return (load<u64>(at) & SEVEN_BYTES) === COOKIE ? 1 : 0;
}

/**
 * Reads the cookie and 32 hex digits, letters in lower case, as four words, and writes them to `out`; answers 1, or 0 where
 * it is something else.
 */
export function ownBranch(from: i32, length: i32, out: i32): i32 {
  if (length !== COOKIE_BYTES + BRANCH_DIGITS || isCookie(from) === 0) return 0;
  return hexWords(from + COOKIE_BYTES, out);
}

/** Reads 32 hex digits, letters in lower case, as four words, and writes them to `out`; answers 1, or 0 where one is none. */
function hexWords(from: i32, out: i32): i32 {
  const first = hexValues(v128.load(from));
  const second = hexValues(v128.load(from, VECTOR));
  if (i8x16.bitmask(v128.or(first, second)) !== 0) return 0;
  const bytes = i8x16.narrow_i16x8_u(digitPairs(first), digitPairs(second));
  v128.store(out, i8x16.shuffle(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  return 1;
}

/** The values of hex digits; of other bytes one with the highest bit set. */
function hexValues(bytes: v128): v128 {
  const digits = i8x16.sub(bytes, i8x16.splat(<i8>ZERO));
  const letters = i8x16.sub(bytes, i8x16.splat(0x61));
  const isDigit = i8x16.le_u(digits, i8x16.splat(9));
  const isLetter = i8x16.le_u(letters, i8x16.splat(5));
  const values = v128.bitselect(digits, i8x16.add(letters, i8x16.splat(10)), isDigit);
  return v128.or(values, v128.not(v128.or(isDigit, isLetter)));
}

/** Two digits each as the value of one byte, in lanes of 16 bits. */
function digitPairs(digits: v128): v128 {
  const pairs = v128.or(i16x8.shl(digits, 4), i16x8.shr_u(digits, 8));
  return v128.and(pairs, i16x8.splat(0xff));
}

/**
 * Writes 8 or 16 bytes, which are little-endian words, as hex digits in lower case, each word as one writes a number.
 */
export function hex(from: i32, to: i32, bytes: i32): void {
  v128.store(to, hexOf8(v128.load64_zero(from)));
  if (bytes > 8) v128.store(to, hexOf8(v128.load64_zero(from, 8)), VECTOR);
}

/** 1 where the 16 bytes at `digits` are what `hex` writes for 8 bytes. */
export function isHex(from: i32, digits: i32): i32 {
  const wanted = hexOf8(v128.load64_zero(from));
  return i8x16.all_true(i8x16.eq(wanted, v128.load(digits))) ? 1 : 0;
}

/** The digits of two words, which are the first 8 bytes. */
function hexOf8(words: v128): v128 {
  const swapped = i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15);
  const low = v128.and(swapped, i8x16.splat(0x0f));
  const high = v128.and(i16x8.shr_u(swapped, 4), i8x16.splat(0x0f));
  return hexDigits(i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}

/** The digits of sixteen values. */
function hexDigits(values: v128): v128 {
  return i8x16.swizzle(
    i8x16(0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66),
    values,
  );
}
