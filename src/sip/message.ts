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
import type { HeaderId } from './headers.ts';
import { Header, headerId } from './headers.ts';
import type { Holder } from './kernel/kernel.ts';
import { HEAD_WORDS, kernel, LINE_WORDS, MAX_HEADER_LINES, MAX_SCANNED_BYTES } from './kernel/kernel.ts';
import type { Method } from './methods.ts';
import { methodOf } from './methods.ts';

/** Why a datagram that has a SIP start line is not a well-formed message. */
export type MessageFault =
  | 'start_line'
  | 'version'
  | 'header_line'
  | 'headers_unterminated'
  | 'content_length';

/** The largest UDP payload over IPv4: 65,535 less 20 bytes of IP and 8 of UDP header. */
export const MAX_DATAGRAM_BYTES = 65_507;
/** In the head of a header id: one more line. */
const ONE_LINE = 1 << 16;
const LINE_NUMBER = ONE_LINE - 1;
const VERSION = ascii('sip/2.0');
const VERSION_PREFIX = ascii('sip/');
const NONE = -1;

/**
 * A parsed datagram: an index of positions in the received bytes, which stay as they came. One object is
 * made per worker and filled again for each datagram; spans die with that turn.
 *
 * The index lies where the kernel writes it, for the message that was parsed last; when another one is, this one
 * takes its own along.
 */
export class Message implements Holder {
  bytes: Uint8Array = new Uint8Array(0);
  /** First byte of the start line. */
  start = 0;
  /** Behind the last byte of the body, as Content-Length bounds it. */
  end = 0;
  isRequest = true;
  method: Method = 'other';
  methodEnd = 0;
  uriStart = 0;
  uriEnd = 0;
  /** 100 to 699; 0 in a request, and where the code is not one. */
  status = 0;
  /** Position of the first header line. */
  headersStart = 0;
  /** Position of the empty line that ends the headers. */
  headersEnd = 0;
  bodyStart = 0;
  /** 1 where the start line ends with a bare LF, else 2; lines that we add end the same way. */
  eolLength = 2;
  headerCount = 0;
  /** The first thing that is wrong with the message as such; undefined = well-formed. */
  fault: MessageFault | undefined = undefined;

  /** The index: a head for each header id, then the lines. Read it through the methods below. */
  private words: Int32Array = new Int32Array(HEAD_WORDS);
  private headsWord = 0;
  private linesWord = HEAD_WORDS;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.isRequest = true;
    this.method = 'other';
    this.methodEnd = start;
    this.uriStart = start;
    this.uriEnd = start;
    this.status = 0;
    this.headersStart = end;
    this.headersEnd = end;
    this.bodyStart = end;
    this.headerCount = 0;
    this.fault = undefined;
    this.clearIndex();
  }

  private clearIndex(): void {
    kernel.index.giveTo(this);
    this.words = kernel.words;
    this.headsWord = kernel.indexWord;
    this.linesWord = kernel.indexWord + HEAD_WORDS;
    kernel.clearHeads();
  }

  leave(): void {
    this.words = this.words.slice(this.headsWord, this.linesWord + this.headerCount * LINE_WORDS);
    this.headsWord = 0;
    this.linesWord = HEAD_WORDS;
  }

  /** Words of the index: what `copyIndex` writes. */
  get indexWords(): number {
    return HEAD_WORDS + this.headerCount * LINE_WORDS;
  }

  /** Copies the index to word `to`, with `shift` added to its positions: for the same bytes at another place. */
  copyIndex(words: Int32Array, to: number, shift: number): void {
    if (this.words === kernel.words && kernel.holdsWords(words)) {
      kernel.copyIndex(to, this.headerCount, shift);
      return;
    }
    const from = this.headsWord;
    for (let i = 0; i < HEAD_WORDS; i++) words[to + i] = this.words[from + i]!;
    for (let i = HEAD_WORDS; i < this.indexWords; i++) {
      words[to + i] = this.words[from + i]! + (i % LINE_WORDS === 0 ? 0 : shift);
    }
  }

  /**
   * Is a well-formed message that was parsed elsewhere, and whose index of so many lines was copied to word `at`, where it
   * must stay: a response, or a REGISTER where `status` is 0. Positions in the start line and of the body are not told.
   */
  look(words: Int32Array, at: number, lines: number, status: number): void {
    this.words = words;
    this.headsWord = at;
    this.linesWord = at + HEAD_WORDS;
    this.headerCount = lines;
    this.isRequest = status === 0;
    this.method = status === 0 ? 'REGISTER' : 'other';
    this.status = status;
    this.fault = undefined;
  }

  addHeader(id: HeaderId, lineStart: number, valueStart: number, valueEnd: number): void {
    const { words } = this;
    const at = this.linesWord + this.headerCount * LINE_WORDS;
    words[at] = id;
    words[at + 1] = lineStart;
    words[at + 2] = valueStart;
    words[at + 3] = valueEnd;
    const head = words[this.headsWord + id]!;
    words[this.headsWord + id] = (head === 0 ? this.headerCount : head) + ONE_LINE;
    this.headerCount++;
  }

  /** Takes over an ordinary Request-Line that the kernel has read `shift` bytes away from where it stands. */
  takeRequestLine(shift: number): void {
    const { words, resultWord } = kernel;
    this.methodEnd = words[resultWord]! + shift;
    this.uriStart = this.methodEnd + 1;
    this.uriEnd = words[resultWord + 1]! + shift;
    this.method = methodOf(this.bytes, this.start, this.methodEnd);
    this.eolLength = 2;
  }

  /** The same of an ordinary Status-Line. */
  takeStatusLine(): void {
    this.isRequest = false;
    this.status = kernel.words[kernel.resultWord]!;
    this.eolLength = 2;
  }

  /** How many lines carry this header. */
  countOf(id: HeaderId): number {
    return this.words[this.headsWord + id]! >>> 16;
  }

  /** Line number of the first header of this kind, or -1. */
  firstOf(id: HeaderId): number {
    const head = this.words[this.headsWord + id]!;
    return head === 0 ? NONE : head & LINE_NUMBER;
  }

  /** Line number of the next header of this kind behind line `line`, which is one, or -1. */
  nextOf(id: HeaderId, line: number): number {
    if (this.countOf(id) < 2) return NONE;
    const { linesWord, words } = this;
    const end = linesWord + this.headerCount * LINE_WORDS;
    for (let at = linesWord + (line + 1) * LINE_WORDS; at < end; at += LINE_WORDS) {
      if (words[at] === id) return (at - linesWord) / LINE_WORDS;
    }
    return NONE;
  }

  idOf(line: number): HeaderId {
    return this.words[this.linesWord + line * LINE_WORDS] as HeaderId;
  }

  /** First byte of the header's name. */
  lineStart(line: number): number {
    return this.words[this.linesWord + line * LINE_WORDS + 1]!;
  }

  /** Behind the line's end (CRLF included): where the next line, or the empty line, starts. */
  lineEnd(line: number): number {
    return line + 1 < this.headerCount ? this.lineStart(line + 1) : this.headersEnd;
  }

  /** First byte of the value, leading white space skipped. */
  valueStart(line: number): number {
    return this.words[this.linesWord + line * LINE_WORDS + 2]!;
  }

  /** Behind the last byte of the value, trailing white space left out. */
  valueEnd(line: number): number {
    return this.words[this.linesWord + line * LINE_WORDS + 3]!;
  }

  fail(fault: MessageFault): void {
    this.fault ??= fault;
  }
}

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
