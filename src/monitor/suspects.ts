/** Sources that are remembered per failing AOR. */
export const MAX_SOURCES_PER_AOR = 16;
/** AORs that are remembered per failing source: more than any threshold needs. */
export const MAX_AORS_PER_SOURCE = 64;

/** The times of the last events, as many as a threshold needs. */
export class Recent {
  private readonly atMs: number[] = [];
  private readonly length: number;
  private next = 0;

  constructor(length: number) {
    this.length = length;
  }

  add(nowMs: number): void {
    if (this.atMs.length < this.length) this.atMs.push(nowMs);
    else this.atMs[this.next] = nowMs;
    this.next = (this.next + 1) % this.length;
  }

  /** When the first of the last `length` was; undefined where there have not been so many. */
  get firstMs(): number | undefined {
    return this.atMs.length < this.length ? undefined : this.atMs[this.next];
  }
}

/** Names with the time of their last appearance; the one longest unseen makes room. */
export class RecentNames {
  private readonly names = new Map<string, number>();
  /** Stands last among them, if it stands there. */
  private newest: string | undefined = undefined;
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  add(name: string, nowMs: number): void {
    // Most fail again where they failed last: to take it out and put it in again is dear.
    if (name !== this.newest) this.makeLast(name);
    this.names.set(name, nowMs);
  }

  private makeLast(name: string): void {
    this.newest = name;
    this.names.delete(name);
    if (this.names.size < this.max) return;
    const oldest = this.names.keys().next();
    if (oldest.done !== true) this.names.delete(oldest.value);
  }

  delete(name: string): void {
    this.names.delete(name);
  }

  /** How many appeared since then; what is older is forgotten. */
  countSince(sinceMs: number): number {
    for (const [name, atMs] of this.names) {
      if (atMs >= sinceMs) break;
      this.names.delete(name);
    }
    return this.names.size;
  }
}

/** Failures of one source on one AOR since its last success there. */
export interface Run {
  failures: number;
  lastMs: number;
  /** The AOR was registered from here when it failed: its phone, with a password that no longer fits. */
  isKnown: boolean;
}

/** An AOR whose credentials were refused. */
export class FailingAor {
  readonly failures: Recent;
  readonly sources = new RecentNames(MAX_SOURCES_PER_AOR);
  /** By source, at most MAX_SOURCES_PER_AOR. */
  readonly runs = new Map<string, Run>();

  constructor(threshold: number) {
    this.failures = new Recent(threshold);
  }

  /** The run of this source; a new one where the last failure is longer ago than `memoryMs`. */
  runOf(source: string, nowMs: number, memoryMs: number): Run {
    const known = this.runs.get(source);
    if (known !== undefined && nowMs - known.lastMs <= memoryMs) return known;
    const run = { failures: 0, lastMs: nowMs, isKnown: false };
    if (known === undefined && this.runs.size >= MAX_SOURCES_PER_AOR) {
      this.runs.delete(this.runs.keys().next().value ?? '');
    }
    this.runs.set(source, run);
    return run;
  }
}

/** A source that failed, or got nowhere, on some AOR. */
export class FailingSource {
  readonly failures: Recent;
  /** AORs with refused credentials. */
  readonly failed = new RecentNames(MAX_AORS_PER_SOURCE);
  /** AORs on which it got nowhere: unknown, forbidden, refused, or a challenge that it left alone. */
  readonly probed = new RecentNames(MAX_AORS_PER_SOURCE);

  constructor(threshold: number) {
    this.failures = new Recent(threshold);
  }
}
