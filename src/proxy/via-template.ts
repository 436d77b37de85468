import { MAX_HOST_BYTES, writeHost } from '../sip/address.ts';
import { ascii, COLON, writeBytes, writeDecimal } from '../sip/bytes.ts';
import { kernel } from '../sip/kernel/kernel.ts';
import type { Edits } from '../sip/splice.ts';
import type { Via } from '../sip/via.ts';
import type { AskRport, Passage } from './own-via.ts';
import type { Routes } from './routes.ts';

const VIA = ascii('Via: SIP/2.0/UDP ');
const BRANCH = ascii(';branch=z9hG4bK');
const SOCKET = ascii(';s=');
const CHECK = ascii(';m=');
const LOOP = ascii(';l=');
const ASK_RPORT = ascii(';rport');
const CRLF = ascii('\r\n');
const BRANCH_DIGITS = 32;
/** Hex digits of `m` and `l`: 64 bits. */
export const CHECK_DIGITS = 16;
/** A colon and a port, and a socket's number. */
const MAX_PORT_BYTES = 6;
const MAX_SOCKET_BYTES = 2;
const MAX_BYTES =
  VIA.length +
  MAX_HOST_BYTES +
  MAX_PORT_BYTES +
  BRANCH.length +
  BRANCH_DIGITS +
  SOCKET.length +
  MAX_SOCKET_BYTES +
  CHECK.length +
  CHECK_DIGITS +
  LOOP.length +
  CHECK_DIGITS +
  ASK_RPORT.length +
  CRLF.length;

/**
 * The line of our Via but for the digits of its hashes. Most requests take the same way, so it is made only where this
 * one's is another than that of the last.
 */
export class ViaTemplate {
  /** Where the digits go, counted from the line's beginning. */
  branchAt = 0;
  checkAt = 0;
  loopAt = 0;
  private text = new Uint8Array(0);
  /** What it is made for. */
  private routes: Routes | undefined = undefined;
  private departure = -1;
  private arrival = -1;
  private askRport: AskRport = 'plain';
  private eolLength = 0;
  /** The memory in which the kernel keeps the text. */
  private keptIn: Uint8Array | undefined = undefined;
  /** Behind the host and port in the text. */
  private sentByEnd = 0;
  /** The first socket with this sent-by. */
  private socket = -1;

  /** Becomes the line for a request, whose own lines end with so many bytes. */
  fit(routes: Routes, passage: Passage, eolLength: number): void {
    const isSame =
      routes === this.routes &&
      passage.departure === this.departure &&
      passage.arrival === this.arrival &&
      passage.askRport === this.askRport &&
      eolLength === this.eolLength &&
      this.keptIn === kernel.bytes;
    if (!isSame) this.make(routes, passage, eolLength);
  }

  /** Writes the line for the next `replace`; answers where it ends. */
  write(edits: Edits): number {
    const at = edits.writeAt;
    if (!edits.isInKernel) return writeBytes(edits.inserts, at, this.text);
    kernel.writeText(at, this.text.length);
    return at + this.text.length;
  }

  /** The socket whose sent-by a Via states in the very bytes of this line; -1 where it states another, or in another way. */
  socketOf(bytes: Uint8Array, { hostStart, paramsStart }: Via, routes: Routes): number {
    const length = this.sentByEnd - VIA.length;
    if (paramsStart - hostStart !== length || routes !== this.routes) return -1;
    if (!kernel.holds(bytes) || this.keptIn !== kernel.bytes) return -1;
    return kernel.isText(hostStart, VIA.length, length) ? this.socket : -1;
  }

  private make(routes: Routes, { departure, arrival, askRport }: Passage, eolLength: number): void {
    const { sentBy } = routes.sockets[departure]!;
    const out = new Uint8Array(MAX_BYTES);
    let at = writeHost(out, writeBytes(out, 0, VIA), sentBy);
    out[at++] = COLON;
    this.sentByEnd = writeDecimal(out, at, sentBy.port);
    this.branchAt = writeBytes(out, this.sentByEnd, BRANCH);
    at = writeDecimal(out, writeBytes(out, this.branchAt + BRANCH_DIGITS, SOCKET), arrival);
    this.checkAt = writeBytes(out, at, CHECK);
    this.loopAt = writeBytes(out, this.checkAt + CHECK_DIGITS, LOOP);
    at = this.loopAt + CHECK_DIGITS;
    if (askRport === 'rport') at = writeBytes(out, at, ASK_RPORT);
    at = writeBytes(out, at, CRLF.subarray(CRLF.length - eolLength));
    this.text = out.slice(0, at);
    kernel.keepText(this.text);
    this.keptIn = kernel.bytes;
    this.routes = routes;
    this.departure = departure;
    this.arrival = arrival;
    this.askRport = askRport;
    this.eolLength = eolLength;
    this.socket = routes.sockets.findIndex((socket) => socket.sentBy.sameAs(sentBy));
  }
}
