import type { Endpoint } from '../../sip/address.ts';
import { REGISTRATION_HEADERS } from '../../sip/headers.ts';
import { kernel } from '../../sip/kernel/kernel.ts';
import type { Message } from '../../sip/message.ts';
import type { Transaction } from '../../sip/transaction.ts';
import type { RingPlace } from './memory.ts';
import { RingMemory, since } from './memory.ts';
import type { RingKind } from './record.ts';
import {
  GAP,
  GAP_BYTES,
  headerBytes,
  INDEX,
  KIND,
  LINES,
  MAX_LINES,
  NO_INDEX,
  PHONE,
  padded,
  REGISTRAR,
  SKIP,
  STATUS,
  TRANSACTION,
  writeEndpoint,
  writeTransaction,
} from './record.ts';

/** An empty ring starts over when so much was written since the last time: well within a core's own cache. */
const START_OVER_BYTES = 2 ** 17;
/** So much at the beginning of the data is kept when a ring that was fuller has become empty again; the rest is given back in such steps. */
const KEEP_BYTES = 2 ** 22;
const GIVE_BACK_BYTES = 2 ** 23;
/** A gap tells of no more at a time; the rest is told of with the next record. */
const MOST_IN_GAP = 2 ** 31 - 1;
/**
 * A ring that was full takes records again when no more than this share of it is in use. Less would make for longer gaps, and what a
 * storm leaves in a small ring is what is known after it.
 */
const RESUME_SHARE = 7 / 8;

/** What a copy of a part may write past its end. */
const OVERRUN_BYTES = 16;

/** Takes memory [from, end) of the ring's buffer that nothing is kept in for now. */
export type GiveBack = (from: number, end: number) => void;

/**
 * The producer's end. It never waits: a record that does not fit is refused, and so is what comes behind it until an eighth of the ring is
 * free. So there are few gaps, and long ones: of a REGISTER and its answer the reader sees both or none, but for those at the edges. It
 * learns of each gap where it is.
 *
 * Records are contiguous, so that the reader can look at them where they lie; what was read of the message to forward it comes along, so
 * that nobody reads it again. What tells nothing of registrations (Vias, Allow, the body) stays behind where the transaction is known:
 * about a third of all bytes, and in a storm records wait by the hundred thousand.
 */
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
    if (this.isFull && !this.hasDrained()) return this.refuse();
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
    memory.words[word + KIND] = kind === 'request' ? 0 : 1;
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
    memory.words[word + KIND] = kind;
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
