import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AorEntry } from '../../src/monitor/aor-entry.ts';
import { Binding } from '../../src/monitor/binding.ts';
import { DomainCounts } from '../../src/monitor/counts.ts';
import { Repeats } from '../../src/monitor/repeats.ts';

const entry = new AorEntry({ aor: 'a@b', host: 'b', aorA: 0, aorB: 0 }, new DomainCounts());

const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });
/** As many as half fill the places of their table. */
const COUNT = 32_768;
/** Few words for the half that leads to a place: more bindings want it than there is room for. */
const action = fc.record({
  kind: fc.constantFrom('enter', 'enter', 'remove'),
  a: fc.constantFrom(0, 1, -1, 256, 512, 0x40000000),
  b: fc.oneof(fc.nat(9), word),
  number: fc.nat(40),
});

describe('the table of repeats', () => {
  it('finds a binding under its own fingerprint only, and none that was taken out', () => {
    const property = fc.property(fc.array(action, { maxLength: 200, size: 'max' }), (actions) => {
      const repeats = new Repeats();
      const bindings = Array.from({ length: 41 }, () => new Binding(entry));
      const entered = new Map<Binding, string>();
      for (const { kind, a, b, number } of actions) {
        const binding = bindings[number]!;
        repeats.remove(binding);
        entered.delete(binding);
        if (kind === 'enter') {
          repeats.enter(binding, a, b);
          entered.set(binding, `${a} ${b}`);
        }
        for (const each of actions) {
          const found = repeats.find(each.a, each.b);
          if (found !== undefined) assert.equal(entered.get(found), `${each.a} ${each.b}`);
        }
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('finds nearly all of many, just before it grows', () => {
    const repeats = new Repeats();
    // As uneven as a hash: what a multiplication alone scatters lies too evenly to meet.
    const scattered = (value: number, by: number) => {
      const mixed = Math.imul(value ^ (value >>> 16), by);
      return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ (mixed >>> 16);
    };
    const words = (value: number) => [scattered(value, 0x9e3779b1), scattered(value, 0x85ebca6b)] as const;
    for (let value = 1; value <= COUNT; value++) repeats.enter(new Binding(entry), ...words(value));
    let found = 0;
    for (let value = 1; value <= COUNT; value++) if (repeats.find(...words(value)) !== undefined) found++;
    assert.ok(found > 0.985 * COUNT, `${found} of ${COUNT}`);
  });

  it('has no binding without a fingerprint', () => {
    const repeats = new Repeats();
    repeats.enter(new Binding(entry), 0, 0);
    assert.equal(repeats.find(0, 0), undefined);
  });
});
