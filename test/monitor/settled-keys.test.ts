import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Exchange } from '../../src/monitor/exchange.ts';
import { SettledKeys } from '../../src/monitor/settled-keys.ts';
import type { Name } from './support/keys.ts';
import { keyOf, names, textOf } from './support/keys.ts';

/** Some time, and some challenge or none, that depend on the name. */
const startOf = ({ place, value, hash }: Name): number => (value === 0 ? 0 : place) + value * 3 + hash / 4;
const challengeOf = ({ value, hash }: Name): number | undefined =>
  (value + hash) % 3 === 0 ? undefined : (value * 5 + hash) | 0;
const remainsOf = (name: Name) => ({ handshakeStartMs: startOf(name), challenge: challengeOf(name) });

function kept(name: Name): Exchange {
  const { branch, host, portAndKinds, cseq, hash } = keyOf(name);
  const [branchA = 0, branchB = 0, branchC = 0, branchD = 0] = branch;
  const sentBy = { sentByA: host.a, sentByB: host.b, sentByC: host.c, sentByD: host.d };
  const numbers = { branchA, branchB, branchC, branchD, ...sentBy, portAndKinds, cseq, hash };
  return Object.assign(new Exchange(), numbers, remainsOf(name));
}

/** Rows are numbered with 32 bits from 0 on; here from another one on. */
function keysFrom(first: number): SettledKeys {
  const keys = new SettledKeys();
  const rows = Reflect.get(keys, 'rows');
  assert.ok(Reflect.has(rows, 'first'));
  Reflect.set(rows, 'first', first);
  return keys;
}

test('knows what was added and not forgotten, and nothing else', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: names.map((name) => ({ add: name })) },
    { weight: 2, arbitrary: fc.constant({ add: undefined }) },
  );
  const firsts = fc.constantFrom(0, 1023, 0x7ffffff0, -20, -1);
  const property = fc.property(firsts, fc.array(step, { maxLength: 150 }), (first, steps) => {
    const keys = keysFrom(first);
    const model = new Map<string, Name>();
    for (const [at, { add }] of steps.entries()) {
      if (add === undefined) {
        keys.forgetOldest();
        for (const oldest of [...model.keys()].slice(0, 1)) model.delete(oldest);
      } else if (!model.has(textOf(add))) {
        keys.add(kept(add), at);
        model.set(textOf(add), add);
      }
      assert.equal(keys.size, model.size);
      for (const name of steps.flatMap((other) => other.add ?? [])) {
        const expected = model.has(textOf(name)) ? remainsOf(name) : undefined;
        assert.deepEqual(keys.find(keyOf(name)), expected, textOf(name));
      }
    }
  });
  fc.assert(property, { numRuns: 300 });
});

/** One of many keys, in chains of several. */
const numbered = (value: number): Name => ({ place: 2, value, hash: value % 700 });

for (const first of [0, 0x7ffffff0, -1500]) {
  test(`grows while it is half way round, and goes on from the oldest: rows from ${first} on`, () => {
    const keys = keysFrom(first);
    let oldest = 1;
    for (let value = 1; value <= 6000; value++) {
      keys.add(kept(numbered(value)), value);
      if (value % 3 !== 0) continue;
      assert.equal(keys.ageOfOldestMs(value), value - oldest);
      assert.deepEqual(keys.find(keyOf(numbered(oldest))), remainsOf(numbered(oldest)));
      keys.forgetOldest();
      oldest++;
    }
    assert.equal(keys.size, 6001 - oldest);
    for (let value = 1; value <= 6000; value++) {
      const expected = value >= oldest ? remainsOf(numbered(value)) : undefined;
      assert.deepEqual(keys.find(keyOf(numbered(value))), expected, `${value}`);
    }
    while (keys.size > 0) keys.forgetOldest();
    keys.forgetOldest();
    assert.equal(keys.ageOfOldestMs(10_000), -1);
    assert.equal(keys.find(keyOf(numbered(6000))), undefined);
  });
}

test('goes round many times without growing, and past 32 bits', () => {
  const keys = keysFrom(-3000);
  for (let value = 1; value <= 9000; value++) {
    keys.add(kept(numbered(value)), value);
    if (value <= 1000) continue;
    keys.forgetOldest();
    assert.equal(keys.ageOfOldestMs(value), 999);
    assert.deepEqual(keys.find(keyOf(numbered(value - 999))), remainsOf(numbered(value - 999)));
    assert.equal(keys.find(keyOf(numbered(value - 1000))), undefined);
  }
});

test('the age of the oldest is never told too high, nor too low by more than an eighth of a millisecond', () => {
  const days = fc.double({ min: 0, max: 400 * 86_400_000, noNaN: true });
  const property = fc.property(days, fc.double({ min: 0, max: 86_400_000, noNaN: true }), (atMs, afterMs) => {
    const keys = new SettledKeys();
    keys.add(kept(numbered(1)), atMs);
    const nowMs = atMs + afterMs;
    const told = keys.ageOfOldestMs(nowMs);
    assert.ok(told <= nowMs - atMs && told > nowMs - atMs - 1 / 8, `${told}`);
  });
  fc.assert(property);
});
