import { RANGLE, sameBytes } from './bytes.ts';
import type { HeaderId } from './headers.ts';
import { kernel } from './kernel/kernel.ts';
import { HEAD_WORDS, LINE_WORDS } from './kernel/layout.ts';
import type { Holder } from './kernel/loan.ts';
import { methodOf } from './method-of.ts';
import type { Method } from './methods.ts';
import type { HashInput } from './siphash.ts';

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
   * Copies start line and those header lines whose ids are bits of `wanted`, a well-formed message by themselves, behind an index of
   * their own at word `to` of the kernel's memory. Answers where the copy ends, and leaves the rest where `Kernel.copyPart` says; 0 where
   * the message is not the kernel's last one. Writes up to 15 bytes past its end.
   */
  copyPart(wanted: number, to: number): number {
    if (this.words !== kernel.words || !kernel.holds(this.bytes)) return 0;
    return kernel.copyPart(this.start, this.headersStart, this.headersEnd, this.headerCount, wanted, to);
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

  /** True where the range holds the method of the start line. */
  isMethod(start: number, end: number): boolean {
    const length = this.methodEnd - this.start;
    if (end - start !== length) return false;
    if (kernel.holds(this.bytes)) return kernel.isSame(start, this.start, length);
    return sameBytes(this.bytes, start, end, this.bytes, this.start, this.methodEnd);
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

  /** Adds to what is hashed how many lines carry this header, and their values. */
  hashHeaders(id: HeaderId, input: HashInput): void {
    if (this.isInKernel) {
      kernel.putHeaders(this.headsWord, id);
      return;
    }
    input.word(this.countOf(id));
    for (let line = this.firstOf(id); line >= 0; line = this.nextOf(id, line)) {
      input.field(this.bytes, this.valueStart(line), this.valueEnd(line));
    }
  }

  /**
   * The same of the first line of a header that holds an address, up to its last angle bracket, behind which nothing but
   * parameters can be.
   */
  hashAddress(id: HeaderId, input: HashInput): void {
    if (this.isInKernel) {
      kernel.putAddress(this.headsWord, id);
      return;
    }
    const line = this.firstOf(id);
    input.word(line < 0 ? 0 : 1);
    if (line < 0) return;
    const start = this.valueStart(line);
    const valueEnd = this.valueEnd(line);
    let end = valueEnd;
    while (end > start && this.bytes[end - 1] !== RANGLE) end--;
    input.field(this.bytes, start, end > start ? end : valueEnd);
  }

  /** Both the message and its index lie in the kernel's memory. */
  private get isInKernel(): boolean {
    return kernel.holds(this.bytes) && kernel.holdsWords(this.words);
  }

  fail(fault: MessageFault): void {
    this.fault ??= fault;
  }
}
