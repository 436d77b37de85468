import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openLab } from './support/lab.ts';
import { startProgram } from './support/program.ts';
import { waitUntil } from './support/wait-until.ts';

/** A program that forks another and waits; both pids stand in a file. */
const FORKING = 'sleep 300 & echo "$$ $!" > pids; echo started; wait';

const exists = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie has been killed; only its parent's wait is missing.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

async function pidsIn(dir: string): Promise<number[]> {
  const file = join(dir, 'pids');
  const text = await waitUntil(
    'the pids',
    () => (existsSync(file) ? readFileSync(file, 'utf8') : undefined) || undefined,
    {
      withinMs: 10_000,
    },
  );
  const pids = text.trim().split(' ').map(Number);
  assert.equal(pids.length, 2);
  assert.ok(pids.every(exists), 'both run');
  return pids;
}

const gone = (pids: readonly number[]): Promise<true> =>
  waitUntil(`the end of ${pids}`, () => (pids.some(exists) ? undefined : true), { withinMs: 10_000 });

/** A test file that starts the program, and then comes to its end in some way. */
function testFile(dir: string, ending: string): string {
  const path = join(dir, 'file.mjs');
  const support = join(import.meta.dirname, 'support', 'lab.js');
  const start = `openLab().start({ name: 'forking', command: ['sh', '-c', ${JSON.stringify(FORKING)}], cwd: ${JSON.stringify(dir)} });`;
  writeFileSync(path, `import { openLab } from ${JSON.stringify(support)};\n${start}\n${ending}\n`);
  return path;
}

describe('a lab', () => {
  const lab = openLab();
  after(lab.close);

  it('ends, when closed, all that its programs have forked, and takes its folder with it', async () => {
    const inner = openLab();
    inner.start({ name: 'forking', command: ['sh', '-c', FORKING], cwd: inner.dir });
    const pids = await pidsIn(inner.dir);
    await inner.close();
    await gone(pids);
    assert.ok(!existsSync(inner.dir));
  });

  for (const [how, ending] of [
    ['is sent SIGTERM', 'setInterval(() => {}, 1000);'],
    ['throws', "setTimeout(() => { throw new Error('a failing test'); }, 500);"],
    ['exits', 'setTimeout(() => process.exit(0), 500);'],
  ] as const) {
    it(`ends them when the test process ${how}`, async () => {
      const inner = openLab();
      const file = startProgram({ name: how, command: [process.execPath, testFile(inner.dir, ending)] });
      const pids = await pidsIn(inner.dir);
      if (how === 'is sent SIGTERM') process.kill(file.pid, 'SIGTERM');
      await gone(pids);
      await inner.close();
    });
  }

  it('gives up on a program that has ended, with its last lines', async () => {
    const program = lab.start({ name: 'brief', command: ['sh', '-c', 'echo cannot bind >&2; exit 3'] });
    const wait = waitUntil('an answer', () => undefined, { withinMs: 60_000, program });
    await assert.rejects(wait, /in vain for an answer[\s\S]*brief ended with 3[\s\S]*cannot bind/);
  });

  it('tells a command that does not exist', async () => {
    const program = lab.start({ name: 'absent', command: ['no-such-program'] });
    assert.equal(await program.ended, 127);
    assert.match(program.lastWords(), /ENOENT/);
  });
});
