import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { BORROWED, METRICS } from '../src/metrics/catalog.ts';
import { curve, DATASOURCE, stat } from './panels.ts';
import type { Scope } from './promql.ts';
import { growth, quantile, rate, select, sum, value } from './promql.ts';

const HERE: Scope = { matchers: ['instance=~"$instance"'], window: '$__rate_interval' };
const FIVE_MINUTES: Scope = { ...HERE, window: '5m' };
const HOUR: Scope = { ...HERE, window: '1h' };

const EXTENSIONS_SHOWN = 10;
const top = (expression: string): string => `topk(${EXTENSIONS_SHOWN}, ${expression})`;

const results = sum(rate(HERE, METRICS.registerResults));
const challenged = sum(rate(HERE, METRICS.registerResults, { result: 'challenged' }));
const refused = sum(rate(HERE, METRICS.registerResults, { result: ['auth_failure', 'forbidden'] }));
const judged = sum(rate(HERE, METRICS.registerResults, { result: ['ok', 'auth_failure', 'forbidden'] }));

// Without traffic there is no share, which is not the same as a share that is no number.
const challengeShare = `${challenged} / (${results} > 0)`;
const refusedShare = `${refused} / (${judged} > 0)`;

const now = [
  stat({
    title: 'Registrar',
    description: 'Whether each registrar answers what is sent to it.',
    unit: 'none',
    span: 6,
    steps: [
      [null, 'red'],
      [1, 'green'],
    ],
    words: { 0: 'no answer', 1: 'answers' },
    queries: [{ expr: `min by (registrar) (${value(HERE, METRICS.registrarUp)})`, legend: '{{registrar}}' }],
  }),
  stat({
    title: 'Bindings',
    description: 'Bindings in force. After a start they fill up until all phones have refreshed.',
    unit: 'none',
    span: 4,
    queries: [{ expr: sum(value(HERE, METRICS.bindings)), legend: 'bindings' }],
  }),
  stat({
    title: 'Extensions registered',
    description: 'Addresses of record with at least one binding.',
    unit: 'none',
    span: 4,
    queries: [{ expr: sum(value(HERE, METRICS.aors)), legend: 'extensions' }],
  }),
  stat({
    title: 'Challenge share',
    description:
      'Share of the REGISTERs that end in a challenge: half where each phone is challenged each time.',
    unit: 'percentunit',
    span: 5,
    queries: [{ expr: challengeShare, legend: 'challenged' }],
  }),
  stat({
    title: 'Logins refused',
    description: 'Share of the logins that the registrar refused: close to 0 on a good day.',
    unit: 'percentunit',
    span: 5,
    steps: [
      [null, 'green'],
      [0.02, 'orange'],
      [0.1, 'red'],
    ],
    queries: [{ expr: refusedShare, legend: 'refused' }],
  }),
];

const registrations = [
  curve({
    title: 'REGISTERs by kind',
    description: 'What phones ask for. In a storm, all of it rises far above what the bindings explain.',
    unit: 'reqps',
    span: 12,
    queries: [
      { expr: sum(rate(HERE, METRICS.registerAttempts), ['kind']), legend: '{{kind}}' },
      { expr: sum(rate(HERE, METRICS.registerRetransmissions)), legend: 'retransmissions' },
    ],
  }),
  curve({
    title: 'How they end',
    description: 'Results of the REGISTERs. A healthy site shows challenged and ok, and little else.',
    unit: 'reqps',
    span: 12,
    stacked: 'stacked',
    queries: [{ expr: sum(rate(HERE, METRICS.registerResults), ['result']), legend: '{{result}}' }],
  }),
  curve({
    title: 'Challenge share and refused logins',
    description: 'Challenges that rise without logins: phones give up, or somebody scans.',
    unit: 'percentunit',
    span: 8,
    queries: [
      { expr: challengeShare, legend: 'challenged' },
      { expr: refusedShare, legend: 'logins refused' },
    ],
  }),
  curve({
    title: 'Response time',
    description:
      'From the first copy of a REGISTER to its final response; the handshake includes the challenge.',
    unit: 's',
    span: 8,
    queries: [
      { expr: quantile(HERE, 0.5, METRICS.registerResponse, ['leg']), legend: '{{leg}}, half' },
      { expr: quantile(HERE, 0.95, METRICS.registerResponse, ['leg']), legend: '{{leg}}, 95 %' },
      { expr: quantile(HERE, 0.95, METRICS.registerHandshake), legend: 'handshake, 95 %' },
    ],
  }),
  curve({
    title: 'In flight',
    description: 'REGISTERs that wait for an answer, and how many challenges a second nobody answered.',
    unit: 'none',
    span: 8,
    queries: [
      { expr: sum(value(HERE, METRICS.registerInFlight)), legend: 'in flight' },
      { expr: sum(rate(HERE, METRICS.challengesAbandoned)), legend: 'challenges abandoned a second' },
    ],
  }),
];

const extensions = [
  curve({
    title: 'Refused logins by extension',
    description:
      'In five minutes, the worst extensions. One that stays here has a wrong password, or is being guessed.',
    unit: 'none',
    span: 12,
    queries: [{ expr: top(growth(FIVE_MINUTES, METRICS.aorAuthFailures)), legend: '{{aor}}' }],
  }),
  curve({
    title: 'Binding changes by extension',
    description: 'In five minutes, the least steady extensions: a phone that flaps, or two that take turns.',
    unit: 'none',
    span: 12,
    queries: [{ expr: top(growth(FIVE_MINUTES, METRICS.aorBindingChanges)), legend: '{{aor}}' }],
  }),
];

const UNSTEADY = METRICS.bindingChanges.labels[0].values.filter((change) => change !== 'refreshed');

const bindings = [
  curve({
    title: 'Bindings and extensions',
    description:
      'A step down is phones that went missing; a slow fall after a step up is phones that do not return.',
    unit: 'none',
    span: 8,
    queries: [
      { expr: sum(value(HERE, METRICS.bindings)), legend: 'bindings' },
      { expr: sum(value(HERE, METRICS.aors)), legend: 'extensions' },
    ],
  }),
  curve({
    title: 'Churn',
    description:
      'Changes to bindings other than plain refreshes. Learned: it was there before Rollcall looked, as after a start.',
    unit: 'ops',
    span: 8,
    stacked: 'stacked',
    queries: [
      {
        expr: sum(rate(HERE, METRICS.bindingChanges, { change: UNSTEADY }), ['change']),
        legend: '{{change}}',
      },
    ],
  }),
  curve({
    title: 'Refresh ratio',
    description:
      'How much of its grant a phone lets pass before it refreshes: 0.5 is healthy, 1 is too late.',
    unit: 'none',
    span: 8,
    queries: [
      { expr: quantile(HOUR, 0.5, METRICS.refreshRatio), legend: 'half' },
      { expr: quantile(HOUR, 0.95, METRICS.refreshRatio), legend: '95 %' },
    ],
  }),
];

const proxy = [
  curve({
    title: 'Datagrams',
    description: 'What was done with what came in, from phones and from the registrar.',
    unit: 'pps',
    span: 8,
    queries: [
      { expr: sum(rate(HERE, METRICS.datagrams), ['from', 'outcome']), legend: '{{from}} {{outcome}}' },
    ],
  }),
  curve({
    title: 'Dropped and answered, by reason',
    description: 'Keep-alives and noise are ordinary; send_failed and bug are not.',
    unit: 'pps',
    span: 8,
    queries: [
      {
        expr: `${sum(rate(HERE, METRICS.datagrams, { outcome: ['dropped', 'answered'] }), ['reason'])} > 0`,
        legend: '{{reason}}',
      },
    ],
  }),
  curve({
    title: 'Losses',
    description:
      'Packets that the kernel dropped before Rollcall could take them, and packets that the monitor missed.',
    unit: 'pps',
    span: 8,
    queries: [
      { expr: sum(rate(HERE, METRICS.socketDrops), ['socket']), legend: 'kernel, {{socket}}' },
      { expr: sum(rate(HERE, METRICS.tapDropped)), legend: 'missed by the monitor' },
    ],
  }),
  curve({
    title: 'Forwarding time',
    description: 'From the receipt of a batch of datagrams to its hand-over to the kernel.',
    unit: 's',
    span: 6,
    queries: [
      { expr: quantile(HERE, 0.5, METRICS.forwardingDuration), legend: 'half' },
      { expr: quantile(HERE, 0.99, METRICS.forwardingDuration), legend: '99 %' },
    ],
  }),
  curve({
    title: 'Monitor delay',
    description:
      'How far what is told of registrations is behind: seconds in a storm, a fraction of one else.',
    unit: 's',
    span: 6,
    queries: [{ expr: value(HERE, METRICS.monitorDelay), legend: '{{instance}}' }],
  }),
  curve({
    title: 'Processor',
    description: 'Processor time of the whole process; the forwarder is one thread of it.',
    unit: 'percentunit',
    span: 6,
    queries: [{ expr: `rate(${select(HERE, BORROWED.cpu)}[${HERE.window}])`, legend: '{{instance}}' }],
  }),
  curve({
    title: 'Memory',
    description: 'Resident memory. It grows with the extensions that are known and then stays.',
    unit: 'bytes',
    span: 6,
    queries: [{ expr: select(HERE, BORROWED.residentMemory), legend: '{{instance}}' }],
  }),
];

const ROWS = [
  { title: 'Now', panels: now },
  { title: 'Registrations', panels: registrations },
  { title: 'Extensions', panels: extensions },
  { title: 'Bindings', panels: bindings },
  { title: 'The proxy', panels: proxy },
] as const;

/** The dashboard that one looks at first. */
export function overview(): Dashboard {
  const builder = new DashboardBuilder('Rollcall: overview')
    .uid('rollcall-overview')
    .description('How the phones behind this proxy fare with their registrations.')
    .tags(['rollcall', 'sip'])
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'))
    .withVariable(
      new QueryVariableBuilder('instance')
        .label('Rollcall')
        .datasource(DATASOURCE)
        .query({ query: `label_values(${METRICS.buildInfo.name}, instance)`, refId: 'instance' })
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .sort(VariableSort.AlphabeticalAsc)
        .multi(true)
        // All of these, not `.*`: the series of processes are those of every program that is scraped.
        .includeAll(true)
        .current({ text: 'All', value: '$__all' }),
    );
  for (const { title, panels } of ROWS) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  const dashboard = builder.build();
  // A panel's number is part of its address, so it must not change from one build to the next.
  dashboard.panels?.forEach((panel, i) => {
    panel.id = i + 1;
  });
  return dashboard;
}
