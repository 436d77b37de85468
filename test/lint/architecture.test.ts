import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { REPO_ROOT } from '../support/repo-root.ts';
import type { Offence } from './offences.ts';
import {
  HOUSE_RULES,
  IMPURITIES,
  NODE_IN_PURE_FOLDERS,
  PROM_CLIENT_ELSEWHERE,
  WRONG_DIRECTIONS,
} from './offences.ts';

const LINT_LIMIT_MS = 60_000;
let copy = '';

before(() => {
  copy = mkdtempSync(join(tmpdir(), 'rollcall-lint-'));
  for (const name of ['src', 'grafana', 'biome.json', 'package.json', 'scripts/lint']) {
    cpSync(join(REPO_ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(REPO_ROOT, 'node_modules'), join(copy, 'node_modules'));
});

after(() => rmSync(copy, { recursive: true, force: true }));

function lint(...paths: string[]): { failed: boolean; output: string } {
  const biome = join(REPO_ROOT, 'node_modules', '.bin', 'biome');
  const done = spawnSync(biome, ['lint', '--colors=off', '--max-diagnostics=none', ...paths], {
    cwd: copy,
    encoding: 'utf8',
    timeout: LINT_LIMIT_MS,
  });
  return { failed: done.status !== 0, output: `${done.stdout}${done.stderr}${done.error ?? ''}` };
}

/** Plants all the offences, each in a file of its own, and lints them. Gives the run's words per offence. */
function lintPlanted(offences: readonly Offence[]): Map<Offence, string> {
  const paths = offences.map(({ path }, index) => path.replace('planted', `planted-${index}-`));
  for (const [index, { source }] of offences.entries()) {
    const path = join(copy, paths[index]!);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, source);
  }
  try {
    const { failed, output } = lint('--diagnostic-level=error', ...paths);
    assert.ok(failed, 'the run passes');
    const diagnostics = output.split(/^(?=\S+\.ts[: ])/m);
    const about = (path: string): string => diagnostics.filter((text) => text.startsWith(path)).join('');
    return new Map(offences.map((offence, index) => [offence, about(paths[index]!)]));
  } finally {
    for (const path of paths) rmSync(join(copy, path));
  }
}

const groups: readonly (readonly [title: string, offences: readonly Offence[]])[] = [
  ['imports against the direction', WRONG_DIRECTIONS],
  ['prom-client outside of metrics/', PROM_CLIENT_ELSEWHERE],
  ['node: modules in the pure folders', NODE_IN_PURE_FOLDERS],
  ['clock, environment, randomness and Buffer in the pure folders', IMPURITIES],
  ['the house rules', HOUSE_RULES],
];

describe('the lint run', () => {
  it('passes the tree as it is', () => {
    const { failed, output } = lint('src', 'grafana');
    assert.ok(!failed, output);
  });

  for (const [title, offences] of groups) {
    describe(`refuses ${title}`, () => {
      let verdicts: Map<Offence, string>;
      before(() => {
        verdicts = lintPlanted(offences);
      });
      for (const offence of offences) {
        const { path, source, rule, says } = offence;
        it(`${path}: ${source.trim().replaceAll('\n', ' ')}`, () => {
          const verdict = verdicts.get(offence) ?? '';
          const blamed = new RegExp(`^\\S+ ${rule} [\\s\\S]*?${says}`, 'm');
          assert.match(verdict, blamed, `not refused for ${rule} ("${says}")`);
        });
      }
    });
  }
});

function sourcesUnder(folder: string): { path: string; text: string }[] {
  const names = readdirSync(join(REPO_ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ path: join(folder, name), text: readFileSync(join(REPO_ROOT, folder, name), 'utf8') }));
}

describe('the sources, without asking the linter', () => {
  it('name prom-client in metrics/ alone', () => {
    const elsewhere = [...sourcesUnder('src'), ...sourcesUnder('grafana')]
      .filter(({ path, text }) => !path.startsWith('src/metrics/') && /['"]prom-client['"]/.test(text))
      .map(({ path }) => path);
    assert.deepEqual(elsewhere, []);
  });

  it('name no node: module in the pure folders, and switch no rule off there', () => {
    const impure = ['src/sip', 'src/proxy', 'src/monitor']
      .flatMap(sourcesUnder)
      .filter(({ text }) => /['"`]node:|biome-ignore|@ts-(ignore|expect-error|nocheck)/.test(text))
      .map(({ path }) => path);
    assert.deepEqual(impure, []);
  });
});
