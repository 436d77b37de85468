import { BACKSLASH, COMMA, DQUOTE, EQUALS, isSpace, RANGLE, SEMICOLON, skipSpace } from './bytes.ts';

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
  const semicolon = skipSpace(bytes, at, end);
  if (semicolon >= end || bytes[semicolon] !== SEMICOLON) return 'end';
  into.start = semicolon;
  into.nameStart = skipSpace(bytes, semicolon + 1, end);
  let pos = into.nameStart;
  while (pos < end && bytes[pos] !== EQUALS && !endsWord(bytes[pos]!)) pos++;
  into.nameEnd = pos;
  const equals = skipSpace(bytes, pos, end);
  into.hasValue = equals < end && bytes[equals] === EQUALS;
  if (!into.hasValue) {
    into.valueStart = pos;
    into.valueEnd = pos;
    into.end = pos;
    return 'param';
  }
  into.valueStart = skipSpace(bytes, equals + 1, end);
  into.valueEnd = wordEnd(bytes, into.valueStart, end);
  if (into.valueEnd < 0) return 'broken';
  into.end = into.valueEnd;
  return 'param';
}

function endsWord(byte: number): boolean {
  return byte === SEMICOLON || byte === COMMA || byte === RANGLE || isSpace(byte);
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start < end && bytes[start] === DQUOTE) return quotedEnd(bytes, start, end);
  let pos = start;
  while (pos < end && !endsWord(bytes[pos]!)) pos++;
  return pos;
}

/** Position behind the quoted string that opens at `at` (§25.1 quoted-string), or -1 where it never closes. */
export function quotedEnd(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    if (bytes[i] === BACKSLASH) i++;
    else if (bytes[i] === DQUOTE) return i + 1;
  }
  return -1;
}
