import { ascii } from '../sip/bytes.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import { NameAddr, readListedNameAddr } from '../sip/name-addr.ts';
import { Param } from '../sip/params.ts';
import type { Edits } from '../sip/splice.ts';
import { findUriParam, readUri, Uri } from '../sip/uri.ts';

/** More hops than any route set has; one that is longer is refused. */
export const MAX_ROUTES = 128;

const LR = ascii('lr');
const value = new NameAddr();
const uri = new Uri();
const param = new Param();

/**
 * The Route values of a request, in order, and which of them go. Values are taken out of their lines only
 * at the end, in one go, so that a line whose values all go takes its name with it.
 */
export class RouteSet {
  count = 0;
  /** Index of the first value that stays. */
  first = 0;
  /** Behind the last value that stays. */
  last = 0;
  private readonly lines = new Int32Array(MAX_ROUTES);
  private readonly starts = new Int32Array(MAX_ROUTES);
  private readonly ends = new Int32Array(MAX_ROUTES);
  private readonly uriStarts = new Int32Array(MAX_ROUTES);
  private readonly uriEnds = new Int32Array(MAX_ROUTES);

  /** Reads all Route headers; false where a value is malformed or there are too many. */
  read(message: Message): boolean {
    const { bytes } = message;
    this.count = 0;
    this.first = 0;
    for (let line = message.firstOf(Header.ROUTE); line >= 0; line = message.nextOf(Header.ROUTE, line)) {
      const end = message.valueEnd(line);
      let at = message.valueStart(line);
      while (at >= 0) {
        if (this.count === MAX_ROUTES || !readListedNameAddr(bytes, at, end, value) || value.isStar)
          return false;
        this.add(line);
        at = value.next;
      }
    }
    this.last = this.count;
    return true;
  }

  private add(line: number): void {
    this.lines[this.count] = line;
    this.starts[this.count] = value.start;
    this.ends[this.count] = value.end;
    this.uriStarts[this.count] = value.uriStart;
    this.uriEnds[this.count] = value.uriEnd;
    this.count++;
  }

  get isEmpty(): boolean {
    return this.first >= this.last;
  }

  /** The URI of value `index`; false where it is none. */
  uriAt(message: Message, index: number, into: Uri): boolean {
    return readUri(message.bytes, this.uriStarts[index]!, this.uriEnds[index]!, into);
  }

  /** True where the URI of value `index` asks for loose routing (RFC 3261 §19.1.1 lr). */
  isLoose(message: Message, index: number): boolean {
    return this.uriAt(message, index, uri) && findUriParam(message.bytes, uri, LR, param);
  }

  startOf(index: number): number {
    return this.starts[index]!;
  }

  endOf(index: number): number {
    return this.ends[index]!;
  }

  /** Takes every value outside [first, last) out of the message. */
  removeTaken(message: Message, edits: Edits): void {
    let from = 0;
    while (from < this.count) {
      let behind = from;
      while (behind < this.count && this.lines[behind] === this.lines[from]) behind++;
      this.editLine(message, from, behind, edits);
      from = behind;
    }
  }

  /** One header line, whose values are [from, behind). */
  private editLine(message: Message, from: number, behind: number, edits: Edits): void {
    const firstKept = Math.min(Math.max(from, this.first), behind);
    const lastKept = Math.max(Math.min(behind, this.last), firstKept);
    if (firstKept === lastKept) {
      const line = this.lines[from]!;
      edits.remove(message.lineStart(line), message.lineEnd(line) - message.lineStart(line));
      return;
    }
    if (firstKept > from) edits.remove(this.starts[from]!, this.starts[firstKept]! - this.starts[from]!);
    const keptEnd = this.ends[lastKept - 1]!;
    if (lastKept < behind) edits.remove(keptEnd, this.ends[behind - 1]! - keptEnd);
  }
}
