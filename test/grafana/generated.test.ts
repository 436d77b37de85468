import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { generatedFiles } from '../../grafana/generated.ts';
import { METRICS } from '../../src/metrics/catalog.ts';
import type { Metric } from '../../src/metrics/metric.ts';
import { REPO_ROOT } from '../support/repo-root.ts';

describe('what is generated and committed', () => {
  for (const { path, text } of generatedFiles()) {
    it(`${path} is what the sources say (npm run generate)`, () => {
      assert.equal(readFileSync(join(REPO_ROOT, path), 'utf8'), text);
    });
  }
});

describe('the reference page', () => {
  const page = generatedFiles().find(({ path }) => path === 'docs/METRICS.md')?.text ?? '';
  const sections = new Map(page.split('\n### ').map((section) => [section.split('\n', 1)[0], section]));

  it('has a section for each metric, with every label and every value that it can have', () => {
    const all: readonly Metric[] = Object.values(METRICS);
    assert.equal(sections.size - 1, all.length);
    for (const { name, type, help, labels, buckets = [] } of all) {
      const section = sections.get(name) ?? '';
      assert.ok(section.includes(`${type}. ${help}.`), name);
      for (const label of labels) {
        const line = section.split('\n').find((text) => text.startsWith(`- \`${label.name}\`: `)) ?? '';
        const values = 'values' in label ? label.values.map((value) => `\`${value}\``) : [label.boundedBy];
        for (const value of values) assert.ok(line.includes(value), `${name} ${label.name} ${value}`);
      }
      for (const bucket of buckets) assert.match(section, new RegExp(`\\b${bucket}\\b`), name);
    }
  });
});
