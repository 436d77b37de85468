import { LRUCache } from 'lru-cache';
import type { SeriesFamily } from './lists.ts';
import { SERIES_FAMILIES } from './lists.ts';

/** The share of the budget for AORs that never registered: a scan of random extensions churns this part only. */
const PROBATION_SHARE = 0.1;

/** A counter as it is exposed; `label` is what stands in for the AOR. */
interface Counter {
  readonly label: string;
  count: number;
}

/** One family of per-AOR counters within its budget. */
class Family {
  evictions = 0;
  private readonly main: LRUCache<string, Counter> | undefined;
  private readonly probation: LRUCache<string, Counter> | undefined;

  constructor(budget: number) {
    const probation = budget < 2 ? 0 : Math.max(1, Math.floor(budget * PROBATION_SHARE));
    this.main = this.table(budget - probation);
    this.probation = this.table(probation);
  }

  private table(max: number): LRUCache<string, Counter> | undefined {
    if (max < 1) return undefined;
    return new LRUCache<string, Counter>({
      max,
      dispose: (_counter, _aor, reason) => {
        if (reason === 'evict') this.evictions++;
      },
    });
  }

  get used(): number {
    return (this.main?.size ?? 0) + (this.probation?.size ?? 0);
  }

  hasInMain(aor: string): boolean {
    return this.main?.has(aor) === true;
  }

  /** Counts one; false where the AOR has no series. */
  count(aor: string): boolean {
    const counter = this.main?.get(aor) ?? this.probation?.get(aor);
    if (counter === undefined) return false;
    counter.count++;
    return true;
  }

  /** A new series, which has counted one. */
  open(aor: string, part: 'main' | 'probation', label: (aor: string) => string): void {
    const table = part === 'main' ? this.main : this.probation;
    table?.set(aor, { label: label(aor), count: 1 });
  }

  /** The AOR has registered: its counter goes on in the main part. */
  promote(aor: string): void {
    const counter = this.probation?.peek(aor);
    if (counter === undefined) return;
    this.probation?.delete(aor);
    this.main?.set(aor, counter);
  }

  *counters(): Iterable<readonly [string, number]> {
    for (const table of [this.main, this.probation]) {
      if (table === undefined) continue;
      for (const { label, count } of table.values()) yield [label, count];
    }
  }
}

/**
 * Counters per AOR under a hard budget for each family. An evicted series disappears: a counter that was
 * moved into a common one would look like a burst.
 */
export class Series {
  readonly budget: number;
  private readonly families: Record<SeriesFamily, Family>;
  private readonly label: (aor: string) => string;

  /** `label` turns an AOR into what its label says. */
  constructor(budget: number, label: (aor: string) => string) {
    this.budget = Math.max(0, Math.floor(budget));
    this.label = label;
    this.families = {
      auth_failures: new Family(this.budget),
      challenges: new Family(this.budget),
      binding_changes: new Family(this.budget),
    };
  }

  /** Counts one for an AOR. Whether it has bindings now is asked for a new series only: most have one. */
  add(family: SeriesFamily, aor: string, isRegistered: (aor: string) => boolean): void {
    if (this.budget === 0 || this.families[family].count(aor)) return;
    const part = isRegistered(aor) || this.hasRegistered(aor) ? 'main' : 'probation';
    this.families[family].open(aor, part, this.label);
  }

  /** An AOR that has a series in a main part has registered once, even if it has no bindings now. */
  private hasRegistered(aor: string): boolean {
    for (const family of SERIES_FAMILIES) if (this.families[family].hasInMain(aor)) return true;
    return false;
  }

  promote(aor: string): void {
    for (const family of SERIES_FAMILIES) this.families[family].promote(aor);
  }

  countersOf(family: SeriesFamily): Iterable<readonly [aor: string, count: number]> {
    return this.families[family].counters();
  }

  usedOf(family: SeriesFamily): number {
    return this.families[family].used;
  }

  evictionsOf(family: SeriesFamily): number {
    return this.families[family].evictions;
  }
}
