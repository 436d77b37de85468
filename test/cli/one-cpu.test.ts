import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { wordsToStartAnew } from '../../src/cli/single-threaded-gc.ts';
import { commandIn, commandPath } from '../support/command-path.ts';
import { REPO_ROOT } from '../support/repo-root.ts';
import { RollcallProcess } from './process.ts';

const LINUX = { skip: process.platform === 'linux' ? false : 'needs taskset' };
const HOST = '127.77.40.4';
const folder = mkdtempSync(join(tmpdir(), 'rollcall-one-cpu-'));
after(() => rmSync(folder, { recursive: true }));

function runFlags(port: number): string[] {
  return [
    'run',
    `--listen=${HOST}:${port}`,
    '--registrar=127.77.40.5:5060',
    '--contact-mode=direct',
    `--http=${HOST}:${port}`,
    `--secret-file=${join(folder, String(port))}`,
  ];
}

/** Starts a program on the first CPU that we may run on. */
function onOneCpu(): string[] {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'));
  assert.ok(allowed !== null);
  return ['taskset', '--cpu-list', allowed[1]!];
}

const wordsOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);

async function endsWell(rollcall: RollcallProcess, by: NodeJS.Signals): Promise<string> {
  rollcall.signal(by);
  const { code, out, err } = await rollcall.ended;
  assert.deepEqual([code, err], [0, ''], out);
  return out;
}

/** The command with all packages that it uses but koffi. */
function mainWithoutKoffi(): string {
  const root = join(folder, 'without-koffi');
  cpSync(join(REPO_ROOT, 'dist', 'bin'), join(root, 'dist', 'bin'), { recursive: true });
  cpSync(join(REPO_ROOT, 'package.json'), join(root, 'package.json'));
  mkdirSync(join(root, 'node_modules'));
  for (const name of readdirSync(join(REPO_ROOT, 'node_modules'))) {
    if (name === 'koffi') continue;
    symlinkSync(join(REPO_ROOT, 'node_modules', name), join(root, 'node_modules', name));
  }
  return commandIn(join(root, 'dist'));
}

describe('on a single CPU', LINUX, () => {
  it('monitoring steps aside for forwarding: the demo forwards, counts and ends', async () => {
    const demo = new RollcallProcess(['demo', '--for', '600'], {}, onOneCpu());
    // A line of its table: so many seconds, so many contacts.
    await demo.says(/^ +\d+ s +[1-9]/m);
    const out = await endsWell(demo, 'SIGINT');
    const ok = /^ {2}ok +(\d+) \S+ (\d+)$/m.exec(out);
    assert.ok(ok !== null && Number(ok[1]) > 0 && Number(ok[2]) > 0, out);
  });

  it('a run has its garbage collected without helpers: the same process, flags and log', async () => {
    const args = runFlags(5070);
    const running = new RollcallProcess(args, {}, onOneCpu());
    await running.says(/"msg":"running"/);
    const [, flag, main, ...rest] = wordsOf(running.pid);
    assert.deepEqual([flag, rest], ['--single-threaded-gc', args]);
    assert.equal(main, commandPath());
    const out = await endsWell(running, 'SIGTERM');
    assert.equal(out.match(/"msg":"listening"/g)?.length, 1, out);
  });

  it('without koffi a run is the same process as ever', async () => {
    const running = new RollcallProcess(runFlags(5072), {}, onOneCpu(), mainWithoutKoffi());
    await running.says(/"msg":"running"/);
    assert.ok(!wordsOf(running.pid).includes('--single-threaded-gc'));
    await endsWell(running, 'SIGTERM');
  });

  it('what is wrong with the configuration is told once', async () => {
    const running = new RollcallProcess([...runFlags(5073), '--max-aors=x'], {}, onOneCpu());
    const { code, out, err } = await running.ended;
    assert.deepEqual([code, out, err.trim().split('\n').length], [2, '', 1], err);
  });
});

describe('on several CPUs', { skip: availableParallelism() > 1 ? LINUX.skip : 'needs two' }, () => {
  it('a run is started as it was called', async () => {
    const args = runFlags(5074);
    const running = new RollcallProcess(args);
    await running.says(/"msg":"running"/);
    assert.deepEqual(wordsOf(running.pid).slice(2), args);
    await endsWell(running, 'SIGTERM');
  });
});

describe('the words to start Node anew', () => {
  const started = {
    platform: 'linux',
    cpus: 1,
    argv0: 'node',
    execArgv: [],
    argv: ['/usr/bin/node', '/usr/bin/rollcall', 'run', '--listen', '', 'a b'],
    hasChannel: false,
  } as const;

  it('have the flag first, then what was there', () => {
    assert.deepEqual(wordsToStartAnew(started), [
      'node',
      '--single-threaded-gc',
      '/usr/bin/rollcall',
      'run',
      '--listen',
      '',
      'a b',
    ]);
  });

  it('leave the last word to flags of Node that were given', () => {
    assert.deepEqual(
      wordsToStartAnew({ ...started, execArgv: ['--no-single-threaded-gc', '--title=x'] })?.slice(0, 4),
      ['node', '--single-threaded-gc', '--no-single-threaded-gc', '--title=x'],
    );
  });

  const nothing = [
    ['on several CPUs', { cpus: 2 }],
    ['elsewhere than on Linux', { platform: 'darwin' }],
    ['below a parent that has a channel to us', { hasChannel: true }],
    ['once they were taken', { execArgv: ['--title=x', '--single-threaded-gc'] }],
  ] as const;
  for (const [when, change] of nothing) {
    it(`are none ${when}`, () => assert.equal(wordsToStartAnew({ ...started, ...change }), undefined));
  }
});
