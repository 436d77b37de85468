import {
  ascii,
  COLON,
  COMMA,
  DQUOTE,
  equalsFolded,
  indexOf,
  isSpace,
  LANGLE,
  RANGLE,
  SEMICOLON,
  SPACE,
  STAR,
  skipSpace,
  trimEnd,
} from './bytes.ts';
import { kernel } from './kernel/kernel.ts';
import type { Span } from './params.ts';
import { Param, quotedEnd, readParam } from './params.ts';

/** One value of From, To, Contact, Route, Record-Route or Path (RFC 3261 §20.10, §25.1 name-addr / addr-spec). */
export class NameAddr {
  start = 0;
  /** `*` alone, as in Contact: every binding. */
  isStar = false;
  /** True where the URI stands in angle brackets; without them parameters belong to the header (§20.10). */
  isBracketed = false;
  uriStart = 0;
  uriEnd = 0;
  /** Behind the URI (and its bracket): where header parameters may start. */
  paramsStart = 0;
  /** Where the value of `tag` starts if it is the one parameter, `end` where there is none, -1 where that is not known. */
  tagStart = -1;
  /** Behind the value's last byte, white space left out. */
  end = 0;
  /** Where the next value of the list starts, or -1. */
  next = -1;
}

/** Reads a header that holds exactly one value (From, To): commas in a bare display name do no harm (RFC 4475 baddn). */
export function readNameAddr(bytes: Uint8Array, start: number, end: number, into: NameAddr): boolean {
  return readUsual(bytes, start, end, into) || readValue(bytes, start, end, into);
}

/** Lists may be as long as a datagram: whoever looks at all of it for each of its values never ends. */
const MAX_USUAL_BYTES = 512;

/** The form that nearly everybody writes: a URI in brackets, nothing escaped, no other value behind it. */
function readUsual(bytes: Uint8Array, start: number, end: number, into: NameAddr): boolean {
  if (start >= end || end - start > MAX_USUAL_BYTES) return false;
  if (bytes[start]! <= SPACE || bytes[end - 1]! <= SPACE) return false;
  const place = kernel.placeOf(bytes, start, end);
  if (!kernel.nameAddr(place, place + end - start)) return false;
  const { words, resultWord } = kernel;
  const close = words[resultWord + 1]! + start - place;
  into.start = start;
  into.end = end;
  into.next = -1;
  into.isStar = false;
  into.isBracketed = true;
  into.uriStart = words[resultWord]! + start - place + 1;
  into.uriEnd = close;
  into.paramsStart = close + 1;
  const tag = words[resultWord + 2]!;
  into.tagStart = tag < 0 ? tag : tag + start - place;
  return true;
}

/** Reads the first value of a comma list (Contact, Route, Path …); `into.next` leads on. */
export function readListedNameAddr(bytes: Uint8Array, start: number, end: number, into: NameAddr): boolean {
  if (readUsual(bytes, start, end, into)) return true;
  const comma = listComma(bytes, start, end);
  if (comma === BROKEN) return false;
  if (!readValue(bytes, start, comma, into)) return false;
  into.next = comma < end ? comma + 1 : -1;
  return true;
}

const BROKEN = -1;

/** The comma that ends the first value: outside quotes and angle brackets; `end` where there is none (§7.3.1). */
function listComma(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === COMMA) return at;
    if (byte === DQUOTE) at = quotedEnd(bytes, at, end);
    else if (byte === LANGLE) at = indexOf(bytes, at, end, RANGLE) + 1 || BROKEN;
    else at++;
    if (at === BROKEN) return BROKEN;
  }
  return end;
}

function readValue(bytes: Uint8Array, start: number, end: number, into: NameAddr): boolean {
  into.start = start < end && bytes[start]! <= SPACE ? skipSpace(bytes, start, end) : start;
  into.end = into.start < end && bytes[end - 1]! <= SPACE ? trimEnd(bytes, into.start, end) : end;
  into.next = -1;
  into.tagStart = -1;
  into.isStar = into.end - into.start === 1 && bytes[into.start] === STAR;
  into.isBracketed = false;
  into.uriStart = into.start;
  into.uriEnd = into.end;
  into.paramsStart = into.end;
  if (into.isStar) return true;
  const open = openingBracket(bytes, into.start, into.end);
  if (open === BROKEN) return false;
  return open < into.end ? readBracketed(bytes, open, into) : readBare(bytes, into);
}

/**
 * Position of `<` outside a quoted display name; `end` for an addr-spec; -1 for a quote that never closes.
 * A bare URI has a colon before its first semicolon; a display name in tokens has none.
 */
function openingBracket(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let hasColon = false;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === LANGLE) return at;
    at++;
    if (byte === COLON) hasColon = true;
    else if (byte === SEMICOLON && hasColon) return end;
    else if (byte === DQUOTE) at = quotedEnd(bytes, at - 1, end);
    if (at === BROKEN) return BROKEN;
  }
  return end;
}

function readBracketed(bytes: Uint8Array, open: number, into: NameAddr): boolean {
  const close = indexOf(bytes, open, into.end, RANGLE);
  if (close < 0) return false;
  into.isBracketed = true;
  into.uriStart = skipSpace(bytes, open + 1, close);
  into.uriEnd = trimEnd(bytes, into.uriStart, close);
  into.paramsStart = close + 1;
  return into.uriEnd > into.uriStart;
}

function readBare(bytes: Uint8Array, into: NameAddr): boolean {
  let at = into.start;
  while (at < into.end && bytes[at] !== SEMICOLON && !isSpace(bytes[at]!)) at++;
  into.uriEnd = at;
  into.paramsStart = at;
  return at > into.start;
}

const TAG = ascii('tag');
const param = new Param();

/** Finds the `tag` of a From or To; true with the span of its value in `into`. */
export function findTag(bytes: Uint8Array, value: NameAddr, into: Span): boolean {
  into.start = value.tagStart;
  into.end = value.end;
  if (value.tagStart >= 0) return value.tagStart < value.end;
  if (!findParam(bytes, value, TAG, param)) return false;
  into.start = param.valueStart;
  into.end = param.valueEnd;
  return true;
}

/** Finds a header parameter of the value by its lower-case name; true with its spans in `into`. */
export function findParam(bytes: Uint8Array, value: NameAddr, name: Uint8Array, into: Param): boolean {
  let at = value.paramsStart;
  while (readParam(bytes, at, value.end, into) === 'param') {
    if (equalsFolded(bytes, into.nameStart, into.nameEnd, name)) return true;
    at = into.end;
  }
  return false;
}
