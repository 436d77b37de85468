import assert from 'node:assert/strict';
import { test } from 'node:test';
import { napping, openStepAside } from '../../src/net/step-aside.ts';

test('stepping aside comes back', async () => {
  const stepAside = await openStepAside();
  for (let i = 0; i < 1000; i++) stepAside();
});

test('without the system call: a nap, when it has been awake for long enough', () => {
  let nowMs = 1000;
  const naps: number[] = [];
  const stepAside = napping(
    () => nowMs,
    (ms) => {
      naps.push(nowMs);
      nowMs += ms;
    },
  );
  for (let i = 0; i < 10; i++) {
    stepAside();
    nowMs += 0.02;
  }
  assert.deepEqual(
    naps.map((atMs) => Math.round((atMs - 1000) * 100)),
    [6, 17, 28],
  );
});
