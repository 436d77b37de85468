import type { MonitorCounts } from '../monitor/counts.ts';
import {
  ATTEMPT_KINDS,
  CHANGES,
  PATTERNS,
  RESULTS,
  SERIES_FAMILIES,
  STORM_CAUSES,
  TABLES,
} from '../monitor/lists.ts';
import type { Outcome, Reason } from '../proxy/reasons.ts';
import { LOCAL_STATUSES, OUTCOMES, REASONS, SIDES } from '../proxy/reasons.ts';
import { METHODS } from '../sip/methods.ts';
import type { METRICS, MetricKey } from './catalog.ts';
import { CONTACT_COUNTS } from './catalog.ts';
import type { ClosedLabel, Label, Metric } from './metric.ts';
import type { HistogramReader, SocketState, Sources } from './sources.ts';

/** A value and its labels, in the order in which the catalogue names them. */
export type Row<Value, Labels extends readonly Label[]> = readonly [
  value: Value,
  ...labels: { readonly [I in keyof Labels]: Labels[I] extends ClosedLabel<string, infer V> ? V : string },
];

type Reader<M extends Metric> = (
  sources: Sources,
) => Iterable<Row<M['type'] extends 'histogram' ? HistogramReader : number, M['labels']>>;

/** How each metric of the catalogue is read: one that nothing feeds, or fed with other labels, does not compile. */
export const READERS: { readonly [K in MetricKey]: Reader<(typeof METRICS)[K]> } = {
  datagrams: function* ({ forwarding }) {
    for (const from of SIDES) {
      for (const outcome of OUTCOMES) {
        for (const reason of REASONS) {
          const count = forwarding.datagrams(from, outcome, reason);
          if (count > 0 || isToBeExpected(outcome, reason)) yield [count, from, outcome, reason];
        }
      }
    }
  },
  localResponses: ({ forwarding }) =>
    LOCAL_STATUSES.map((status) => [forwarding.localResponses(status), String(status)] as const),
  requests: function* ({ forwarding }) {
    for (const from of SIDES) {
      for (const method of METHODS) yield [forwarding.requests(from, method), from, method];
    }
  },
  oversizedRequests: ({ forwarding }) => [[forwarding.single('oversizedRequests')]],
  responses: function* ({ forwarding }) {
    for (const from of SIDES) {
      for (const method of METHODS) {
        for (const code of method === 'REGISTER' ? EXACT_CODES : CODE_CLASSES) {
          const count = forwarding.responses(from, method, code);
          if (count > 0) yield [count, from, method, code];
        }
      }
    }
  },
  forwardingDuration: ({ forwarding }) => [[forwarding.durationSeconds]],
  socketDrops: (sources) => known(sources.sockets(), (socket) => socket.drops),
  socketReceiveQueue: (sources) => known(sources.sockets(), (socket) => socket.receiveQueueBytes),

  registerAttempts: ({ monitor }) => perValue(ATTEMPT_KINDS, monitor.counts.attempts),
  registerRetransmissions: ({ monitor }) => [[monitor.counts.retransmissions]],
  registerResults: ({ monitor }) => perDomain(monitor.counts, RESULTS, 'results'),
  implicitStaleOutcomes: ({ monitor: { counts } }) => [
    [counts.implicitStaleRecovered, 'recovered'],
    [counts.implicitStaleUnresolved, 'unresolved'],
  ],
  challengesAbandoned: ({ monitor }) => [[monitor.counts.challengesAbandoned]],
  registerResponse: ({ monitor: { counts } }) => [
    [counts.challengeSeconds, 'challenge'],
    [counts.finalSeconds, 'final'],
  ],
  registerHandshake: ({ monitor }) => [[monitor.counts.handshakeSeconds]],
  registerInFlight: ({ monitor }) => [[monitor.inFlight]],

  bindings: function* ({ monitor }) {
    for (const [domain, counts] of monitor.counts.domains) yield [counts.bindings, domain];
  },
  aors: function* ({ monitor }) {
    for (const [domain, counts] of monitor.counts.domains) yield [counts.aors, domain];
  },
  aorsByContacts: ({ monitor }) => perValue(CONTACT_COUNTS, monitor.aorsByContacts),
  bindingChanges: ({ monitor }) => perDomain(monitor.counts, CHANGES, 'changes'),
  grantedExpires: ({ monitor }) => [[monitor.counts.grantedExpiresSeconds]],
  refreshRatio: ({ monitor }) => [[monitor.counts.refreshRatio]],
  warmingUp: ({ monitor }) => [[bit(monitor.warmingUp)]],

  aorAuthFailures: ({ monitor }) => swapped(monitor.series('auth_failures')),
  aorChallenges: ({ monitor }) => swapped(monitor.series('challenges')),
  aorBindingChanges: ({ monitor }) => swapped(monitor.series('binding_changes')),
  aorRegistered: ({ monitor }) => swapped(monitor.registered()),
  seriesBudget: ({ monitor }) =>
    SERIES_FAMILIES.map((family) => [monitor.seriesBudget(family), family] as const),
  seriesUsed: ({ monitor }) => SERIES_FAMILIES.map((family) => [monitor.seriesUsed(family), family] as const),
  seriesEvictions: ({ monitor }) =>
    SERIES_FAMILIES.map((family) => [monitor.seriesEvictions(family), family] as const),

  sourcesSuspicious: ({ monitor }) =>
    PATTERNS.map((pattern) => [monitor.suspiciousNow(pattern), pattern] as const),
  suspiciousEvents: ({ monitor }) => perValue(PATTERNS, monitor.counts.suspiciousEvents),
  compromiseSuspected: ({ monitor }) => [[monitor.counts.compromiseSuspected]],
  stormActive: ({ monitor }) => STORM_CAUSES.map((cause) => [bit(monitor.storm === cause), cause] as const),
  stormRecoveredRatio: ({ monitor }) => [[monitor.stormRecoveredRatio]],

  registrarUp: function* (sources) {
    for (const { name, up } of sources.registrars()) if (up !== undefined) yield [bit(up), name];
  },
  registrarActive: function* (sources) {
    for (const registrar of sources.registrars()) yield [bit(registrar.active), registrar.name];
  },

  tapDropped: (sources) => [[sources.tapDropped()]],
  monitorDelay: (sources) => [[sources.monitorDelaySec()]],
  eventsSuppressed: ({ monitor }) => [[monitor.counts.eventsSuppressed]],
  monitorEvictions: ({ monitor }) => perValue(TABLES, monitor.counts.evictions),
  buildInfo: ({ build }) => [[1, build.version, build.node]],
  secretInfo: (sources) => [[1, sources.secretFingerprint()]],
  configReloadSuccessful: (sources) => [[bit(sources.reload().successful)]],
  configReloadSuccessTime: (sources) => [[sources.reload().successAtSec]],
};

/** RFC 3261 §7.2: three digits, of which the first is 1 to 6. */
const EXACT_CODES = Array.from({ length: 600 }, (_, i) => String(100 + i));
const CODE_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', '6xx'];

/**
 * The pairs that start at 0. A pair that the forwarder is not known to make would be one of many idle series;
 * should it be counted all the same, it is told from then on.
 */
function isToBeExpected(outcome: Outcome, reason: Reason): boolean {
  const isForwarded = reason === 'request' || reason === 'response';
  const isAbsorbed = reason === 'ack_to_local_response';
  if (outcome === 'forwarded') return isForwarded;
  if (outcome === 'absorbed') return isAbsorbed;
  return !isForwarded && !isAbsorbed && (outcome === 'dropped' || !NEVER_ANSWERED.has(reason));
}

/** Reasons about datagrams that have no one to answer to, or no answer that may be sent. */
const NEVER_ANSWERED: ReadonlySet<Reason> = new Set([
  'keepalive',
  'garbage',
  'own_source',
  'via',
  'not_our_via',
  'via_check',
  'no_next_via',
  'next_via_not_udp',
  'reply_too_large',
  'reply_limit',
  'send_failed',
  'bug',
]);

const bit = (value: boolean): number => (value ? 1 : 0);

function perValue<V extends string>(
  values: readonly V[],
  counts: ArrayLike<number>,
): (readonly [number, V])[] {
  return values.map((value, i) => [counts[i]!, value] as const);
}

function* perDomain<V extends string>(
  { domains }: MonitorCounts,
  values: readonly V[],
  field: 'results' | 'changes',
): Iterable<readonly [number, V, string]> {
  for (const [domain, counts] of domains) {
    for (let i = 0; i < values.length; i++) yield [counts[field][i]!, values[i]!, domain];
  }
}

function* swapped(series: Iterable<readonly [string, number]>): Iterable<readonly [number, string]> {
  for (const [label, value] of series) yield [value, label];
}

function* known(
  sockets: Iterable<SocketState>,
  read: (socket: SocketState) => number | undefined,
): Iterable<readonly [number, string]> {
  for (const socket of sockets) {
    const value = read(socket);
    if (value !== undefined) yield [value, socket.name];
  }
}
