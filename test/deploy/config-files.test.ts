import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { JOB } from '../../grafana/rules.ts';
import { RECEIVE_BUFFER_BYTES } from '../../src/net/transport/transport.ts';
import { needs } from '../interop/support/needs.ts';
import { promtool } from '../interop/support/promtool.ts';
import { REPO_ROOT } from '../support/repo-root.ts';

const path = (...names: string[]): string => join(REPO_ROOT, 'deploy', ...names);
const read = (...names: string[]): string => readFileSync(path(...names), 'utf8');

describe('the kernel settings', () => {
  const settings = new Map(
    [...read('sysctl.d', 'rollcall.conf').matchAll(/^([\w.]+)\s*=\s*(\d+)$/gm)].map(([, key = '', value]) => [
      key,
      Number(value),
    ]),
  );

  it('allow the receive buffer that Rollcall asks for', () => {
    assert.ok(settings.get('net.core.rmem_max')! >= RECEIVE_BUFFER_BYTES);
  });

  it('are settings that this kernel has', {
    skip: existsSync('/proc/sys/net/core') ? false : 'no Linux',
  }, () => {
    const known = new Set(readdirSync('/proc/sys/net/core').map((name) => `net.core.${name}`));
    for (const key of settings.keys()) assert.ok(known.has(key), key);
    assert.ok(settings.size > 0);
  });
});

describe('the Prometheus configuration', needs('prometheus'), () => {
  it('is taken by promtool, the rules that it names too', () => {
    const { ok, output } = promtool(['check', 'config', path('prometheus', 'prometheus.yml')]);
    assert.ok(ok, output);
    assert.match(output, /SUCCESS: \d+ rules found/);
  });

  it('scrapes under the name that the rules rest on, where Rollcall listens by itself', () => {
    const { scrape_configs: jobs } = parse(read('prometheus', 'prometheus.yml')) as {
      scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
    };
    const job = jobs.find(({ job_name }) => job_name === JOB);
    assert.deepEqual(job?.static_configs[0]?.targets, ['127.0.0.1:9760']);
  });
});

describe('the Grafana provisioning', () => {
  it('loads dashboards from a folder and keeps them as they are shipped', () => {
    const { providers } = parse(read('grafana', 'provisioning', 'dashboards', 'rollcall.yaml')) as {
      providers: { type: string; allowUiUpdates: boolean; options: { path: string } }[];
    };
    assert.equal(providers[0]?.type, 'file');
    assert.equal(providers[0]?.allowUiUpdates, false);
    assert.match(providers[0]?.options.path ?? '', /^\/var\/lib\/grafana\//);
  });

  it('knows a Prometheus', () => {
    const { datasources } = parse(read('grafana', 'provisioning', 'datasources', 'rollcall.yaml')) as {
      datasources: { type: string; url: string }[];
    };
    assert.deepEqual(
      datasources.map(({ type, url }) => [type, url]),
      [['prometheus', 'http://127.0.0.1:9090']],
    );
  });
});
