/** 32 KiB, twice: with 25,000 hashes in it, nine of ten others are still told apart. */
const BITS = 1 << 18;
const WORD_SHIFT = 5;

/**
 * Whether a hash is one of the last hours': no, or perhaps. What most of all messages ask in vain is so answered
 * without a look at what it guards.
 */
export class Lately {
  private readonly memoryMs: number;
  /** Two words for each 32 bits, one of which is cleared by turns: both are near when one is. */
  private readonly words = new Int32Array((BITS >>> WORD_SHIFT) * 2);
  private current: 0 | 1 = 0;
  private sinceMs = Number.NEGATIVE_INFINITY;

  /** What was added is known for this long at least, and for less than three times as long. */
  constructor(memoryMs: number) {
    this.memoryMs = memoryMs;
  }

  add(hash: number, nowMs: number): void {
    this.advance(nowMs);
    this.words[wordsOf(hash) + this.current]! |= bitOf(hash);
  }

  mayHave(hash: number): boolean {
    const { words } = this;
    const at = wordsOf(hash);
    return ((words[at]! | words[at + 1]!) & bitOf(hash)) !== 0;
  }

  advance(nowMs: number): void {
    const ageMs = nowMs - this.sinceMs;
    if (ageMs < this.memoryMs) return;
    this.sinceMs = nowMs;
    this.current = this.current === 0 ? 1 : 0;
    if (ageMs >= 2 * this.memoryMs) this.words.fill(0);
    else for (let at = this.current; at < this.words.length; at += 2) this.words[at] = 0;
  }
}

function wordsOf(hash: number): number {
  return ((hash & (BITS - 1)) >>> WORD_SHIFT) * 2;
}

function bitOf(hash: number): number {
  return 1 << (hash & 31);
}
