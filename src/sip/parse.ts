import {
  ascii,
  COLON,
  CR,
  decimal,
  equalsFolded,
  HTAB,
  indexOf,
  indexOfLineEnd,
  LANGLE,
  LF,
  NOT_A_NUMBER,
  RANGLE,
  SPACE,
  skipSpace,
  TOKEN,
  trimEnd,
} from './bytes.ts';
import { Header, headerId } from './headers.ts';
import { kernel } from './kernel/kernel.ts';
import { MAX_HEADER_LINES, MAX_SCANNED_BYTES } from './kernel/layout.ts';
import type { Message, MessageFault } from './message.ts';
import { methodOf } from './method-of.ts';

const VERSION = ascii('sip/2.0');
const VERSION_PREFIX = ascii('sip/');

/**
 * Reads a datagram into `message`. Answers false where it has no SIP start line at all: then nobody
 * asked us anything and nothing may be answered. A start line with damage behind it answers true
 * and leaves `message.fault`, because a request with a usable Via deserves its 400.
 * Takes time in proportion to the datagram; never throws (RFC 3261 §7, §25.1).
 */
export function parse(bytes: Uint8Array, start: number, end: number, message: Message): boolean {
  let at = start;
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
  message.reset(bytes, at, end);
  const place = kernel.placeOf(bytes, at, end);
  const headersStart = readStartLine(message, at, end, place);
  if (headersStart < 0) return false;
  message.headersStart = headersStart;
  readHeaders(message, headersStart, end, place - at);
  boundBody(message);
  return true;
}

/** Answers where the headers start, or -1 where this is no start line of SIP. */
function readStartLine(message: Message, start: number, end: number, place: number): number {
  const { bytes } = message;
  const scanEnd = Math.min(place + end - start, place + MAX_SCANNED_BYTES);
  let next = kernel.requestLine(place, scanEnd);
  if (next > 0) {
    message.takeRequestLine(start - place);
    return next + start - place;
  }
  next = kernel.statusLine(place, scanEnd);
  if (next > 0) {
    message.takeStatusLine();
    return next + start - place;
  }
  const lineFeed = findLineFeed(message, start, end, 'start_line');
  if (lineFeed < 0) return -1;
  message.eolLength = lineFeed > start && bytes[lineFeed - 1] === CR ? 2 : 1;
  const lineEnd = lineFeed + 1 - message.eolLength;
  const isSip = isVersionPrefix(bytes, start, lineEnd)
    ? readStatusLine(message, start, lineEnd)
    : readRequestLine(message, start, lineEnd);
  return isSip ? lineFeed + 1 : -1;
}

/**
 * The LF that ends the line, or -1. A CR that does not stand before an LF is damage (§25.1): pjsip takes it for a
 * line end, so that what we see as the rest of a value would be a header of its own to the PBX, a Path for one.
 */
function findLineFeed(message: Message, start: number, end: number, fault: MessageFault): number {
  const { bytes } = message;
  let at = indexOfLineEnd(bytes, start, end);
  while (at >= 0 && bytes[at] === CR) {
    if (at + 1 === end) return -1;
    if (bytes[at + 1] === LF) return at + 1;
    message.fail(fault);
    at = indexOfLineEnd(bytes, at + 1, end);
  }
  return at;
}

function isVersionPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  const prefixEnd = start + VERSION_PREFIX.length;
  return prefixEnd <= end && equalsFolded(bytes, start, prefixEnd, VERSION_PREFIX);
}

/** Status-Line = SIP-Version SP 3DIGIT SP Reason-Phrase (§7.2); an empty reason may lack its space. */
function readStatusLine(message: Message, start: number, end: number): boolean {
  const { bytes } = message;
  message.isRequest = false;
  const space = indexOf(bytes, start, end, SPACE);
  const codeEnd = space + 4;
  if (space < 0 || codeEnd > end) return false;
  if (!equalsFolded(bytes, start, space, VERSION)) message.fail('version');
  const code = decimal(bytes, space + 1, codeEnd);
  const isTerminated = codeEnd === end || bytes[codeEnd] === SPACE;
  if (code >= 100 && code <= 699 && isTerminated) message.status = code;
  else message.fail('start_line');
  return true;
}

/** Request-Line = Method SP Request-URI SP SIP-Version, single spaces, nothing behind (§7.1). */
function readRequestLine(message: Message, start: number, end: number): boolean {
  const { bytes } = message;
  message.isRequest = true;
  let methodEnd = start;
  while (methodEnd < end && TOKEN[bytes[methodEnd]!] === 1) methodEnd++;
  const versionEnd = trimEnd(bytes, start, end);
  let versionStart = versionEnd;
  while (versionStart > start && bytes[versionStart - 1] !== SPACE && bytes[versionStart - 1] !== HTAB)
    versionStart--;
  if (methodEnd === start || methodEnd >= versionStart || bytes[methodEnd] !== SPACE) return false;
  if (!isVersionPrefix(bytes, versionStart, versionEnd)) return false;
  message.method = methodOf(bytes, start, methodEnd);
  message.methodEnd = methodEnd;
  message.uriStart = methodEnd + 1;
  message.uriEnd = Math.max(versionStart - 1, methodEnd + 1);
  if (!equalsFolded(bytes, versionStart, versionEnd, VERSION)) message.fail('version');
  const isExact = versionEnd === end && bytes[versionStart - 1] === SPACE;
  if (!isExact || !isUriText(bytes, message.uriStart, message.uriEnd)) message.fail('start_line');
  return true;
}

/** No white space, no control bytes, no angle brackets: what a Request-URI can never hold (§25.1; RFC 4475 ltgtruri, lwsruri). */
export function isUriText(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte <= SPACE || byte === LANGLE || byte === RANGLE || byte === 0x7f) return false;
  }
  return end > start;
}

/**
 * The header lines, down to the empty one (§7.3.1): the ordinary ones are the kernel's, all others `readLine`'s.
 * `shift` is added to a position for where the kernel finds it.
 */
function readHeaders(message: Message, from: number, end: number, shift: number): void {
  const { bytes } = message;
  const scanEnd = Math.min(end, message.start + MAX_SCANNED_BYTES) + shift;
  let at = from;
  while (at < end && message.headerCount < MAX_HEADER_LINES) {
    const count = kernel.scan(at + shift, scanEnd, message.headerCount, -shift);
    if (count > message.headerCount) {
      message.headerCount = count;
      at = message.valueEnd(count - 1) + 2;
    }
    const eolLength = eolLengthAt(bytes, at, end);
    if (eolLength > 0) {
      message.headersEnd = at;
      message.bodyStart = at + eolLength;
      return;
    }
    if (at < end && count < MAX_HEADER_LINES) at = readLine(message, at, end);
  }
  message.headersEnd = end;
  message.bodyStart = end;
  message.fail('headers_unterminated');
}

/** 2 where CRLF stands, 1 where LF does, else 0. */
function eolLengthAt(bytes: Uint8Array, at: number, end: number): 0 | 1 | 2 {
  if (at < end && bytes[at] === LF) return 1;
  return at + 1 < end && bytes[at] === CR && bytes[at + 1] === LF ? 2 : 0;
}

/** One header of any form, with its folded lines; answers where the next line starts. */
function readLine(message: Message, start: number, end: number): number {
  const { bytes } = message;
  let nameEnd = start;
  while (nameEnd < end && TOKEN[bytes[nameEnd]!] === 1) nameEnd++;
  let at = nameEnd;
  while (at < end && (bytes[at] === SPACE || bytes[at] === HTAB)) at++;
  if (nameEnd === start || at === end || bytes[at] !== COLON)
    return readDamagedLine(message, start, nameEnd, end);
  const afterColon = ++at;
  while (at < end && (bytes[at] === SPACE || bytes[at] === HTAB)) at++;
  const lineEnd = endOfHeader(message, at, end);
  const valueEnd = trimEnd(bytes, at, lineEnd);
  const valueStart = skipSpace(bytes, at, valueEnd);
  const id = headerId(bytes, start, nameEnd);
  // An empty value stands right behind the colon, not in the next line: edits are made at these positions.
  if (valueStart < valueEnd) message.addHeader(id, start, valueStart, valueEnd);
  else message.addHeader(id, start, afterColon, afterColon);
  return lineEnd;
}

/** A line without name or colon: it is indexed, because the index leaves no gap. */
function readDamagedLine(message: Message, start: number, from: number, end: number): number {
  message.fail('header_line');
  const lineEnd = endOfHeader(message, from, end);
  message.addHeader(Header.OTHER, start, start, trimEnd(message.bytes, start, lineEnd));
  return lineEnd;
}

/** Behind the line end that no continuation follows. */
function endOfHeader(message: Message, from: number, end: number): number {
  const { bytes } = message;
  let at = from;
  do {
    const lineFeed = findLineFeed(message, at, end, 'header_line');
    if (lineFeed < 0) return end;
    at = lineFeed + 1;
  } while (at < end && (bytes[at] === SPACE || bytes[at] === HTAB));
  return at;
}

/**
 * §18.3 for datagrams: without Content-Length the body is the rest; bytes beyond it are no part of the
 * message; fewer bytes than it says, nonsense, or two values that differ are an error.
 */
function boundBody(message: Message): void {
  if (message.countOf(Header.CONTENT_LENGTH) === 0) return;
  const stated = statedLength(message);
  if (stated === NOT_A_NUMBER || stated > message.end - message.bodyStart) message.fail('content_length');
  else message.end = message.bodyStart + stated;
}

/** What every Content-Length of the message says; NOT_A_NUMBER where they differ or say nonsense. */
function statedLength(message: Message): number {
  let stated = NOT_A_NUMBER;
  let line = message.firstOf(Header.CONTENT_LENGTH);
  while (line >= 0) {
    const value = decimal(message.bytes, message.valueStart(line), message.valueEnd(line));
    if (value === NOT_A_NUMBER || (stated !== NOT_A_NUMBER && value !== stated)) return NOT_A_NUMBER;
    stated = value;
    line = message.nextOf(Header.CONTENT_LENGTH, line);
  }
  return stated;
}
