import assert from 'node:assert/strict';
import { getPriority, release, setPriority } from 'node:os';
import { describe, it, test } from 'node:test';
import type * as Priority from '../../src/net/cpu-priority.ts';
import type * as Linux from '../../src/net/linux.ts';

const SCHED_BATCH = 3;
const [major = 0, minor = 0] = release().split('.').map(Number);
const takesSlices = major > 6 || (major === 6 && minor >= 12);

const { CpuPriority, Moderation, SLICE_NS } = (await import(
  '../../src/net/cpu-priority.ts'
)) as typeof Priority;

describe('moderation', () => {
  /** The share of the CPU in each of the looks, 50 ms apart, and what the thread may be then. */
  const follow = (...shares: readonly number[]) => {
    const moderation = new Moderation();
    let [nowMs, cpuMs] = [1_000_000, 17];
    moderation.look(nowMs, cpuMs);
    return shares.map((share) => {
      nowMs += 50;
      cpuMs += 50 * share;
      return moderation.look(nowMs, cpuMs);
    });
  };

  it('is real-time from the beginning, whatever the clocks show', () => {
    const moderation = new Moderation();
    assert.equal(moderation.kind, 'realtime');
    assert.equal(moderation.look(5, 1e6), 'realtime');
  });

  const times = <T>(count: number, value: T) => Array<T>(count).fill(value);

  it('stays so with up to half of a CPU', () => {
    assert.deepEqual(follow(0.1, ...times(100, 0.5)), times(101, 'realtime'));
  });

  it('stays so when it takes all of a CPU for a fifth of a second, and no longer', () => {
    assert.deepEqual(follow(...times(5, 1)), [...times(4, 'realtime'), 'normal']);
    const shares = [...times(4, 1), ...times(8, 0.25)];
    assert.deepEqual(follow(...shares, ...shares, ...shares), times(36, 'realtime'));
  });

  it('is over when it owes a tenth of a second, until all is paid', () => {
    // Owed, in ms: 25, 50, 75, 100, 125, then 20 less with each look.
    assert.deepEqual(follow(...times(5, 1), ...times(7, 0.1)), [
      ...times(4, 'realtime'),
      ...times(7, 'normal'),
      'realtime',
    ]);
  });

  it('owes no more after a long storm than half a second pays for', () => {
    assert.deepEqual(follow(...times(1000, 1), ...times(10, 0)), [
      ...times(4, 'realtime'),
      ...times(1005, 'normal'),
      'realtime',
    ]);
  });
});

if (process.platform === 'linux') {
  const linux = (await import('../../src/net/linux.ts')) as typeof Linux;
  const view = new DataView(new ArrayBuffer(4096));
  const address = linux.addressOf(new Uint8Array(view.buffer));
  const attributes = () => {
    assert.equal(linux.schedGetattr(address), 0);
    return {
      policy: view.getUint32(linux.SCHED_POLICY_AT, true),
      priority: view.getUint32(linux.SCHED_PRIORITY_AT, true),
      flags: view.getBigUint64(linux.SCHED_FLAGS_AT, true),
      sliceNs: view.getBigUint64(linux.SCHED_RUNTIME_AT, true),
    };
  };
  const slice = takesSlices ? BigInt(SLICE_NS) : 0n;
  const spin = (ms: number) => {
    const until = performance.now() + ms;
    while (performance.now() < until);
  };

  // One after the other: an unprivileged process does not come back from the later ones.
  test('asked to be normal, the thread has short slices and nothing more', () => {
    assert.deepEqual(new CpuPriority('normal').got, { cpuPriority: 'normal', why: 'asked for' });
    assert.deepEqual(attributes(), { policy: linux.SCHED_OTHER, priority: 0, flags: 0n, sliceNs: slice });
  });

  test('real-time is granted, or refused with what would help', (context) => {
    const priority = new CpuPriority('auto');
    if (priority.got.cpuPriority === 'normal') {
      assert.match(
        priority.got.why,
        /^the kernel does not grant real-time priority \(sched_setattr: EPERM\); LimitRTPRIO=1/,
      );
      assert.deepEqual(attributes(), { policy: linux.SCHED_OTHER, priority: 0, flags: 0n, sliceNs: slice });
      context.skip('refused here');
      return;
    }
    const granted = attributes();
    assert.equal(granted.policy, linux.SCHED_RR);
    assert.equal(granted.priority, 1);
    assert.equal(granted.flags, linux.SCHED_FLAG_RESET_ON_FORK);

    priority.suspend();
    assert.equal(attributes().policy, linux.SCHED_OTHER);
    assert.equal(attributes().sliceNs, slice);
    priority.look(performance.now());
    assert.equal(attributes().policy, linux.SCHED_OTHER, 'it is suspended');
    priority.resume();
    assert.equal(attributes().policy, linux.SCHED_RR);

    // The monotonic time that it is told runs faster or slower than the CPU's, which it asks itself.
    // A whole number: sums and differences of fractions come out a hair beside what is meant.
    const startMs = Math.trunc(performance.now());
    priority.look(startMs);
    spin(60);
    priority.look(startMs + 50);
    assert.equal(attributes().policy, linux.SCHED_RR, 'it owes some 35 ms');
    spin(150);
    priority.look(startMs + 99);
    assert.equal(attributes().policy, linux.SCHED_RR, 'it does not look so soon again');
    priority.look(startMs + 101);
    assert.equal(attributes().policy, linux.SCHED_OTHER, 'it took the CPU for itself');
    if (takesSlices) assert.equal(attributes().sliceNs, slice);
    priority.look(startMs + 800);
    assert.equal(attributes().policy, linux.SCHED_RR, 'the load is over');
    spin(300);
    priority.look(startMs + 900);
    assert.equal(attributes().policy, linux.SCHED_OTHER);
  });

  test('a nice value that the operator chose stays, and no real-time priority overrides it', () => {
    setPriority(7);
    assert.deepEqual(new CpuPriority('auto').got, {
      cpuPriority: 'normal',
      why: 'its nice value was chosen by who started it',
    });
    assert.equal(getPriority(), 7);
    assert.equal(attributes().policy, linux.SCHED_OTHER);
    if (takesSlices) assert.equal(attributes().sliceNs, slice);
  });

  test('a scheduling class that the operator chose stays as it is', () => {
    view.setUint32(linux.SCHED_POLICY_AT, SCHED_BATCH, true);
    view.setBigUint64(linux.SCHED_RUNTIME_AT, 0n, true);
    assert.equal(linux.schedSetattr(address), 0);
    assert.deepEqual(new CpuPriority('auto').got, {
      cpuPriority: 'normal',
      why: 'its scheduling class was chosen by who started it',
    });
    assert.equal(attributes().policy, SCHED_BATCH);
  });
}
