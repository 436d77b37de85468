import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CONFIG_FILE, loadConfig } from '../../src/cli/config.ts';
import { SETTINGS } from '../../src/cli/settings.ts';

const ROOT = new URL('../../../', import.meta.url);
const README = readFileSync(new URL('README.md', ROOT), 'utf8');
const NOWHERE = { environment: { HOME: '/home/op' }, readFile: () => '' };

function blocks(language: string): string[] {
  return [...README.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text!);
}

describe('README', () => {
  it('names no flag that there is not', () => {
    const ours = [...SETTINGS, CONFIG_FILE].map(({ key }) => key);
    const others = ['for', 'unit', 'help', 'global', 'silent'];
    const named = [...README.matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)].map(([, key]) => key!);
    assert.ok(named.length > 5);
    for (const key of named) assert.ok([...ours, ...others].includes(key), `--${key}`);
  });

  it('shows command lines and a file that are right', () => {
    const lines = blocks('').flatMap((block) => block.split('\n'));
    const commands = lines.filter((line) => / (check|run) +--/.test(line));
    assert.equal(commands.length, 2);
    for (const command of commands) {
      const loaded = loadConfig(command.slice(command.indexOf('--')).split(/\s+/), NOWHERE);
      assert.ok('config' in loaded, JSON.stringify(loaded));
    }
    const [yaml] = blocks('yaml');
    assert.ok(yaml);
    const loaded = loadConfig(['--config', 'rollcall.yaml'], { ...NOWHERE, readFile: () => yaml });
    assert.ok('config' in loaded, JSON.stringify(loaded));
  });

  it('points only to what is there', () => {
    const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path!);
    const paths = [...README.matchAll(/`((?:deploy|grafana|docs)\/[^`]*)`/g)].map(([, path]) => path!);
    assert.ok(links.length > 4 && paths.length > 1);
    for (const path of [...links, ...paths]) assert.ok(existsSync(new URL(path, ROOT)), path);
  });

  it('names only metrics that are in the catalogue', () => {
    const catalogue = readFileSync(new URL('docs/METRICS.md', ROOT), 'utf8');
    for (const [name] of README.matchAll(/rollcall_[a-z_]+/g)) {
      assert.ok(catalogue.includes(`### ${name}\n`), name);
    }
  });
});
