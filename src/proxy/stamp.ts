import { Endpoint, readHost, writeBareHost } from '../sip/address.ts';
import { ascii, equalsFolded, writeBytes, writeDecimal } from '../sip/bytes.ts';
import { Param, readParam } from '../sip/params.ts';
import type { Edits } from '../sip/splice.ts';
import type { Via } from '../sip/via.ts';
import { RECEIVED_PARAM, RPORT_PARAM } from '../sip/via.ts';
import type { Datagram } from './decision.ts';
import type { Routes } from './routes.ts';

const RECEIVED = ascii(';received=');
const RPORT = ascii(';rport=');
const EQUALS_SIGN = ascii('=');
const SEMICOLON_RPORT_BYTES = RPORT_PARAM.length + 1;

const param = new Param();
const sentBy = new Endpoint();

/**
 * RFC 3581 §4 and RFC 3261 §18.2.1: where the replies to this request go, into `target`. The address is
 * always the source's; the port too where the phone asked for it (`rport`) or is made to (`--rport`), else
 * the port of its sent-by: many phones send from one port and listen on another.
 */
export function replyTarget(datagram: Datagram, via: Via, routes: Routes, target: Endpoint): void {
  target.copyFrom(datagram.source);
  if (replyPortOf(datagram, via, routes) === 'sent_by') target.port = via.sentByPort;
}

/** Which port the replies to a request go to. */
export type ReplyPort = 'source' | 'sent_by';

/** `auto` is chan_sip's rule: a sent-by that is not the source is behind a NAT, so only the source port is reachable. */
export function replyPortOf(datagram: Datagram, via: Via, routes: Routes): ReplyPort {
  if (via.hasRport || routes.rport === 'force') return 'source';
  return routes.rport === 'auto' && !isSentBySource(datagram, via) ? 'source' : 'sent_by';
}

/** True where the Via's sent-by is the numeric address that the datagram came from. */
export function isSentBySource(datagram: Datagram, via: Via): boolean {
  return readHost(datagram.bytes, via.hostStart, via.hostEnd, sentBy) && sentBy.sameHost(datagram.source);
}

/**
 * Writes what we saw into the sender's Via: `received` and `rport` of its own making go first,
 * because both steer our replies; then `received` always, `rport` where replies use the source port.
 */
export function stampTopVia(datagram: Datagram, via: Via, replyPort: ReplyPort, edits: Edits): void {
  const { source } = datagram;
  const hasRport = fillStamps(datagram, via, edits);
  const out = edits.inserts;
  let end = writeBareHost(out, writeBytes(out, edits.writeAt, RECEIVED), source);
  if (!hasRport && replyPort === 'source') {
    end = writeDecimal(out, writeBytes(out, end, RPORT), source.port);
  }
  edits.replace(via.end, 0, end);
}

/** Edits the stamps that are there already; answers whether one of them is an `rport`, which names the source's port then. */
function fillStamps({ bytes, source }: Datagram, via: Via, edits: Edits): boolean {
  if (via.stampsStart < 0) return false;
  if (via.soleRportEnd >= 0) {
    fillRport(source.port, via.stampsStart + SEMICOLON_RPORT_BYTES, via.soleRportEnd, edits);
    return true;
  }
  let hasRport = false;
  let at = via.stampsStart;
  while (readParam(bytes, at, via.end, param) === 'param') {
    // The white space before it goes with it: two folds in a row would be none (§25.1 LWS has one line end).
    const start = at;
    at = param.end;
    if (equalsFolded(bytes, param.nameStart, param.nameEnd, RECEIVED_PARAM)) {
      edits.remove(start, param.end - start);
    } else if (equalsFolded(bytes, param.nameStart, param.nameEnd, RPORT_PARAM)) {
      if (hasRport) edits.remove(start, param.end - start);
      else fillRport(source.port, param.nameEnd, param.end, edits);
      hasRport = true;
    }
  }
  return hasRport;
}

/** Writes a value from behind the name on, `nameEnd`, in place of what stands there. */
function fillRport(port: number, nameEnd: number, end: number, edits: Edits): void {
  const out = edits.inserts;
  const written = writeDecimal(out, writeBytes(out, edits.writeAt, EQUALS_SIGN), port);
  edits.replace(nameEnd, end - nameEnd, written);
}
