import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AorEntry } from '../../src/monitor/aor-entry.ts';
import { Binding } from '../../src/monitor/binding.ts';
import { DomainCounts } from '../../src/monitor/counts.ts';
import { ExpiryWheel } from '../../src/monitor/expiry-wheel.ts';

/** A binding that is due at this time exactly. */
function dueAt(atMs: number): Binding {
  const binding = new Binding(new AorEntry({ aor: 'a@b', host: '', aorA: 0, aorB: 0 }, new DomainCounts()));
  binding.state = 'missing';
  binding.expiresAtMs = atMs;
  return binding;
}

describe('the expiry wheel', () => {
  it('hands out what is due, no sooner and no later than the time says, as a plain list would', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('enter' as const), inMs: fc.integer({ min: 0, max: 40_000_000 }) }),
      fc.record({ kind: fc.constant('enter' as const), inMs: fc.integer({ min: 0, max: 5000 }) }),
      fc.record({
        kind: fc.constant('change' as const),
        pick: fc.nat(),
        inMs: fc.integer({ min: 0, max: 20_000_000 }),
      }),
      fc.record({ kind: fc.constant('remove' as const), pick: fc.nat() }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.oneof(fc.nat(3000), fc.nat(20_000_000)) }),
    );
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.array(step, { maxLength: 60 }), (startMs, steps) => {
        const wheel = new ExpiryWheel();
        const held: Binding[] = [];
        let nowMs = startMs;
        wheel.advance(nowMs, () => assert.fail('nothing is due in an empty wheel'));
        for (const step of steps) {
          if (step.kind === 'enter') {
            const binding = dueAt(nowMs + step.inMs);
            held.push(binding);
            wheel.place(binding);
          } else if (step.kind === 'pass') {
            nowMs += step.ms;
          } else if (held.length > 0) {
            const binding = held[step.pick % held.length]!;
            if (step.kind === 'remove') {
              wheel.remove(binding);
              held.splice(held.indexOf(binding), 1);
            } else {
              binding.expiresAtMs = nowMs + step.inMs;
              wheel.place(binding);
            }
          }
          const due = new Set(held.filter((binding) => binding.dueMs <= nowMs));
          wheel.advance(nowMs, (binding) => {
            assert.ok(due.delete(binding), 'handed out once, and only when due');
            wheel.remove(binding);
            held.splice(held.indexOf(binding), 1);
          });
          assert.equal(due.size, 0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
