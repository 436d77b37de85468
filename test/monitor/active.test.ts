import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ActivePatterns } from '../../src/monitor/active.ts';
import type { Pattern } from '../../src/monitor/lists.ts';

test('who begins to match is news, and how many match is told to the millisecond', () => {
  const step = fc.record({
    pattern: fc.constantFrom<Pattern>('spray', 'scanner'),
    name: fc.constantFrom('a', 'b', 'c'),
    forMs: fc.constantFrom(1, 10, 999, 1000, 1001, 5000),
    afterMs: fc.constantFrom(0, 1, 9, 500, 1000, 3000),
    does: fc.constantFrom('note', 'note', 'count', 'advance'),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 60 }), (steps) => {
      const active = new ActivePatterns();
      const untilMs = new Map<string, number>();
      let nowMs = 0;
      for (const { pattern, name, forMs, afterMs, does } of steps) {
        nowMs += afterMs;
        const key = `${pattern} ${name}`;
        if (does === 'note') {
          const isNew = (untilMs.get(key) ?? 0) <= nowMs;
          assert.equal(active.note(pattern, name, nowMs + forMs, nowMs), isNew);
          untilMs.set(key, nowMs + forMs);
          continue;
        }
        active.advance(nowMs);
        if (does === 'advance') continue;
        const matching = [...untilMs].filter(([of, until]) => of.startsWith(`${pattern} `) && until > nowMs);
        assert.equal(active.count(pattern), matching.length);
      }
    }),
  );
});

test('who comes when the table is full is news each time, and not remembered', () => {
  const active = new ActivePatterns();
  for (let i = 0; i < 100_000; i++) active.note('spray', `${i}`, 5000, 0);
  active.advance(1);
  assert.equal(active.note('spray', 'one more', 5000, 1), true);
  assert.equal(active.note('spray', 'one more', 5000, 1), true);
  assert.equal(active.note('spray', '7', 6000, 1), false);
  assert.equal(active.count('spray'), 100_000);
  active.advance(5500);
  assert.equal(active.note('spray', 'one more', 9000, 5500), true);
  assert.equal(active.note('spray', 'one more', 9000, 5500), false);
  assert.equal(active.count('spray'), 2);
});
