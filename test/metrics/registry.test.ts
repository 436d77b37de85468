import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricKey } from '../../src/metrics/catalog.ts';
import { BORROWED, METRICS } from '../../src/metrics/catalog.ts';
import { MAX_LABEL_LENGTH } from '../../src/metrics/label-value.ts';
import type { Metric } from '../../src/metrics/metric.ts';
import type { Format } from '../../src/metrics/negotiate.ts';
import { createExposition } from '../../src/metrics/registry.ts';
import type { Sources } from '../../src/metrics/sources.ts';
import { Histogram } from '../../src/monitor/histogram.ts';
import type { ExposedSample } from '../interop/support/exposition.ts';
import { parseExposition, total } from '../interop/support/exposition.ts';
import { needs } from '../interop/support/needs.ts';
import { promtool } from '../interop/support/promtool.ts';
import { REPO_ROOT } from '../support/repo-root.ts';
import { busySources, knownSources } from './known-sources.ts';

const GOLDEN = join(REPO_ROOT, 'test', 'metrics', 'exposition.golden.txt');

async function rendered(sources: Sources, format: Format = 'prometheus'): Promise<string> {
  const exposition = createExposition(sources, { processMetrics: 'omit' });
  return (await exposition.render(format)).body;
}

const told = async (sources: Sources): Promise<ExposedSample[]> => parseExposition(await rendered(sources));

const named = (samples: readonly ExposedSample[], name: string): [string, number][] =>
  samples
    .filter((sample) => sample.name === name)
    .map(({ labels, value }) => [Object.values(labels).join(' '), value]);

describe('the exposition', () => {
  it('tells known inputs as the golden file says (UPDATE_GOLDEN=1 writes it)', async () => {
    const body = await rendered(busySources());
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(GOLDEN, body);
    assert.equal(body, readFileSync(GOLDEN, 'utf8'));
  });

  it('says the same in OpenMetrics', async () => {
    const plain = await rendered(busySources());
    const open = await rendered(busySources(), 'openmetrics');
    assert.deepEqual(parseExposition(open), parseExposition(plain));
    assert.match(open, /\n# TYPE rollcall_datagrams counter\nrollcall_datagrams_total\{/);
    assert.ok(open.endsWith('\n# EOF\n'));
  });

  it('answers plain text after OpenMetrics as before it', async () => {
    const exposition = createExposition(busySources(), { processMetrics: 'omit' });
    const before = await exposition.render('prometheus');
    const open = await exposition.render('openmetrics');
    assert.deepEqual(await exposition.render('prometheus'), before);
    assert.deepEqual(await exposition.render('openmetrics'), open);
    assert.equal(before.contentType, 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(open.contentType, 'application/openmetrics-text; version=1.0.0; charset=utf-8');
  });

  it('is read anew every time', async () => {
    const sources = busySources();
    const exposition = createExposition(sources, { processMetrics: 'omit' });
    const retransmissions = async (): Promise<number> =>
      total(
        parseExposition((await exposition.render('prometheus')).body),
        'rollcall_register_retransmissions_total',
      );
    const first = await retransmissions();
    sources.monitor.counts.retransmissions += 5;
    assert.deepEqual([first, await retransmissions()], [12, 17]);
  });

  it('stands beside another one in the same process', async () => {
    const [one, two] = [knownSources(), knownSources()];
    one.monitor.inFlight = 1;
    two.monitor.inFlight = 2;
    const options = { processMetrics: 'include' } as const;
    const bodies = await Promise.all(
      [one, two].map(async (sources) => (await createExposition(sources, options).render('prometheus')).body),
    );
    assert.deepEqual(
      bodies.map((body) => total(parseExposition(body), 'rollcall_register_in_flight')),
      [1, 2],
    );
  });

  it('refuses sources that count in other buckets than the catalogue says', () => {
    const sources = knownSources();
    const forwarding = { ...sources.forwarding, durationSeconds: new Histogram([1, 2]) };
    assert.throws(
      () => createExposition({ ...sources, forwarding }, { processMetrics: 'omit' }),
      /^Error: rollcall_forwarding_duration_seconds is counted in the buckets 1 2, but the catalogue says /,
    );
  });
});

describe('before anything has happened', () => {
  it('every counter with closed labels is there, at 0', async () => {
    const samples = await told(knownSources());
    for (const key of Object.keys(METRICS) as MetricKey[]) {
      const metric: Metric = METRICS[key];
      const closed = metric.labels.every((label) => 'values' in label);
      if (metric.type !== 'counter' || !closed || metric === METRICS.datagrams) continue;
      const combinations = metric.labels.reduce(
        (n, label) => n * ('values' in label ? label.values.length : 1),
        1,
      );
      const values = named(samples, metric.name).map(([, value]) => value);
      assert.deepEqual(values, Array(combinations).fill(0), metric.name);
    }
  });

  it('results and changes are there for the domain that takes the rest', async () => {
    const samples = await told(knownSources());
    const results = named(samples, 'rollcall_register_results_total');
    assert.deepEqual(results[0], ['ok other', 0]);
    assert.equal(results.length, 14);
    assert.equal(named(samples, 'rollcall_binding_changes_total').length, 10);
  });

  it('the outcomes of datagrams are there that can be expected, and others as soon as they are counted', async () => {
    const sources = knownSources();
    const before = named(await told(sources), 'rollcall_datagrams_total');
    assert.ok(before.some(([labels]) => labels === 'phone dropped garbage'));
    assert.ok(before.some(([labels]) => labels === 'registrar forwarded response'));
    assert.ok(!before.some(([labels]) => labels === 'phone forwarded garbage'));
    sources.forwarded.set('datagrams phone forwarded garbage', 1);
    const after = named(await told(sources), 'rollcall_datagrams_total');
    assert.deepEqual(
      after.find(([labels]) => labels === 'phone forwarded garbage'),
      ['phone forwarded garbage', 1],
    );
  });

  it('nothing is said of a socket that the system tells nothing of, nor of registrars that there are not', async () => {
    const sockets = () => [{ name: 's', drops: undefined, receiveQueueBytes: 0 }];
    const samples = await told(knownSources({ sockets }));
    assert.deepEqual(named(samples, 'rollcall_socket_drops_total'), []);
    assert.deepEqual(named(samples, 'rollcall_socket_receive_queue_bytes'), [['s', 0]]);
    assert.deepEqual(named(samples, 'rollcall_registrar_up'), []);
  });
});

describe('series per extension', () => {
  it('come and go with the budget', async () => {
    const sources = knownSources();
    const series = sources.monitor.bySeries.auth_failures;
    const exposition = createExposition(sources, { processMetrics: 'omit' });
    const failures = async (): Promise<[string, number][]> =>
      named(
        parseExposition((await exposition.render('prometheus')).body),
        'rollcall_aor_auth_failures_total',
      );
    assert.deepEqual(await failures(), []);
    series.set('1001@x', 3).set('1002@x', 1);
    assert.deepEqual(await failures(), [
      ['1001@x', 3],
      ['1002@x', 1],
    ]);
    series.delete('1001@x');
    assert.deepEqual(await failures(), [['1002@x', 1]]);
  });

  it('are never there twice, even where two long names collide', async () => {
    const sources = knownSources();
    // As two long names are after the cut, if somebody makes their hashes equal.
    sources.monitor.series = () => [
      ['one@x', 1],
      ['one@x', 2],
    ];
    const challenges = named(await told(sources), 'rollcall_aor_challenges_total');
    assert.deepEqual(challenges, [['one@x', 1]]);
  });

  it('hold whatever a phone can send in one line of bounded length', async () => {
    const sources = knownSources();
    const hostile = [
      '"} 1\nfake_metric{x="',
      `\\`,
      '\u0000\u0007',
      'é\u2028',
      'x'.repeat(10_000),
      'rollcall_up 1\r\n',
    ];
    for (const aor of hostile) sources.monitor.bySeries.auth_failures.set(aor, 1);
    const body = await rendered(sources);
    const lines = body.split('\n').filter((line) => line.startsWith('rollcall_aor_auth_failures_total'));
    assert.equal(lines.length, hostile.length);
    assert.doesNotMatch(body, /^fake_metric|[^\x20-\x7e\n]/m);
    for (const [aor] of named(parseExposition(body), 'rollcall_aor_auth_failures_total')) {
      assert.ok(aor.length <= MAX_LABEL_LENGTH);
    }
  });
});

describe('the metrics of the process', () => {
  it('are there under the names that dashboards and rules rest on', async () => {
    const exposition = createExposition(knownSources(), { processMetrics: 'include' });
    const { body } = await exposition.render('prometheus');
    const names = new Set(parseExposition(body).map(({ name }) => name));
    const { up, ...own } = BORROWED;
    for (const name of Object.values(own)) assert.ok(names.has(name), name);
    assert.ok(!names.has(up), 'up is written by Prometheus itself');
    assert.doesNotMatch(body, / nan$/im);
  });

  it('tell how late the loop was, without the pause between two looks at it', async () => {
    const exposition = createExposition(knownSources(), { processMetrics: 'include' });
    const name = 'nodejs_eventloop_lag_min_seconds';
    const least = async (): Promise<number[]> => {
      const { body } = await exposition.render('prometheus');
      return named(parseExposition(body), name).map(([, value]) => value);
    };
    assert.deepEqual(await least(), [], 'nothing is told before the first look');
    // A busy machine may make every look late for a while; the pause would be there for ever.
    const seen: number[] = [];
    for (let i = 0; i < 15 && !seen.some((value) => value < 0.09); i++) {
      await sleep(1200);
      seen.push(...(await least()));
    }
    assert.ok(seen.at(-1)! >= 0 && seen.at(-1)! < 0.09, `${seen}`);
  });

  it('tell a loop that stood still', async () => {
    const exposition = createExposition(knownSources(), { processMetrics: 'include' });
    await sleep(600);
    const until = performance.now() + 1000;
    while (performance.now() < until);
    await sleep(700);
    const samples = parseExposition((await exposition.render('prometheus')).body);
    const [[, most] = []] = named(samples, 'nodejs_eventloop_lag_max_seconds');
    assert.ok(most! > 0.35, `${most}`);
  });
});

describe('promtool check metrics', needs('prometheus'), () => {
  it('finds nothing to say about the exposition, the series of the process included', async () => {
    const exposition = createExposition(busySources(), { processMetrics: 'include' });
    const { ok, output } = promtool(['check', 'metrics'], (await exposition.render('prometheus')).body);
    assert.equal(output, '');
    assert.ok(ok);
  });

  it('would find what is wrong with a name', async () => {
    const wrong = (await rendered(busySources())).replaceAll(
      'rollcall_tap_dropped_total',
      'rollcall_tap_dropped',
    );
    assert.match(promtool(['check', 'metrics'], wrong).output, /rollcall_tap_dropped.*"_total" suffix/);
  });
});
