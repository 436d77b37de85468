import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Change } from '../../../src/monitor/lists.ts';
import type { Registered } from './true-bindings.ts';
import { TrueBindings } from './true-bindings.ts';

const AOR = 'u7@lab.test';
const A = 'sip:u7@10.0.0.7:5060';
const B = 'sip:u7@10.0.0.7:5061';
const C = 'sip:u7@10.0.0.7:5062';
const DEVICE = 'urn:uuid:7';

/** The model, with one contact of a device that was granted ten seconds at the time 0, and what it tells. */
function model() {
  const told: Change[] = [];
  const bindings = new TrueBindings((change) => told.push(change));
  const accept = (contact: string, nowMs: number): void => {
    const source = contact.slice('sip:u7@'.length);
    const now: Registered = {
      contact,
      instance: DEVICE,
      grantedSec: 10,
      callId: contact,
      source,
      userAgent: '',
    };
    bindings.accept(AOR, now, 'added', nowMs);
  };
  accept(A, 0);
  told.length = 0;
  return { bindings, told, accept };
}

const listed = (uri: string, expiresSec: number) => ({ uri, expiresSec, instance: DEVICE });

/*
 * The lives hold Rollcall against this model, so it is held against what can be known: whether the phone reads an answer
 * some milliseconds before or after Rollcall makes a difference only where a grace ends in between.
 */
describe('the bindings as the phones know them', () => {
  const answers: Readonly<Record<string, (of: ReturnType<typeof model>, nowMs: number) => void>> = {
    'a refresh': ({ accept }, nowMs) => accept(A, nowMs),
    'an unregistration': ({ bindings }, nowMs) => bindings.remove(AOR, A, nowMs),
    'a star': ({ bindings }, nowMs) => bindings.removeAll(AOR, nowMs),
    'a list that has it': ({ bindings }, nowMs) => bindings.takeList(AOR, [listed(A, 5)], nowMs),
  };
  for (const [what, answer] of Object.entries(answers)) {
    it(`${what} just when the grace ends may find the binding there or not, read a moment before or behind it`, () => {
      for (const [nowMs, borders] of [
        [19_400, 0],
        [19_600, 1],
        [20_400, 1],
        [20_600, 0],
      ] as const) {
        const life = model();
        // As Truth.answer does: by then what is over is told.
        life.bindings.advance(nowMs);
        answer(life, nowMs);
        assert.equal(life.bindings.borders, borders, `${nowMs} ms`);
      }
    });
  }

  it('an answer about another contact is on no border', () => {
    const { bindings } = model();
    bindings.advance(20_100);
    bindings.remove(AOR, B, 20_100);
    assert.equal(bindings.borders, 0);
  });

  it('a contact listed twice, as behind a NAT that has rebound, lives as long as the longer', () => {
    for (const list of [
      [listed(A, 3), listed(A, 9)],
      [listed(A, 9), listed(A, 3)],
    ]) {
      const { bindings } = model();
      bindings.takeList(AOR, list, 1000);
      assert.equal(bindings.leftMs(AOR, A, 1000), 9000);
    }
  });

  it('a device takes back the contact that it names, and no other', () => {
    const { bindings, told, accept } = model();
    accept(B, 1000);
    bindings.takeList(AOR, [listed(A, 9), listed(B, 10)], 1000);
    bindings.remove(AOR, B, 2000);
    bindings.takeList(AOR, [listed(A, 8)], 2000);
    assert.deepEqual(told, ['restarted', 'learned', 'removed']);
    bindings.remove(AOR, C, 2500);
    assert.equal(bindings.leftMs(AOR, A, 2500), 7500);
  });

  it('a device goes on from the contact that it registered last', () => {
    const { bindings, told, accept } = model();
    accept(B, 1000);
    bindings.takeList(AOR, [listed(A, 9), listed(B, 10)], 1000);
    accept(B, 2000);
    accept(C, 3000);
    assert.deepEqual(told, ['restarted', 'learned', 'refreshed', 'restarted']);
    assert.deepEqual(
      bindings.all().map(({ contact }) => contact),
      [A, C],
    );
  });
});
