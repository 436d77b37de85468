import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Doubts } from '../../src/monitor/doubts.ts';

test('the latest doubt of a hash is told, or a later one of another', () => {
  const hash = fc.oneof(fc.integer(), fc.integer({ min: -9, max: 9 }));
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 60 }), fc.array(hash, { maxLength: 20 }), (added, asked) => {
      const doubts = new Doubts();
      const latest = new Map<number, number>();
      for (const [i, one] of added.entries()) {
        doubts.add(one);
        latest.set(one, i + 1);
        assert.equal(doubts.newest, i + 1);
        for (const [known, number] of latest) {
          const told = doubts.latestOf(known);
          assert.ok(told >= number && told <= i + 1, `${told} of ${known}, doubted as number ${number}`);
        }
      }
      for (const one of asked) {
        const isAlike = added.some((other) => ((other ^ one) & 0x7fff) === 0);
        assert.equal(doubts.latestOf(one) > 0, isAlike);
      }
    }),
  );
});
