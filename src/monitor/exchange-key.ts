import { ascii, COLON, COMMA, equals, isSpace, isTokenByte, SEMICOLON, ZERO } from '../sip/bytes.ts';
import { CSeq, readCSeq } from '../sip/cseq.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import { DEFAULT_PORT, readVia, Via } from '../sip/via.ts';
import { hashOf, textOf } from './texts.ts';

const REGISTER = ascii('REGISTER');
const UDP = ascii('SIP/2.0/UDP ');
const BRANCH = ascii(';branch=');

/** Longer branches and hosts are no key: nobody writes them, and what is kept is bounded. */
export const MAX_KEY_PART = 255;

/** The end of a branch tells more than its beginning; a hash of so much of it is enough to find by. */
const HASHED_BYTES = 16;

/**
 * The identity of a transaction as a datagram states it: branch and sent-by of the top Via, and the sequence
 * number (RFC 3261 §17.2.3; the method is REGISTER). Spans, which die with the datagram.
 */
export class ExchangeKey {
  bytes: Uint8Array = new Uint8Array(0);
  branchStart = 0;
  branchEnd = 0;
  hostStart = 0;
  hostEnd = 0;
  port = 0;
  cseq = 0;
  hash = 0;
  private readonly via = new Via();
  private readonly number = new CSeq();

  /** False where the message is no well-formed REGISTER or response to one. */
  read(message: Message): boolean {
    const cseqLine = message.firstOf(Header.CSEQ);
    const viaLine = message.firstOf(Header.VIA);
    if (cseqLine < 0 || viaLine < 0) return false;
    const { bytes } = message;
    const { number } = this;
    if (!readCSeq(bytes, message.valueStart(cseqLine), message.valueEnd(cseqLine), number)) return false;
    if (!equals(bytes, number.methodStart, number.methodEnd, REGISTER)) return false;
    this.bytes = bytes;
    this.cseq = number.number;
    const start = message.valueStart(viaLine);
    const end = message.valueEnd(viaLine);
    if (!this.readUsual(bytes, start, end) && !this.readAny(message, start, end)) return false;
    const hashed = Math.max(this.branchStart, this.branchEnd - HASHED_BYTES);
    this.hash = hashOf(bytes, hashed, this.branchEnd, this.cseq);
    return this.branchEnd - this.branchStart <= MAX_KEY_PART && this.hostEnd - this.hostStart <= MAX_KEY_PART;
  }

  /** The form that we and nearly all write, in one pass: `SIP/2.0/UDP host:port;branch=…`, the branch first. */
  private readUsual(bytes: Uint8Array, start: number, end: number): boolean {
    let at = start + UDP.length;
    if (at >= end || !equals(bytes, start, at, UDP)) return false;
    this.hostStart = at;
    while (at < end && bytes[at] !== COLON && bytes[at] !== SEMICOLON) {
      if (!isTokenByte(bytes[at]!)) return false;
      at++;
    }
    this.hostEnd = at;
    this.port = DEFAULT_PORT;
    if (at < end && bytes[at] === COLON) {
      at = this.readPort(bytes, at + 1, end);
      if (at < 0) return false;
    }
    this.branchStart = at + BRANCH.length;
    if (this.hostEnd === this.hostStart || this.branchStart > end) return false;
    if (!equals(bytes, at, this.branchStart, BRANCH)) return false;
    at = this.branchStart;
    while (at < end && bytes[at] !== SEMICOLON && bytes[at] !== COMMA && !isSpace(bytes[at]!)) at++;
    this.branchEnd = at;
    return at > this.branchStart;
  }

  private readPort(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    let port = 0;
    while (at < end && at - start < 5 && bytes[at]! >= ZERO && bytes[at]! <= ZERO + 9) {
      port = port * 10 + bytes[at++]! - ZERO;
    }
    this.port = port;
    return port > 0 && port <= 65_535 ? at : -1;
  }

  private readAny(message: Message, start: number, end: number): boolean {
    const { via } = this;
    const { bytes } = message;
    if (!readVia(bytes, start, end, via)) return false;
    this.hostStart = via.hostStart;
    this.hostEnd = via.hostEnd;
    this.port = via.sentByPort;
    this.branchStart = via.branchStart;
    this.branchEnd = via.branchEnd;
    if (via.branchStart < via.branchEnd) return true;
    // RFC 2543 clients have no branch; their Call-ID has to do.
    const callId = message.firstOf(Header.CALL_ID);
    this.branchStart = callId < 0 ? end : message.valueStart(callId);
    this.branchEnd = callId < 0 ? end : message.valueEnd(callId);
    return true;
  }

  /** The same as text, for the few that must wait. */
  get text(): string {
    const branch = textOf(this.bytes, this.branchStart, this.branchEnd);
    const host = textOf(this.bytes, this.hostStart, this.hostEnd).toLowerCase();
    return `${this.cseq} ${host}:${this.port} ${branch}`;
  }
}
