import { Transaction } from '../sip/transaction.ts';
import { Tapped } from './tapped.ts';

/** Between the rings of two workers a response may overtake its request, by no more than one drain. */
export const EARLY_HOLD_MS = 500;
/** Records that are held at a time. */
const MAX_HELD = 1024;
/** Larger records are not held. */
const MAX_HELD_BYTES = 4096;

/** `early_response`: one whose transaction is not known. */
export type Role = 'request' | 'response' | 'early_response';

interface Held {
  readonly tapped: Tapped;
  readonly transaction: string;
  readonly role: Role;
}

/**
 * Brings back the order in which things happened. From a response whose request has not been seen on, records
 * wait, until the request of each such response is there too, or was waited for long enough: then they are given
 * out by their own times. Who reads one ring never needs it, but for responses to what passed before the start.
 */
export class RingOrder {
  private held: Held[] = [];
  /** Transactions whose request is waited for. */
  private readonly awaited = new Set<string>();
  /** Transactions whose request is among the held. */
  private readonly came = new Set<string>();
  /** When the earliest of the held happened. */
  private firstMs = Number.POSITIVE_INFINITY;

  get isOpen(): boolean {
    return this.held.length > 0;
  }

  /** Nobody is waited for any more. */
  get isWhole(): boolean {
    return this.awaited.size === 0;
  }

  /** The earliest has been held for long enough. */
  isDue(nowMs: number): boolean {
    return nowMs - this.firstMs >= EARLY_HOLD_MS;
  }

  hasRoomFor(tapped: Tapped): boolean {
    return this.held.length < MAX_HELD && tapped.end - tapped.start <= MAX_HELD_BYTES;
  }

  /** Keeps a copy. */
  hold(tapped: Tapped, transaction: string, role: Role): void {
    const held: Held = { tapped: copyOf(tapped), transaction, role };
    this.firstMs = Math.min(this.firstMs, tapped.atMs);
    if (role === 'request') {
      this.came.add(transaction);
      if (this.awaited.delete(transaction)) this.moveAhead(held);
    } else if (role === 'early_response' && !this.came.has(transaction)) {
      this.awaited.add(transaction);
    }
    this.held.push(held);
  }

  /**
   * A response does not come before its request: what looks so answers an earlier copy of it, unseen, which stands
   * where that response does. Its nonces may have been answered since, so it stays where it is.
   */
  private moveAhead({ tapped, transaction }: Held): void {
    for (const other of this.held) {
      if (other.transaction === transaction && other.tapped.atMs < tapped.atMs)
        tapped.atMs = other.tapped.atMs;
    }
  }

  /** Gives out, in order, what need not wait any longer at this time; the rest stays. */
  take(nowMs: number): readonly Tapped[] {
    const { awaited, came } = this;
    const sorted = this.held.sort(byTime);
    const given: Tapped[] = [];
    for (const { tapped, transaction, role } of sorted) {
      if (awaited.has(transaction) && nowMs - tapped.atMs < EARLY_HOLD_MS) break;
      // One that came to the end of its waiting takes its copies along.
      awaited.delete(transaction);
      if (role === 'request') came.delete(transaction);
      given.push(tapped);
    }
    this.held = sorted.slice(given.length);
    this.firstMs = this.held[0]?.tapped.atMs ?? Number.POSITIVE_INFINITY;
    return given;
  }
}

/** At one time a request stands before its response. */
function byTime(a: Held, b: Held): number {
  if (a.tapped.atMs !== b.tapped.atMs) return a.tapped.atMs - b.tapped.atMs;
  return Number(b.role === 'request') - Number(a.role === 'request');
}

function copyOf(tapped: Tapped): Tapped {
  const copy = new Tapped();
  copy.atMs = tapped.atMs;
  copy.kind = tapped.kind;
  copy.phone.copyFrom(tapped.phone);
  copy.registrar.copyFrom(tapped.registrar);
  copy.bytes = tapped.bytes.slice(tapped.start, tapped.end);
  copy.end = copy.bytes.length;
  // The index lies in memory that is given back: it is made again.
  if (tapped.transaction !== undefined) copy.transaction = new Transaction().copyFrom(tapped.transaction);
  return copy;
}
