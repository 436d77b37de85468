import assert from 'node:assert/strict';
import { getPriority, release, setPriority } from 'node:os';
import { test } from 'node:test';
import type * as Linux from '../../src/net/linux.ts';
import type * as ShortSlices from '../../src/net/short-slices.ts';

const SCHED_BATCH = 3;
const [major = 0, minor = 0] = release().split('.').map(Number);
const takesSlices = major > 6 || (major === 6 && minor >= 12);

if (process.platform === 'linux') {
  const { takeShortSlices, SLICE_NS } = (await import('../../src/net/short-slices.ts')) as typeof ShortSlices;
  const linux = (await import('../../src/net/linux.ts')) as typeof Linux;
  const attributes = new DataView(new ArrayBuffer(4096));
  const address = linux.addressOf(new Uint8Array(attributes.buffer));

  // One after the other, since an unprivileged process does not come back from them.
  test('the thread has short slices, and the nice value that it had', () => {
    setPriority(7);
    assert.equal(takeShortSlices(), true);
    assert.equal(getPriority(), 7);
    assert.equal(linux.schedGetattr(address), 0);
    const runtimeNs = attributes.getBigUint64(linux.SCHED_RUNTIME_AT, true);
    if (takesSlices) assert.equal(runtimeNs, BigInt(SLICE_NS));
  });

  test('a scheduling class that the operator chose stays as it is', () => {
    linux.schedGetattr(address);
    attributes.setUint32(linux.SCHED_POLICY_AT, SCHED_BATCH, true);
    attributes.setBigUint64(linux.SCHED_RUNTIME_AT, 0n, true);
    assert.equal(linux.schedSetattr(address), 0);
    assert.equal(takeShortSlices(), false);
    linux.schedGetattr(address);
    assert.equal(attributes.getUint32(linux.SCHED_POLICY_AT, true), SCHED_BATCH);
  });
}
