import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { A, B, bound, PHONE_B } from './support/bound.ts';
import { AOR, Wire } from './support/wire.ts';

const DEVICE = '+sip.instance="<urn:x:1>"';

describe('what a list leaves out', () => {
  it('removed: a registrar that lists all no longer lists it', () => {
    const wire = bound();
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 2, removed: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.77:5062']);
  });

  it('expired, where the grant was over anyway', () => {
    const wire = bound();
    wire.wait(361).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 2, expired: 1 });
  });

  it('nothing, where the answers to two requests may have passed each other', () => {
    const wire = new Wire().warm();
    const first = wire.send({ contacts: [`${A};expires=360`] });
    const second = wire.send({ contacts: [`${B};expires=360`], callId: 'b' }, PHONE_B);
    wire.wait(0.01).answer(second, 200, { contacts: [`${A};expires=360, ${B};expires=360`] }, PHONE_B);
    wire.wait(0.01).answer(first, 200, { contacts: [`${A};expires=360`] });
    assert.equal(wire.gauges().bindings, 2);
    assert.equal(wire.changes().removed, undefined);
  });

  it('not what the device of a contact taken back has besides, as long as that is listed', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [`${A};${DEVICE};expires=60`] });
    const both = [`${A};${DEVICE};expires=50, ${B};${DEVICE};expires=60`];
    wire.wait(10).bind({ contacts: [`${B};${DEVICE};expires=60`], callId: 'b' }, { contacts: both }, PHONE_B);
    const before = { added: 1, moved: 1, learned: 1 };
    assert.deepEqual(wire.changes(), before);
    const back = { contacts: [`${B};${DEVICE};expires=0`], callId: 'b', cseq: 2 };
    wire.wait(10).bind(back, { contacts: [`${A};${DEVICE};expires=40`] }, PHONE_B);
    assert.deepEqual(wire.changes(), { ...before, removed: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
    wire.wait(50);
    assert.deepEqual(wire.changes(), { ...before, removed: 1, expired: 1 });
  });

  it('nothing, where a device takes back what it never had and its own contact is listed', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [`${A};${DEVICE};expires=60`] });
    const back = { contacts: [`${B};${DEVICE};expires=0`], callId: 'b' };
    wire.wait(10).bind(back, { contacts: [`${A};${DEVICE};expires=50`] }, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
  });

  it('for good, where a device has moved, and then takes back what it has', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [`${A};${DEVICE};expires=60`], cseq: 1 });
    wire.wait(10).bind({ contacts: [`${B};${DEVICE};expires=0`], cseq: 2 }, { contacts: [] }, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 1, removed: 1 });
    wire.wait(1).bind({ contacts: [`${B};${DEVICE};expires=60`], cseq: 3 }, {}, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 2, removed: 1 });
    assert.deepEqual(wire.notices(), ['warming_up_over']);
  });

  for (const [change, afterSec] of [
    ['removed', 57],
    ['expired', 58],
  ] as const) {
    it(`${change}, where a device takes back what it never had, ${60 - afterSec} s before its grant ends`, () => {
      const wire = new Wire().warm();
      wire.bind({ contacts: [`${A};${DEVICE};expires=60`] });
      const back = { contacts: [`${B};${DEVICE};expires=0`], callId: 'b' };
      wire.wait(afterSec).answer(wire.send(back, PHONE_B), 200, {}, PHONE_B);
      assert.deepEqual(wire.changes(), { added: 1, [change]: 1 });
    });
  }

  it('a device is taken at its word, with registrar-lists own: no list says what it has besides', () => {
    const wire = new Wire({ registrarLists: 'own' }).warm();
    wire.bind({ contacts: [`${A};${DEVICE};expires=60`] });
    const back = { contacts: [`${B};${DEVICE};expires=0`], cseq: 2 };
    wire.wait(10).bind(back, { contacts: [] }, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 1, removed: 1 });
  });

  it('nothing, with registrar-lists own', () => {
    const wire = bound({ registrarLists: 'own' });
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 2 });
    wire.wait(369);
    assert.deepEqual(wire.changes(), { added: 2, expired: 1 });
  });

  it('auto: a binding left out is refreshed as alive, so this registrar lists only its own', () => {
    const wire = bound();
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
    wire.wait(1).bind({ contacts: [`${A};expires=360`], cseq: 11 });
    assert.deepEqual(wire.changes(), { added: 2, removed: 1, learned: 1 });
    assert.equal(wire.gauges().bindings, 2);
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b', cseq: 2 }, {}, PHONE_B);
    assert.equal(wire.gauges().bindings, 2);
    assert.deepEqual(wire.notices().filter((notice) => notice === 'registrar_lists_own').length, 1);
  });

  it('auto: each registrar for itself', () => {
    const wire = bound();
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
    wire.wait(1).bind({ contacts: [`${A};expires=360`], cseq: 11 });
    wire.registrar = '10.0.1.9:5060';
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b', cseq: 2 }, {}, PHONE_B);
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.77:5062']);
  });

  it('auto: a phone that starts anew is no proof', () => {
    const wire = bound();
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
    wire.wait(1).bind({ contacts: [`${A};expires=360`], callId: 'rebooted', cseq: 1 });
    assert.deepEqual(wire.changes(), { added: 3, removed: 2 });
  });

  it('auto: phones with a new Call-ID each time, of which one is never listed beside the other', () => {
    const wire = bound();
    for (let turn = 0; turn < 4; turn++) {
      const callId = `of turn ${turn}`;
      wire.wait(60).bind({ contacts: [`${B};expires=360`], callId }, {}, PHONE_B);
      wire.wait(60).bind({ contacts: [`${A};expires=360`], callId });
    }
    assert.deepEqual(wire.notices().filter((notice) => notice === 'registrar_lists_own').length, 1);
    assert.equal(wire.gauges().bindings, 2);
    assert.deepEqual(wire.changes(), { added: 5, removed: 3, restarted: 4 });
  });

  it('auto: one contact in the place of another, again and again, is no such sign', () => {
    const wire = bound();
    for (let turn = 1; turn < 9; turn++) {
      const contacts = [`<sip:24001@10.0.13.244:${6000 + turn}>;expires=360`];
      wire.wait(60).bind({ contacts, callId: `of turn ${turn}` });
    }
    assert.deepEqual(wire.notices().includes('registrar_lists_own'), false);
    assert.equal(wire.gauges().bindings, 1);
  });

  it('auto: two contacts of one phone are no sign of a third', () => {
    const wire = new Wire().warm();
    const contacts = [`${A};expires=360`, '<sip:24001@10.0.13.244:6060>;expires=360'];
    for (let turn = 0; turn < 5; turn++) {
      wire.wait(60).bind({ contacts, callId: `of turn ${turn}` });
      wire.wait(60).bind({ contacts: [`${B};expires=360`], callId: 'b', cseq: 2 * turn + 1 }, {}, PHONE_B);
      const gone = { contacts: [`${B};expires=0`], callId: 'b', cseq: 2 * turn + 2 };
      wire.answer(wire.send(gone, PHONE_B), 200, {}, PHONE_B);
    }
    assert.deepEqual(wire.notices().includes('registrar_lists_own'), false);
  });

  it('auto: what the answer to a query leaves out is gone, and its return no sign', () => {
    const wire = bound();
    wire.wait(1).answer(wire.send({ cseq: 11 }), 200);
    wire.wait(1).bind({ contacts: [`${A};expires=360`], cseq: 12 });
    assert.deepEqual(wire.changes(), { added: 2, removed: 1 });
    assert.deepEqual(wire.notices().includes('registrar_lists_own'), false);
  });

  for (const { afterSec, change } of [
    { afterSec: 357.9, change: 'removed' },
    { afterSec: 358, change: 'expired' },
    { afterSec: 369, change: 'expired' },
  ] as const) {
    it(`${change}: left out ${afterSec} s into a grant of 360 s`, () => {
      const wire = bound();
      wire.wait(afterSec).bind({ contacts: [`${B};expires=360`], callId: 'b' }, {}, PHONE_B);
      assert.deepEqual(wire.changes(), { added: 2, [change]: 1 });
    });
  }

  it('a binding listed with 0 seconds in its last second is still there, and refreshed within the grace', () => {
    const wire = bound();
    const list = { contacts: [`${A};expires=0, ${B};expires=360`] };
    wire.wait(358.5).bind({ contacts: [`${B};expires=360`], callId: 'b' }, list, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 2 });
    wire.wait(1).bind({ contacts: [`${A};expires=360`], cseq: 11 }, { contacts: [A, B] });
    assert.deepEqual(wire.changes(), { added: 2, refreshed: 1 });
  });

  it('removed: listed with 0 seconds while it has time left', () => {
    const wire = bound();
    const list = { contacts: [`${A};expires=0, ${B};expires=360`] };
    wire.wait(100).bind({ contacts: [`${B};expires=360`], callId: 'b' }, list, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 2, removed: 1 });
  });

  it('auto: a registrar that lost its bindings lists all the same', () => {
    const wire = new Wire().warm();
    const both = [`${A};expires=360, ${B};expires=360`];
    wire.bind({ contacts: [`${A};expires=360`], cseq: 1 });
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b' }, { contacts: both }, PHONE_B);
    // The registrar restarts with nothing.
    wire.wait(1).bind({ contacts: [`${A};expires=360`], cseq: 2 });
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b', cseq: 2 }, { contacts: both }, PHONE_B);
    assert.deepEqual(wire.notices().includes('registrar_lists_own'), false);
    assert.equal(wire.gauges().bindings, 2);
    wire.wait(1).bind({ contacts: [`${A};expires=360`], cseq: 3 });
    assert.equal(wire.gauges().bindings, 1);
  });

  it('the list corrects the age of other bindings beyond the tolerance', () => {
    const wire = bound();
    wire.wait(100);
    const listed = (expires: number) => ({ contacts: [`${A};expires=${expires}, ${B};expires=360`] });
    wire.bind({ contacts: [`${B};expires=360`], callId: 'b' }, listed(258), PHONE_B);
    const expiresAtMs = () => wire.monitor.bindingsOf(AOR).at(-1)?.expiresAtMs;
    assert.equal(expiresAtMs(), wire.nowMs + 260_000);
    wire.wait(1).bind({ contacts: [`${B};expires=360`], callId: 'b', cseq: 2 }, listed(100), PHONE_B);
    assert.equal(expiresAtMs(), wire.nowMs + 100_000);
    wire.wait(110);
    assert.deepEqual(wire.changes(), { added: 2, refreshed: 1, expired: 1 });
  });

  it('a query tells the whole list', () => {
    const wire = bound();
    wire.wait(1).answer(wire.send({ cseq: 11 }), 200, { contacts: [`${B};expires=100`] });
    assert.deepEqual(wire.changes(), { added: 1, learned: 1, removed: 1 });
  });
});
