import { FORWARDING_SECONDS } from '../../src/metrics/catalog.ts';
import type { Sources } from '../../src/metrics/sources.ts';
import { DomainCounts, MonitorCounts } from '../../src/monitor/counts.ts';
import { Histogram } from '../../src/monitor/histogram.ts';
import type { SeriesFamily } from '../../src/monitor/lists.ts';
import type { MonitorView } from '../../src/monitor/view.ts';

/** What a test may set of the monitor; everything starts at rest. */
export interface KnownMonitor extends MonitorView {
  series: MonitorView['series'];
  registered: MonitorView['registered'];
  suspiciousNow: MonitorView['suspiciousNow'];
  storm: MonitorView['storm'];
  stormRecoveredRatio: number;
  inFlight: number;
  warmingUp: boolean;
  aorsByContacts: [number, number, number, number];
  readonly bySeries: Record<SeriesFamily, Map<string, number>>;
  readonly evicted: Partial<Record<SeriesFamily, number>>;
}

/** Sources whose every number the test sets; counters of the forwarder are set by their labels, joined. */
export interface KnownSources extends Sources {
  readonly monitor: KnownMonitor;
  readonly forwarded: Map<string, number>;
  readonly duration: Histogram;
}

export const SERIES_BUDGET = 2000;

function knownMonitor(): KnownMonitor {
  const bySeries = { auth_failures: new Map(), challenges: new Map(), binding_changes: new Map() };
  const evicted: KnownMonitor['evicted'] = {};
  return {
    counts: new MonitorCounts(),
    inFlight: 0,
    warmingUp: false,
    aorsByContacts: [0, 0, 0, 0],
    storm: undefined,
    stormRecoveredRatio: 1,
    bySeries,
    evicted,
    series: (family) => bySeries[family],
    seriesBudget: () => SERIES_BUDGET,
    seriesUsed: (family) => bySeries[family].size,
    seriesEvictions: (family) => evicted[family] ?? 0,
    registered: () => [],
    suspiciousNow: () => 0,
  };
}

/** Everything at rest, over what `given` sets. */
export function knownSources(given: Partial<Sources> = {}): KnownSources {
  const forwarded = new Map<string, number>();
  const duration = new Histogram(FORWARDING_SECONDS);
  const count = (...labels: readonly (string | number)[]): number => forwarded.get(labels.join(' ')) ?? 0;
  return {
    forwarding: {
      datagrams: (...labels) => count('datagrams', ...labels),
      localResponses: (status) => count('local', status),
      requests: (...labels) => count('requests', ...labels),
      responses: (...labels) => count('responses', ...labels),
      single: (name) => count(name),
      durationSeconds: duration,
    },
    sockets: () => [],
    tapDropped: () => 0,
    monitorDelaySec: () => 0,
    registrars: () => [],
    secretFingerprint: () => '00000000',
    reload: () => ({ successful: true, successAtSec: 0 }),
    build: { version: '0.0.0', node: '20.0.0' },
    ...given,
    monitor: knownMonitor(),
    forwarded,
    duration,
  };
}

/** A day in the life: every metric has a value of its own. */
export function busySources(): KnownSources {
  const sources = knownSources({
    sockets: () => [
      { name: '10.0.1.7:5060', drops: 3, receiveQueueBytes: 4096 },
      { name: '[2001:db8::7]:5060', drops: undefined, receiveQueueBytes: undefined },
    ],
    tapDropped: () => 2,
    monitorDelaySec: () => 0.125,
    registrars: () => [
      { name: '10.0.1.8:5060', up: true, active: true },
      { name: '10.0.1.9:5060', up: false, active: false },
      { name: '10.0.1.10:5060', up: undefined, active: false },
    ],
    secretFingerprint: () => '9f86d081',
    reload: () => ({ successful: true, successAtSec: 1_700_000_000 }),
    build: { version: '1.2.3', node: '20.19.0' },
  });
  fillForwarding(sources);
  fillRegistrations(sources.monitor.counts);
  fillMonitor(sources.monitor);
  return sources;
}

function fillForwarding({ forwarded, duration }: KnownSources): void {
  const numbers: readonly (readonly [string, number])[] = [
    ['datagrams phone forwarded request', 1000],
    ['datagrams registrar forwarded response', 990],
    ['datagrams phone dropped keepalive', 77],
    ['datagrams phone answered zero_max_forwards', 5],
    ['local 483', 5],
    ['oversizedRequests', 8],
    ['requests phone REGISTER', 900],
    ['requests phone other', 1],
    ['responses registrar REGISTER 200', 440],
    ['responses registrar REGISTER 401', 450],
    ['responses registrar INVITE 4xx', 4],
  ];
  for (const [labels, value] of numbers) forwarded.set(labels, value);
  for (const seconds of [0.00002, 0.0004, 3]) duration.observe(seconds);
}

function fillRegistrations(counts: MonitorCounts): void {
  counts.attempts.set([450, 445, 3, 2]);
  counts.retransmissions = 12;
  counts.challengesAbandoned = 1;
  const domain = new DomainCounts();
  domain.results.set([440, 450, 2, 1, 7, 3, 0, 1, 0, 0, 1, 0, 4, 0]);
  domain.changes.set([200, 230, 1, 2, 0, 0, 0, 3, 4, 5]);
  domain.bindings = 198;
  domain.aors = 190;
  counts.domains.set('iptlab.com', domain);
  for (const seconds of [0.0008, 0.02, 0.02]) counts.challengeSeconds.observe(seconds);
  counts.finalSeconds.observe(0.004);
  counts.handshakeSeconds.observe(0.3);
  for (const seconds of [360, 3600]) counts.grantedExpiresSeconds.observe(seconds);
  counts.refreshRatio.observe(0.5);
  counts.implicitStaleRecovered = 1;
  counts.eventsSuppressed = 13;
  counts.suspiciousEvents.set([2, 1, 0, 0, 3, 0]);
  counts.compromiseSuspected = 1;
  counts.evictions.set([0, 9, 0, 0, 0, 0]);
}

function fillMonitor(monitor: KnownMonitor): void {
  monitor.inFlight = 6;
  monitor.storm = 'restart';
  monitor.stormRecoveredRatio = 0.25;
  monitor.suspiciousNow = (pattern) => (pattern === 'brute_force' ? 2 : 0);
  monitor.registered = () => [
    ['24001@iptlab.com', 1],
    ['24002@iptlab.com', 0],
  ];
  monitor.warmingUp = true;
  monitor.aorsByContacts = [183, 6, 1, 0];
  monitor.bySeries.auth_failures.set('24001@iptlab.com', 7);
  monitor.bySeries.auth_failures.set('a"b\\c%0Ad%00%C3%A9%25@iptlab.com', 1);
  monitor.bySeries.challenges.set('24001@iptlab.com', 9);
  monitor.bySeries.binding_changes.set('24001@iptlab.com', 4);
  monitor.evicted.challenges = 11;
}
