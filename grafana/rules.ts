import { BORROWED, METRICS } from '../src/metrics/catalog.ts';
import type { Scope } from './promql.ts';
import { growth, mean, rate, select, sum, value } from './promql.ts';

/** `page` wakes a person, `ticket` waits for one. */
export type Severity = 'page' | 'ticket';

export interface AlertRule {
  readonly alert: string;
  readonly severity: Severity;
  readonly expr: string;
  /** How long the expression must hold; undefined: it fires at once. */
  readonly for?: string;
  readonly summary: string;
  readonly description: string;
}

/** The job name that the rules and the shipped scrape configuration agree on. */
export const JOB = 'rollcall';

const INSTANCE = ['instance', 'job'] as const;
const over = (window: string): Scope => ({ matchers: [], window });
const perInstance = (expression: string): string => sum(expression, INSTANCE);

/** A phone with digest sends two REGISTERs at half of its grant; a storm is four times of what all need. */
const LEGS_PER_REFRESH = 2;
const REFRESHES_PER_GRANT = 2;
const STORM_FACTOR = 4;
/** Below this, no rate is a storm; above it while nobody knows yet how many phones there are. */
const STORM_FLOOR_PER_SEC = 10;
const STORM_FLOOR_WARMING_UP_PER_SEC = 50;

const registerRate = perInstance(rate(over('2m'), METRICS.registerAttempts));
const warmingUp = `max by (${INSTANCE.join(', ')}) (${value(over(''), METRICS.warmingUp)})`;
// The most of the last hour: a restart of ours empties the ledger, and a storm may have begun by emptying it.
const knownBindings = perInstance(`max_over_time(${value(over(''), METRICS.bindings)}[1h])`);
const meanGrant = mean(over('1h'), METRICS.grantedExpires, INSTANCE);

const registrationStorm = `
${registerRate} > ${STORM_FLOOR_PER_SEC} + ${STORM_FLOOR_WARMING_UP_PER_SEC - STORM_FLOOR_PER_SEC} * ${warmingUp}
unless
${registerRate} <= ${STORM_FACTOR * LEGS_PER_REFRESH * REFRESHES_PER_GRANT} * ${knownBindings} / (${meanGrant})`;

const refused = perInstance(
  rate(over('5m'), METRICS.registerResults, { result: ['auth_failure', 'forbidden'] }),
);
const judged = perInstance(
  rate(over('5m'), METRICS.registerResults, { result: ['ok', 'auth_failure', 'forbidden'] }),
);

const timeouts = perInstance(rate(over('2m'), METRICS.registerResults, { result: 'timeout' }));
const results = perInstance(rate(over('2m'), METRICS.registerResults));
const activeIsDown = `${value(over(''), METRICS.registrarUp)} == 0 and ${value(over(''), METRICS.registrarActive)} == 1`;

const ourLosses = rate(over('5m'), METRICS.datagrams, { outcome: 'dropped', reason: ['send_failed', 'bug'] });
const scraped = select(over(''), BORROWED.up, { job: JOB });

export const ALERT_RULES: readonly AlertRule[] = [
  {
    alert: 'RegistrationStorm',
    severity: 'page',
    expr: registrationStorm,
    for: '1m',
    summary: '{{ $value | humanize }} REGISTERs a second through {{ $labels.instance }}',
    description: `That is more than ${STORM_FACTOR} times of what the known phones need to stay registered.`,
  },
  {
    alert: 'AuthFailuresHigh',
    severity: 'ticket',
    expr: `${refused} / ${judged} > 0.1 and ${refused} > 0.1`,
    for: '5m',
    summary: '{{ $value | humanizePercentage }} of the logins through {{ $labels.instance }} are refused',
    description: 'Many phones with wrong passwords at once, or somebody who guesses them.',
  },
  {
    alert: 'ExtensionAuthFailures',
    severity: 'ticket',
    expr: `${growth(over('5m'), METRICS.aorAuthFailures)} > 10`,
    summary: '{{ $labels.aor }}: {{ printf "%.0f" $value }} refused logins in 5 minutes',
    description: 'A wrong password in one phone, or somebody who guesses the password of this extension.',
  },
  {
    alert: 'RegistrarNotAnswering',
    severity: 'page',
    expr: `
max by (${INSTANCE.join(', ')}) (${activeIsDown})
or
${timeouts} > 0.5 * ${results} and ${timeouts} > 0.1`,
    for: '1m',
    summary: 'The registrar behind {{ $labels.instance }} does not answer',
    description: 'Nothing comes back from it, or more than half of the REGISTERs end without an answer.',
  },
  {
    alert: 'RollcallDown',
    severity: 'page',
    expr: `${scraped} == 0 or absent(${scraped})`,
    for: '1m',
    summary: 'Rollcall {{ $labels.instance }} does not answer the scrape',
    description: 'If the process is gone, no registration and no call passes through it.',
  },
  {
    alert: 'RollcallDroppingPackets',
    severity: 'page',
    expr: `
${perInstance(rate(over('5m'), METRICS.socketDrops))} > 0.2
or
${perInstance(ourLosses)} > 0.2`,
    for: '1m',
    summary: '{{ $labels.instance }} loses {{ $value | humanize }} packets a second',
    description: 'The kernel threw them away before Rollcall could take them, or they could not be sent on.',
  },
  {
    alert: 'RollcallMonitorBehind',
    severity: 'ticket',
    expr: `${perInstance(`increase(${value(over(''), METRICS.tapDropped)}[5m])`)} > 0`,
    summary: 'The monitor of {{ $labels.instance }} missed {{ printf "%.0f" $value }} packets in 5 minutes',
    description:
      'They were forwarded all the same, but bindings and counts have gaps until the phones refresh.',
  },
];
