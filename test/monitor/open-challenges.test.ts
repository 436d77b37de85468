import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Exchange } from '../../src/monitor/exchange.ts';
import { OpenChallenges } from '../../src/monitor/open-challenges.ts';

const LONG_MS = 32_000;
/** Rows before they are used again. */
const ROWS = 1024;

function challenged(number: number): Exchange {
  const exchange = Object.assign(new Exchange(), {
    aor: `${number}@x`,
    aorA: 2 * number,
    handshakeStartMs: -number,
  });
  exchange.phone.d = number;
  return exchange;
}

test('goes round: a row that is used again is another challenge, and open', () => {
  const challenges = new OpenChallenges(ROWS, assert.fail);
  const told: string[] = [];
  const numbers: number[] = [];
  for (let i = 0; i < 5 * ROWS; i++) {
    const nowMs = i * 100;
    challenges.advance(nowMs, ({ aor, aorA, phone }) => told.push(`${aor} ${aorA} ${phone.d}`));
    const number = challenges.add(challenged(i), nowMs);
    numbers.push(number);
    assert.equal(challenges.isOpen(number), true);
    assert.equal(challenges.handshakeStartOf(number), -i);
    // What is over has the same place: nothing is to be said of it, nor of who stands there now.
    const gone = numbers[i - ROWS];
    if (gone !== undefined) {
      challenges.close(gone);
      assert.equal(challenges.isOpen(gone), false);
    }
    assert.equal(challenges.isOpen(number), true);
    if (i % 2 === 0) challenges.close(number);
  }
  const abandoned = numbers.map((_, i) => i).filter((i) => i % 2 === 1 && i * 100 + LONG_MS < 5 * ROWS * 100);
  assert.deepEqual(
    told,
    abandoned.map((i) => `${i}@x ${2 * i} ${i}`),
  );
});

test('grows, and forgets nothing by it', () => {
  const challenges = new OpenChallenges(10 * ROWS, assert.fail);
  // So that the oldest stands in the middle when it grows.
  for (let i = 0; i < 700; i++) challenges.close(challenges.add(challenged(0), 0));
  challenges.advance(0, () => assert.fail());
  const numbers = Array.from({ length: 5 * ROWS }, (_, i) => challenges.add(challenged(i), 0));
  for (const [i, number] of numbers.entries()) {
    assert.equal(challenges.isOpen(number), true);
    assert.equal(challenges.handshakeStartOf(number), -i);
  }
  const told: string[] = [];
  challenges.advance(LONG_MS, ({ aor, aorA, phone }) => told.push(`${aor} ${aorA} ${phone.d}`));
  assert.deepEqual(
    told,
    numbers.map((_, i) => `${i}@x ${2 * i} ${i}`),
  );
});

test('where there is no room the oldest goes: an eviction, if it was open', () => {
  let evictions = 0;
  const challenges = new OpenChallenges(3, () => evictions++);
  const [first, second] = [1, 2, 3].map((i) => challenges.add(challenged(i), 0)) as [number, number, number];
  assert.equal(evictions, 0);
  challenges.add(challenged(4), 0);
  assert.equal(evictions, 1);
  assert.deepEqual([challenges.isOpen(first), challenges.isOpen(second)], [false, true]);
  challenges.close(second);
  challenges.add(challenged(5), 0);
  assert.equal(evictions, 1);
  challenges.giveUp();
  for (let i = 6; i < 9; i++) challenges.add(challenged(i), 0);
  assert.equal(evictions, 1);
});
