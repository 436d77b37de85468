import { LRUCache } from 'lru-cache';
import type { ExchangeKey } from './exchange-key.ts';
import { Tapped } from './tapped.ts';

/** Between the rings of two workers a response may overtake its request, by no more than one drain. */
export const EARLY_HOLD_MS = 500;
/** Transactions whose responses are held at a time. */
const MAX_HELD = 1024;
/** Responses of one transaction: copies of a challenge may carry nonces of their own. */
const MAX_COPIES = 4;
/** Larger responses are not held. */
const MAX_HELD_BYTES = 4096;

/** Responses whose request has not been seen yet, for a moment. */
export class EarlyResponses {
  private readonly held: LRUCache<string, Tapped[]>;
  private readonly onGiveUp: (responses: readonly Tapped[]) => void;

  /** `onGiveUp` takes the responses of each transaction whose request did not come. */
  constructor(onGiveUp: (responses: readonly Tapped[]) => void) {
    this.held = new LRUCache<string, Tapped[]>({
      max: MAX_HELD,
      // Behind the table's own work, because what is given up may come back to it.
      disposeAfter: (responses, _key, reason) => {
        if (reason === 'evict') onGiveUp(responses);
      },
    });
    this.onGiveUp = onGiveUp;
  }

  get isEmpty(): boolean {
    return this.held.size === 0;
  }

  /** Keeps a copy; false where it is too large to be kept. Copies past the maximum are let go. */
  hold(tapped: Tapped, key: ExchangeKey): boolean {
    if (tapped.end - tapped.start > MAX_HELD_BYTES) return false;
    const { text } = key;
    const before = this.held.peek(text);
    if (before === undefined) this.held.set(text, [copyOf(tapped)]);
    else if (before.length < MAX_COPIES) before.push(copyOf(tapped));
    return true;
  }

  /** The responses that were waiting for this request, in their order. */
  take(key: ExchangeKey): readonly Tapped[] {
    const { text } = key;
    const responses = this.held.peek(text);
    if (responses === undefined) return [];
    this.held.delete(text);
    return responses;
  }

  advance(nowMs: number): void {
    if (this.held.size === 0) return;
    for (const [key, responses] of [...this.held.entries()].reverse()) {
      if (nowMs - responses[0]!.atMs < EARLY_HOLD_MS) return;
      this.held.delete(key);
      this.onGiveUp(responses);
    }
  }
}

function copyOf(tapped: Tapped): Tapped {
  const copy = new Tapped();
  copy.atMs = tapped.atMs;
  copy.kind = tapped.kind;
  copy.phone.copyFrom(tapped.phone);
  copy.registrar.copyFrom(tapped.registrar);
  copy.bytes = tapped.bytes.slice(tapped.start, tapped.end);
  copy.end = copy.bytes.length;
  return copy;
}
