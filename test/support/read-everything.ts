/**
 * Runs every reader of src/sip over one window and writes down what it answered, positions counted from the
 * window's start. Two windows with the same datagram must give the same notes, whatever stands around them and
 * whatever the readers' objects held before.
 */
import { Endpoint, readHost, readIpv4, readIpv6 } from '../../src/sip/address.ts';
import { findAuthParam, readAuthScheme } from '../../src/sip/auth.ts';
import { ascii } from '../../src/sip/bytes.ts';
import { CSeq, readCSeq } from '../../src/sip/cseq.ts';
import type { MessageFault } from '../../src/sip/message.ts';
import { Message } from '../../src/sip/message.ts';
import { METHODS } from '../../src/sip/methods.ts';
import { findParam, NameAddr, readListedNameAddr, readNameAddr } from '../../src/sip/name-addr.ts';
import { Param, readParam, Span } from '../../src/sip/params.ts';
import { parse } from '../../src/sip/parse.ts';
import { findUriParam, readUri, Uri } from '../../src/sip/uri.ts';
import { hasCookieBranch, readVia, Via } from '../../src/sip/via.ts';
import type { Window } from './window.ts';

const TAG = ascii('tag');
const LR = ascii('lr');
const NONCE = ascii('nonce');
const FAULTS: readonly (MessageFault | undefined)[] = [
  undefined,
  'start_line',
  'version',
  'header_line',
  'headers_unterminated',
  'content_length',
];

/** One set of the objects that a worker fills again and again. */
export class Reader {
  private notes: number[] = [];
  private window: Window = { bytes: new Uint8Array(0), start: 0, end: 0 };
  readonly message = new Message();
  private readonly via = new Via();
  private readonly nameAddr = new NameAddr();
  private readonly uri = new Uri();
  private readonly param = new Param();
  private readonly cseq = new CSeq();
  private readonly span = new Span();
  private readonly address = new Endpoint();

  /** The notes on the window as a message, header by header. Throws where a position falls outside of the window. */
  readMessage(window: Window): readonly number[] {
    this.begin(window);
    const { message } = this;
    if (!this.note(parse(window.bytes, window.start, window.end, message))) return this.notes;
    this.notes.push(FAULTS.indexOf(message.fault), METHODS.indexOf(message.method), message.status);
    this.notes.push(message.eolLength, message.headerCount, message.isRequest ? 1 : 0);
    this.range(message.start, message.end);
    this.range(message.start, message.methodEnd);
    this.range(message.uriStart, message.uriEnd);
    this.range(message.headersStart, message.headersEnd);
    this.range(message.bodyStart, message.end);
    if (message.isRequest) this.readUri(message.uriStart, message.uriEnd);
    for (let line = 0; line < message.headerCount; line++) {
      this.notes.push(message.idOf(line));
      this.range(message.lineStart(line), message.lineEnd(line));
      this.readValue(message.valueStart(line), message.valueEnd(line));
    }
    return this.notes;
  }

  /** The notes on the window as a header value of every kind. */
  readAsValue(window: Window): readonly number[] {
    this.begin(window);
    this.readValue(window.start, window.end);
    this.readUri(window.start, window.end);
    const { bytes, start, end } = window;
    this.note(readHost(bytes, start, end, this.address));
    this.notes.push(readIpv4(bytes, start, end, this.address) < 0 ? 0 : 1);
    this.notes.push(readIpv6(bytes, start, end, this.address) < 0 ? 0 : 1);
    return this.notes;
  }

  private begin(window: Window): void {
    this.notes = [];
    this.window = window;
  }

  private readValue(start: number, end: number): void {
    const { bytes } = this.window;
    this.range(start, end);
    this.readVias(start, end);
    this.readNameAddrs(start, end);
    if (this.note(readNameAddr(bytes, start, end, this.nameAddr))) this.noteNameAddr();
    if (this.note(readCSeq(bytes, start, end, this.cseq))) {
      this.notes.push(this.cseq.number);
      this.range(this.cseq.numberStart, this.cseq.numberEnd);
      this.range(this.cseq.methodStart, this.cseq.methodEnd);
    }
    if (this.note(readAuthScheme(bytes, start, end, this.span))) this.range(this.span.start, this.span.end);
    if (this.note(findAuthParam(bytes, start, end, NONCE, this.span)))
      this.range(this.span.start, this.span.end);
  }

  private readVias(start: number, end: number): void {
    const { via } = this;
    for (let at = start; at >= 0; at = via.next) {
      if (!this.note(readVia(this.window.bytes, at, end, via))) return;
      this.range(via.start, via.end);
      this.range(via.hostStart, via.hostEnd);
      this.range(via.paramsStart, via.end);
      this.optionalRange(via.branchStart, via.branchEnd);
      this.optionalRange(via.receivedStart, via.receivedEnd);
      this.optionalRange(via.checkStart, via.checkEnd);
      this.optionalRange(via.socketStart, via.socketEnd);
      this.optionalRange(via.loopStart, via.loopEnd);
      this.notes.push(via.port, via.sentByPort, via.rport, via.isUdp ? 1 : 0, via.hasRport ? 1 : 0);
      this.note(hasCookieBranch(this.window.bytes, via));
      this.note(readHost(this.window.bytes, via.hostStart, via.hostEnd, this.address));
      this.advance(at, via.next, end);
    }
  }

  private readNameAddrs(start: number, end: number): void {
    const { nameAddr } = this;
    for (let at = start; at >= 0; at = nameAddr.next) {
      if (!this.note(readListedNameAddr(this.window.bytes, at, end, nameAddr))) return;
      this.noteNameAddr();
      this.advance(at, nameAddr.next, end);
    }
  }

  private noteNameAddr(): void {
    const { nameAddr, param } = this;
    const { bytes } = this.window;
    this.range(nameAddr.start, nameAddr.end);
    this.range(nameAddr.paramsStart, nameAddr.end);
    this.notes.push(nameAddr.isStar ? 1 : 0, nameAddr.isBracketed ? 1 : 0);
    this.readUri(nameAddr.uriStart, nameAddr.uriEnd);
    if (this.note(findParam(bytes, nameAddr, TAG, param))) this.noteParam();
    let at = nameAddr.paramsStart;
    while (readParam(bytes, at, nameAddr.end, param) === 'param') {
      this.noteParam();
      this.advance(at, param.end, nameAddr.end);
      at = param.end;
    }
  }

  private noteParam(): void {
    const { param } = this;
    this.range(param.start, param.end);
    this.range(param.nameStart, param.nameEnd);
    this.range(param.valueStart, param.valueEnd);
    this.note(param.hasValue);
  }

  private readUri(start: number, end: number): void {
    const { uri, param } = this;
    this.range(start, end);
    const isRead = this.note(readUri(this.window.bytes, start, end, uri));
    if (!isRead) return;
    this.notes.push(uri.port, uri.scheme.length, uri.hasUser ? 1 : 0);
    this.range(uri.userStart, uri.userEnd);
    this.range(uri.hostStart, uri.hostEnd);
    this.range(uri.paramsStart, uri.paramsEnd);
    this.range(uri.headersStart, uri.end);
    this.note(readHost(this.window.bytes, uri.hostStart, uri.hostEnd, this.address));
    if (this.note(findUriParam(this.window.bytes, uri, LR, param))) this.noteParam();
  }

  private note(answer: boolean): boolean {
    this.notes.push(answer ? 1 : 0);
    return answer;
  }

  private range(start: number, end: number): void {
    const { window } = this;
    const isInside = start >= window.start && start <= end && end <= window.end;
    if (!isInside) throw new RangeError(`${start}..${end} is not within ${window.start}..${window.end}`);
    this.notes.push(start - window.start, end - window.start);
  }

  /** A span that may be absent: both its ends are -1 then, and not what the value before left there. */
  private optionalRange(start: number, end: number): void {
    if (start === -1) this.notes.push(start, end);
    else this.range(start, end);
  }

  /** A reader that leads on must get ahead, or whoever follows it loops. */
  private advance(from: number, next: number, end: number): void {
    this.notes.push(next < 0 ? -1 : next - this.window.start);
    if (next >= 0 && (next <= from || next > end)) throw new RangeError(`from ${from} it leads to ${next}`);
  }
}
