/** Letters, and what is looked for in every kind of text. */

export const VECTOR: i32 = 16;
export const HTAB: i32 = 0x09;
export const CR: i32 = 0x0d;
export const LF: i32 = 0x0a;
export const CRLF: i32 = 0x0a0d;
export const SPACE: i32 = 0x20;
export const COLON: i8 = 0x3a;
export const DQUOTE: i32 = 0x22;
export const COMMA: i32 = 0x2c;
export const SEMICOLON: i32 = 0x3b;
export const LANGLE: i32 = 0x3c;
export const RANGLE: i32 = 0x3e;
export const BACKSLASH: i32 = 0x5c;
export const EQUALS: i32 = 0x3d;
export const QUESTION: i32 = 0x3f;
export const AT: i32 = 0x40;
export const ZERO: i32 = 0x30;
export const CAPITAL_A: i8 = 0x41;
export const LETTERS: i8 = 26;
export const CASE_BIT: i8 = 0x20;
/** What tells capitals, in eight letters; and what is left of a word that has five. */
export const CASE_BITS: u64 = 0x2020202020202020;
export const FIVE_BYTES: u64 = 0xffffffffff;

/** Where the first byte of four kinds stands; `end`, or beyond it, where there is none. */
export function firstOf(from: i32, end: i32, a: i32, b: i32, c: i32, d: i32): i32 {
  let at = from;
  while (at < end) {
    const bytes = v128.load(at);
    const ab = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>a)), i8x16.eq(bytes, i8x16.splat(<i8>b)));
    const cd = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>c)), i8x16.eq(bytes, i8x16.splat(<i8>d)));
    const found = i8x16.bitmask(v128.or(ab, cd));
    if (found !== 0) return at + ctz(found);
    at += VECTOR;
  }
  return at;
}

/** RFC 3261 §25.1 token: alphanumeric / - . ! % * _ + ` ' ~. Reads up to 15 bytes past its end, and decides nothing by them. */
export function isToken(at: i32, length: i32): bool {
  for (let i = 0; i < length; i += VECTOR) {
    const others = noToken(v128.load(at + i));
    const left = length - i;
    if ((left < VECTOR ? others & ((1 << left) - 1) : others) !== 0) return false;
  }
  return length > 0;
}

/**
 * Which of the bytes stand in no token. The low half of a byte leads to a set of high halves, 2 the lowest bit and 7 the
 * sixth: those that make a token's byte of it.
 */
export function noToken(bytes: v128): i32 {
  const sets = i8x16.swizzle(
    i8x16(58, 63, 62, 62, 62, 63, 62, 63, 62, 62, 61, 21, 20, 21, 53, 28),
    v128.and(bytes, i8x16.splat(0x0f)),
  );
  const halves = i8x16.swizzle(
    i8x16(0, 0, 1, 2, 4, 8, 16, 32, 0, 0, 0, 0, 0, 0, 0, 0),
    i8x16.shr_u(bytes, 4),
  );
  return i8x16.bitmask(i8x16.eq(v128.and(sets, halves), i8x16.splat(0)));
}

/** 1 where the same bytes stand at both places. Reads up to 15 bytes past their ends, and decides nothing by them. */
export function same(one: i32, other: i32, length: i32): i32 {
  for (let i = 0; i < length; i += VECTOR) {
    const alike = i8x16.bitmask(i8x16.eq(v128.load(one + i), v128.load(other + i)));
    const left = length - i;
    const wanted = left < VECTOR ? (1 << left) - 1 : 0xffff;
    if ((alike & wanted) !== wanted) return 0;
  }
  return 1;
}
