import type { Endpoint } from '../sip/address.ts';
import { REGISTRATION_HEADERS } from '../sip/headers.ts';
import { kernel } from '../sip/kernel/kernel.ts';
import { HEAD_WORDS, LINE_WORDS } from '../sip/kernel/layout.ts';
import { Message } from '../sip/message.ts';
import { BRANCH_WORDS, Transaction } from '../sip/transaction.ts';

/**
 * A single-producer single-consumer queue of messages in shared memory. The producer never waits: a record
 * that does not fit is refused, and so is what comes behind it until an eighth of the ring is free. So there are few gaps, and long ones:
 * of a REGISTER and its answer the reader sees both or none, but for those at the edges. It learns of each gap where it is.
 *
 * Records are contiguous, so that the reader can look at them where they lie; what was
 * read of the message to forward it comes along, so that nobody reads it again. What tells nothing of registrations (Vias, Allow,
 * the body) stays behind where the transaction is known: about a third of all bytes, and in a storm records wait by the hundred thousand.
 *
 * Record, 8-byte aligned: length i32, kind i32, atMs f64, phone 5 × i32, registrar 5 × i32, lines i32, status i32,
 * transaction 10 × i32, the index of so many lines, then the bytes: the message, or a smaller one of its lines.
 * `head` and `tail` are byte counts modulo 2^32; only they are shared atomically, each written by one side. Where
 * the data's first byte counts from is `base`: the producer sets it to `head` now and then when the ring is empty, so
 * that a ring whose reader keeps up uses its beginning again and again, which is in the caches. The reader looks at
 * it where it looks at `head`: until then it has nothing that an older base would be needed for.
 */

export const RING_KINDS = ['request', 'response'] as const;
export type RingKind = (typeof RING_KINDS)[number];

/** What a reader fills for each record; `bytes` and `message` lie in the ring's own memory and are valid until `release`. */
export interface RingRecord {
  atMs: number;
  kind: RingKind;
  readonly phone: Endpoint;
  readonly registrar: Endpoint;
  bytes: Uint8Array;
  start: number;
  end: number;
  /** As parsed by whoever offered it; undefined where it has too many lines to be told. */
  message: Message | undefined;
  /** As offered; undefined where it was not known. */
  transaction: Transaction | undefined;
}

const PHONE = 4;
const REGISTRAR = 9;
const LINES = 14;
const STATUS = 15;
const TRANSACTION = 16;
const SENT_BY = TRANSACTION + BRANCH_WORDS;
const CSEQ = SENT_BY + 5;
const INDEX = CSEQ + 1;
const INDEX_BYTES = INDEX * 4;
/** An index of more lines stays behind; no honest REGISTER has so many. */
const MAX_LINES = 512;
/** In place of a number of lines: there is no index. */
const NO_INDEX = -1;

/** Head, with base behind it, and tail stand on cache lines of their own, else the two threads fight over one. */
const TAIL_WORD = 16;
const DATA_AT = 128;
/** An empty ring starts over when so much was written since the last time: well within a core's own cache. */
const START_OVER_BYTES = 2 ** 17;
/** So much at the beginning of the data is kept when a ring that was fuller has become empty again; the rest is given back in such steps. */
const KEEP_BYTES = 2 ** 22;
const GIVE_BACK_BYTES = 2 ** 23;
/** In place of a kind: nothing more up to the ring's end. */
const SKIP = -1;
/** In place of a kind, behind a number in place of a length: before the next record so many were refused. */
const GAP = -2;
const GAP_BYTES = 8;
const MOST_IN_GAP = 2 ** 31 - 1;
/**
 * A ring that was full takes records again when no more than this share of it is in use. Less would make for longer gaps, and what a
 * storm leaves in a small ring is what is known after it.
 */
const RESUME_SHARE = 7 / 8;

/** A place in shared memory. */
export interface RingPlace {
  readonly buffer: SharedArrayBuffer;
  /** A multiple of 64. */
  readonly offset: number;
  /** A power of two, 256 KiB to 1 GiB. */
  readonly capacityBytes: number;
}

export const MIN_RING_BYTES = 2 ** 18;
export const MAX_RING_BYTES = 2 ** 30;

export function ringFootprint(capacityBytes: number): number {
  return DATA_AT + capacityBytes;
}

class RingMemory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly headWord: number;
  readonly baseWord: number;
  readonly tailWord: number;
  readonly dataAt: number;
  readonly capacity: number;
  readonly mask: number;

  constructor({ buffer, offset, capacityBytes }: RingPlace) {
    const isPowerOfTwo = (capacityBytes & (capacityBytes - 1)) === 0;
    if (
      !isPowerOfTwo ||
      capacityBytes < MIN_RING_BYTES ||
      capacityBytes > MAX_RING_BYTES ||
      offset % 64 !== 0
    ) {
      throw new RangeError(`ring of ${capacityBytes} bytes at ${offset}`);
    }
    this.bytes = kernel.bytesOf(buffer);
    this.words = kernel.wordsOf(buffer);
    this.doubles = new Float64Array(buffer, 0, buffer.byteLength >>> 3);
    this.headWord = offset >>> 2;
    this.baseWord = this.headWord + 1;
    this.tailWord = this.headWord + TAIL_WORD;
    this.dataAt = offset + DATA_AT;
    this.capacity = capacityBytes;
    this.mask = capacityBytes - 1;
  }

  /** Where the record stands that a count of bytes leads to. */
  placeOf(count: number, base: number): number {
    return this.dataAt + (since(base, count) & this.mask);
  }
}

/** Bytes from one count to another. What may have gone round is made a whole number first: else V8 calculates with doubles once it has. */
function since(from: number, to: number): number {
  return ((to | 0) - (from | 0)) | 0;
}

/** What a copy of a part may write past its end. */
const OVERRUN_BYTES = 16;

/** Bytes before those of the message. */
function headerBytes(lines: number): number {
  return lines === NO_INDEX ? INDEX_BYTES : INDEX_BYTES + (HEAD_WORDS + lines * LINE_WORDS) * 4;
}

function padded(length: number): number {
  return (length + 7) & ~7;
}

/** Takes memory [from, end) of the ring's buffer that nothing is kept in for now. */
export type GiveBack = (from: number, end: number) => void;

export class RingWriter {
  private readonly memory: RingMemory;
  private readonly giveBack: GiveBack;
  /** Bytes of data, from the first on, that may have been written to since they were given back. */
  private touched = 0;
  private head: number;
  private base: number;
  private published: number;
  /** As last read: the true tail may have moved on. */
  private tail: number;
  /** Refused since the last record that was taken, or lost otherwise. */
  private missed = 0;
  /** The last one was refused, and until there is much more room all are. */
  private isFull = false;

  constructor(place: RingPlace, giveBack: GiveBack = () => {}) {
    this.memory = new RingMemory(place);
    this.giveBack = giveBack;
    this.head = Atomics.load(this.memory.words, this.memory.headWord);
    this.base = this.memory.words[this.memory.baseWord]!;
    this.published = this.head;
    this.tail = Atomics.load(this.memory.words, this.memory.tailWord);
  }

  /** The whole shared memory: datagrams received into it are copied without a detour. */
  get bytes(): Uint8Array {
    return this.memory.bytes;
  }

  /** A record that is lost without having been offered. */
  miss(): void {
    this.missed++;
  }

  /** Takes a copy of the message, or refuses; the reader sees it after `publish`. */
  offer(
    kind: RingKind,
    atMs: number,
    phone: Endpoint,
    registrar: Endpoint,
    message: Message,
    transaction: Transaction,
  ): 'taken' | 'full' {
    const { memory } = this;
    if (this.missed > 0 && this.isFull && !this.hasDrained()) return this.refuse();
    const lines = message.headerCount > MAX_LINES ? NO_INDEX : message.headerCount;
    const mayBePart = transaction.isKnown && lines !== NO_INDEX && message.bytes === memory.bytes;
    // Of the whole: a part takes less.
    const size = padded(headerBytes(lines) + message.end - message.start) + (mayBePart ? OVERRUN_BYTES : 0);
    if (this.head === this.published) this.startOver();
    const gapBytes = this.missed > 0 ? GAP_BYTES : 0;
    const toEnd = memory.capacity - (since(this.base, this.head) & memory.mask) - gapBytes;
    const skipped = size > toEnd ? toEnd : 0;
    if (!this.hasRoom(gapBytes + skipped + size)) return this.refuse();
    let { head } = this;
    if (gapBytes > 0) head = this.writeMark(head, GAP, Math.min(this.missed, MOST_IN_GAP), GAP_BYTES);
    if (skipped > 0) head = this.writeMark(head, SKIP, 0, skipped);
    const at = memory.placeOf(head, this.base);
    const word = at >>> 2;
    memory.words[word + 1] = kind === 'request' ? 0 : 1;
    memory.doubles[(at >>> 3) + 1] = atMs;
    writeEndpoint(memory.words, word + PHONE, phone);
    writeEndpoint(memory.words, word + REGISTRAR, registrar);
    memory.words[word + STATUS] = message.status;
    writeTransaction(memory.words, word + TRANSACTION, transaction);
    const copyEnd = (mayBePart && this.copyPart(message, word)) || this.copyWhole(message, word, lines);
    this.head = (head + padded(copyEnd - at)) | 0;
    if (gapBytes > 0) this.passGap();
    return 'taken';
  }

  /** In place of a record; answers where the next one stands. */
  private writeMark(head: number, kind: typeof GAP | typeof SKIP, value: number, bytes: number): number {
    const { memory } = this;
    const word = memory.placeOf(head, this.base) >>> 2;
    memory.words[word] = value;
    memory.words[word + 1] = kind;
    return (head + bytes) | 0;
  }

  private passGap(): void {
    this.missed -= Math.min(this.missed, MOST_IN_GAP);
    this.isFull = false;
  }

  private refuse(): 'full' {
    this.isFull = true;
    this.missed++;
    return 'full';
  }

  private hasDrained(): boolean {
    const { memory } = this;
    this.tail = Atomics.load(memory.words, memory.tailWord);
    return since(this.tail, this.head) <= memory.capacity * RESUME_SHARE;
  }

  /** What tells of registrations, with its index; 0 where the kernel can't do it. Of our Via the reader has the transaction. */
  private copyPart(message: Message, word: number): number {
    const { words } = this.memory;
    const end = message.copyPart(REGISTRATION_HEADERS, word + INDEX);
    if (end === 0) return 0;
    words[word + LINES] = kernel.words[kernel.resultWord]!;
    words[word] = end - kernel.words[kernel.resultWord + 1]!;
    return end;
  }

  /** All of it, with its index where that is told. */
  private copyWhole(message: Message, word: number, lines: number): number {
    const { memory } = this;
    const { bytes, start, end } = message;
    const to = (word << 2) + headerBytes(lines);
    memory.words[word] = end - start;
    memory.words[word + LINES] = lines;
    if (lines !== NO_INDEX) message.copyIndex(memory.words, word + INDEX, to - start);
    if (bytes === memory.bytes) kernel.copyWithin(bytes, to, start, end);
    else memory.bytes.set(bytes.subarray(start, end), to);
    return to + end - start;
  }

  /** Once per batch: looking at the reader's tail is dear when the reader writes it at the same time. */
  private startOver(): void {
    const { memory } = this;
    const written = since(this.base, this.head) >>> 0;
    if (written < START_OVER_BYTES) return;
    this.tail = Atomics.load(memory.words, memory.tailWord);
    if (this.tail !== this.head) return;
    this.base = this.head;
    memory.words[memory.baseWord] = this.base;
    this.touched = Math.max(this.touched, Math.min(written, memory.capacity));
    if (this.touched > KEEP_BYTES) this.shrink();
  }

  /** A step at a time: to take it all at once would keep datagrams waiting for some ms. */
  private shrink(): void {
    const { dataAt } = this.memory;
    const end = dataAt + this.touched;
    this.touched = Math.max(KEEP_BYTES, this.touched - GIVE_BACK_BYTES);
    this.giveBack(dataAt + this.touched, end);
  }

  private hasRoom(size: number): boolean {
    const { memory } = this;
    if (size + since(this.tail, this.head) <= memory.capacity) return true;
    this.tail = Atomics.load(memory.words, memory.tailWord);
    return size + since(this.tail, this.head) <= memory.capacity;
  }

  /** Lets the reader see what was taken. */
  publish(): void {
    if (this.head === this.published) return;
    this.published = this.head;
    Atomics.store(this.memory.words, this.memory.headWord, this.head);
  }
}

export class RingReader {
  private readonly memory: RingMemory;
  private readonly message = new Message();
  private readonly transaction = new Transaction();
  private tail: number;
  private head: number;
  private base: number;
  /** Records so far that were refused before the one that was shown, or looked at, last. */
  missed = 0;

  constructor(place: RingPlace) {
    this.memory = new RingMemory(place);
    this.tail = Atomics.load(this.memory.words, this.memory.tailWord);
    this.head = this.tail;
    this.base = this.memory.words[this.memory.baseWord]!;
  }

  /** Shows the next record in `into`; false where there is none. */
  next(into: RingRecord): boolean {
    if (!this.hasMore()) return false;
    const at = this.findNext();
    this.show(at, into);
    this.tail = (this.tail + padded(into.end - at)) | 0;
    return true;
  }

  private hasMore(): boolean {
    if (this.head !== this.tail) return true;
    const { memory } = this;
    this.head = Atomics.load(memory.words, memory.headWord);
    if (this.head === this.tail) return false;
    this.base = memory.words[memory.baseWord]!;
    return true;
  }

  /** Where the next record stands, behind whatever stands before it. */
  private findNext(): number {
    const { memory } = this;
    let at = memory.placeOf(this.tail, this.base);
    if (memory.words[(at >>> 2) + 1] === GAP) {
      this.missed += memory.words[at >>> 2]!;
      this.tail = (this.tail + GAP_BYTES) | 0;
      at = memory.placeOf(this.tail, this.base);
    }
    if (memory.words[(at >>> 2) + 1] === SKIP) {
      this.tail = (this.tail + memory.dataAt + memory.capacity - at) | 0;
      at = memory.dataAt;
    }
    return at;
  }

  private show(at: number, into: RingRecord): void {
    const { message, transaction } = this;
    const { bytes, doubles, words } = this.memory;
    const word = at >>> 2;
    const lines = words[word + LINES]!;
    const isRequest = words[word + 1] === 0;
    into.kind = isRequest ? 'request' : 'response';
    into.atMs = doubles[(at >>> 3) + 1]!;
    readEndpoint(words, word + PHONE, into.phone);
    readEndpoint(words, word + REGISTRAR, into.registrar);
    into.bytes = bytes;
    into.start = at + headerBytes(lines);
    into.end = into.start + words[word]!;
    readTransaction(words, word + TRANSACTION, transaction);
    into.transaction = transaction.isKnown ? transaction : undefined;
    into.message = lines === NO_INDEX ? undefined : message;
    message.bytes = bytes;
    message.start = into.start;
    message.end = into.end;
    message.look(words, word + INDEX, lines, words[word + STATUS]!);
  }

  /** Gives the room of all records shown so far back to the writer. */
  release(): void {
    Atomics.store(this.memory.words, this.memory.tailWord, this.tail);
  }

  /** The time of the oldest record that waits, as of now; undefined where none does. */
  get oldestAtMs(): number | undefined {
    return this.hasMore() ? this.memory.doubles[(this.findNext() >>> 3) + 1] : undefined;
  }

  /** Bytes that wait, as of now. */
  get backlogBytes(): number {
    return (Atomics.load(this.memory.words, this.memory.headWord) - this.tail) >>> 0;
  }

  get capacityBytes(): number {
    return this.memory.capacity;
  }
}

function writeEndpoint(words: Int32Array, at: number, endpoint: Endpoint): void {
  endpoint.putHost(words, at);
  words[at + 4] = endpoint.port;
}

function readEndpoint(words: Int32Array, at: number, into: Endpoint): void {
  into.takeHost(words, at);
  into.port = words[at + 4]!;
}

function writeTransaction(words: Int32Array, at: number, { branch, sentBy, cseq }: Transaction): void {
  for (let i = 0; i < BRANCH_WORDS; i++) words[at + i] = branch[i]!;
  writeEndpoint(words, at + SENT_BY - TRANSACTION, sentBy);
  words[at + CSEQ - TRANSACTION] = cseq;
}

function readTransaction(words: Int32Array, at: number, into: Transaction): void {
  for (let i = 0; i < BRANCH_WORDS; i++) into.branch[i] = words[at + i]!;
  readEndpoint(words, at + SENT_BY - TRANSACTION, into.sentBy);
  into.cseq = words[at + CSEQ - TRANSACTION]!;
}
