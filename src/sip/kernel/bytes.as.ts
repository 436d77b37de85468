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

/** RFC 3261 §25.1 token: alphanumeric / - . ! % * _ + ` ' ~ */
export function isToken(at: i32, length: i32): bool {
  for (let i = at; i < at + length; i++) {
    const byte: i32 = load<u8>(i);
    const folded = byte | 0x20;
    if ((folded >= 0x61 && folded <= 0x7a) || (byte >= 0x2d && byte <= 0x39 && byte !== 0x2f)) continue;
    if (byte === 0x21 || byte === 0x25 || byte === 0x27 || byte === 0x2a || byte === 0x2b) continue;
    if (byte !== 0x5f && byte !== 0x60 && byte !== 0x7e) return false;
  }
  return length > 0;
}
