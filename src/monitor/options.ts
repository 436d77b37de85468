import type { HashKey } from '../sip/siphash.ts';
import type { StormThresholds, SuspicionThresholds } from './thresholds.ts';
import { DEFAULT_STORM, DEFAULT_SUSPICION } from './thresholds.ts';

/** Bounds and choices of the monitor. Every one has a default; see DEFAULT_MONITOR_OPTIONS. */
export interface MonitorOptions {
  /** AORs with bindings that are remembered; past it one of those refreshed longest ago is evicted. */
  readonly maxAors: number;
  /** Source addresses that are remembered for the suspicion patterns. */
  readonly maxSources: number;
  /** REGISTER transactions, in flight and lately settled together. */
  readonly maxExchanges: number;
  /**
   * What transactions, AORs, nonces and messages are known by is hashed with it: random, so that nobody can make two that
   * look alike.
   */
  readonly exchangeHashKey: HashKey;
  /** Per-AOR series of each family, main and probation part together. */
  readonly aorSeries: number;
  /** What an `aor` label says: the AOR, `hashAor` of it, or nothing at all (no such series). */
  readonly aorLabels: 'plain' | 'hash' | 'none';
  /** Keyed hash of an AOR; must be given with aorLabels 'hash'. */
  readonly hashAor: (aor: string) => string;
  /** `ignore` for PBXes that identify by user alone: `24001@a` and `24001@b` are then one AOR, `24001`. */
  readonly aorDomain: 'keep' | 'ignore';
  /** Whether a 200 lists every binding of its AOR (RFC 3261 §10.3), only the request's own, or is found out. */
  readonly registrarLists: 'auto' | 'all' | 'own';
  /** Domains that have a label value from the start; others get one with their first 2xx. */
  readonly configuredDomains: readonly string[];
  /** Domain label values, configured ones included; further domains are counted as `other`. */
  readonly maxDomains: number;
  /** AORs that ought to be registered, `24001@iptlab.com` or with a `sip:` before it. */
  readonly inventory: readonly string[];
  readonly suspicion: SuspicionThresholds;
  readonly storm: StormThresholds;
}

export const DEFAULT_MONITOR_OPTIONS: MonitorOptions = {
  maxAors: 1_000_000,
  maxSources: 100_000,
  maxExchanges: 262_144,
  exchangeHashKey: new Int32Array(4),
  aorSeries: 2000,
  aorLabels: 'plain',
  hashAor: (aor) => aor,
  aorDomain: 'keep',
  registrarLists: 'auto',
  configuredDomains: [],
  maxDomains: 50,
  inventory: [],
  suspicion: DEFAULT_SUSPICION,
  storm: DEFAULT_STORM,
};
