import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { REPO_ROOT } from '../support/repo-root.ts';
import { RollcallProcess } from './process.ts';

interface Manifest {
  readonly bin: { readonly rollcall: string };
  readonly files: readonly string[];
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(readFileSync(join(REPO_ROOT, 'package.json'), 'utf8'));
const command = join(REPO_ROOT, manifest.bin.rollcall);

it('the package ships its command, and everything else that it says it ships', () => {
  assert.ok(manifest.files.some((folder) => manifest.bin.rollcall.startsWith(`${folder}/`)));
  for (const name of manifest.files) assert.ok(existsSync(join(REPO_ROOT, name)), name);
});

it('the command in the package tells the version that the package has', async () => {
  const { version } = JSON.parse(readFileSync(join(REPO_ROOT, 'package.json'), 'utf8'));
  const { code, out, err } = await new RollcallProcess(['--version'], {}, [], command).ended;
  assert.deepEqual([code, out, err], [0, `${version}\n`, '']);
});

it('no file exports what its thread works with, or shares it with another', () => {
  for (const [name, exported] of [
    ['worker.js', []],
    ['run.js', ['export { RUN };']],
    ['demo.js', ['export { DEMO };']],
  ] as const) {
    const text = readFileSync(join(command, '..', name), 'utf8');
    assert.match(text, /^const kernel = new Kernel\(\);$/m, name);
    assert.deepEqual(text.match(/^export .*$/gm) ?? [], exported, name);
    assert.doesNotMatch(text, /^import .*["']\.{1,2}\//m, name);
  }
});

it('no file of the command needs an optional package in order to start', () => {
  const folder = join(command, '..');
  const files = readdirSync(folder).filter((name) => name.endsWith('.js'));
  assert.ok(files.includes('worker.js'), files.join());
  for (const name of files) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const optional of Object.keys(manifest.optionalDependencies)) {
      assert.ok(!new RegExp(`^import .*["']${optional}["']`, 'm').test(text), `${name} imports ${optional}`);
    }
  }
});
