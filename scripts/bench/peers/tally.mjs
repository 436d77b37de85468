/** Latencies are counted by the microsecond up to 0.1 s, by the millisecond up to 40 s. */
const FINE_BUCKETS = 100_000;
const COARSE_BUCKETS = 40_000;

/** What is counted in one phase. */
export class Tally {
  begun = 0;
  answered = 0;
  sequences = 0;
  /** Sequences that began well after they were due: no phone had nothing else to do, or the load was kept from its CPU. */
  begunLate = 0;
  lost = 0;
  resent = 0;
  late = 0;
  longestMs = 0;
  /** How many datagrams were wrong, by what was wrong with them. @type {Map<string, number>} */
  wrong = new Map();
  /** The first of them. @type {string | undefined} */
  firstWrong = undefined;
  #fine = new Uint32Array(FINE_BUCKETS);
  #coarse = new Uint32Array(COARSE_BUCKETS);

  answeredAfter(/** @type {number} */ ms) {
    this.answered++;
    const us = (ms * 1000) | 0;
    if (us < FINE_BUCKETS) this.#fine[us]++;
    else this.#coarse[Math.min(ms | 0, COARSE_BUCKETS - 1)]++;
    if (ms > this.longestMs) this.longestMs = ms;
  }

  isWrong(/** @type {string} */ why, /** @type {string} */ datagram) {
    this.wrong.set(why, (this.wrong.get(why) ?? 0) + 1);
    this.firstWrong ??= `${why}: ${datagram}`;
  }

  /** So large a share of what was answered took no longer. */
  quantileMs(/** @type {number} */ share) {
    let left = Math.ceil(this.answered * share);
    for (let us = 0; us < FINE_BUCKETS; us++) {
      left -= this.#fine[us] ?? 0;
      if (left <= 0) return us / 1000;
    }
    for (let ms = 0; ms < COARSE_BUCKETS; ms++) {
      left -= this.#coarse[ms] ?? 0;
      if (left <= 0) return ms;
    }
    return this.longestMs;
  }
}
