import { kernel } from './kernel/kernel.ts';
import { EDIT_WORDS, INSERTS_BYTES, MAX_EDITS } from './kernel/layout.ts';
import type { Holder } from './kernel/loan.ts';

/**
 * Editing without re-serialising: a list of edits over received bytes, applied in one pass. Whatever no
 * edit names comes out byte for byte (RFC 3261 §16.6: keep headers and order, never touch the body).
 */

/** More edits than an honest message needs; a REGISTER with a thousand Contacts is refused, not mangled. */
export { MAX_EDITS };
/** Bytes that all edits of one message may insert together. */
export const MAX_INSERT_BYTES = 65_536;
/**
 * The longest single insertion that a caller may write before it says how long it was: a URI as long as a datagram, and
 * what stands around it. What lies behind belongs to others.
 */
export const INSERT_SLACK = INSERTS_BYTES - MAX_INSERT_BYTES;

/** Words of an edit. */
const AT = 0;
const REMOVED = 1;
/** From the beginning of the list's insertions on. */
const INSERT_START = 2;
const INSERT_LENGTH = 3;

/**
 * Edits in the order of their positions; made once per worker and cleared for each datagram. They and what they insert lie in
 * the kernel's memory, for the list that was cleared last; when another one is, this one takes its own along.
 */
export class Edits implements Holder {
  count = 0;
  /** Sum of inserted less removed bytes. */
  growth = 0;
  /** An edit did not fit, or met the bytes of another one: the list is unusable and the message must not be sent. */
  overflowed = false;
  /** Where the bytes to insert are written, one edit's behind the other's, in the order in which they were made. */
  inserts: Uint8Array = new Uint8Array(0);
  /** True where `inserts` is the kernel's memory. */
  isInKernel = false;
  /** Of `inserts`: where those of this list begin. */
  private base = 0;
  /** From there on; so are the starts below. */
  private used = 0;
  private own: Uint8Array | undefined = undefined;
  private ownWords: Int32Array | undefined = undefined;
  /** The edits, from word `first` on. */
  private words: Int32Array = new Int32Array(0);
  private first = 0;
  /** Where the bytes end that the last edit takes out; -1 where there is none. */
  private lastEnd = -1;

  constructor() {
    this.clear();
  }

  clear(): void {
    kernel.inserts.giveTo(this);
    this.inserts = kernel.bytes;
    this.base = kernel.insertsAt;
    this.words = kernel.words;
    this.first = kernel.editsWord;
    this.isInKernel = true;
    this.count = 0;
    this.lastEnd = -1;
    this.growth = 0;
    this.used = 0;
    this.overflowed = false;
  }

  leave(): void {
    this.own ??= new Uint8Array(INSERTS_BYTES);
    this.own.set(this.inserts.subarray(this.base, this.base + this.used));
    this.inserts = this.own;
    this.base = 0;
    // Room for all: it may be added to.
    this.ownWords ??= new Int32Array(MAX_EDITS * EDIT_WORDS);
    this.ownWords.set(this.words.subarray(this.first, this.first + this.count * EDIT_WORDS));
    this.words = this.ownWords;
    this.first = 0;
    this.isInKernel = false;
  }

  /** Takes `length` bytes at `at` out. */
  remove(at: number, length: number): void {
    this.add(at, length, this.used, 0);
  }

  /**
   * Where the caller may write up to INSERT_SLACK bytes into `inserts` for its next `replace`: write first,
   * then say how far.
   */
  get writeAt(): number {
    return this.base + this.used;
  }

  /** Takes `length` bytes at `at` out and puts there what was written from `writeAt` up to `writtenEnd`. */
  replace(at: number, length: number, writtenEnd: number): void {
    const start = this.used;
    const end = writtenEnd - this.base;
    if (end > MAX_INSERT_BYTES) {
      this.overflowed = true;
      return;
    }
    this.used = end;
    this.add(at, length, start, end - start);
  }

  /** Keeps positions ascending; edits at one position keep the order in which they were made. */
  private add(at: number, removed: number, insertStart: number, insertLength: number): void {
    if (this.count === MAX_EDITS) {
      this.overflowed = true;
      return;
    }
    // Behind all others, as nearly always.
    if (at >= this.lastEnd) {
      this.put(this.count++, at, removed, insertStart, insertLength);
      this.lastEnd = at + removed;
    } else {
      this.addAmong(at, removed, insertStart, insertLength);
    }
  }

  private addAmong(at: number, removed: number, insertStart: number, insertLength: number): void {
    let slot = this.count;
    while (slot > 0 && this.of(slot - 1, AT) > at) slot--;
    if (this.overlaps(slot, at, removed)) {
      this.overflowed = true;
      return;
    }
    const place = this.first + slot * EDIT_WORDS;
    const end = this.first + this.count * EDIT_WORDS;
    for (let i = end - 1; i >= place; i--) this.words[i + EDIT_WORDS] = this.words[i]!;
    this.count++;
    this.put(slot, at, removed, insertStart, insertLength);
    if (slot > 0) this.removeLastAt(place);
    this.lastEnd = this.of(this.count - 1, AT) + this.of(this.count - 1, REMOVED);
  }

  private put(slot: number, at: number, removed: number, insertStart: number, insertLength: number): void {
    const { words } = this;
    const place = this.first + slot * EDIT_WORDS;
    words[place + AT] = at;
    words[place + REMOVED] = removed;
    words[place + INSERT_START] = insertStart;
    words[place + INSERT_LENGTH] = insertLength;
    this.growth += insertLength - removed;
  }

  private of(slot: number, word: number): number {
    return this.words[this.first + slot * EDIT_WORDS + word]!;
  }

  /** True where an edit that would go to `slot` takes out bytes of its neighbours', or stands among them. */
  private overlaps(slot: number, at: number, removed: number): boolean {
    if (slot < this.count && at + removed > this.of(slot, AT)) return true;
    if (slot === 0) return false;
    const before = this.of(slot - 1, AT);
    if (before === at) return removed > 0 && this.of(slot - 1, REMOVED) > 0;
    return before + this.of(slot - 1, REMOVED) > at;
  }

  /** Of several edits at one position the last takes the bytes out, so that all of them insert before what follows. */
  private removeLastAt(place: number): void {
    const { words } = this;
    const before = place - EDIT_WORDS;
    if (words[before + AT] !== words[place + AT] || words[before + REMOVED] === 0) return;
    words[place + REMOVED] = words[before + REMOVED]!;
    words[before + REMOVED] = 0;
  }

  /**
   * Writes the range [start, end) as edited to `out` at `outAt`; answers the position behind it. `out` must hold
   * end - start + growth bytes. Edits outside the range do not count, those at its very end do.
   */
  copyTo(bytes: Uint8Array, start: number, end: number, out: Uint8Array, outAt: number): number {
    let from = start;
    let to = outAt;
    for (let i = 0; i < this.count; i++) {
      const at = this.of(i, AT);
      if (at < start) continue;
      if (at > end) break;
      to = copy(bytes, from, at, out, to);
      const insert = this.base + this.of(i, INSERT_START);
      to = copy(this.inserts, insert, insert + this.of(i, INSERT_LENGTH), out, to);
      from = at + this.of(i, REMOVED);
    }
    return copy(bytes, from, end, out, to);
  }

  /**
   * Edits in the buffer itself, moving only the bytes before the last edit: a message grows into the
   * headroom before its start, never towards its end. Answers the new start, or -1 (nothing changed) where
   * it would pass below `lowest`, or where the edits pull bytes both ways; then `copyTo` serves.
   */
  applyInPlace(bytes: Uint8Array, start: number, lowest: number): number {
    const newStart = start - this.growth;
    if (newStart < lowest) return -1;
    if (this.growth >= 0 && this.movesOneWay(1)) return this.shiftLeft(bytes, start, newStart);
    if (this.growth <= 0 && this.movesOneWay(-1)) return this.shiftRight(bytes, start, newStart);
    return -1;
  }

  /** True where every piece between edits moves in the direction of the whole (sign 1 = towards the start) or stays. */
  private movesOneWay(sign: 1 | -1): boolean {
    let behind = 0;
    for (let i = this.count - 1; i >= 0; i--) {
      behind += this.of(i, INSERT_LENGTH) - this.of(i, REMOVED);
      if (behind * sign < 0) return false;
    }
    return true;
  }

  private shiftLeft(bytes: Uint8Array, start: number, newStart: number): number {
    if (this.isInKernel && kernel.holds(bytes)) {
      kernel.shiftLeft(this.count, start, newStart);
      return newStart;
    }
    let from = start;
    let to = newStart;
    for (let i = 0; i < this.count; i++) {
      const at = this.of(i, AT);
      kernel.copyWithin(bytes, to, from, at);
      to += at - from;
      this.putInsert(i, bytes, to);
      to += this.of(i, INSERT_LENGTH);
      from = at + this.of(i, REMOVED);
    }
    return newStart;
  }

  private shiftRight(bytes: Uint8Array, start: number, newStart: number): number {
    if (this.count === 0) return newStart;
    let pieceEnd = 0;
    let to = 0;
    for (let i = this.count - 1; i >= 0; i--) {
      const behind = this.of(i, AT) + this.of(i, REMOVED);
      if (i === this.count - 1) {
        to = behind;
      } else {
        to -= pieceEnd - behind;
        kernel.copyWithin(bytes, to, behind, pieceEnd);
      }
      to -= this.of(i, INSERT_LENGTH);
      this.putInsert(i, bytes, to);
      pieceEnd = this.of(i, AT);
    }
    kernel.copyWithin(bytes, newStart, start, pieceEnd);
    return newStart;
  }

  private putInsert(edit: number, bytes: Uint8Array, to: number): void {
    const start = this.base + this.of(edit, INSERT_START);
    const end = start + this.of(edit, INSERT_LENGTH);
    if (this.isInKernel && kernel.holds(bytes)) kernel.copyWithin(bytes, to, start, end);
    else copy(this.inserts, start, end, bytes, to);
  }
}

const SMALL = 64;

/** Byte loops win over `set(subarray)` below some dozens of bytes, and make no garbage. */
function copy(from: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  if (end - start > SMALL) out.set(from.subarray(start, end), at);
  else for (let i = start; i < end; i++) out[at + i - start] = from[i]!;
  return at + end - start;
}
