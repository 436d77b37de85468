import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { RecentNames } from '../../src/monitor/suspects.ts';

const MAX = 4;

/** The same, by its definition: names in the order of their last appearance, the latest last. */
class Plain {
  private names: { readonly name: string; readonly atMs: number }[] = [];

  add(name: string, atMs: number): void {
    const others = this.names.filter((known) => known.name !== name);
    this.names = [...others.slice(Math.max(0, others.length - MAX + 1)), { name, atMs }];
  }

  delete(name: string): void {
    this.names = this.names.filter((known) => known.name !== name);
  }

  countSince(sinceMs: number): number {
    this.names = this.names.filter(({ atMs }) => atMs >= sinceMs);
    return this.names.length;
  }
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const step = fc.record({
  waitMs: fc.constantFrom(0, 1, 10),
  /** Most names come several times in a row. */
  does: fc.oneof(
    { weight: 6, arbitrary: fc.record({ add: name, times: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ remove: name }) },
    { weight: 1, arbitrary: fc.record({ countMs: fc.constantFrom(0, 5, 20, 1000) }) },
  ),
});

it('recent names are the last so many that appeared, and are counted by when that was', () => {
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 60 }), (steps) => {
      const names = new RecentNames(MAX);
      const plain = new Plain();
      let nowMs = 0;
      for (const { waitMs, does } of steps) {
        nowMs += waitMs;
        if ('add' in does) {
          for (let i = 0; i < does.times; i++) {
            names.add(does.add, nowMs + i);
            plain.add(does.add, nowMs + i);
          }
          nowMs += does.times;
        } else if ('remove' in does) {
          names.delete(does.remove);
          plain.delete(does.remove);
        } else {
          assert.equal(names.countSince(nowMs - does.countMs), plain.countSince(nowMs - does.countMs));
        }
      }
      for (let ageMs = 1000; ageMs >= 0; ageMs--) {
        assert.equal(names.countSince(nowMs - ageMs), plain.countSince(nowMs - ageMs));
      }
    }),
  );
});
