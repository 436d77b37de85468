import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ExchangePhase } from '../../src/monitor/exchange.ts';
import { ExchangeTable, SETTLED_MEMORY_MS, TIMEOUT_MS } from '../../src/monitor/exchange.ts';
import type { Name } from './support/keys.ts';
import { keyOf, names, textOf } from './support/keys.ts';

interface Known {
  readonly firstAtMs: number;
  readonly handshakeStartMs: number;
  phase: ExchangePhase;
  settledAtMs: number;
}

/** The same as the table, in the plainest of words. */
class Model {
  evictions = 0;
  /** In the order in which they came, settled ones behind in the order in which they were settled. */
  readonly all = new Map<string, Known>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  add(name: string, nowMs: number): void {
    if (this.all.size >= this.max) this.evict();
    const known: Known = {
      firstAtMs: nowMs,
      handshakeStartMs: nowMs + 0.5,
      phase: 'in_flight',
      settledAtMs: 0,
    };
    this.all.set(name, known);
  }

  /** The oldest settled one, of equal ones one that is over; else the oldest in flight. */
  private evict(): void {
    const settled = this.in('over', 'timed_out', 'answered').toSorted(
      ([, a], [, b]) =>
        a.settledAtMs - b.settledAtMs || Number(b.phase === 'over') - Number(a.phase === 'over'),
    );
    const [gone] = settled[0] ?? this.in('in_flight')[0] ?? [];
    this.all.delete(gone!);
    this.evictions++;
  }

  private in(...phases: ExchangePhase[]): [string, Known][] {
    return [...this.all].filter(([, { phase }]) => phases.includes(phase));
  }

  settle(name: string, phase: 'timed_out' | 'answered' | 'over', nowMs: number): void {
    const known = this.all.get(name)!;
    // What is over is remembered from then on, even if its answer came late.
    if (known.phase === 'in_flight' || phase === 'over') {
      known.settledAtMs = nowMs;
      this.all.delete(name);
      this.all.set(name, known);
    }
    known.phase = phase;
  }

  forget(nowMs: number): void {
    for (const [name, { phase, settledAtMs }] of this.all) {
      if (phase !== 'in_flight' && nowMs - settledAtMs >= SETTLED_MEMORY_MS) this.all.delete(name);
    }
  }

  overdue(nowMs: number): Known | undefined {
    return this.in('in_flight').find(([, { firstAtMs }]) => nowMs - firstAtMs >= TIMEOUT_MS)?.[1];
  }
}

interface Step {
  readonly name: Name;
  /** What is done with it where it is known and not over. */
  readonly fate: 'timed_out' | 'answered' | 'over' | 'nothing';
  readonly waitMs: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    name: names,
    fate: fc.constantFrom('timed_out', 'answered', 'over', 'over', 'nothing'),
    waitMs: fc.constantFrom(0, 0, 1, 1000, SETTLED_MEMORY_MS / 2, SETTLED_MEMORY_MS),
  }),
  { maxLength: 100 },
);

/** One step, done to both. */
function take(table: ExchangeTable, model: Model, { name, fate }: Step, nowMs: number): void {
  const exchange = table.find(keyOf(name));
  if (exchange === undefined) {
    table.add(keyOf(name), nowMs).handshakeStartMs = nowMs + 0.5;
    model.add(textOf(name), nowMs);
  } else if (exchange.phase !== 'over' && fate !== 'nothing') {
    table.settle(exchange, fate === 'timed_out' ? 'timed_out' : 'answered', nowMs);
    if (fate === 'over') table.close(exchange, nowMs);
    model.settle(textOf(name), fate, nowMs);
  }
}

test('knows what a plain map knows: keys with equal hashes, full tables, time that passes', () => {
  const property = fc.property(fc.integer({ min: 1, max: 12 }), steps, (max, done) => {
    let evictions = 0;
    const table = new ExchangeTable(max, () => evictions++);
    const model = new Model(max);
    let nowMs = 1000;
    for (const step of done) {
      nowMs += step.waitMs;
      table.forgetSettled(nowMs);
      model.forget(nowMs);
      take(table, model, step, nowMs);
      assert.equal(evictions, model.evictions);
      assert.equal(
        table.inFlightCount,
        [...model.all.values()].filter((one) => one.phase === 'in_flight').length,
      );
      assert.equal(table.overdue(nowMs)?.firstAtMs, model.overdue(nowMs)?.firstAtMs);
      for (const { name } of done) {
        const found = table.find(keyOf(name));
        const known = model.all.get(textOf(name));
        assert.equal(found?.phase, known?.phase, textOf(name));
        assert.equal(found?.handshakeStartMs, known?.handshakeStartMs, textOf(name));
      }
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('finds each of many, before and behind every growth', () => {
  const COUNT = 5000;
  const table = new ExchangeTable(COUNT, () => {});
  const numbered = (value: number) => keyOf({ place: 3, value, hash: value % 1700 });
  for (let value = 1; value <= COUNT; value++) {
    const exchange = table.add(numbered(value), value);
    if (value % 2 === 0) table.settle(exchange, 'answered', value);
  }
  for (let value = 1; value <= COUNT; value++) assert.equal(table.find(numbered(value))?.firstAtMs, value);
  assert.equal(table.find(numbered(COUNT + 1)), undefined);
  table.forgetSettled(COUNT + SETTLED_MEMORY_MS);
  for (let value = 1; value <= COUNT; value++) {
    assert.equal(table.find(numbered(value))?.firstAtMs, value % 2 === 0 ? undefined : value);
  }
});
