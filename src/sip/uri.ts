import { readPort } from './address.ts';
import {
  AT,
  ascii,
  COLON,
  DOT,
  EQUALS,
  equalsFolded,
  hexValue,
  indexOf,
  isAlpha,
  isDigit,
  LBRACKET,
  NOT_A_NUMBER,
  QUESTION,
  RBRACKET,
  SEMICOLON,
} from './bytes.ts';
import { kernel } from './kernel/kernel.ts';
import type { Param } from './params.ts';

export type Scheme = 'sip' | 'sips' | 'tel' | 'other';

/** Spans of a URI (RFC 3261 §19.1). For schemes other than sip and sips only `scheme`, `start` and `end` say something; the rest is empty. */
export class Uri {
  start = 0;
  end = 0;
  scheme: Scheme = 'other';
  hasUser = false;
  /** Userinfo as written, password included; escapes left alone. */
  userStart = 0;
  userEnd = 0;
  /** Host as written, brackets of an IPv6 reference included. */
  hostStart = 0;
  hostEnd = 0;
  /** 0 = none stated. */
  port = 0;
  /** Behind host and port: where the first `;` is, if any. */
  paramsStart = 0;
  paramsEnd = 0;
  /** Position of `?`, or `end` where there are no headers. */
  headersStart = 0;

  copyFrom(other: Uri): void {
    this.start = other.start;
    this.end = other.end;
    this.scheme = other.scheme;
    this.hasUser = other.hasUser;
    this.userStart = other.userStart;
    this.userEnd = other.userEnd;
    this.hostStart = other.hostStart;
    this.hostEnd = other.hostEnd;
    this.port = other.port;
    this.paramsStart = other.paramsStart;
    this.paramsEnd = other.paramsEnd;
    this.headersStart = other.headersStart;
  }
}

const SIP_COLON_BYTES = 4;
const SIP = ascii('sip');
const SIPS = ascii('sips');
const TEL = ascii('tel');

/** Reads the URI that fills the range; false where it has no scheme, or is a sip URI without a valid host or port. */
export function readUri(bytes: Uint8Array, start: number, end: number, into: Uri): boolean {
  return readUsual(bytes, start, end, into) || readAny(bytes, start, end, into);
}

/** A sip URI without headers, its host no IPv6 address, in the memory where datagrams arrive. */
function readUsual(bytes: Uint8Array, start: number, end: number, into: Uri): boolean {
  if (!kernel.holds(bytes) || !kernel.sipUri(start, end)) return false;
  const { words, resultWord } = kernel;
  into.start = start;
  into.end = end;
  into.scheme = 'sip';
  into.userEnd = words[resultWord]!;
  into.hostStart = words[resultWord + 1]!;
  into.hasUser = into.hostStart > into.userEnd;
  into.userStart = start + SIP_COLON_BYTES;
  into.hostEnd = words[resultWord + 2]!;
  into.port = words[resultWord + 3]!;
  into.paramsStart = words[resultWord + 4]!;
  into.paramsEnd = end;
  into.headersStart = end;
  return true;
}

function readAny(bytes: Uint8Array, start: number, end: number, into: Uri): boolean {
  into.start = start;
  into.end = end;
  clearParts(into, end);
  const colon = indexOf(bytes, start, end, COLON);
  if (colon <= start || !isScheme(bytes, start, colon)) return false;
  into.scheme = schemeOf(bytes, start, colon);
  if (into.scheme !== 'sip' && into.scheme !== 'sips') return colon + 1 < end;
  return readSipParts(bytes, colon + 1, end, into);
}

/** No part of the URI that was read before may show through. */
function clearParts(into: Uri, end: number): void {
  into.scheme = 'other';
  into.hasUser = false;
  into.userStart = end;
  into.userEnd = end;
  into.hostStart = end;
  into.hostEnd = end;
  into.port = 0;
  into.paramsStart = end;
  into.paramsEnd = end;
  into.headersStart = end;
}

function isScheme(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    const isLater = isDigit(byte) || byte === 0x2b || byte === 0x2d || byte === DOT;
    if (!isAlpha(byte) && !(i > start && isLater)) return false;
  }
  return true;
}

function schemeOf(bytes: Uint8Array, start: number, end: number): Scheme {
  if (equalsFolded(bytes, start, end, SIP)) return 'sip';
  if (equalsFolded(bytes, start, end, SIPS)) return 'sips';
  return equalsFolded(bytes, start, end, TEL) ? 'tel' : 'other';
}

/** Userinfo reaches to the `@`, whatever `;` and `?` it holds (RFC 4475 semiuri): no later part may hold one. */
function readSipParts(bytes: Uint8Array, start: number, end: number, into: Uri): boolean {
  const at = indexOf(bytes, start, end, AT);
  into.hasUser = at >= 0;
  into.userStart = start;
  into.userEnd = at >= 0 ? at : start;
  into.hostStart = at >= 0 ? at + 1 : start;
  if (at === start) return false;

  const question = indexOf(bytes, into.hostStart, end, QUESTION);
  into.headersStart = question < 0 ? end : question;
  const semicolon = indexOf(bytes, into.hostStart, into.headersStart, SEMICOLON);
  into.paramsStart = semicolon < 0 ? into.headersStart : semicolon;
  into.paramsEnd = into.headersStart;
  return readHostPort(bytes, into.hostStart, into.paramsStart, into);
}

/** What a host and its port fill; shared by URI and Via. */
interface HostPort {
  hostStart: number;
  hostEnd: number;
  port: number;
}

function readHostPort(bytes: Uint8Array, start: number, end: number, into: HostPort): boolean {
  into.hostStart = start;
  into.hostEnd = hostEnd(bytes, start, end);
  into.port = 0;
  if (into.hostEnd <= start) return false;
  if (into.hostEnd === end) return true;
  if (bytes[into.hostEnd] !== COLON) return false;
  into.port = readPort(bytes, into.hostEnd + 1, end);
  return into.port !== NOT_A_NUMBER;
}

/** Behind the host that starts at `start`: a name, a dotted quad, or a bracketed IPv6 address; `start` where there is none. */
export function hostEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start < end && bytes[start] === LBRACKET) return referenceEnd(bytes, start, end);
  let pos = start;
  while (pos < end && HOST[bytes[pos]!] === 1) pos++;
  return pos;
}

/** The brackets hide nothing that others would read as the end of the host: no separator may stand between them. */
function referenceEnd(bytes: Uint8Array, start: number, end: number): number {
  let pos = start + 1;
  while (pos < end && (hexValue(bytes[pos]!) >= 0 || bytes[pos] === COLON || bytes[pos] === DOT)) pos++;
  return pos > start + 1 && pos < end && bytes[pos] === RBRACKET ? pos + 1 : start;
}

/** 1 for each byte of a host name. Underscore is no RFC 1123 letter, but names with it are in use and pass through a proxy. */
const HOST = new Uint8Array(256);
for (const byte of ascii('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_')) HOST[byte] = 1;

/**
 * Finds a URI parameter by its lower-case name; true with its spans in `into`. In a URI only `;` and `=`
 * separate (§19.1.1): quotes, commas and blanks that somebody left unescaped belong to their value.
 */
export function findUriParam(bytes: Uint8Array, uri: Uri, name: Uint8Array, into: Param): boolean {
  let at = uri.paramsStart;
  while (at < uri.paramsEnd) {
    at = readUriParam(bytes, at, uri.paramsEnd, into);
    if (equalsFolded(bytes, into.nameStart, into.nameEnd, name)) return true;
  }
  return false;
}

/** The parameter whose semicolon stands at `semicolon`; answers the position behind it. */
export function readUriParam(bytes: Uint8Array, semicolon: number, end: number, into: Param): number {
  const next = indexOf(bytes, semicolon + 1, end, SEMICOLON);
  into.start = semicolon;
  into.end = next < 0 ? end : next;
  into.nameStart = semicolon + 1;
  const equals = indexOf(bytes, into.nameStart, into.end, EQUALS);
  into.hasValue = equals >= 0;
  into.nameEnd = equals < 0 ? into.end : equals;
  into.valueStart = equals < 0 ? into.end : equals + 1;
  into.valueEnd = into.end;
  return into.end;
}
