import { LRUCache } from 'lru-cache';
import { Tapped } from './tapped.ts';
import { textOf } from './texts.ts';

/** Between the rings of two workers a response may overtake its request, by no more than one drain. */
export const EARLY_HOLD_MS = 500;
/** Responses that are held at a time. */
const MAX_HELD = 1024;
/** Larger ones are not held. */
const MAX_HELD_BYTES = 4096;

/** Responses whose request has not been seen yet, for a moment. */
export class EarlyResponses {
  private readonly held: LRUCache<string, Tapped>;
  private readonly onGiveUp: (tapped: Tapped) => void;

  /** `onGiveUp` takes each response whose request did not come. */
  constructor(onGiveUp: (tapped: Tapped) => void) {
    this.held = new LRUCache<string, Tapped>({
      max: MAX_HELD,
      // Behind the table's own work, because what is given up may come back to it.
      disposeAfter: (tapped, _key, reason) => {
        if (reason === 'evict') onGiveUp(tapped);
      },
    });
    this.onGiveUp = onGiveUp;
  }

  get isEmpty(): boolean {
    return this.held.size === 0;
  }

  /** Keeps a copy; false where it is too large, or another one waits under the same key already. */
  hold(tapped: Tapped, key: Uint8Array, keyLength: number): boolean {
    if (tapped.end - tapped.start > MAX_HELD_BYTES) return false;
    const text = textOf(key, 0, keyLength);
    if (this.held.has(text)) return true;
    const copy = new Tapped();
    copy.atMs = tapped.atMs;
    copy.kind = tapped.kind;
    copy.phone.copyFrom(tapped.phone);
    copy.registrar.copyFrom(tapped.registrar);
    copy.bytes = tapped.bytes.slice(tapped.start, tapped.end);
    copy.end = copy.bytes.length;
    this.held.set(text, copy);
    return true;
  }

  /** The response that was waiting for this request. */
  take(key: Uint8Array, keyLength: number): Tapped | undefined {
    const text = textOf(key, 0, keyLength);
    const tapped = this.held.peek(text);
    this.held.delete(text);
    return tapped;
  }

  advance(nowMs: number): void {
    if (this.held.size === 0) return;
    for (const [key, tapped] of [...this.held.entries()].reverse()) {
      if (nowMs - tapped.atMs < EARLY_HOLD_MS) return;
      this.held.delete(key);
      this.onGiveUp(tapped);
    }
  }
}
