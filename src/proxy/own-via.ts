import { Endpoint, readHost } from '../sip/address.ts';
import { decimal, hexValue, writeHex32 } from '../sip/bytes.ts';
import { Header } from '../sip/headers.ts';
import { kernel } from '../sip/kernel/kernel.ts';
import type { Message } from '../sip/message.ts';
import type { HashKey } from '../sip/siphash.ts';
import { HashInput } from '../sip/siphash.ts';
import type { Edits } from '../sip/splice.ts';
import { BRANCH_WORDS } from '../sip/transaction.ts';
import { hasCookieBranch, readVia, Via } from '../sip/via.ts';
import type { Request } from './request.ts';
import type { Routes } from './routes.ts';
import type { SigningKey } from './signer.ts';
import { CHECK_DIGITS, ViaTemplate } from './via-template.ts';

/**
 * Our own Via: `Via: SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bK…;s=0;m=…;l=…`. All that a stateless proxy
 * must know about a response when it comes back is in it (RFC 3261 §16.11, RFC 3581 §4):
 *
 * - branch: a hash of what stays the same in retransmissions, CANCEL and ACK, and differs between phones
 * - s: the socket the request came in on, which is where the response must leave from
 * - m: a keyed hash over the next Via, so that a forged response cannot make us send to a victim
 * - l: a keyed hash that is equal when the same request comes round again unchanged
 *
 * Lines stay short and parameters do not start with `rport`: chan_sip copies 512 bytes and uses strstr.
 */

/** Bytes of the next Via's host that `m` covers; of a longer one the beginning. */
const MAX_HASHED_HOST = 256;

const input = new HashInput();
/** The first half of a hash, for the check values. */
const half = new Int32Array(2);
const template = new ViaTemplate();
const host = new Endpoint();

/** Whether our Via asks the registrar to answer to our source port, which tells it that the phone is behind a NAT. */
export type AskRport = 'plain' | 'rport';

/** What pushing our Via needs to know of the hop; one object, filled again for each request. */
export class Passage {
  /** Socket that the request arrived on. */
  arrival = 0;
  /** Socket that it leaves by. */
  departure = 0;
  readonly source = new Endpoint();
  /** Port that replies go to: the source's where `rport` is stamped, 0 where it is not. */
  stampedRport = 0;
  askRport: AskRport = 'plain';
  /** Where the value of the branch is noted. */
  readonly branch = new Int32Array(BRANCH_WORDS);
}

/** Adds our Via as the first header line. */
export function pushOwnVia(
  message: Message,
  request: Request,
  routes: Routes,
  passage: Passage,
  edits: Edits,
): void {
  const key = routes.signer.keys[0]!;
  const at = edits.writeAt;
  template.fit(routes, passage, message.eolLength);
  const end = template.write(edits);
  hashBranch(message, request, key.branch, passage.branch);
  writeHash(edits, at + template.branchAt, passage.branch);
  hashNextVia(message.bytes, request.via, passage.source, passage.stampedRport, passage.arrival, key.check);
  writeHash(edits, at + template.checkAt, half);
  hashLoop(message, request, key.loop);
  writeHash(edits, at + template.loopAt, half);
  edits.replace(message.headersStart, 0, end);
}

/**
 * §16.11 with two corrections. Its recipe hashes the To tag and Proxy-Require, which an ACK has or a CANCEL
 * lacks where the INVITE did not: then neither would reach the INVITE's transaction. And the received branch
 * alone would collide between weak phones, so their sent-by, Call-ID and From tag go in.
 */
function hashBranch(message: Message, request: Request, key: HashKey, branch: Int32Array): void {
  const { bytes } = message;
  const { via } = request;
  input
    .clear()
    .field(bytes, Math.max(via.branchStart, 0), Math.max(via.branchEnd, 0))
    .field(bytes, via.hostStart, via.hostEnd)
    .word(via.port)
    .field(bytes, request.callIdStart, request.callIdEnd)
    .word(request.cseq.number)
    .field(bytes, request.fromTagStart, request.fromTagEnd);
  if (!hasCookieBranch(bytes, via)) hashRfc2543Parts(message, request);
  input.sipHash128(key, branch);
}

/** A branch without cookie is not unique, so more of the request must tell transactions apart (§17.2.3). */
function hashRfc2543Parts(message: Message, request: Request): void {
  const { bytes, method } = message;
  input.field(bytes, request.via.start, request.via.end).field(bytes, message.uriStart, message.uriEnd);
  const sharesInvite = method === 'INVITE' || method === 'ACK' || method === 'CANCEL';
  if (!sharesInvite && request.hasToTag) input.field(bytes, request.toTagStart, request.toTagEnd);
}

/** Over all that decides where a response goes: the next Via's sent-by, received and rport, and our socket. */
function hashNextVia(
  bytes: Uint8Array,
  via: Via,
  received: Endpoint,
  rport: number,
  socket: number,
  key: HashKey,
): void {
  const { hostStart } = via;
  input
    .clear()
    .foldedField(bytes, hostStart, Math.min(via.hostEnd, hostStart + MAX_HASHED_HOST))
    .word(via.sentByPort)
    .host(received)
    .word(rport)
    .word(socket);
  input.sipHash128(key, half);
}

/**
 * What a loop leaves unchanged and a spiral does not (§16.6(8)). Vias stay out: the topmost changes at
 * every hop, so a loop by way of another proxy would never be seen.
 */
function hashLoop(message: Message, request: Request, key: HashKey): void {
  const { bytes } = message;
  input.clear().field(bytes, message.uriStart, message.uriEnd);
  for (let line = message.firstOf(Header.ROUTE); line >= 0; line = message.nextOf(Header.ROUTE, line)) {
    input.field(bytes, message.valueStart(line), message.valueEnd(line));
  }
  input
    .field(bytes, request.fromTagStart, request.fromTagEnd)
    .field(bytes, request.callIdStart, request.callIdEnd)
    .word(request.cseq.number);
  input.sipHash128(key, half);
}

/** Writes the hash, which must be the one that was made last, as hex digits. */
function writeHash(edits: Edits, at: number, words: Int32Array): void {
  if (edits.isInKernel) {
    kernel.writeHash(at, words.length === BRANCH_WORDS ? 16 : 8);
    return;
  }
  let end = at;
  for (let i = 0; i < words.length; i++) end = writeHex32(edits.inserts, end, words[i]!);
}

/** True where the span holds the 64 bits of `half`, the hash that was made last, as 16 hex digits in either case. */
function isHash64(bytes: Uint8Array, start: number, end: number): boolean {
  if (start < 0 || end - start !== CHECK_DIGITS) return false;
  if (kernel.holds(bytes) && kernel.isHash(start)) return true;
  let differences = 0;
  for (let i = 0; i < CHECK_DIGITS; i++) {
    const nibble = (half[i >>> 3]! >>> (28 - (i & 7) * 4)) & 15;
    differences |= hexValue(bytes[start + i]!) ^ nibble;
  }
  return differences === 0;
}

/** Which of our sockets this Via names as its sent-by; -1 where it is not ours. */
export function ownSocketOf(bytes: Uint8Array, via: Via, routes: Routes): number {
  const usual = template.socketOf(bytes, via, routes);
  if (usual >= 0) return usual;
  if (!readHost(bytes, via.hostStart, via.hostEnd, host)) return -1;
  for (let i = 0; i < routes.sockets.length; i++) {
    const { sentBy } = routes.sockets[i]!;
    if (sentBy.port === via.sentByPort && sentBy.sameHost(host)) return i;
  }
  return -1;
}

/** The socket that our Via's `s` names; the one it was sent from where `s` names none that we (still) have. */
export function arrivalSocketOf(bytes: Uint8Array, via: Via, routes: Routes, fallback: number): number {
  if (via.socketStart < 0) return fallback;
  const socket = decimal(bytes, via.socketStart, via.socketEnd);
  return socket >= 0 && socket < routes.sockets.length ? socket : fallback;
}

/** True where `m` of our Via was made by us, with the current or the previous key, for just this next Via. */
export function isCheckValid(
  bytes: Uint8Array,
  own: Via,
  next: Via,
  received: Endpoint,
  routes: Routes,
): boolean {
  const socket = own.socketStart < 0 ? -1 : decimal(bytes, own.socketStart, own.socketEnd);
  for (const key of routes.signer.keys) {
    hashNextVia(bytes, next, received, next.rport, socket, key.check);
    if (isHash64(bytes, own.checkStart, own.checkEnd)) return true;
  }
  return false;
}

const visited = new Via();

/** §16.3(4): one of our Vias is in the request already and says that nothing has changed since. */
export function isLooped(message: Message, request: Request, routes: Routes): boolean {
  for (const key of routes.signer.keys) if (hasLoopValue(message, request, routes, key)) return true;
  return false;
}

/**
 * Walks all Vias, the top one being read already. The hash is made at the first one that has our sent-by, and once:
 * a request may hold hundreds of them.
 */
function hasLoopValue(message: Message, request: Request, routes: Routes, key: SigningKey): boolean {
  const { bytes } = message;
  let isHashed = false;
  let line = message.firstOf(Header.VIA);
  let via = request.via;
  let isRead = true;
  while (line >= 0) {
    if (isRead && via.loopStart >= 0 && ownSocketOf(bytes, via, routes) >= 0) {
      if (!isHashed) hashLoop(message, request, key.loop);
      isHashed = true;
      if (isHash64(bytes, via.loopStart, via.loopEnd)) return true;
    }
    let at = isRead ? via.next : -1;
    if (at < 0) {
      line = message.nextOf(Header.VIA, line);
      if (line < 0) return false;
      at = message.valueStart(line);
    }
    via = visited;
    isRead = readVia(bytes, at, message.valueEnd(line), visited);
  }
  return false;
}

/** The Via behind the top one, in the same header line or in the next; false where there is none to read. */
export function readNextVia(message: Message, top: Via, next: Via): boolean {
  const line = message.firstOf(Header.VIA);
  if (top.next >= 0) return readVia(message.bytes, top.next, message.valueEnd(line), next);
  const following = message.nextOf(Header.VIA, line);
  if (following < 0) return false;
  return readVia(message.bytes, message.valueStart(following), message.valueEnd(following), next);
}

/** §16.11: takes our value away, and with it the header line where nothing else stands in it. */
export function popTopVia(message: Message, top: Via, next: Via, edits: Edits): void {
  const line = message.firstOf(Header.VIA);
  if (top.next >= 0) edits.remove(top.start, next.start - top.start);
  else edits.remove(message.lineStart(line), message.lineEnd(line) - message.lineStart(line));
}
