import { QUESTION } from '../sip/bytes.ts';
import { CSeq, readCSeq } from '../sip/cseq.ts';
import type { HeaderId } from '../sip/headers.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import { findTag, NameAddr, readNameAddr } from '../sip/name-addr.ts';
import { Span } from '../sip/params.ts';
import { readUri, Uri } from '../sip/uri.ts';
import { readVia, Via } from '../sip/via.ts';
import type { Reason } from './reasons.ts';

/** The parts of a request that every later step reads; one object, filled again for each datagram. */
export class Request {
  readonly via = new Via();
  readonly uri = new Uri();
  readonly cseq = new CSeq();
  readonly from = new NameAddr();
  readonly to = new NameAddr();
  /** Empty (start = end) where From carries no tag, as RFC 2543 allowed. */
  fromTagStart = 0;
  fromTagEnd = 0;
  hasToTag = false;
  toTagStart = 0;
  toTagEnd = 0;
  callIdStart = 0;
  callIdEnd = 0;
}

const tag = new Span();

/**
 * True where the top Via can be read. Without one there is no telling whom to answer, so the request is dropped.
 * (RFC 4475 badinv01 would have us answer 400; to whom, its Via does not say.)
 */
export function readTopVia(message: Message, via: Via): boolean {
  const line = message.firstOf(Header.VIA);
  return line >= 0 && readVia(message.bytes, message.valueStart(line), message.valueEnd(line), via);
}

/**
 * RFC 3261 §16.3(1), reasonable syntax: what a proxy must be able to read to forward at all. Everything
 * else in a request passes unread. Answers the first thing that is wrong, or undefined; either way all
 * that can be read is in `request`, because the answer to a broken request is made of it.
 */
export function readRequest(message: Message, request: Request): Reason | undefined {
  const hasFromTo = readFromTo(message, request);
  const hasCallId = readCallId(message, request);
  const hasSequence = readSequence(message, request);
  const hasUri = readRequestUri(message, request.uri);
  if (message.fault !== undefined) return message.fault;
  if (!hasFromTo || !hasCallId) return 'mandatory_header';
  if (!hasSequence) return 'cseq';
  return hasUri ? undefined : 'request_uri';
}

function readFromTo(message: Message, request: Request): boolean {
  const { bytes } = message;
  const hasFrom = readSingle(message, Header.FROM, request.from);
  const hasFromTag = hasFrom && findTag(bytes, request.from, tag);
  request.fromTagStart = hasFromTag ? tag.start : 0;
  request.fromTagEnd = hasFromTag ? tag.end : 0;
  const hasTo = readSingle(message, Header.TO, request.to);
  request.hasToTag = hasTo && findTag(bytes, request.to, tag) && tag.end > tag.start;
  request.toTagStart = request.hasToTag ? tag.start : 0;
  request.toTagEnd = request.hasToTag ? tag.end : 0;
  return hasFrom && hasTo;
}

/** The one line of a header that must stand exactly once; -1 where it does not. */
function onlyLine(message: Message, id: HeaderId): number {
  return message.countOf(id) === 1 ? message.firstOf(id) : -1;
}

function readSingle(message: Message, id: HeaderId, into: NameAddr): boolean {
  const line = onlyLine(message, id);
  if (line < 0) return false;
  return readNameAddr(message.bytes, message.valueStart(line), message.valueEnd(line), into) && !into.isStar;
}

function readCallId(message: Message, request: Request): boolean {
  const line = onlyLine(message, Header.CALL_ID);
  request.callIdStart = line < 0 ? 0 : message.valueStart(line);
  request.callIdEnd = line < 0 ? 0 : message.valueEnd(line);
  return request.callIdEnd > request.callIdStart;
}

/** CSeq below 2^31 whose method is the start line's (§8.1.1.5). */
function readSequence(message: Message, request: Request): boolean {
  const line = onlyLine(message, Header.CSEQ);
  const { bytes } = message;
  const { cseq } = request;
  cseq.number = 0;
  if (line < 0) return false;
  if (!readCSeq(bytes, message.valueStart(line), message.valueEnd(line), cseq)) return false;
  return message.isMethod(cseq.methodStart, cseq.methodEnd);
}

/** A Request-URI carries no headers (§19.1.1 table 1): an embedded Route is never honoured (RFC 4475 escruri). */
function readRequestUri(message: Message, uri: Uri): boolean {
  const { bytes, uriStart, uriEnd } = message;
  if (!readUri(bytes, uriStart, uriEnd, uri)) return false;
  const isSip = uri.scheme === 'sip' || uri.scheme === 'sips';
  return !isSip || uri.headersStart === uri.end || bytes[uri.headersStart] !== QUESTION;
}
