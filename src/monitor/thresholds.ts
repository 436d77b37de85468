/** When a pattern of failures deserves a name. They signal only: carrier NAT makes innocents share an address. */
export interface SuspicionThresholds {
  /** Authentication failures of one AOR, */
  readonly bruteForceFailures: number;
  /** or of one source: failures, and AORs among them, */
  readonly sprayFailures: number;
  readonly sprayAors: number;
  /** or sources that failed on one AOR (more than this): all within this time. */
  readonly distributedSources: number;
  readonly failureWindowSec: number;
  /** AORs (more than this) on which one source got nowhere, within this time. */
  readonly enumerationAors: number;
  readonly enumerationWindowSec: number;
  /** Failures of one source on one AOR before its first success there. */
  readonly compromiseFailures: number;
  /** REGISTERs of one phone in a minute (more than this). */
  readonly tightLoopPerMin: number;
  /** How long a source that called itself a scanner stays suspicious. */
  readonly scannerWindowSec: number;
}

export const DEFAULT_SUSPICION: SuspicionThresholds = {
  bruteForceFailures: 10,
  sprayFailures: 25,
  sprayAors: 5,
  distributedSources: 5,
  failureWindowSec: 300,
  enumerationAors: 20,
  enumerationWindowSec: 600,
  compromiseFailures: 5,
  tightLoopPerMin: 30,
  scannerWindowSec: 600,
};

/** When REGISTERs are a storm. */
export interface StormThresholds {
  /** Times what the ledger's bindings need (more than this). */
  readonly factor: number;
  /** REGISTERs per second (more than this), copies included; it alone decides while warming up. */
  readonly floorPerSec: number;
  /** Quiet that ends a storm. */
  readonly quietSec: number;
}

export const DEFAULT_STORM: StormThresholds = { factor: 4, floorPerSec: 10, quietSec: 30 };
