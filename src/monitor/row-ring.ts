/** A row: 64 bytes, as much as the memory hands out at a time. */
const ROW_WORDS = 16;
const ROW_SHIFT = 4;
const FIRST_ROWS = 1024;
/** Twice as many chains as rows: most find one row at most. */
const CHAINS_PER_ROW = 2;

/**
 * Rows of numbers in the order of time, forgotten from the oldest on. What comes and goes with every registration and is
 * remembered for half a minute or longer would, as objects, keep the garbage collector busier than all else here, and
 * as so many arrays the memory; this is one array, filled round and round, with room for twice as many when it is full.
 *
 * Each row has a number for life, the next one up from the last (32 bits, round their end), whose low bits say where it
 * stands. So forgetting is to count up, and no more.
 */
export class RowRing {
  /** All rows. Another array after `add`. */
  words = new Int32Array(FIRST_ROWS * ROW_WORDS);
  /** The same memory: the double in the words `at` and `at + 1`, `at` being even, is `times[at / 2]`. */
  times = new Float64Array(this.words.buffer);
  protected rows = FIRST_ROWS;
  protected first = 0;
  protected count = 0;

  get size(): number {
    return this.count;
  }

  /** Number of the oldest row, where there is one. */
  get oldest(): number {
    return this.first;
  }

  /** Whether the row with this number is still kept. */
  has(number: number): boolean {
    return (number - this.first) >>> 0 < this.count;
  }

  /** Where in `words` the row with this number begins. */
  at(number: number): number {
    return (number & (this.rows - 1)) << ROW_SHIFT;
  }

  /** A new row; answers its number. What its words say is not defined. */
  add(): number {
    if (this.count === this.rows) this.grow();
    return (this.first + this.count++) | 0;
  }

  forgetOldest(): void {
    if (this.count === 0) return;
    this.first = (this.first + 1) | 0;
    this.count--;
  }

  forgetAll(): void {
    this.first = (this.first + this.count) | 0;
    this.count = 0;
  }

  /** Twice the room. Some ms where there are 100,000, once in a life. */
  protected grow(): void {
    const { rows, words } = this;
    const firstAt = this.at(this.first);
    // Numbers from the first to the next multiple of `rows` go to one half of the new room, those behind to the other.
    const firstHalf = (this.first & rows) === 0 ? 0 : words.length;
    this.rows *= 2;
    this.words = new Int32Array(words.length * 2);
    this.words.set(words.subarray(firstAt), firstHalf + firstAt);
    this.words.set(words.subarray(0, firstAt), words.length - firstHalf);
    this.times = new Float64Array(this.words.buffer);
  }
}

/** Of each row: hash, and number of the next older row in its chain. */
const LINK_SHIFT = 1;
const OLDER = 1;

/**
 * Rows that are found by a hash. A chain leads from number to lower number; the first one that is no longer kept ends it.
 * Chains and links lie apart from the rows, close together: most of what is looked for is not here, and no row is
 * looked at to find that out.
 */
export class ChainedRows extends RowRing {
  /** The newest row of each chain. */
  private chains = noChains(FIRST_ROWS);
  private links = new Int32Array(FIRST_ROWS << LINK_SHIFT);

  /** A new row under this hash; answers where it begins. */
  addUnder(hash: number): number {
    const number = this.add();
    this.link(number, hash);
    return this.at(number);
  }

  /** The oldest row becomes the newest, with another number. */
  putOldestLast(): void {
    const { oldest } = this;
    const from = this.at(oldest);
    this.forgetOldest();
    const to = this.addUnder(this.links[this.linkOf(oldest)]!);
    if (to !== from) this.words.copyWithin(to, from, from + ROW_WORDS);
  }

  /** Where the newest row under this hash begins, or -1. */
  newestUnder(hash: number): number {
    return this.next(this.chains[hash & (this.chains.length - 1)]!, this.count, hash);
  }

  /** The same of the next older one than that which begins at `at`. */
  olderThan(at: number): number {
    const age = ((at >>> ROW_SHIFT) - this.first) & (this.rows - 1);
    const link = (at >>> ROW_SHIFT) << LINK_SHIFT;
    return this.next(this.links[link + OLDER]!, age, this.links[link]!);
  }

  /** Along a chain from this number on, among the oldest so many. */
  private next(from: number, limit: number, hash: number): number {
    const { first, links } = this;
    let number = from;
    let age = (number - first) >>> 0;
    // What is forgotten lies before the first, and so, unsigned, behind all.
    for (let before = limit; age < before; before = age, age = (number - first) >>> 0) {
      const link = this.linkOf(number);
      if (links[link] === hash) return this.at(number);
      number = links[link + OLDER]!;
    }
    return -1;
  }

  /** Where in `links` those of the row with this number are. */
  private linkOf(number: number): number {
    return (number & (this.rows - 1)) << LINK_SHIFT;
  }

  private link(number: number, hash: number): void {
    const { chains, links } = this;
    const link = this.linkOf(number);
    const chain = hash & (chains.length - 1);
    links[link] = hash;
    links[link + OLDER] = chains[chain]!;
    chains[chain] = number;
  }

  protected override grow(): void {
    const { links, rows } = this;
    super.grow();
    this.links = new Int32Array(this.rows << LINK_SHIFT);
    this.chains = noChains(this.rows, this.first);
    for (let age = 0; age < this.count; age++) {
      const number = (this.first + age) | 0;
      this.link(number, links[(number & (rows - 1)) << LINK_SHIFT]!);
    }
  }
}

/** Each begins with a number that is not kept: the one before the first. */
function noChains(rows: number, first = 0): Int32Array {
  return new Int32Array(rows * CHAINS_PER_ROW).fill(first - 1);
}
