import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Nonces } from '../../src/monitor/nonces.ts';

const HOUR_MS = 3_600_000;
const NONCES = ['n1', 'n2', 'n\n3', ''];
const AORS = ['a@x', 'b@x', 'c@x'];

const step = fc.record({
  what: fc.constantFrom('reject', 'reject', 'look', 'forget'),
  nonce: fc.constantFrom(...NONCES),
  aor: fc.constantFrom(...AORS),
  afterMs: fc.constantFrom(0, 1000, HOUR_MS / 3),
});

test('a nonce is rejected for the AORs that it was rejected for, until an hour is over or it had to go', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
      const nonces = new Nonces(max, () => {});
      /** By nonce and AOR, least recently used first: when it was last turned down. */
      const model = new Map<string, number>();
      let nowMs = 0;
      for (const { what, nonce, aor, afterMs } of steps) {
        nowMs += afterMs;
        const key = `${nonce}\n${aor}`;
        const atMs = model.get(key);
        if (what === 'forget') {
          nonces.forget(nowMs);
          for (const [known, knownMs] of model) {
            if (nowMs - knownMs < HOUR_MS) break;
            model.delete(known);
          }
        } else if (what === 'reject') {
          nonces.reject(nonce, aor, nowMs);
          model.delete(key);
          model.set(key, nowMs);
          if (model.size > max) model.delete(model.keys().next().value!);
        } else {
          const expected = atMs === undefined ? 'old' : 'rejected';
          assert.equal(nonces.standing(nonce, aor, nowMs), expected);
          if (atMs !== undefined) {
            model.delete(key);
            model.set(key, atMs);
          }
        }
      }
      for (const nonce of NONCES) {
        for (const aor of AORS) {
          const expected = model.has(`${nonce}\n${aor}`) ? 'rejected' : 'old';
          assert.equal(nonces.standing(nonce, aor, nowMs), expected);
        }
      }
    }),
  );
});
