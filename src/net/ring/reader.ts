import { Message } from '../../sip/message.ts';
import { Transaction } from '../../sip/transaction.ts';
import type { RingPlace } from './memory.ts';
import { RingMemory } from './memory.ts';
import type { RingRecord } from './record.ts';
import {
  GAP,
  GAP_BYTES,
  headerBytes,
  INDEX,
  KIND,
  LINES,
  NO_INDEX,
  PHONE,
  padded,
  REGISTRAR,
  readEndpoint,
  readTransaction,
  SKIP,
  STATUS,
  TRANSACTION,
} from './record.ts';

/** The consumer's end: shows records where they lie. */
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
    if (memory.words[(at >>> 2) + KIND] === GAP) {
      this.missed += memory.words[at >>> 2]!;
      this.tail = (this.tail + GAP_BYTES) | 0;
      at = memory.placeOf(this.tail, this.base);
    }
    if (memory.words[(at >>> 2) + KIND] === SKIP) {
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
    const isRequest = words[word + KIND] === 0;
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
