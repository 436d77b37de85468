import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Lately } from '../../src/monitor/lately.ts';

const MEMORY_MS = 1000;

test('knows what was added for as long as it says, and for less than three times as long', () => {
  const step = fc.record({
    hash: fc.oneof(fc.integer(), fc.integer({ min: -40, max: 40 })),
    afterMs: fc.constantFrom(0, 1, 333, MEMORY_MS - 1, MEMORY_MS, 3 * MEMORY_MS),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.nat({ max: 3000 }), (steps, startMs) => {
      const lately = new Lately(MEMORY_MS);
      const addedAt = new Map<number, number>();
      let nowMs = startMs;
      for (const { hash, afterMs } of steps) {
        nowMs += afterMs;
        lately.advance(nowMs);
        for (const [known, atMs] of addedAt) {
          if (nowMs - atMs < MEMORY_MS) assert.equal(lately.mayHave(known), true);
          // Few were added: that two share a bit is as good as impossible, but for those that end alike.
          const isTwin = [...addedAt].some(([other, at]) => at > atMs && ((other ^ known) & 0x3ffff) === 0);
          if (nowMs - atMs >= 3 * MEMORY_MS && !isTwin) assert.equal(lately.mayHave(known), false);
        }
        lately.add(hash, nowMs);
        addedAt.set(hash, nowMs);
        assert.equal(lately.mayHave(hash), true);
      }
    }),
  );
});

test('says no of what was never added, mostly: with 25,000 in it of nine in ten', () => {
  const lately = new Lately(MEMORY_MS);
  let hash = 1;
  const next = (): number => {
    hash = (Math.imul(hash, 1_664_525) + 1_013_904_223) | 0;
    return hash >>> 7;
  };
  for (let i = 0; i < 25_000; i++) lately.add(next(), 0);
  let taken = 0;
  for (let i = 0; i < 100_000; i++) if (lately.mayHave(next())) taken++;
  assert.equal(taken < 11_000, true, `${taken} of 100,000 were said to be there`);
});
