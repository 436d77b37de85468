import { readPort } from './address.ts';
import {
  ascii,
  COLON,
  COMMA,
  equals,
  equalsFolded,
  isTokenByte,
  NOT_A_NUMBER,
  SLASH,
  SPACE,
  skipSpace,
} from './bytes.ts';
import { kernel } from './kernel/kernel.ts';
import { Param, readParam } from './params.ts';
import { hostEnd } from './uri.ts';

const NONE = -1;
/** Where the port is not stated, UDP means this one (RFC 3261 §18.2.2). */
export const DEFAULT_PORT = 5060;

/** One Via value (RFC 3261 §20.42): spans of what a stateless proxy reads and edits. */
export class Via {
  start = 0;
  isUdp = false;
  hostStart = 0;
  hostEnd = 0;
  /** Sent-by port; 0 = none stated. */
  port = 0;
  /** Behind the sent-by: where the first parameter may start. */
  paramsStart = 0;
  /** Value of the branch parameter; start = -1 where there is none. */
  branchStart = NONE;
  branchEnd = NONE;
  receivedStart = NONE;
  receivedEnd = NONE;
  /** Where the first `received` or `rport` starts, white space before it included: what a proxy edits; -1 = neither. */
  stampsStart = NONE;
  hasRport = false;
  /** Where `rport` ends, if it is the one stamp and no white space is in it; -1 = there is none, or that is not known. */
  soleRportEnd = NONE;
  /** rport's value; 0 = none, or not a port. */
  rport = 0;
  /** Our own parameters (`m`, `s`, `l`), of interest only where the sent-by is ours. */
  checkStart = NONE;
  checkEnd = NONE;
  socketStart = NONE;
  socketEnd = NONE;
  loopStart = NONE;
  loopEnd = NONE;
  /** Behind the value's last parameter. */
  end = 0;
  /** Where the next value of the same header line starts, or -1. */
  next = NONE;

  /** Sent-by port with UDP's default in place. */
  get sentByPort(): number {
    return this.port === 0 ? DEFAULT_PORT : this.port;
  }
}

/** As nearly everybody writes it; other spellings are read all the same. */
const USUAL_PROTOCOL = ascii('SIP/2.0/UDP ');
const SIP = ascii('sip');
const UDP = ascii('udp');
const BRANCH = ascii('branch');
const RECEIVED = ascii('received');
const RPORT = ascii('rport');

/**
 * Reads the first Via value in the range; false where protocol, sent-by or a parameter is not well-formed, or
 * where a comma is followed by nothing that can be a value (RFC 4475 badinv01).
 */
export function readVia(bytes: Uint8Array, start: number, end: number, via: Via): boolean {
  if (!readUsual(bytes, start, end, via)) return readAny(bytes, start, end, via);
  return readNext(bytes, via.end, end, via);
}

/** Lists may be as long as a datagram: whoever copies all of it for each of its values never ends. */
const MAX_USUAL_BYTES = 512;

/** All but `next` of the form that nearly everybody writes: the usual protocol, no IPv6 in the sent-by, no white space and no quotes. */
function readUsual(bytes: Uint8Array, start: number, end: number, via: Via): boolean {
  if (end - start > MAX_USUAL_BYTES) return false;
  const place = kernel.placeOf(bytes, start, end);
  if (!kernel.via(place, place + end - start, start - place)) return false;
  const { words, resultWord } = kernel;
  via.start = start;
  via.isUdp = true;
  via.hostStart = start + USUAL_PROTOCOL.length;
  via.hostEnd = words[resultWord]!;
  via.port = words[resultWord + 1]!;
  via.paramsStart = words[resultWord + 2]!;
  via.end = words[resultWord + 3]!;
  via.stampsStart = words[resultWord + 4]!;
  const rport = words[resultWord + 5]!;
  via.hasRport = rport >= 0;
  via.rport = rport > 0 ? rport : 0;
  via.soleRportEnd = words[resultWord + 6]!;
  via.receivedStart = words[resultWord + 7]!;
  via.receivedEnd = words[resultWord + 8]!;
  via.branchStart = words[resultWord + 9]!;
  via.branchEnd = words[resultWord + 10]!;
  via.checkStart = words[resultWord + 11]!;
  via.checkEnd = words[resultWord + 12]!;
  via.socketStart = words[resultWord + 13]!;
  via.socketEnd = words[resultWord + 14]!;
  via.loopStart = words[resultWord + 15]!;
  via.loopEnd = words[resultWord + 16]!;
  return true;
}

function readAny(bytes: Uint8Array, start: number, end: number, via: Via): boolean {
  via.start = start < end && bytes[start]! <= SPACE ? skipSpace(bytes, start, end) : start;
  const usualEnd = via.start + USUAL_PROTOCOL.length;
  let sentBy = usualEnd;
  if (usualEnd < end && equals(bytes, via.start, usualEnd, USUAL_PROTOCOL) && bytes[usualEnd]! > SPACE) {
    via.isUdp = true;
  } else {
    sentBy = readProtocol(bytes, via.start, end, via);
    if (sentBy === NONE) return false;
  }
  const behind = readSentBy(bytes, sentBy, end, via);
  if (behind === NONE) return false;
  return readParams(bytes, behind, end, via);
}

/**
 * sent-protocol = "SIP" SLASH version SLASH transport, white space allowed around each slash; answers where
 * sent-by starts. Any version will do: a request of another one is answered 505, and its Via says where.
 */
function readProtocol(bytes: Uint8Array, start: number, end: number, via: Via): number {
  let at = start;
  for (let part = 0; part < 3; part++) {
    const from = at;
    while (at < end && isTokenByte(bytes[at]!)) at++;
    if (at === from) return NONE;
    if (part === 0 && !equalsFolded(bytes, from, at, SIP)) return NONE;
    if (part === 2) via.isUdp = equalsFolded(bytes, from, at, UDP);
    const behind = skipSpace(bytes, at, end);
    if (part === 2) return behind > at ? behind : NONE;
    if (behind >= end || bytes[behind] !== SLASH) return NONE;
    at = skipSpace(bytes, behind + 1, end);
  }
  return NONE;
}

/** sent-by = host [ COLON port ], white space allowed around the colon; answers the position behind. */
function readSentBy(bytes: Uint8Array, start: number, end: number, via: Via): number {
  via.hostStart = start;
  via.hostEnd = hostEnd(bytes, start, end);
  via.port = 0;
  if (via.hostEnd === start) return NONE;
  let colon = via.hostEnd;
  if (colon < end && bytes[colon]! <= SPACE) colon = skipSpace(bytes, colon, end);
  if (colon >= end || bytes[colon] !== COLON) return via.hostEnd;
  let portStart = colon + 1;
  if (portStart < end && bytes[portStart]! <= SPACE) portStart = skipSpace(bytes, portStart, end);
  let portEnd = portStart;
  while (portEnd < end && isTokenByte(bytes[portEnd]!)) portEnd++;
  via.port = readPort(bytes, portStart, portEnd);
  return via.port === NOT_A_NUMBER ? NONE : portEnd;
}

const param = new Param();

function readParams(bytes: Uint8Array, from: number, end: number, via: Via): boolean {
  via.paramsStart = from;
  via.branchStart = NONE;
  via.branchEnd = NONE;
  via.receivedStart = NONE;
  via.receivedEnd = NONE;
  via.checkStart = NONE;
  via.checkEnd = NONE;
  via.socketStart = NONE;
  via.socketEnd = NONE;
  via.loopStart = NONE;
  via.loopEnd = NONE;
  via.stampsStart = NONE;
  via.hasRport = false;
  via.soleRportEnd = NONE;
  via.rport = 0;
  let at = from;
  let result = readParam(bytes, at, end, param);
  while (result === 'param') {
    takeParam(bytes, at, via);
    at = param.end;
    result = readParam(bytes, at, end, param);
  }
  if (result === 'broken') return false;
  via.end = at;
  return readNext(bytes, at, end, via);
}

/** What stands behind a value that ends at `at`: nothing, or a comma and what may be another value. */
function readNext(bytes: Uint8Array, at: number, end: number, via: Via): boolean {
  via.next = NONE;
  const behind = skipSpace(bytes, at, end);
  if (behind === end) return true;
  if (bytes[behind] !== COMMA) return false;
  const next = skipSpace(bytes, behind + 1, end);
  via.next = next;
  return next < end && isTokenByte(bytes[next]!);
}

/** Remembers where a parameter of interest stands, which starts at `at`; of one that appears twice, the first counts. */
function takeParam(bytes: Uint8Array, at: number, via: Via): void {
  const { nameStart, nameEnd, valueStart, valueEnd } = param;
  const length = nameEnd - nameStart;
  if (length === 1) {
    takeOwnParam(bytes[nameStart]!, via);
  } else if (length === BRANCH.length && equalsFolded(bytes, nameStart, nameEnd, BRANCH)) {
    if (via.branchStart !== NONE) return;
    via.branchStart = valueStart;
    via.branchEnd = valueEnd;
  } else if (length === RECEIVED.length && equalsFolded(bytes, nameStart, nameEnd, RECEIVED)) {
    if (via.stampsStart === NONE) via.stampsStart = at;
    if (via.receivedStart !== NONE) return;
    via.receivedStart = valueStart;
    via.receivedEnd = valueEnd;
  } else if (length === RPORT.length && equalsFolded(bytes, nameStart, nameEnd, RPORT)) {
    if (via.stampsStart === NONE) via.stampsStart = at;
    if (via.hasRport) return;
    via.hasRport = true;
    via.rport = Math.max(readPort(bytes, valueStart, valueEnd), 0);
  }
}

function takeOwnParam(letter: number, via: Via): void {
  const { valueStart, valueEnd } = param;
  if (letter === 0x6d && via.checkStart === NONE) {
    via.checkStart = valueStart;
    via.checkEnd = valueEnd;
  } else if (letter === 0x73 && via.socketStart === NONE) {
    via.socketStart = valueStart;
    via.socketEnd = valueEnd;
  } else if (letter === 0x6c && via.loopStart === NONE) {
    via.loopStart = valueStart;
    via.loopEnd = valueEnd;
  }
}

/** RFC 3261 §8.1.1.7's magic cookie. */
export const MAGIC_COOKIE = ascii('z9hG4bK');

/** True where the branch starts with the cookie and has something behind it (RFC 4475 badbranch has nothing). */
export function hasCookieBranch(bytes: Uint8Array, via: Via): boolean {
  const { branchStart, branchEnd } = via;
  const cookieEnd = branchStart + MAGIC_COOKIE.length;
  if (branchStart === NONE || branchEnd <= cookieEnd) return false;
  if (kernel.holds(bytes)) return kernel.isCookie(branchStart);
  return equals(bytes, branchStart, cookieEnd, MAGIC_COOKIE);
}

export { RECEIVED as RECEIVED_PARAM, RPORT as RPORT_PARAM };
