import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { RollcallProcess } from './process.ts';

/** Number of the first CPU that we may run on. */
function anyCpu(): string {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'));
  assert.ok(allowed !== null);
  return allowed[1]!;
}

test('on a single CPU, where monitoring steps aside for forwarding, it forwards, counts and ends', {
  skip: process.platform === 'linux' ? false : 'needs taskset',
}, async () => {
  const rollcall = new RollcallProcess(['demo', '--for', '600'], {}, ['taskset', '--cpu-list', anyCpu()]);
  // A line of its table: so many seconds, so many contacts.
  await rollcall.says(/^ +\d+ s +[1-9]/m);
  rollcall.signal('SIGINT');
  const { code, out, err } = await rollcall.ended;
  assert.equal(code, 0, err);
  const ok = /^ {2}ok +(\d+) \S+ (\d+)$/m.exec(out);
  assert.ok(ok !== null && Number(ok[1]) > 0 && Number(ok[2]) > 0, out);
});
