import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BORROWED, METRICS } from '../../src/metrics/catalog.ts';
import { committedDashboard } from './committed.ts';

const COLUMNS = 24;
const names: readonly string[] = [
  ...Object.values(METRICS).map(({ name }) => name),
  ...Object.values(BORROWED),
];

describe('the overview dashboard', () => {
  const { uid, panels, templating } = committedDashboard();
  const shown = panels.filter(({ type }) => type !== 'row');

  it('keeps the address that links and bookmarks use', () => assert.equal(uid, 'rollcall-overview'));

  it('says of every panel what it shows, in what unit, and what it means', () => {
    for (const { title, description = '', fieldConfig, targets = [] } of shown) {
      assert.match(description, /.{20,}\.$/, title);
      assert.ok(fieldConfig?.defaults.unit, title);
      assert.ok(targets.length > 0, title);
      for (const { legendFormat } of targets) assert.ok(legendFormat, title);
    }
    assert.equal(new Set(shown.map(({ title }) => title)).size, shown.length);
  });

  it('gives every panel a number, every query a letter, of their own', () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const { title, targets = [] } of shown) {
      assert.deepEqual(
        targets.map(({ refId }) => refId),
        ['A', 'B', 'C'].slice(0, targets.length),
        title,
      );
    }
  });

  it('asks the data source and the instances that the person chose', () => {
    for (const { title, datasource, targets = [] } of shown) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is Grafana's
      assert.equal(datasource?.uid, '${datasource}', title);
      for (const { expr } of targets) {
        const series = [...expr.matchAll(/\b(?:rollcall|process|nodejs)_\w+/g)];
        const chosen = [...expr.matchAll(/\b\w+\{[^}]*instance=~"\$instance"\}/g)];
        assert.equal(chosen.length, series.length, `${title}: ${expr}`);
      }
    }
    assert.deepEqual(
      templating.list.map(({ name, type }) => [name, type]),
      [
        ['datasource', 'datasource'],
        ['instance', 'query'],
      ],
    );
  });

  it('takes the choice of instances from a metric of the catalogue', () => {
    const query = templating.list[1]?.query as { query: string };
    const [, metric = '', label] = /^label_values\((\w+), (\w+)\)$/.exec(query.query) ?? [];
    assert.ok(names.includes(metric), query.query);
    assert.equal(label, 'instance');
    assert.equal(templating.list[1]?.allValue, undefined, 'All would mean every program that is scraped');
  });

  it('lays the panels out in rows without a gap or an overlap', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      assert.ok(gridPos.x + gridPos.w <= COLUMNS, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x} ${y}`), `${title} lies over another panel`);
          taken.add(`${x} ${y}`);
        }
      }
    }
    const height = Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    assert.equal(taken.size, COLUMNS * height);
  });
});
