import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { HttpServer } from '../../src/http/server.ts';
import { startHttpServer } from '../../src/http/server.ts';
import type { Format } from '../../src/metrics/negotiate.ts';
import { createExposition } from '../../src/metrics/registry.ts';
import { http } from '../interop/support/http.ts';
import type { Lab } from '../interop/support/lab.ts';
import { openLab } from '../interop/support/lab.ts';
import { needs } from '../interop/support/needs.ts';
import type { Prometheus, Sample } from '../interop/support/prometheus.ts';
import { startPrometheus } from '../interop/support/prometheus.ts';
import type { KnownSources } from '../metrics/known-sources.ts';
import { busySources } from '../metrics/known-sources.ts';
import { REPO_ROOT } from '../support/repo-root.ts';
import { allExpressions, committedRules, RULES } from './committed.ts';

const HOST = '127.77.30.20';
const PROMETHEUS = '127.77.30.40';
const TICK_MS = 200;

/** Some traffic: every counter that a panel looks at goes up. */
function tick({ monitor, forwarded, duration }: KnownSources): void {
  for (const [labels, count] of forwarded) forwarded.set(labels, count + 1);
  duration.observe(0.0001);
  const { counts } = monitor;
  counts.retransmissions++;
  counts.challengesAbandoned++;
  for (let i = 0; i < counts.attempts.length; i++) counts.attempts[i]!++;
  for (const domain of counts.domains.values()) {
    for (let i = 0; i < domain.results.length; i++) domain.results[i]!++;
    for (let i = 0; i < domain.changes.length; i++) domain.changes[i]!++;
  }
  for (const histogram of [counts.challengeSeconds, counts.finalSeconds, counts.handshakeSeconds])
    histogram.observe(0.01);
  counts.grantedExpiresSeconds.observe(600);
  counts.refreshRatio.observe(0.5);
  for (const series of Object.values(monitor.bySeries))
    for (const [aor, count] of series) series.set(aor, count + 1);
}

/** As Grafana would ask with all instances chosen. */
const asAsked = (expression: string): string =>
  expression.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');

describe('a real Prometheus that scrapes a real server', needs('prometheus'), () => {
  /** Of every answer to Prometheus: its format, and how many samples it had. */
  const answers: { readonly format: Format; readonly samples: number }[] = [];
  let lab: Lab;
  let server: HttpServer;
  let prometheus: Prometheus;
  let ticking: NodeJS.Timeout;

  before(async () => {
    lab = openLab();
    const sources = busySources();
    const exposition = createExposition(sources, { processMetrics: 'include' });
    ticking = setInterval(tick, TICK_MS, sources);
    server = await startHttpServer({
      host: HOST,
      port: 0,
      exposition: {
        render: async (format) => {
          const rendered = await exposition.render(format);
          answers.push({ format, samples: rendered.body.match(/^[^#\n]/gm)?.length ?? 0 });
          return rendered;
        },
      },
      notReady: () => undefined,
      version: '0.0.0-test',
      onError: (error) => assert.fail(String(error)),
    });
    prometheus = await startPrometheus(lab, {
      ip: PROMETHEUS,
      targets: { rollcall: [`${HOST}:${server.port}`] },
      rules: [join(REPO_ROOT, RULES)],
    });
    await prometheus.querySoon('count_over_time(up{job="rollcall"}[1m]) >= 3 and up{job="rollcall"} == 1');
  });

  after(async () => {
    clearInterval(ticking);
    await lab.close();
    await server.close();
  });

  it('is answered in OpenMetrics, which it asks for first', () => {
    assert.deepEqual([...new Set(answers.map(({ format }) => format))], ['openmetrics']);
  });

  it('takes every line: names, types, and labels as a phone may have sent them', async () => {
    const [scraped] = await prometheus.query('scrape_samples_scraped{job="rollcall"}');
    assert.ok(
      answers.some(({ samples }) => samples === scraped?.value),
      `${scraped?.value} samples were taken`,
    );
    const odd = await prometheus.query('{__name__="rollcall_aor_auth_failures_total", aor=~".*%0A.*"}');
    assert.deepEqual(
      odd.map(({ labels }) => labels.aor),
      ['a"b\\c%0Ad%00%C3%A9%25@iptlab.com'],
    );
    const { body: metadata } = await http(`${prometheus.url}/api/v1/metadata?metric=rollcall_datagrams`);
    assert.match(metadata, /"type":"counter"/);
  });

  for (const { where, expr } of allExpressions().filter((expression) =>
    expression.where.startsWith('panel'),
  )) {
    it(`has an answer for ${where}`, async () => {
      const allFinite = (samples: Sample[]): boolean =>
        samples.length > 0 && samples.every(({ value }) => Number.isFinite(value));
      assert.ok(allFinite(await prometheus.querySoon(asAsked(expr), allFinite)));
    });
  }

  it('evaluates every rule without complaint, and fires those that this traffic calls for', async () => {
    const firing = (): Promise<string[]> =>
      prometheus
        .query('ALERTS')
        .then((samples) => [...new Set(samples.map(({ labels }) => labels.alertname ?? ''))].sort());
    await prometheus.querySoon('ALERTS{alertname="ExtensionAuthFailures"}');
    const { body } = await http(`${prometheus.url}/api/v1/rules`);
    const answer = JSON.parse(body) as {
      data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    };
    const rules = answer.data.groups.flatMap((group) => group.rules);
    assert.deepEqual(
      rules.map(({ name }) => name),
      committedRules().map(({ alert }) => alert),
    );
    assert.deepEqual(
      rules.filter(({ health }) => health !== 'ok'),
      [],
    );
    assert.ok(!(await firing()).includes('RollcallDown'));
  });
});
