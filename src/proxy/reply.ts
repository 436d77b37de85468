import { ascii, equals, writeBytes, writeHex32, writeRange } from '../sip/bytes.ts';
import type { HeaderId } from '../sip/headers.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import type { HashKey } from '../sip/siphash.ts';
import { HashInput } from '../sip/siphash.ts';
import { Edits } from '../sip/splice.ts';
import type { Datagram, Decision } from './decision.ts';
import { writeEol } from './lines.ts';
import { isSendable } from './own-host.ts';
import type { LocalStatus, Outcome, Reason } from './reasons.ts';
import type { Request } from './request.ts';
import type { Routes } from './routes.ts';
import { replyPortOf, replyTarget, stampTopVia } from './stamp.ts';

const STATUS_LINES: Readonly<Record<LocalStatus, Uint8Array>> = {
  400: ascii('SIP/2.0 400 Bad Request'),
  403: ascii('SIP/2.0 403 Forbidden'),
  416: ascii('SIP/2.0 416 Unsupported URI Scheme'),
  420: ascii('SIP/2.0 420 Bad Extension'),
  480: ascii('SIP/2.0 480 Temporarily Unavailable'),
  482: ascii('SIP/2.0 482 Loop Detected'),
  483: ascii('SIP/2.0 483 Too Many Hops'),
  505: ascii('SIP/2.0 505 Version Not Supported'),
  513: ascii('SIP/2.0 513 Message Too Large'),
};

/** What each reason is answered with, where the request may be answered at all. */
const STATUS_OF: Readonly<Partial<Record<Reason, LocalStatus>>> = {
  version: 505,
  scheme: 416,
  zero_max_forwards: 483,
  loop: 482,
  proxy_require: 420,
  bad_token: 403,
  no_token: 480,
  no_registrar: 480,
  target_refused: 480,
  too_large: 513,
  too_many_edits: 513,
};

interface CopiedHeader {
  readonly id: HeaderId;
  /** Its shortest name (§7.3.3), colon included. */
  readonly terseName: Uint8Array;
}

const COPIED_VIA: CopiedHeader = { id: Header.VIA, terseName: ascii('v:') };
/** What an answer copies once each (RFC 3261 §8.2.6.2), behind all Vias. */
const COPIED: readonly CopiedHeader[] = [
  { id: Header.FROM, terseName: ascii('f:') },
  { id: Header.TO, terseName: ascii('t:') },
  { id: Header.CALL_ID, terseName: ascii('i:') },
  { id: Header.CSEQ, terseName: ascii('CSeq:') },
];

/**
 * Nothing that we originate is longer than what caused it, or a forged source would make us an amplifier. A
 * bare request is answered tersely: no reason phrase (§7.2 allows an empty one), names in their short form, no
 * Content-Length (over UDP the datagram bounds the body, §18.3).
 */
type ReplyForm = 'full' | 'terse';
/** `SIP/2.0 483 ` */
const TERSE_STATUS_BYTES = 12;

const TAG = ascii(';tag=');
const TAG_PREFIX = ascii('rc');
/** `rc` and 64 bits in hex. */
const TAG_BYTES = 18;
const UNSUPPORTED = ascii('Unsupported: ');
const LIST_COMMA = ascii(', ');
const NO_BODY = ascii('Content-Length: 0');

const edits = new Edits();
const input = new HashInput();
const hash = new Int32Array(2);
const tag = new Uint8Array(TAG_BYTES);

/**
 * Refuses a request: with an answer of our own where it may have one, else silently. ACK is never
 * answered (§17.1.1.2). Nor is an OPTIONS from the PBX: to its qualify any final answer means that the
 * phone is reachable, so a 480 would make it lie.
 */
export function refuse(
  reason: Reason,
  datagram: Datagram,
  request: Request,
  routes: Routes,
  decision: Decision,
): Outcome {
  const { message } = decision;
  decision.outcome = 'dropped';
  decision.reason = reason;
  if (message.method === 'ACK') return 'dropped';
  if (message.method === 'OPTIONS' && decision.from === 'registrar') return 'dropped';
  const status = STATUS_OF[reason] ?? 400;
  const limit = datagram.end - datagram.start;
  let length = writeReply(status, 'full', datagram, request, routes, decision);
  if (length > limit) length = writeReply(status, 'terse', datagram, request, routes, decision);
  if (edits.overflowed || length > limit) {
    decision.reason = edits.overflowed ? 'too_many_edits' : 'reply_too_large';
    return 'dropped';
  }
  replyTarget(datagram, request.via, routes, decision.target);
  if (!isSendable(decision.target, routes)) return 'dropped';
  decision.outcome = 'answered';
  decision.replyLength = length;
  decision.replyStatus = status;
  decision.socket = datagram.socket;
  return 'answered';
}

/** §8.2.6, §8.2.7: no state, so the same request gets the same answer, To tag included; answers its length. */
function writeReply(
  status: LocalStatus,
  form: ReplyForm,
  datagram: Datagram,
  request: Request,
  routes: Routes,
  { message, reply }: Decision,
): number {
  edits.clear();
  stampTopVia(datagram, request.via, replyPortOf(datagram, request.via, routes), edits);
  if (!request.hasToTag) addToTag(message, request, routes);
  const statusLine = STATUS_LINES[status];
  const statusLength = form === 'full' ? statusLine.length : TERSE_STATUS_BYTES;
  let at = writeEol(reply, writeRange(reply, 0, statusLine, 0, statusLength), message);
  for (let line = message.firstOf(Header.VIA); line >= 0; line = message.nextOf(Header.VIA, line)) {
    at = copyLine(message, line, COPIED_VIA, form, reply, at);
  }
  for (const header of COPIED) {
    const line = message.firstOf(header.id);
    if (line >= 0) at = copyLine(message, line, header, form, reply, at);
  }
  if (status === 420) at = writeUnsupported(message, reply, at);
  if (form === 'full') at = writeEol(reply, writeBytes(reply, at, NO_BODY), message);
  return writeEol(reply, at, message);
}

/** The line as edited, its end made anew: in a datagram that was cut short it may have none. */
function copyLine(
  message: Message,
  line: number,
  { terseName }: CopiedHeader,
  form: ReplyForm,
  out: Uint8Array,
  at: number,
): number {
  const isFull = form === 'full';
  const from = isFull ? message.lineStart(line) : message.valueStart(line);
  const to = isFull ? at : writeBytes(out, at, terseName);
  return writeEol(out, edits.copyTo(message.bytes, from, message.valueEnd(line), out, to), message);
}

function addToTag(message: Message, request: Request, routes: Routes): void {
  const line = message.firstOf(Header.TO);
  if (line < 0) return;
  makeToTag(message, request, routes.signer.keys[0]!.toTag);
  const out = edits.inserts;
  edits.replace(message.valueEnd(line), 0, writeBytes(out, writeBytes(out, edits.writeAt, TAG), tag));
}

/** Over what the INVITE and the ACK to its failure share: Call-ID, From tag, CSeq number and branch. */
function makeToTag(message: Message, request: Request, key: HashKey): void {
  const { bytes } = message;
  const { via } = request;
  input
    .clear()
    .field(bytes, request.callIdStart, request.callIdEnd)
    .field(bytes, request.fromTagStart, request.fromTagEnd)
    .word(request.cseq.number)
    .field(bytes, Math.max(via.branchStart, 0), Math.max(via.branchEnd, 0));
  input.sipHash128(key, hash);
  const at = writeBytes(tag, 0, TAG_PREFIX);
  writeHex32(tag, writeHex32(tag, at, hash[0]!), hash[1]!);
}

/** True for the ACK to an answer of our own: it has done its work and goes no further. */
export function isAckToOurs(message: Message, request: Request, routes: Routes): boolean {
  if (message.method !== 'ACK' || request.toTagEnd - request.toTagStart !== TAG_BYTES) return false;
  for (const key of routes.signer.keys) {
    makeToTag(message, request, key.toTag);
    if (equals(message.bytes, request.toTagStart, request.toTagEnd, tag)) return true;
  }
  return false;
}

/** §8.2.2.3: the option tags that we do not support, which is all of Proxy-Require. */
function writeUnsupported(message: Message, out: Uint8Array, at: number): number {
  let pos = writeBytes(out, at, UNSUPPORTED);
  const first = message.firstOf(Header.PROXY_REQUIRE);
  for (let line = first; line >= 0; line = message.nextOf(Header.PROXY_REQUIRE, line)) {
    if (line !== first) pos = writeBytes(out, pos, LIST_COMMA);
    pos = writeRange(out, pos, message.bytes, message.valueStart(line), message.valueEnd(line));
  }
  return writeEol(out, pos, message);
}
