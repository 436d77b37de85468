import { Histogram } from './histogram.ts';
import { ATTEMPT_KINDS, CHANGES, PATTERNS, RESULTS, TABLES } from './lists.ts';

/** What is counted per domain (host of the To URI). Arrays are indexed as the lists in lists.ts. */
export class DomainCounts {
  readonly results = new Float64Array(RESULTS.length);
  readonly changes = new Float64Array(CHANGES.length);
  /** Current, not cumulative. */
  bindings = 0;
  /** AORs with at least one binding, current. */
  aors = 0;
}

/** The domain that takes whatever has no value of its own. */
export const OTHER_DOMAIN = 'other';

/** Everything the monitor counts; read at scrape. Counters only ever grow, whatever is evicted. */
export class MonitorCounts {
  readonly attempts = new Float64Array(ATTEMPT_KINDS.length);
  retransmissions = 0;
  challengesAbandoned = 0;
  /** At least `other`; a domain enters with its first 2xx or by configuration. */
  readonly domains = new Map<string, DomainCounts>([[OTHER_DOMAIN, new DomainCounts()]]);
  readonly challengeSeconds = new Histogram(SECOND_BOUNDS);
  readonly finalSeconds = new Histogram(SECOND_BOUNDS);
  readonly handshakeSeconds = new Histogram(SECOND_BOUNDS);
  readonly grantedExpiresSeconds = new Histogram(GRANT_BOUNDS);
  readonly refreshRatio = new Histogram(RATIO_BOUNDS);
  readonly suspiciousEvents = new Float64Array(PATTERNS.length);
  compromiseSuspected = 0;
  /**
   * What results told as implicit_stale came to, each once: a 2xx of the AOR within 10 s, or none. Those
   * that were open when tap records were lost are in neither.
   */
  implicitStaleRecovered = 0;
  implicitStaleUnresolved = 0;
  /** Events that were held back because there were too many in one second. */
  eventsSuppressed = 0;
  readonly evictions = new Float64Array(TABLES.length);
}

/** From a registrar on the same host to one that is about to time out. */
export const SECOND_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32];
/** The grants that registrars hand out: NAT keep-alive habits, minutes, hours. */
export const GRANT_BOUNDS = [10, 30, 60, 90, 120, 180, 300, 600, 900, 1800, 3600, 7200, 86_400];
export const RATIO_BOUNDS = [0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 1, 1.1];
