/** 128 KiB, twice: with 100,000 hashes in it, nine of ten others are still told apart. */
const BITS = 1 << 20;
const WORD_SHIFT = 5;

/**
 * Whether a hash is one of the last hours': no, or perhaps. What most of all messages ask in vain is so answered
 * without a look at what it guards.
 */
export class Lately {
  private readonly memoryMs: number;
  private now = new Int32Array(BITS >>> WORD_SHIFT);
  private before = new Int32Array(BITS >>> WORD_SHIFT);
  private sinceMs = Number.NEGATIVE_INFINITY;

  /** What was added is known for this long at least, and for less than three times as long. */
  constructor(memoryMs: number) {
    this.memoryMs = memoryMs;
  }

  add(hash: number, nowMs: number): void {
    this.advance(nowMs);
    this.now[wordOf(hash)]! |= bitOf(hash);
  }

  mayHave(hash: number): boolean {
    const word = wordOf(hash);
    return ((this.now[word]! | this.before[word]!) & bitOf(hash)) !== 0;
  }

  advance(nowMs: number): void {
    if (nowMs - this.sinceMs < this.memoryMs) return;
    const isNext = nowMs - this.sinceMs < 2 * this.memoryMs;
    const { now } = this;
    this.now = this.before.fill(0);
    this.before = isNext ? now : now.fill(0);
    this.sinceMs = nowMs;
  }
}

function wordOf(hash: number): number {
  return (hash & (BITS - 1)) >>> WORD_SHIFT;
}

function bitOf(hash: number): number {
  return 1 << (hash & 31);
}
