/**
 * ASCII work on received bytes. Nothing here allocates unless its name says so (`ascii`, `text`),
 * and nothing throws: ranges are [start, end) and the caller keeps them inside the datagram.
 */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const DQUOTE = 0x22;
export const PERCENT = 0x25;
export const LPAREN = 0x28;
export const RPAREN = 0x29;
export const STAR = 0x2a;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const NINE = 0x39;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LANGLE = 0x3c;
export const EQUALS = 0x3d;
export const RANGLE = 0x3e;
export const QUESTION = 0x3f;
export const AT = 0x40;
export const LBRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const RBRACKET = 0x5d;

/** Bytes of an ASCII literal; for constants made once at load, never per datagram. */
export function ascii(text: string): Uint8Array {
  const out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i) & 0xff;
  return out;
}

/** The range as a string, one character per byte (ISO 8859-1). For keys that leave sip/ and for tests. */
export function text(bytes: Uint8Array, start: number, end: number): string {
  let out = '';
  for (let i = start; i < end; i++) out += String.fromCharCode(bytes[i]!);
  return out;
}

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

export function isAlpha(byte: number): boolean {
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x7a;
}

/** Linear white space inside a header: space, tab, and the line ends of a fold (RFC 3261 §25.1 LWS). */
export function isSpace(byte: number): boolean {
  return byte === SPACE || byte === HTAB || byte === CR || byte === LF;
}

/** 1 for each byte of RFC 3261 §25.1 token: alphanumeric / - . ! % * _ + ` ' ~ */
export const TOKEN = new Uint8Array(256);
for (const c of ascii("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.!%*_+`'~"))
  TOKEN[c] = 1;

export function isTokenByte(byte: number): boolean {
  return TOKEN[byte] === 1;
}

/** True where the range holds at least one byte and only token bytes. */
export function isToken(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (TOKEN[bytes[i]!] === 0) return false;
  return end > start;
}

/** ASCII upper-case letters folded to lower case; every other byte unchanged. */
export function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** Case-sensitive comparison of a range with a literal. */
export function equals(bytes: Uint8Array, start: number, end: number, literal: Uint8Array): boolean {
  if (end - start !== literal.length) return false;
  for (let i = 0; i < literal.length; i++) if (bytes[start + i] !== literal[i]) return false;
  return true;
}

/** Case-insensitive comparison of a range with a literal that is already lower case. */
export function equalsFolded(bytes: Uint8Array, start: number, end: number, literal: Uint8Array): boolean {
  if (end - start !== literal.length) return false;
  for (let i = 0; i < literal.length; i++) if (lower(bytes[start + i]!) !== literal[i]) return false;
  return true;
}

/** Case-sensitive comparison of two ranges, of the same or of different buffers. */
export function sameBytes(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): boolean {
  if (aEnd - aStart !== bEnd - bStart) return false;
  for (let i = 0; i < aEnd - aStart; i++) if (a[aStart + i] !== b[bStart + i]) return false;
  return true;
}

/** First position of a byte in the range, or -1. */
export function indexOf(bytes: Uint8Array, start: number, end: number, byte: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === byte) return i;
  return -1;
}

/** First CR or LF in the range, or -1. */
export function indexOfLineEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (isLineEnd(bytes[i]!)) return i;
  return -1;
}

function isLineEnd(byte: number): boolean {
  return byte === LF || byte === CR;
}

export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at]!)) at++;
  return at;
}

export function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(bytes[at - 1]!)) at--;
  return at;
}

/** What `decimal` answers for a range that is not a number it can hold. */
export const NOT_A_NUMBER = -1;
/** Largest value `decimal` reads: every numeric field of SIP that we read fits into 2^32 - 1 (RFC 3261 §25.1). */
export const MAX_DECIMAL = 4_294_967_295;

/** The range as an unsigned decimal up to MAX_DECIMAL, leading zeros allowed; else NOT_A_NUMBER. */
export function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start) return NOT_A_NUMBER;
  let value = 0;
  const shortEnd = Math.min(end, start + INT32_DIGITS);
  for (let i = start; i < shortEnd; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return NOT_A_NUMBER;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  for (let i = shortEnd; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9) return NOT_A_NUMBER;
    value = value * 10 + digit;
    if (value > MAX_DECIMAL) return NOT_A_NUMBER;
  }
  return value;
}

/** So many digits fit into 32-bit arithmetic, which is several times as fast. */
const INT32_DIGITS = 9;

/** Writes an unsigned integer in decimal at `at`; answers the position behind it. */
export function writeDecimal(out: Uint8Array, at: number, value: number): number {
  if (value > MAX_INT32) return writeLargeDecimal(out, at, value);
  let rest = value | 0;
  const end = at + digitsOf(rest);
  for (let i = end - 1; i >= at; i--) {
    const tenth = (rest / 10) | 0;
    out[i] = ZERO + rest - ((tenth << 3) + (tenth << 1));
    rest = tenth;
  }
  return end;
}

/** Compared, not divided: what is written most is part of an address, or a port. */
function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10_000) return 4;
  let digits = 5;
  for (let rest = (value / 100_000) | 0; rest > 0; rest = (rest / 10) | 0) digits++;
  return digits;
}

const MAX_INT32 = 0x7fffffff;

/** Beyond 32-bit arithmetic, which is several times as fast. */
function writeLargeDecimal(out: Uint8Array, at: number, value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  let rest = value;
  for (let i = at + digits - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    out[i] = ZERO + rest - tenth * 10;
    rest = tenth;
  }
  return at + digits;
}

/** Copies a literal to `at`; answers the position behind it. */
export function writeBytes(out: Uint8Array, at: number, literal: Uint8Array): number {
  for (let i = 0; i < literal.length; i++) out[at + i] = literal[i]!;
  return at + literal.length;
}

/** Copies a range to `at`; answers the position behind it. */
export function writeRange(
  out: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  for (let i = start; i < end; i++) out[at + i - start] = bytes[i]!;
  return at + end - start;
}

const HEX_DIGITS = ascii('0123456789abcdef');

/** Writes a 32-bit word as eight lower-case hex digits; answers the position behind it. */
export function writeHex32(out: Uint8Array, at: number, word: number): number {
  for (let i = 0; i < 8; i++) out[at + i] = HEX_DIGITS[(word >>> (28 - i * 4)) & 15]!;
  return at + 8;
}

/** Value of a hex digit, either case; -1 for anything else. */
export function hexValue(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x66 ? folded - 0x57 : -1;
}
