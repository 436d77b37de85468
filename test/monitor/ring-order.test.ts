import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EARLY_HOLD_MS, RingOrder } from '../../src/monitor/ring-order.ts';
import { Tapped } from '../../src/monitor/tapped.ts';
import { Transaction } from '../../src/sip/transaction.ts';
import type { Register, ResponseFields } from './support/messages.ts';
import { AOR, Wire } from './support/wire.ts';

const A = '<sip:24001@10.0.13.244>;expires=360';
const B = '<sip:24001@10.0.13.77:5062>;expires=360';
const PHONE_B = '10.0.13.77:5062';
const START_MS = 1_000_000;

/** A wire whose records come in any order, each with a time of its own. */
class Rings extends Wire {
  at(ms: number): this {
    this.nowMs = START_MS + ms;
    return this;
  }

  answerAt(ms: number, request: Register, status: number, fields: ResponseFields, phone?: string): void {
    this.at(ms).answer(request, status, fields, phone);
  }

  requestAt(ms: number, request: Register, phone?: string): void {
    this.at(ms).tap('request', request.bytes, phone);
  }
}

const warm = (): Rings => new Rings({}, START_MS - 3_700_000).at(-10).wait(0);
let branches = 0;
const drafted = (fields: Parameters<Wire['send']>[0]): Register =>
  new Wire().send({ branch: `z9hG4bKring${++branches}`, ...fields });

describe('a record that is held', () => {
  it('keeps the transaction that came with it', () => {
    const order = new RingOrder();
    const tapped = new Tapped();
    tapped.transaction = new Transaction();
    tapped.transaction.branch.set([1, 2, 3, 4]);
    tapped.transaction.sentBy.setIpv4(0x0a000107).port = 5060;
    tapped.transaction.cseq = 7;
    order.hold(tapped, 'one', 'request');
    const expected = structuredClone({ ...tapped.transaction });
    // The ring's reader fills the same object again.
    tapped.transaction.branch.fill(0);
    tapped.transaction.cseq = 0;
    tapped.transaction.sentBy.port = 0;
    const [held] = order.take(Number.POSITIVE_INFINITY);
    assert.deepEqual(structuredClone({ ...held!.transaction }), expected);
    assert.equal(held!.message, undefined);
  });
});

describe('records of two rings', () => {
  it('are judged in the order of their times, not of their rings', () => {
    const wire = warm();
    const ofA = drafted({ contacts: [A] });
    const ofB = drafted({ contacts: [B], callId: 'b' });
    wire.answerAt(14, ofB, 200, { contacts: [A, B] }, PHONE_B);
    wire.answerAt(15, ofA, 200, { contacts: [A] });
    wire.requestAt(10, ofA);
    wire.requestAt(12, ofB, PHONE_B);
    assert.deepEqual(wire.changes(), { added: 1, learned: 1, refreshed: 1 });
    assert.equal(wire.gauges().bindings, 2);
  });

  it('have the delays that their own times say', () => {
    const wire = warm();
    const request = drafted({ contacts: [A] });
    wire.answerAt(30, request, 200, { contacts: [A] });
    wire.requestAt(10, request);
    assert.equal(wire.monitor.counts.finalSeconds.sum.toFixed(3), '0.020');
    assert.equal(wire.monitor.counts.handshakeSeconds.sum.toFixed(3), '0.020');
  });

  it('a request that waits while time passes has its own time, too', () => {
    const wire = warm();
    const known = wire.at(0).send({ contacts: [A] });
    const late = drafted({ contacts: [B], callId: 'b' });
    wire.answerAt(30, known, 200, { contacts: [A] });
    wire.requestAt(20, late, PHONE_B);
    wire.answerAt(50, late, 200, { contacts: [A, B] }, PHONE_B);
    assert.equal(wire.monitor.counts.finalSeconds.sum.toFixed(3), '0.060');
  });

  it('a challenge that was answered just in time is answered, whichever ring is read first', () => {
    const wire = warm();
    const first = wire.at(0).send({ contacts: [A] });
    wire.answer(first, 401, { nonces: ['n1'] });
    const second = drafted({ contacts: [A], cseq: 2, nonce: 'n1' });
    wire.answerAt(32_005, second, 200, { contacts: [A] });
    wire.at(32_010).wait(0);
    wire.requestAt(31_995, second);
    wire.at(32_010);
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
    assert.deepEqual(wire.results(), { challenged: 1, ok: 1 });
  });
});

describe('a response whose request was never seen', () => {
  it('has issued its nonces when it passed, before they were used', () => {
    const wire = warm();
    wire.answerAt(0, drafted({ contacts: [A] }), 401, { nonces: ['n1'] });
    wire.answerAt(200, wire.at(100).send({ contacts: [A], cseq: 2, nonce: 'n1' }), 200, { contacts: [A] });
    wire.at(1500).wait(0);
    assert.equal(wire.monitor.counts.handshakeSeconds.sum.toFixed(3), '0.200');
    // Used with success already: so its refusal later is no sign of a wrong password.
    wire.answer(wire.at(20_000).send({ contacts: [A], cseq: 3, nonce: 'n1' }), 401, { nonces: ['n2'] });
    assert.deepEqual(wire.results(), { unclassified: 1, ok: 1, implicit_stale: 1 });
  });

  it('holds up the others for a moment, and time with them; nothing is lost', () => {
    const wire = warm();
    wire.answerAt(0, drafted({ contacts: [A] }), 200, { contacts: [A] });
    wire.at(10).bind({ aor: '24002@iptlab.com' });
    assert.deepEqual(wire.results(), {});
    wire.at(EARLY_HOLD_MS - 1).wait(0);
    assert.deepEqual(wire.results(), {});
    wire.at(EARLY_HOLD_MS).wait(0);
    assert.deepEqual(wire.results(), { ok: 2 });
    assert.deepEqual([...wire.monitor.aors()].sort(), [AOR, '24002@iptlab.com']);
  });

  it('each is waited for as long, however they follow each other', () => {
    const wire = warm();
    wire.answerAt(0, drafted({ contacts: [A] }), 401, { nonces: ['n1'] });
    const second = drafted({ contacts: [A], aor: '24002@iptlab.com' });
    wire.answerAt(400, second, 401, { nonces: ['n2'] });
    wire.at(600).wait(0);
    assert.deepEqual(wire.results(), { unclassified: 1 });
    wire.requestAt(700, second);
    wire.at(2000).wait(0);
    assert.deepEqual(wire.results(), { unclassified: 1, challenged: 1 });
  });

  it('stands behind the copy of it that comes yet, whose nonce may be answered by then', () => {
    const wire = warm();
    const first = drafted({ contacts: [A] });
    wire.answerAt(0, first, 401, { nonces: ['n1'] });
    const second = wire.at(100).send({ contacts: [A], cseq: 2, nonce: 'n1' });
    wire.requestAt(200, first);
    wire.answerAt(300, second, 200, { contacts: [A] });
    wire.at(40_000).wait(0);
    assert.deepEqual(wire.results(), { challenged: 1, ok: 1 });
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
    assert.equal(wire.monitor.counts.handshakeSeconds.sum.toFixed(3), '0.300');
  });

  it('no more than so many wait for it', () => {
    const wire = warm();
    wire.answerAt(0, drafted({ contacts: [A] }), 401, { nonces: ['n1'] });
    for (let i = 0; i < 1500; i++) wire.at(i / 10).bind({ aor: `u${i % 500}@iptlab.com` });
    assert.ok(
      (wire.results().ok ?? 0) >= 900,
      `${wire.results().ok} of 1500 judged while the window is open`,
    );
    wire.at(1000).wait(0);
    assert.deepEqual(wire.results(), { unclassified: 1, ok: 1500 });
    assert.equal(wire.attempts().initial, 1500);
  });

  it('waits no longer where records were lost', () => {
    const wire = warm();
    wire.answerAt(0, drafted({ contacts: [A] }), 200, { contacts: [A] });
    wire.monitor.noteTapLoss(3, START_MS + 5);
    assert.deepEqual(wire.results(), { ok: 1 });
  });
});
