/** The closed lists of what the monitor tells apart: values of metric labels, and fields of events. */

export const ATTEMPT_KINDS = ['initial', 'with_credentials', 'unregister', 'query'] as const;
export type AttemptKind = (typeof ATTEMPT_KINDS)[number];

export const RESULTS = [
  'ok',
  'challenged',
  'stale',
  'implicit_stale',
  'auth_failure',
  'forbidden',
  'unknown_user',
  'interval_too_brief',
  'rejected_config',
  'redirected',
  'server_failure',
  'rejected_other',
  'timeout',
  'unclassified',
] as const;
export type Result = (typeof RESULTS)[number];

export const CHANGES = [
  'added',
  'refreshed',
  'changed',
  'nat_rebind',
  'moved',
  'restarted',
  'replaced',
  'removed',
  'expired',
  'learned',
] as const;
export type Change = (typeof CHANGES)[number];

export const PATTERNS = [
  'brute_force',
  'enumeration',
  'spray',
  'distributed',
  'scanner',
  'tight_loop',
] as const;
export type Pattern = (typeof PATTERNS)[number];

export const STORM_CAUSES = ['restart', 'loop', 'attack', 'unknown'] as const;
export type StormCause = (typeof STORM_CAUSES)[number];

/** Per-AOR series families, each with a budget of its own. */
export const SERIES_FAMILIES = ['auth_failures', 'challenges', 'binding_changes'] as const;
export type SeriesFamily = (typeof SERIES_FAMILIES)[number];

/** The bounded tables of soft state; an eviction from one is our limit, not the phones' doing. */
export const TABLES = ['exchanges', 'nonces', 'aors', 'sources', 'histories', 'pending'] as const;
export type Table = (typeof TABLES)[number];

export const RESPONSE_LEGS = ['challenge', 'final'] as const;
export type ResponseLeg = (typeof RESPONSE_LEGS)[number];
