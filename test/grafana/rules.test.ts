import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { needs } from '../interop/support/needs.ts';
import { promtool } from '../interop/support/promtool.ts';
import { REPO_ROOT } from '../support/repo-root.ts';
import { committedRules, RULES } from './committed.ts';

const CASES = 'test/grafana/rules.promtool.yml';

interface CasesFile {
  readonly rule_files: readonly string[];
  readonly tests: readonly {
    readonly name: string;
    readonly alert_rule_test: readonly {
      readonly alertname: string;
      readonly exp_alerts?: readonly unknown[];
    }[];
  }[];
}

const cases = parse(readFileSync(join(REPO_ROOT, CASES), 'utf8')) as CasesFile;
const runbook = readFileSync(join(REPO_ROOT, 'docs', 'RUNBOOK.md'), 'utf8');

describe('the alert rules', needs('prometheus'), () => {
  it('are taken by promtool', () => {
    const { ok, output } = promtool(['check', 'rules', join(REPO_ROOT, RULES)]);
    assert.ok(ok, output);
    assert.match(output, new RegExp(`SUCCESS: ${committedRules().length} rules found`));
  });

  it('fire when they must, and not when they must not (promtool test rules)', () => {
    const { ok, output } = promtool(['test', 'rules', join(REPO_ROOT, CASES)]);
    assert.ok(ok, output);
    assert.match(output, /SUCCESS/);
  });

  it('are really put to the test: each case fails where its alert says the opposite', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-rules-'));
    try {
      const never = join(folder, 'rules.yml');
      const text = readFileSync(join(REPO_ROOT, RULES), 'utf8');
      writeFileSync(never, text.replace(/^(\s+)expr: .*(?:\n\1 {2}.*)*/gm, '$1expr: vector(0) == 1'));
      const copy = join(folder, 'cases.yml');
      const from = readFileSync(join(REPO_ROOT, CASES), 'utf8');
      writeFileSync(copy, from.replace(cases.rule_files[0]!, never));
      const { ok, output } = promtool(['test', 'rules', copy]);
      assert.ok(!ok);
      for (const { alert } of committedRules()) assert.match(output, new RegExp(`alertname: ?${alert}\\b`));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('each alert', () => {
  const rules = committedRules();

  it('has a case in which it fires and one in which it stays silent', () => {
    const checks = cases.tests.flatMap(({ alert_rule_test }) => alert_rule_test);
    for (const { alert } of rules) {
      const own = checks.filter(({ alertname }) => alertname === alert);
      assert.ok(
        own.some(({ exp_alerts = [] }) => exp_alerts.length > 0),
        `${alert} never fires in ${CASES}`,
      );
      assert.ok(
        own.some(({ exp_alerts = [] }) => exp_alerts.length === 0),
        `${alert} is never silent in ${CASES}`,
      );
    }
  });

  it('has a severity, a summary, a description and a section of the runbook', () => {
    const sections = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, title]) => title);
    for (const { alert, labels, annotations } of rules) {
      assert.match(labels.severity ?? '', /^(page|ticket)$/, alert);
      assert.match(annotations.summary ?? '', /\S{3,}/, alert);
      assert.match(annotations.description ?? '', /\.$/, alert);
      assert.equal(annotations.runbook_url, `docs/RUNBOOK.md#${alert.toLowerCase()}`);
    }
    assert.deepEqual(
      sections,
      rules.map(({ alert }) => alert),
    );
  });

  it('wakes a person only where a person must act at once', () => {
    const pages = rules.filter(({ labels }) => labels.severity === 'page').map(({ alert }) => alert);
    assert.deepEqual(pages, [
      'RegistrationStorm',
      'RegistrarNotAnswering',
      'RollcallDown',
      'RollcallDroppingPackets',
    ]);
  });
});

describe('the runbook', () => {
  it('links to sections that there are', () => {
    const anchors = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, title]) => title?.toLowerCase());
    for (const [, anchor] of runbook.matchAll(/\]\(#([^)]*)\)/g)) assert.ok(anchors.includes(anchor), anchor);
  });
});
