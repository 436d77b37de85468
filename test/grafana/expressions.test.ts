import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BORROWED, METRICS } from '../../src/metrics/catalog.ts';
import type { Metric } from '../../src/metrics/metric.ts';
import { allExpressions } from './committed.ts';
import type { Matcher, Selector } from './expressions.ts';
import { parsePromql } from './expressions.ts';

/** Labels that Prometheus puts on whatever it scrapes. */
const TARGET_LABELS = ['instance', 'job'];

const bySeries = new Map<string, Metric>();
for (const metric of Object.values(METRICS) as readonly Metric[]) {
  const suffixes = metric.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
  for (const suffix of suffixes) bySeries.set(metric.name + suffix, metric);
}
const borrowed: ReadonlySet<string> = new Set(Object.values(BORROWED));

/** What is wrong with a selector, in words; nothing for one that can match. */
function faultsOf({ metric, matchers }: Selector): string[] {
  const own = bySeries.get(metric);
  if (own === undefined && !borrowed.has(metric)) return [`${metric} is in no catalogue`];
  return matchers.flatMap((matcher) => faultOf(matcher, own));
}

function faultOf({ label, operator, value }: Matcher, metric: Metric | undefined): string[] {
  if (TARGET_LABELS.includes(label)) return [];
  const known = metric?.labels.find(({ name }) => name === label);
  if (known === undefined) return [`${metric?.name} has no label ${label}`];
  if (!('values' in known)) return [];
  const wanted = operator.includes('~') ? value.split('|').map((part) => part.replaceAll('\\', '')) : [value];
  return wanted.filter((part) => !known.values.includes(part)).map((part) => `${label} is never ${part}`);
}

describe('the expressions of dashboards and rules', () => {
  for (const { where, expr } of allExpressions()) {
    it(`${where}: fits the grammar and asks for what there is`, () => {
      const { errors, selectors, groupings } = parsePromql(expr);
      assert.deepEqual(errors, []);
      assert.ok(selectors.length > 0);
      assert.deepEqual(selectors.flatMap(faultsOf), []);
      const labels = selectors.flatMap(
        ({ metric }) => bySeries.get(metric)?.labels.map(({ name }) => name) ?? [],
      );
      for (const label of groupings) assert.ok([...labels, ...TARGET_LABELS, 'le'].includes(label), label);
    });
  }
});

describe('this check', () => {
  it('finds a grammar that does not fit', () => {
    for (const wrong of ['sum by (', 'rate(rollcall_requests_total[5m)', 'rollcall_requests_total{from=}']) {
      assert.notDeepEqual(parsePromql(wrong).errors, [], wrong);
    }
  });

  it('finds names, labels and values that there are not', () => {
    const faults = (expression: string): string[] => parsePromql(expression).selectors.flatMap(faultsOf);
    assert.deepEqual(faults('rate(rollcall_request_total[5m]) + up'), [
      'rollcall_request_total is in no catalogue',
    ]);
    assert.deepEqual(faults('rollcall_refresh_ratio'), ['rollcall_refresh_ratio is in no catalogue']);
    assert.deepEqual(faults('rollcall_requests_total{side="phone"}'), [
      'rollcall_requests_total has no label side',
    ]);
    assert.deepEqual(faults('rollcall_requests_total{from=~"phone|pbx", instance="x"}'), [
      'from is never pbx',
    ]);
    assert.deepEqual(faults('rollcall_requests_total{from="phone"} - rollcall_tap_dropped_total'), []);
  });
});
