import { Endpoint, readHost, writeHost } from '../sip/address.ts';
import {
  ascii,
  COLON,
  COMMA,
  equalsFolded,
  isSpace,
  skipSpace,
  writeBytes,
  writeDecimal,
} from '../sip/bytes.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import { NameAddr, readListedNameAddr } from '../sip/name-addr.ts';
import { Param } from '../sip/params.ts';
import type { Edits } from '../sip/splice.ts';
import { findUriParam, readUri, readUriParam, Uri } from '../sip/uri.ts';
import { DEFAULT_PORT } from '../sip/via.ts';
import type { Datagram, Decision } from './decision.ts';
import { writeEol } from './lines.ts';
import type { Request } from './request.ts';
import { ALIAS_PARAM } from './request-uri.ts';
import type { Hop } from './route.ts';
import type { Routes } from './routes.ts';
import { isSentBySource, replyTarget } from './stamp.ts';
import type { TokenPurpose } from './token.ts';
import { readToken, Token, writeToken } from './token.ts';

/**
 * How calls come back to a phone though nobody here remembers it: its address travels in the message, as
 * a signed token in the Contact (`alias`), in Path (RFC 3327), and in Record-Route for dialogs.
 */
const ALIAS = ascii(';rollcall=');
const PATH = ascii('Path: <sip:');
const RECORD_ROUTE = ascii('Record-Route: <sip:');
const AT_SIGN = ascii('@');
const LOOSE_END = ascii(';lr>');
const SUPPORTED_PATH = ascii('Supported: path');
const PATH_TAG = ascii('path');

const value = new NameAddr();
const uri = new Uri();
const param = new Param();
const flow = new Endpoint();
const contactHost = new Endpoint();
const token = new Token();

/** A walk over the sip Contacts of a message: where it stands; `value` and `uri` hold the one found. */
let walkLine = -1;
let walkAt = -1;

function startContacts(message: Message): void {
  walkLine = message.firstOf(Header.CONTACT);
  walkAt = walkLine < 0 ? -1 : message.valueStart(walkLine);
}

/** Moves on to the next sip Contact; false where there is none. A malformed line is passed over. */
function nextContact(message: Message): boolean {
  const { bytes } = message;
  while (walkLine >= 0) {
    const end = message.valueEnd(walkLine);
    while (walkAt >= 0 && readListedNameAddr(bytes, walkAt, end, value)) {
      walkAt = value.next;
      if (isSipContact(bytes)) return true;
    }
    walkLine = message.nextOf(Header.CONTACT, walkLine);
    walkAt = walkLine < 0 ? -1 : message.valueStart(walkLine);
  }
  return false;
}

/**
 * Left alone are `*`, other schemes, unbracketed URIs (whose parameters belong to the header, RFC 3261 §20.10),
 * and URIs with headers in them (RFC 4475 regescrt).
 */
function isSipContact(bytes: Uint8Array): boolean {
  if (!value.isBracketed || !readUri(bytes, value.uriStart, value.uriEnd, uri)) return false;
  return uri.scheme === 'sip' && uri.headersStart === uri.end;
}

/**
 * The phone's flow for the Contact in `uri`, into `flow`: its own host and port where the phone sends from
 * that host (phones that send from one port and listen on another are reached, and a new source port
 * changes nothing); else where a reply to it would go.
 */
function contactFlow(datagram: Datagram, request: Request, routes: Routes): void {
  if (
    readHost(datagram.bytes, uri.hostStart, uri.hostEnd, contactHost) &&
    contactHost.sameHost(datagram.source)
  ) {
    flow.copyFrom(contactHost);
    flow.port = uri.port === 0 ? DEFAULT_PORT : uri.port;
  } else {
    replyTarget(datagram, request.via, routes, flow);
  }
}

/** The same for the message's first sip Contact; without one, where a reply would go. Answers whether there is one. */
function firstContactFlow(datagram: Datagram, request: Request, routes: Routes, message: Message): boolean {
  const line = message.firstOf(Header.CONTACT);
  const { bytes } = message;
  const hasContact =
    line >= 0 &&
    readListedNameAddr(bytes, message.valueStart(line), message.valueEnd(line), value) &&
    !value.isStar &&
    readUri(bytes, value.uriStart, value.uriEnd, uri) &&
    uri.scheme === 'sip';
  if (hasContact) contactFlow(datagram, request, routes);
  else replyTarget(datagram, request.via, routes, flow);
  return hasContact;
}

/**
 * Whether our own Via asks for `rport` (RFC 3581). chan_sip sends calls to our address as soon as it does, which
 * is what a phone behind a NAT needs and what hides a reachable one. So: on the REGISTER of a phone whose
 * Contact is not where it sends from.
 */
export function asksForRport(
  datagram: Datagram,
  request: Request,
  routes: Routes,
  message: Message,
): boolean {
  if (routes.contactMode === 'direct' || message.method !== 'REGISTER') return false;
  if (!firstContactFlow(datagram, request, routes, message)) return !isSentBySource(datagram, request.via);
  return !(
    readHost(message.bytes, uri.hostStart, uri.hostEnd, contactHost) && contactHost.sameHost(datagram.source)
  );
}

/** A phone's REGISTER gets its way back as `--contact-mode` says. Header lines go to the top, behind our Via. */
export function addReturnPath(
  datagram: Datagram,
  request: Request,
  routes: Routes,
  decision: Decision,
): void {
  const { message, edits } = decision;
  const { contactMode } = routes;
  if (contactMode === 'direct') return;
  removePaths(message, edits);
  if (contactMode === 'path' || contactMode === 'alias+path') {
    firstContactFlow(datagram, request, routes, message);
    writeRouteLine(PATH, 'path', datagram.socket, decision.socket, routes, decision);
    if (!supportsPath(message)) addSupportedPath(message, edits);
  }
  if (contactMode === 'alias' || contactMode === 'alias+path') {
    startContacts(message);
    while (!edits.overflowed && nextContact(message)) addAlias(datagram, request, routes, edits);
  }
}

/** A Path from a phone would have the PBX send its calls wherever the phone likes. */
function removePaths(message: Message, edits: Edits): void {
  for (let line = message.firstOf(Header.PATH); line >= 0; line = message.nextOf(Header.PATH, line)) {
    edits.remove(message.lineStart(line), message.lineEnd(line) - message.lineStart(line));
  }
}

/** One token per Contact; what the phone has there itself, learned from us or not, goes. */
function addAlias(datagram: Datagram, request: Request, routes: Routes, edits: Edits): void {
  const { bytes } = datagram;
  contactFlow(datagram, request, routes);
  let semicolon = uri.paramsStart;
  while (semicolon < uri.paramsEnd) {
    semicolon = readUriParam(bytes, semicolon, uri.paramsEnd, param);
    if (isAliasParam(bytes)) edits.remove(param.start, param.end - param.start);
  }
  const out = edits.inserts;
  const at = writeBytes(out, edits.writeAt, ALIAS);
  edits.replace(uri.paramsEnd, 0, writeToken(out, at, routes.signer, 'alias', datagram.socket, flow));
}

function isAliasParam(bytes: Uint8Array): boolean {
  return equalsFolded(bytes, param.nameStart, param.nameEnd, ALIAS_PARAM);
}

function supportsPath(message: Message): boolean {
  const { bytes } = message;
  for (
    let line = message.firstOf(Header.SUPPORTED);
    line >= 0;
    line = message.nextOf(Header.SUPPORTED, line)
  ) {
    if (listHolds(bytes, message.valueStart(line), message.valueEnd(line), PATH_TAG)) return true;
  }
  return false;
}

function listHolds(bytes: Uint8Array, start: number, end: number, tag: Uint8Array): boolean {
  let at = start;
  while (at < end) {
    at = skipSpace(bytes, at, end);
    let behind = at;
    while (behind < end && bytes[behind] !== COMMA && !isSpace(bytes[behind]!)) behind++;
    if (equalsFolded(bytes, at, behind, tag)) return true;
    at = skipSpace(bytes, behind, end) + 1;
  }
  return false;
}

/** Registrars that honour Path only from phones that support it answer 420 else (RFC 3327 §5.3). */
function addSupportedPath(message: Message, edits: Edits): void {
  const out = edits.inserts;
  edits.replace(
    message.headersStart,
    0,
    writeEol(out, writeBytes(out, edits.writeAt, SUPPORTED_PATH), message),
  );
}

/** `Path:` or `Record-Route: <sip:TOKEN@us;lr>` for `flow`, as the first header behind our Via. */
function writeRouteLine(
  name: Uint8Array,
  purpose: TokenPurpose,
  flowSocket: number,
  facingSocket: number,
  routes: Routes,
  { message, edits }: Decision,
): void {
  const { sentBy } = routes.sockets[facingSocket]!;
  const out = edits.inserts;
  let at = writeBytes(out, edits.writeAt, name);
  at = writeToken(out, at, routes.signer, purpose, flowSocket, flow);
  at = writeHost(out, writeBytes(out, at, AT_SIGN), sentBy);
  out[at++] = COLON;
  at = writeBytes(out, writeDecimal(out, at, sentBy.port), LOOSE_END);
  edits.replace(message.headersStart, 0, writeEol(out, at, message));
}

/**
 * Record-Route keeps us on the way of everything that follows (§16.6(4)); without it the PBX's requests
 * inside a dialog would come without a token. Where the two sides meet us on different sockets, each finds
 * the one that it can reach first (RFC 5658).
 */
export function recordRoute(
  datagram: Datagram,
  request: Request,
  routes: Routes,
  decision: Decision,
  hop: Hop,
): void {
  const { method } = decision.message;
  if (method === 'REGISTER' || method === 'ACK' || method === 'CANCEL') return;
  if (routes.contactMode === 'direct' && hop.poppedRoutes === 0) return;
  const isFromPhone = decision.from === 'phone';
  if (isFromPhone) firstContactFlow(datagram, request, routes, decision.message);
  else flow.copyFrom(decision.target);
  const flowSocket = isFromPhone ? datagram.socket : decision.socket;
  writeRouteLine(RECORD_ROUTE, 'rr', flowSocket, decision.socket, routes, decision);
  if (decision.socket !== datagram.socket) {
    writeRouteLine(RECORD_ROUTE, 'rr', flowSocket, datagram.socket, routes, decision);
  }
}

/**
 * The phone must find its own Contact in the 2xx to its REGISTER, not the one with our token in it. Only its
 * own: without the parameter, every stale binding of the same phone would look alike to it.
 */
export function removeAliases(routes: Routes, decision: Decision): void {
  const { contactMode } = routes;
  if (contactMode !== 'alias' && contactMode !== 'alias+path') return;
  startContacts(decision.message);
  while (nextContact(decision.message)) removeAlias(routes, decision);
}

function removeAlias(routes: Routes, { message, edits, target }: Decision): void {
  const { bytes } = message;
  if (!findUriParam(bytes, uri, ALIAS_PARAM, param)) return;
  if (!readToken(bytes, param.valueStart, param.valueEnd, routes.signer, token)) return;
  if (token.purpose === 'alias' && (token.flow.sameAs(target) || isOwnFlow(bytes))) {
    edits.remove(param.start, param.end - param.start);
  }
}

/** The token names the Contact's own host and port: a phone without NAT. */
function isOwnFlow(bytes: Uint8Array): boolean {
  if (!readHost(bytes, uri.hostStart, uri.hostEnd, contactHost)) return false;
  contactHost.port = uri.port === 0 ? DEFAULT_PORT : uri.port;
  return token.flow.sameAs(contactHost);
}
