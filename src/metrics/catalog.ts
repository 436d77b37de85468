import { GRANT_BOUNDS, RATIO_BOUNDS, SECOND_BOUNDS } from '../monitor/counts.ts';
import {
  ATTEMPT_KINDS,
  CHANGES,
  PATTERNS,
  RESPONSE_LEGS,
  RESULTS,
  SERIES_FAMILIES,
  STORM_CAUSES,
  TABLES,
} from '../monitor/lists.ts';
import { LOCAL_STATUSES, OUTCOMES, REASONS, SIDES } from '../proxy/reasons.ts';
import { METHODS } from '../sip/methods.ts';
import type { Metric } from './metric.ts';
import { closed, open } from './metric.ts';

/** From a kernel hand-over without load to a worker that is starved of its processor. */
export const FORWARDING_SECONDS = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25,
] as const;

export const IMPLICIT_STALE_OUTCOMES = ['recovered', 'unresolved'] as const;

export const CONTACT_COUNTS = ['1', '2', '3', '4+'] as const;

const CODES = LOCAL_STATUSES.map(String);
const domain = open('domain', 'the cap on domains; what is past it is `other`');
const aor = open('aor', 'the series budget of the family');
const registrar = open('registrar', 'the configured registrars');
const socket = open('socket', 'the sockets that are bound');

/**
 * Every metric of ours, once. The exporter, the dashboards, the alert rules and the reference page are made
 * from this list, so a name is written here and nowhere else.
 */
export const METRICS = {
  datagrams: {
    name: 'rollcall_datagrams_total',
    type: 'counter',
    group: 'Forwarding',
    help: 'Datagrams received, each once, by the side they came from, what was done with them, and why',
    labels: [closed('from', SIDES), closed('outcome', OUTCOMES), closed('reason', REASONS)],
  },
  localResponses: {
    name: 'rollcall_local_responses_total',
    type: 'counter',
    group: 'Forwarding',
    help: 'Responses that Rollcall made itself instead of forwarding the request',
    labels: [closed('code', CODES)],
  },
  requests: {
    name: 'rollcall_requests_total',
    type: 'counter',
    group: 'Forwarding',
    help: 'SIP requests received',
    labels: [closed('from', SIDES), closed('method', METHODS)],
  },
  oversizedRequests: {
    name: 'rollcall_oversized_requests_total',
    type: 'counter',
    group: 'Forwarding',
    help: 'SIP requests longer than 1300 bytes, which should have come over TCP and may get lost as fragments',
    labels: [],
  },
  responses: {
    name: 'rollcall_responses_total',
    type: 'counter',
    group: 'Forwarding',
    help: 'SIP responses received, by the method they answer; the code is exact for REGISTER, a class such as 2xx for the rest',
    labels: [
      closed('from', SIDES),
      closed('method', METHODS),
      open('code', 'the status codes 100 to 699, and their classes'),
    ],
  },
  forwardingDuration: {
    name: 'rollcall_forwarding_duration_seconds',
    type: 'histogram',
    group: 'Forwarding',
    help: 'Time from the receipt of a batch of datagrams to its hand-over to the kernel; one batch in 64 is measured',
    labels: [],
    buckets: FORWARDING_SECONDS,
  },
  socketDrops: {
    name: 'rollcall_socket_drops_total',
    type: 'counter',
    group: 'Forwarding',
    help: 'Datagrams that the kernel threw away because the receive buffer of the socket was full',
    labels: [socket],
  },
  socketReceiveQueue: {
    name: 'rollcall_socket_receive_queue_bytes',
    type: 'gauge',
    group: 'Forwarding',
    help: 'Bytes that wait in the receive buffer of the socket',
    labels: [socket],
  },
  registerAttempts: {
    name: 'rollcall_register_attempts_total',
    type: 'counter',
    group: 'Registrations',
    help: 'REGISTER transactions by what they ask for, counted with their first copy',
    labels: [closed('kind', ATTEMPT_KINDS)],
  },
  registerRetransmissions: {
    name: 'rollcall_register_retransmissions_total',
    type: 'counter',
    group: 'Registrations',
    help: 'Further copies of a REGISTER that was seen already',
    labels: [],
  },
  registerResults: {
    name: 'rollcall_register_results_total',
    type: 'counter',
    group: 'Registrations',
    help: 'REGISTER transactions by how they ended, each once, with its first final response or without one after 32 s',
    labels: [closed('result', RESULTS), domain],
  },
  implicitStaleOutcomes: {
    name: 'rollcall_implicit_stale_outcomes_total',
    type: 'counter',
    group: 'Registrations',
    help: 'What became of the results told as implicit_stale: a success within 10 s, or none',
    labels: [closed('outcome', IMPLICIT_STALE_OUTCOMES)],
  },
  challengesAbandoned: {
    name: 'rollcall_challenges_abandoned_total',
    type: 'counter',
    group: 'Registrations',
    help: 'Challenges that no REGISTER with credentials followed within 32 s',
    labels: [],
  },
  registerResponse: {
    name: 'rollcall_register_response_seconds',
    type: 'histogram',
    group: 'Registrations',
    help: 'Time from the first copy of a REGISTER to its final response: a challenge, or the end of the registration',
    labels: [closed('leg', RESPONSE_LEGS)],
    buckets: SECOND_BOUNDS,
  },
  registerHandshake: {
    name: 'rollcall_register_handshake_seconds',
    type: 'histogram',
    group: 'Registrations',
    help: 'Time from the first REGISTER to the 200, the challenge in between included',
    labels: [],
    buckets: SECOND_BOUNDS,
  },
  registerInFlight: {
    name: 'rollcall_register_in_flight',
    type: 'gauge',
    group: 'Registrations',
    help: 'REGISTER transactions that have no final response yet',
    labels: [],
  },
  bindings: {
    name: 'rollcall_bindings',
    type: 'gauge',
    group: 'Bindings',
    help: 'Bindings that the registrar has granted and that have not run out',
    labels: [domain],
  },
  aors: {
    name: 'rollcall_aors',
    type: 'gauge',
    group: 'Bindings',
    help: 'Addresses of record with at least one binding',
    labels: [domain],
  },
  aorsByContacts: {
    name: 'rollcall_aors_by_contacts',
    type: 'gauge',
    group: 'Bindings',
    help: 'Addresses of record by how many bindings they have',
    labels: [closed('contacts', CONTACT_COUNTS)],
  },
  bindingChanges: {
    name: 'rollcall_binding_changes_total',
    type: 'counter',
    group: 'Bindings',
    help: 'What happened to bindings; learned means that it was there before Rollcall looked',
    labels: [closed('change', CHANGES), domain],
  },
  grantedExpires: {
    name: 'rollcall_granted_expires_seconds',
    type: 'histogram',
    group: 'Bindings',
    help: 'Lifetimes that the registrar granted',
    labels: [],
    buckets: GRANT_BOUNDS,
  },
  refreshRatio: {
    name: 'rollcall_refresh_ratio',
    type: 'histogram',
    group: 'Bindings',
    help: 'Time since the last refresh, divided by the granted lifetime: 0.5 is healthy, close to 1 is a phone about to drop off',
    labels: [],
    buckets: RATIO_BOUNDS,
  },
  warmingUp: {
    name: 'rollcall_warming_up',
    type: 'gauge',
    group: 'Bindings',
    help: '1 after a start until the longest grant seen, at most an hour, has passed: until then a missing binding proves nothing',
    labels: [],
  },
  aorAuthFailures: {
    name: 'rollcall_aor_auth_failures_total',
    type: 'counter',
    group: 'Extensions',
    help: 'Credentials that the registrar refused, by extension: 401 or 407 to a fresh nonce, and 403',
    labels: [aor],
  },
  aorChallenges: {
    name: 'rollcall_aor_challenges_total',
    type: 'counter',
    group: 'Extensions',
    help: 'Challenges, by extension',
    labels: [aor],
  },
  aorBindingChanges: {
    name: 'rollcall_aor_binding_changes_total',
    type: 'counter',
    group: 'Extensions',
    help: 'Changes to bindings, by extension',
    labels: [aor],
  },
  aorRegistered: {
    name: 'rollcall_aor_registered',
    type: 'gauge',
    group: 'Extensions',
    help: '1 for an extension of the inventory that has a binding, 0 for one that is missing; absent without an inventory',
    labels: [open('aor', 'the lines of the inventory file')],
  },
  seriesBudget: {
    name: 'rollcall_series_budget',
    type: 'gauge',
    group: 'Extensions',
    help: 'How many series a family with an aor label may have',
    labels: [closed('family', SERIES_FAMILIES)],
  },
  seriesUsed: {
    name: 'rollcall_series_used',
    type: 'gauge',
    group: 'Extensions',
    help: 'How many series a family with an aor label has',
    labels: [closed('family', SERIES_FAMILIES)],
  },
  seriesEvictions: {
    name: 'rollcall_series_evictions_total',
    type: 'counter',
    group: 'Extensions',
    help: 'Series with an aor label that gave way to others because the budget was used up',
    labels: [closed('family', SERIES_FAMILIES)],
  },
  sourcesSuspicious: {
    name: 'rollcall_sources_suspicious',
    type: 'gauge',
    group: 'Storms and abuse',
    help: 'Sources, or extensions, that match the pattern now; who they are is in the log',
    labels: [closed('pattern', PATTERNS)],
  },
  suspiciousEvents: {
    name: 'rollcall_suspicious_events_total',
    type: 'counter',
    group: 'Storms and abuse',
    help: 'Times that a source or an extension began to match the pattern',
    labels: [closed('pattern', PATTERNS)],
  },
  compromiseSuspected: {
    name: 'rollcall_compromise_suspected_total',
    type: 'counter',
    group: 'Storms and abuse',
    help: 'Successes of a source that had failed on the same extension again and again and never registered it before',
    labels: [],
  },
  stormActive: {
    name: 'rollcall_storm_active',
    type: 'gauge',
    group: 'Storms and abuse',
    help: '1 while REGISTERs come at a multiple of the rate that the known bindings need, under the cause that fits',
    labels: [closed('cause', STORM_CAUSES)],
  },
  stormRecoveredRatio: {
    name: 'rollcall_storm_recovered_ratio',
    type: 'gauge',
    group: 'Storms and abuse',
    help: 'Of the extensions known before the storm, the share that has registered since it began; 1 without a storm',
    labels: [],
  },
  registrarUp: {
    name: 'rollcall_registrar_up',
    type: 'gauge',
    group: 'Registrars',
    help: '1 if the registrar answers what is sent to it; absent while nothing was sent that would tell',
    labels: [registrar],
  },
  registrarActive: {
    name: 'rollcall_registrar_active',
    type: 'gauge',
    group: 'Registrars',
    help: '1 for the registrar that requests go to',
    labels: [registrar],
  },
  tapDropped: {
    name: 'rollcall_tap_dropped_total',
    type: 'counter',
    group: 'Rollcall itself',
    help: 'Datagrams that were forwarded but that the monitor missed because it had fallen behind',
    labels: [],
  },
  monitorDelay: {
    name: 'rollcall_monitor_delay_seconds',
    type: 'gauge',
    group: 'Rollcall itself',
    help: 'How old the oldest datagram is that waits for the monitor; 0 where none waits. So far behind the present is what is told here',
    labels: [],
  },
  eventsSuppressed: {
    name: 'rollcall_events_suppressed_total',
    type: 'counter',
    group: 'Rollcall itself',
    help: 'Events that were counted but not told, because there were too many in one second',
    labels: [],
  },
  monitorEvictions: {
    name: 'rollcall_monitor_evictions_total',
    type: 'counter',
    group: 'Rollcall itself',
    help: 'Entries that the monitor forgot because a table was full; counts that fall because of it are no doing of the phones',
    labels: [closed('table', TABLES)],
  },
  buildInfo: {
    name: 'rollcall_build_info',
    type: 'gauge',
    group: 'Rollcall itself',
    help: 'Always 1; the labels say what is running',
    labels: [open('version', 'one per process'), open('node', 'one per process')],
  },
  secretInfo: {
    name: 'rollcall_secret_info',
    type: 'gauge',
    group: 'Rollcall itself',
    help: 'Always 1; nodes that stand in for one another must show the same fingerprint',
    labels: [open('fingerprint', 'one per process')],
  },
  configReloadSuccessful: {
    name: 'rollcall_config_last_reload_successful',
    type: 'gauge',
    group: 'Rollcall itself',
    help: '0 if the last attempt to load the configuration was refused',
    labels: [],
  },
  configReloadSuccessTime: {
    name: 'rollcall_config_last_reload_success_timestamp_seconds',
    type: 'gauge',
    group: 'Rollcall itself',
    help: 'Unix time at which the configuration in force was loaded',
    labels: [],
  },
} as const satisfies Record<string, Metric>;

export type MetricKey = keyof typeof METRICS;

/** Series of others that dashboards and rules rest on: Prometheus writes `up`, prom-client the rest. */
export const BORROWED = {
  up: 'up',
  cpu: 'process_cpu_seconds_total',
  residentMemory: 'process_resident_memory_bytes',
  startTime: 'process_start_time_seconds',
  eventLoopLag: 'nodejs_eventloop_lag_p99_seconds',
} as const;
