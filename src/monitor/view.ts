import type { MonitorCounts } from './counts.ts';
import type { Pattern, SeriesFamily, StormCause } from './lists.ts';

/** What the exporter, the log and the demo may read of the monitor; implemented by Monitor. */
export interface MonitorView {
  readonly counts: MonitorCounts;
  /** REGISTER transactions without a final response yet. */
  readonly inFlight: number;
  /** True from the start until min(longest grant seen, 3600 s) has passed: absence proves nothing yet. */
  readonly warmingUp: boolean;
  /** How many AORs have 1, 2, 3, and 4 or more bindings. */
  readonly aorsByContacts: readonly [number, number, number, number];
  /** Live series of a family: AOR and its count. */
  series(family: SeriesFamily): Iterable<readonly [aor: string, count: number]>;
  seriesBudget(family: SeriesFamily): number;
  seriesUsed(family: SeriesFamily): number;
  seriesEvictions(family: SeriesFamily): number;
  /** 1 or 0 for each AOR of the operator's inventory; empty without one. */
  registered(): Iterable<readonly [aor: string, registered: 0 | 1]>;
  suspiciousNow(pattern: Pattern): number;
  /** The cause of the storm that is on, or undefined. */
  readonly storm: StormCause | undefined;
  /** Of the AORs known before the storm, the share that is back; 1 without a storm. */
  readonly stormRecoveredRatio: number;
}
