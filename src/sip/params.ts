import {
  BACKSLASH,
  COMMA,
  CR,
  DQUOTE,
  EQUALS,
  HTAB,
  LF,
  RANGLE,
  SEMICOLON,
  SPACE,
  skipSpace,
} from './bytes.ts';

/** A range of a datagram. */
export class Span {
  start = 0;
  end = 0;
}

/** One `;name=value`. */
export class Param {
  /** Position of the semicolon. */
  start = 0;
  nameStart = 0;
  nameEnd = 0;
  /** Quotes included; valueStart = valueEnd = nameEnd where there is no value. */
  valueStart = 0;
  valueEnd = 0;
  hasValue = false;
  /** Behind the parameter. */
  end = 0;
}

export type ParamResult = 'param' | 'end' | 'broken';

/**
 * Reads the parameter that starts at `at`, white space before its semicolon allowed (RFC 3261 §25.1
 * SEMI). 'end' = no semicolon here: the list is over; 'broken' = a quoted value without its end.
 */
export function readParam(bytes: Uint8Array, at: number, end: number, into: Param): ParamResult {
  let pos = at < end && bytes[at]! <= SPACE ? skipSpace(bytes, at, end) : at;
  if (pos >= end || bytes[pos] !== SEMICOLON) return 'end';
  into.start = pos++;
  if (pos < end && bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
  into.nameStart = pos;
  while (pos < end && ENDS_NAME[bytes[pos]!] === 0) pos++;
  into.nameEnd = pos;
  const equals = pos < end && bytes[pos]! <= SPACE ? skipSpace(bytes, pos, end) : pos;
  into.hasValue = equals < end && bytes[equals] === EQUALS;
  if (into.hasValue) {
    pos = equals + 1;
    if (pos < end && bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
    into.valueStart = pos;
    if (pos < end && bytes[pos] === DQUOTE) pos = quotedEnd(bytes, pos, end);
    else while (pos < end && ENDS_WORD[bytes[pos]!] === 0) pos++;
    if (pos < 0) return 'broken';
  } else {
    into.valueStart = pos;
  }
  into.valueEnd = pos;
  into.end = pos;
  return 'param';
}

/** 1 for each byte that no unquoted value goes beyond. */
const ENDS_WORD = new Uint8Array(256);
for (const byte of [SEMICOLON, COMMA, RANGLE, SPACE, HTAB, CR, LF]) ENDS_WORD[byte] = 1;
const ENDS_NAME = Uint8Array.from(ENDS_WORD);
ENDS_NAME[EQUALS] = 1;

/** Position behind the quoted string that opens at `at` (§25.1 quoted-string), or -1 where it never closes. */
export function quotedEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === DQUOTE) return i + 1;
  }
  return -1;
}
