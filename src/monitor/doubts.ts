/** 256 KiB of them: AORs that look alike are asked after for each other. */
const CELLS = 32_768;

/**
 * Which AORs were doubted, and how recently compared with others: each doubt has a number of its own. Most of all 2xx
 * learn from it, without a look at what it guards, that there is nothing against their AOR. AORs share cells by a keyed
 * hash, so that what is told of one may be another's doubt, and so a later one than its own; never an earlier one.
 */
export class Doubts {
  private readonly latest = new Float64Array(CELLS);
  private count = 0;

  add(hash: number): void {
    this.count++;
    this.latest[hash & (CELLS - 1)] = this.count;
  }

  /** Number of the latest doubt of all; 0: there was none. */
  get newest(): number {
    return this.count;
  }

  /** Number of the latest doubt about this AOR, from 1 on; 0: there was none. */
  latestOf(hash: number): number {
    return this.latest[hash & (CELLS - 1)]!;
  }
}
