import { CODE } from './code.ts';
import {
  COPY_AT,
  EDITS_AT,
  HASH_AT,
  HASH_INPUT_AT,
  HEAD_WORDS,
  INDEX_AT,
  INSERTS_AT,
  KERNEL_BYTES,
  MAX_HEADER_LINES,
  MAX_SCANNED_BYTES,
  METHODS_AT,
  NAMES_AT,
  RESULT_AT,
  TEXT_AT,
} from './layout.ts';
import { Loan } from './loan.ts';
import type { Loops } from './loops.ts';
import { METHODS_BYTES, NAMED_METHODS, writeMethods, writeNames } from './names.ts';
import type { Module, SharedMemory } from './web-assembly.ts';
import { createSharedMemory, WebAssembly } from './web-assembly.ts';

/**
 * The compiled loops of `kernel.as.ts` and the memory that they work on. There is one kernel per thread, because a
 * thread does one thing at a time: what is put in for one call is gone with the next.
 */
class Kernel {
  /** The whole memory: a datagram that lies in it is read without being copied. */
  bytes: Uint8Array;
  words: Int32Array;
  loops: Loops;
  /** Where a call finds and leaves things: a number of a word in `words` where the name says so, else of a byte. */
  resultWord = 0;
  /** The index: its heads, and behind them the lines. */
  indexWord = 0;
  readonly index = new Loan();
  /** What edits insert: so many bytes from `insertsAt` on. The edits themselves stand from word `editsWord` on. */
  insertsAt = 0;
  editsWord = 0;
  readonly inserts = new Loan();
  hashWord = 0;
  /** How many bytes are to be hashed, and where they stand. */
  private inputWord = 0;
  hashInputAt = 0;
  private at = 0;
  private buffer: SharedArrayBuffer;
  private readonly module: Module;
  /** The bytes that were asked for last, and whether they are this memory's. */
  private asked: Uint8Array | undefined = undefined;
  private isHeld = false;

  /** Throws where the machine cannot run the code. */
  constructor() {
    if (!WebAssembly.validate(CODE)) {
      throw new Error('this processor, or this build of Node, has no WebAssembly with vectors (SIMD)');
    }
    this.module = new WebAssembly.Module(CODE);
    const memory = createSharedMemory(KERNEL_BYTES);
    this.buffer = memory.buffer;
    this.bytes = new Uint8Array(this.buffer);
    this.words = new Int32Array(this.buffer);
    this.loops = this.settle(memory, 0);
  }

  /**
   * Goes to live at `at`, a multiple of 64, of a memory in which datagrams arrive: KERNEL_BYTES of it are its own.
   * Whatever it was given before is forgotten.
   */
  moveTo(memory: SharedMemory, at: number): void {
    this.index.takeBack();
    this.inserts.takeBack();
    this.buffer = memory.buffer;
    this.bytes = new Uint8Array(this.buffer);
    this.words = new Int32Array(this.buffer);
    this.asked = undefined;
    this.loops = this.settle(memory, at);
  }

  private settle(memory: SharedMemory, at: number): Loops {
    this.at = at;
    this.resultWord = (at + RESULT_AT) >>> 2;
    this.indexWord = (at + INDEX_AT) >>> 2;
    this.insertsAt = at + INSERTS_AT;
    this.editsWord = (at + EDITS_AT) >>> 2;
    this.hashWord = (at + HASH_AT) >>> 2;
    this.inputWord = (at + HASH_INPUT_AT) >>> 2;
    this.hashInputAt = at + HASH_INPUT_AT + 4;
    writeNames(this.bytes.subarray(at + NAMES_AT, at + RESULT_AT));
    writeMethods(this.bytes.subarray(at + METHODS_AT, at + METHODS_AT + METHODS_BYTES));
    const loops = new WebAssembly.Instance(this.module, { env: { memory } }).exports as Loops;
    // An object of our own: theirs is looked up by name at each call.
    return { ...loops };
  }

  /** All bytes of a buffer: the kernel's own view where it is its memory, which is then known at a glance. */
  bytesOf(buffer: SharedArrayBuffer): Uint8Array {
    return buffer === this.buffer ? this.bytes : new Uint8Array(buffer);
  }

  /** The same in words. */
  wordsOf(buffer: SharedArrayBuffer): Int32Array {
    return buffer === this.buffer ? this.words : new Int32Array(buffer, 0, buffer.byteLength >>> 2);
  }

  /** True where these bytes are the whole memory. So short that V8 has it wherever it is asked. */
  holds(bytes: Uint8Array): boolean {
    return bytes === this.bytes || this.isOtherView(bytes);
  }

  private isOtherView(bytes: Uint8Array): boolean {
    if (bytes !== this.asked) {
      this.asked = bytes;
      this.isHeld = bytes.buffer === this.buffer && bytes.byteOffset === 0;
    }
    return this.isHeld;
  }

  /** The same of words. */
  holdsWords(words: Int32Array): boolean {
    return words === this.words || (words.buffer === this.buffer && words.byteOffset === 0);
  }

  /**
   * Where the range stands in the kernel's memory: where it is, or where it was copied to. At most MAX_SCANNED_BYTES
   * of other memory, which the next such call overwrites.
   */
  placeOf(bytes: Uint8Array, start: number, end: number): number {
    if (this.holds(bytes)) return start;
    const at = this.at + COPY_AT;
    this.bytes.set(bytes.subarray(start, Math.min(end, start + MAX_SCANNED_BYTES)), at);
    return at;
  }

  /**
   * Reads an ordinary Request-Line; answers where the next line starts, or 0 where it is another one. At `resultWord`
   * stands where the method ends and, behind that, where the URI does.
   */
  requestLine(from: number, end: number): number {
    return this.loops.requestLine(from, end, this.resultWord << 2);
  }

  /** Reads an ordinary Status-Line; answers where the next line starts, or 0 where it is another one. Its code stands at `resultWord`. */
  statusLine(from: number, end: number): number {
    return this.loops.statusLine(from, end, this.resultWord << 2);
  }

  /**
   * Reads an ordinary name-addr. At `resultWord` stands where its bracket opens, where it closes, and
   * where its `tag` starts: `end` where it has no parameters, -1 where it has others.
   */
  nameAddr(from: number, end: number): boolean {
    return this.loops.nameAddr(from, end, this.resultWord << 2) === 1;
  }

  /** Reads an ordinary CSeq. At `resultWord` stands where the number ends and, behind that, the number. */
  cseq(from: number, end: number): boolean {
    return this.loops.cseq(from, end, this.resultWord << 2) === 1;
  }

  /** Reads a dotted quad that fills the range; it stands at `resultWord` as one number. */
  ipv4(from: number, end: number): boolean {
    return this.loops.ipv4(from, end, this.resultWord << 2) === 1;
  }

  /**
   * Reads an ordinary sip URI. At `resultWord` stand where the user ends (where the host starts, if there is none), where
   * the host starts and ends, the port, 0 for none, and where the parameters start.
   */
  sipUri(from: number, end: number): boolean {
    return this.loops.sipUri(from, end, this.resultWord << 2) === 1;
  }

  /**
   * Reads ordinary credentials, or a challenge, from behind their scheme on. At `resultWord` stands where the nonce starts and
   * ends, twice 0 for none; 1 where there is a response, else 0; how many nonces there are; 1 where a `stale` is `true`, else 0.
   */
  credentials(from: number, end: number): boolean {
    return this.loops.credentials(from, end, this.resultWord << 2) === 1;
  }

  /**
   * Reads one ordinary Via value, which a comma ends, or the end. At `resultWord` stand, `shift` added to all positions
   * and -1 for what is absent: where the host ends; the port, 0 for none; where the sent-by ends; where the value ends;
   * where the first `received` or `rport` starts; the port that `rport` names, 0 for none; where the `rport` ends that is alone
   * among them; and, start and end of each value, `received`, `branch`, `m`, `s`, `l`.
   */
  via(from: number, end: number, shift: number): boolean {
    return this.loops.via(from, end, this.resultWord << 2, shift) === 1;
  }

  /**
   * Reads ordinary header lines from `from` on into the index, which holds `line` of them; answers how many there are
   * then. Positions are written with `shift` added.
   */
  scan(from: number, end: number, line: number, shift: number): number {
    const heads = this.indexWord << 2;
    const lines = heads + HEAD_WORDS * 4;
    return this.loops.scan(from, end, lines, heads, line, MAX_HEADER_LINES, shift, this.at + NAMES_AT);
  }

  /** Sets all heads of the index to zero. */
  clearHeads(): void {
    this.loops.clearHeads(this.indexWord << 2);
  }

  /** Copies the index, of so many lines, to word `to` of the kernel's memory, with `shift` added to its positions. */
  copyIndex(to: number, lines: number, shift: number): void {
    this.loops.copyIndex(this.indexWord << 2, to << 2, lines, shift);
  }

  /**
   * Copies the start line of the message that the index is of, which has so many lines, those lines whose ids are bits of `wanted`,
   * and an empty line, behind an index of them at word `to`. Answers where the copy ends; at `resultWord` stands how many lines it has,
   * then where it starts. Writes up to 15 bytes past its end.
   */
  copyPart(
    start: number,
    headersStart: number,
    headersEnd: number,
    lines: number,
    wanted: number,
    to: number,
  ): number {
    const heads = this.indexWord << 2;
    const out = this.resultWord << 2;
    return this.loops.copyPart(heads, lines, start, headersStart, headersEnd, wanted, to << 2, out);
  }

  /** Reads a branch of our form: the cookie and 32 hex digits in lower case; the four words that they are stand at `resultWord`. */
  ownBranch(from: number, length: number): boolean {
    return this.loops.ownBranch(from, length, this.resultWord << 2) === 1;
  }

  /** True where the magic cookie stands at `at`. */
  isCookie(at: number): boolean {
    return this.loops.isCookie(at) === 1;
  }

  /** The number in METHODS of the method that fills the range; that of `other` where it is none of them. */
  method(from: number, end: number): number {
    return this.loops.method(from, end - from, this.at + METHODS_AT, NAMED_METHODS);
  }

  /** Writes a dotted quad at `to`; answers the position behind it. */
  writeIpv4(address: number, to: number): number {
    return this.loops.writeIpv4(address, to);
  }

  /** `bytes.copyWithin`, which is slow where threads share the bytes. */
  copyWithin(bytes: Uint8Array, to: number, start: number, end: number): void {
    if (this.holds(bytes)) this.loops.move(to, start, end - start);
    else bytes.copyWithin(to, start, end);
  }

  /**
   * Carries out so many edits, which must stand at `editsWord` and insert from `insertsAt` on, in a message that starts at
   * `start` and then at `newStart`, before it: bytes before the last edit move towards the start, and none move the other way.
   */
  shiftLeft(count: number, start: number, newStart: number): void {
    this.loops.shiftLeft(this.editsWord << 2, count, this.insertsAt, start, newStart);
  }

  /** Keeps a text of up to TEXT_BYTES that is written again and again, in place of the one before; a move forgets it. */
  keepText(text: Uint8Array): void {
    this.bytes.set(text, this.at + TEXT_AT);
  }

  /** Writes so many bytes of the text at `to` of its memory. */
  writeText(to: number, length: number): void {
    this.loops.move(to, this.at + TEXT_AT, length);
  }

  /** True where so many bytes of the text, from `from` on, stand at `at` of its memory. */
  isText(at: number, from: number, length: number): boolean {
    return this.loops.same(at, this.at + TEXT_AT + from, length) === 1;
  }

  /** Writes the first 8 or all 16 bytes of the hash that was made last, as words in lower-case hex, at `to` of its memory. */
  writeHash(to: number, resultBytes: 8 | 16): void {
    this.loops.hex(this.hashWord << 2, to, resultBytes);
  }

  /** True where the first 8 bytes of the hash that was made last stand as `writeHash` writes them at `at` of its memory. */
  isHash(at: number): boolean {
    return this.loops.isHex(this.hashWord << 2, at) === 1;
  }

  /** How many of the bytes at `hashInputAt` are to be hashed. */
  get hashedBytes(): number {
    return this.words[this.inputWord]!;
  }

  set hashedBytes(count: number) {
    this.words[this.inputWord] = count;
  }

  /** Adds a field to the input of the hash: its length in two bytes, and its bytes, cut where they do not fit. */
  putField(bytes: Uint8Array, start: number, length: number): void {
    if (this.holds(bytes)) this.loops.field(start, length, this.inputWord << 2);
    else this.putForeignField(bytes, start, length);
  }

  /** The same with capital letters folded. */
  putFoldedField(bytes: Uint8Array, start: number, length: number): void {
    if (this.holds(bytes)) {
      this.loops.foldedField(start, length, this.inputWord << 2);
      return;
    }
    const used = this.hashedBytes;
    this.putForeignField(bytes, start, length);
    const size = this.hashedBytes - used - 2;
    this.hashedBytes = used;
    this.loops.foldedField(this.hashInputAt + used + 2, size, this.inputWord << 2);
  }

  /** A field that lies in other memory. */
  private putForeignField(bytes: Uint8Array, start: number, length: number): void {
    const used = this.hashedBytes;
    // Adds the right length and the wrong bytes.
    this.loops.field(this.hashInputAt, length, this.inputWord << 2);
    const size = this.hashedBytes - used - 2;
    const to = this.hashInputAt + used + 2;
    for (let i = 0; i < size; i++) this.bytes[to + i] = bytes[start + i]!;
  }

  /** Adds a word, low byte first. */
  putWord(value: number): void {
    this.loops.word(value, this.inputWord << 2);
  }

  /** Adds four of them. */
  putWords(a: number, b: number, c: number, d: number): void {
    this.loops.words(a, b, c, d, this.inputWord << 2);
  }

  /** Adds how many lines of the index at word `heads` of its memory carry a header, and their values, which lie there, too. */
  putHeaders(heads: number, id: number): void {
    this.loops.headerFields(heads << 2, id, this.inputWord << 2);
  }

  /** Adds whether a header is there, and the value of its first line up to the last angle bracket, if it has one. */
  putAddress(heads: number, id: number): void {
    this.loops.addressField(heads << 2, id, this.inputWord << 2);
  }

  /** Hashes the input; 8 or 16 bytes of result stand at `hashWord`. */
  hash(key: Int32Array, resultBytes: 8 | 16): void {
    this.loops.sipHash(
      key[0]!,
      key[1]!,
      key[2]!,
      key[3]!,
      this.inputWord << 2,
      this.hashWord << 2,
      resultBytes,
    );
  }

  /** True where the same bytes stand at two places of its memory. */
  isSame(one: number, other: number, length: number): boolean {
    return this.loops.same(one, other, length) === 1;
  }
}

export const kernel = new Kernel();
