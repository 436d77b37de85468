import type { Exchange } from './exchange.ts';
import type { ExchangeKey } from './exchange-key.ts';

const FIRST_ROWS = 1024;
/** Twice as many chains as rows: most find one row at most. */
const CHAINS_PER_ROW = 2;

/** A row: 64 bytes, as much as the memory hands out at a time. What is looked at first comes first. */
const ROW_WORDS = 16;
const HASH = 0;
const OLDER = 1;
const BRANCH = 2;
const SENT_BY = 6;
const PORT_AND_KINDS = 10;
const CSEQ = 11;
/** In the same row, counted in doubles. */
const ROW_TIMES = ROW_WORDS / 2;
const SETTLED_AT = 6;
const HANDSHAKE_START = 7;

/**
 * The keys of exchanges of which little more is wanted than to know a copy when one comes: which is nearly all,
 * for half a minute each. So many objects would keep the garbage collector busier than all else here, and so many
 * arrays the memory; this is one array, filled round and round in the order of time, with room for twice as many
 * when it is full.
 *
 * Each row has a number, the next one up from the last, whose low bits say where it stands. A chain leads from
 * number to lower number; the first one that is no longer kept ends it. So forgetting is to count up, and no more.
 */
export class SettledKeys {
  private rows = FIRST_ROWS;
  private words = new Int32Array(FIRST_ROWS * ROW_WORDS);
  private times = new Float64Array(this.words.buffer);
  /** The newest row of each chain. */
  private chains = noChains(FIRST_ROWS);
  /** Number of the oldest row; 32 bits, round their end. */
  private first = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  /** When the oldest was settled; infinite where there is none. */
  get oldestMs(): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    return this.times[(this.first & (this.rows - 1)) * ROW_TIMES + SETTLED_AT]!;
  }

  /** Keeps the key of an exchange, which must not be here; `settledAtMs` must not lie before that of the last one. */
  add(exchange: Exchange, settledAtMs: number): void {
    if (this.count === this.rows) this.grow();
    const { times, words } = this;
    const number = (this.first + this.count++) | 0;
    const row = number & (this.rows - 1);
    const at = row * ROW_WORDS;
    words[at + HASH] = exchange.hash;
    words[at + BRANCH] = exchange.branchA;
    words[at + BRANCH + 1] = exchange.branchB;
    words[at + BRANCH + 2] = exchange.branchC;
    words[at + BRANCH + 3] = exchange.branchD;
    words[at + SENT_BY] = exchange.sentByA;
    words[at + SENT_BY + 1] = exchange.sentByB;
    words[at + SENT_BY + 2] = exchange.sentByC;
    words[at + SENT_BY + 3] = exchange.sentByD;
    words[at + PORT_AND_KINDS] = exchange.portAndKinds;
    words[at + CSEQ] = exchange.cseq;
    times[row * ROW_TIMES + SETTLED_AT] = settledAtMs;
    times[row * ROW_TIMES + HANDSHAKE_START] = exchange.handshakeStartMs;
    this.link(number, at);
  }

  /** When the handshake of this exchange began; undefined where it is not here. */
  handshakeStartOf(key: ExchangeKey): number | undefined {
    const { first, rows, words } = this;
    let number = this.chains[key.hash & (this.chains.length - 1)]!;
    let age = (number - first) >>> 0;
    // What is forgotten lies before the first, and so, unsigned, behind all.
    for (let limit = this.count; age < limit; limit = age, age = (number - first) >>> 0) {
      const row = number & (rows - 1);
      const at = row * ROW_WORDS;
      if (words[at + HASH] === key.hash && isAt(words, at, key)) {
        return this.times[row * ROW_TIMES + HANDSHAKE_START];
      }
      number = words[at + OLDER]!;
    }
    return undefined;
  }

  forgetOldest(): void {
    if (this.count === 0) return;
    this.first = (this.first + 1) | 0;
    this.count--;
  }

  private link(number: number, at: number): void {
    const { chains, words } = this;
    const chain = words[at + HASH]! & (chains.length - 1);
    words[at + OLDER] = chains[chain]!;
    chains[chain] = number;
  }

  /** Twice the room; the oldest comes first again. Some ms where there are 100,000, once in a life. */
  private grow(): void {
    const { words } = this;
    const firstAt = (this.first & (this.rows - 1)) * ROW_WORDS;
    this.rows *= 2;
    this.words = new Int32Array(this.rows * ROW_WORDS);
    this.words.set(words.subarray(firstAt));
    this.words.set(words.subarray(0, firstAt), words.length - firstAt);
    this.times = new Float64Array(this.words.buffer);
    this.chains = noChains(this.rows);
    this.first = 0;
    for (let number = 0; number < this.count; number++) this.link(number, number * ROW_WORDS);
  }
}

/** Each begins with a number that is not kept. */
function noChains(rows: number): Int32Array {
  return new Int32Array(rows * CHAINS_PER_ROW).fill(-1);
}

function isAt(words: Int32Array, at: number, { branch, host, portAndKinds, cseq }: ExchangeKey): boolean {
  return (
    words[at + BRANCH] === branch[0] &&
    words[at + BRANCH + 1] === branch[1] &&
    words[at + BRANCH + 2] === branch[2] &&
    words[at + BRANCH + 3] === branch[3] &&
    words[at + SENT_BY] === host.a &&
    words[at + SENT_BY + 1] === host.b &&
    words[at + SENT_BY + 2] === host.c &&
    words[at + SENT_BY + 3] === host.d &&
    words[at + PORT_AND_KINDS] === portAndKinds &&
    words[at + CSEQ] === cseq
  );
}
