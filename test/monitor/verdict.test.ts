import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RegistrationEvent } from '../../src/monitor/events.ts';
import type { Result } from '../../src/monitor/lists.ts';
import { credentials } from './support/messages.ts';
import { AOR, Wire } from './support/wire.ts';

const CONTACT = '<sip:24001@10.0.13.244>;expires=360';

/** A phone that has been challenged with this nonce. */
function challenged(wire: Wire, nonce: string): void {
  wire.answer(wire.send({ contacts: [CONTACT] }), 401, { nonces: [nonce] });
}

/** The counts that a step adds to the results. */
function added(wire: Wire, step: () => void): Partial<Record<Result, number>> {
  const before = wire.results();
  step();
  const after = wire.results();
  const difference: Partial<Record<Result, number>> = {};
  for (const [name, count] of Object.entries(after) as [Result, number][]) {
    if (count !== (before[name] ?? 0)) difference[name] = count - (before[name] ?? 0);
  }
  return difference;
}

describe('the truth table', () => {
  it('challenged: no credentials, 401', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    assert.deepEqual(wire.results(), { challenged: 1 });
    assert.deepEqual(wire.series('challenges'), { [AOR]: 1 });
    assert.deepEqual(wire.told('registration'), []);
  });

  it('challenged: no credentials, 407 of a proxy', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT] });
    wire.answer(request, 407, { extra: ['Proxy-Authenticate: Digest realm="iptlab.com", nonce="p1"'] });
    const retry = wire.send({
      contacts: [CONTACT],
      cseq: 2,
      extra: [credentials(AOR, 'p1', 'Proxy-Authorization')],
    });
    wire.answer(retry, 407, { extra: ['Proxy-Authenticate: Digest realm="iptlab.com", nonce="p2"'] });
    assert.deepEqual(wire.results(), { challenged: 1, auth_failure: 1 });
  });

  it('challenged: an Authorization with empty nonce and response is none', () => {
    const wire = new Wire();
    const empty =
      'Authorization: Digest username="24001", realm="iptlab.com", nonce="", uri="sip:iptlab.com", response=""';
    wire.answer(wire.send({ contacts: [CONTACT], extra: [empty] }), 401, { nonces: ['n1'] });
    assert.deepEqual(wire.results(), { challenged: 1 });
    assert.deepEqual(wire.attempts(), { initial: 1 });
  });

  it('stale: credentials, 401 with stale=true', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT], nonce: 'long-gone' }), 401, { nonces: ['n2'], stale: true });
    assert.deepEqual(wire.results(), { stale: 1 });
    assert.deepEqual(wire.series('auth_failures'), {});
  });

  it('stale: one of two challenges says so, in quotes and capitals', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT], nonce: 'long-gone' });
    wire.answer(request, 401, {
      extra: [
        'WWW-Authenticate: Digest realm="iptlab.com", algorithm=SHA-256, nonce="a"',
        'WWW-Authenticate: Digest realm="iptlab.com", algorithm=MD5, nonce="b", stale="TRUE"',
      ],
    });
    assert.deepEqual(wire.results(), { stale: 1 });
  });

  it('implicit_stale: a nonce that nobody was seen issuing, 401 without stale', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT], nonce: 'of-yesterday' }), 401, { nonces: ['n2'] });
    assert.deepEqual(wire.results(), { implicit_stale: 1 });
    assert.deepEqual(wire.series('auth_failures'), {});
  });

  it('implicit_stale: a nonce older than 30 s', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.wait(30.001);
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 2, nonce: 'n1' }), 401, { nonces: ['n2'] });
    assert.deepEqual(wire.results(), { challenged: 1, implicit_stale: 1 });
  });

  it('implicit_stale: a nonce that has been used with success', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.bind({ nonce: 'n1', cseq: 2 });
    wire.wait(5);
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 3, nonce: 'n1' }), 401, { nonces: ['n2'] });
    assert.deepEqual(wire.results(), { challenged: 1, ok: 1, implicit_stale: 1 });
  });

  it('implicit_stale, recovered: the 200 that follows makes it good, and it is told once', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT], nonce: 'old' }), 401, { nonces: ['n2'] });
    wire.wait(9.9);
    wire.bind({ nonce: 'n2', cseq: 2 });
    wire.wait(60);
    assert.deepEqual(wire.results(), { implicit_stale: 1, ok: 1 });
    assert.equal(wire.monitor.counts.implicitStaleRecovered, 1);
    assert.equal(wire.monitor.counts.implicitStaleUnresolved, 0);
  });

  it('implicit_stale, unresolved: nothing follows within 10 s, and it is told once', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT], nonce: 'old' }), 401, { nonces: ['n2'] });
    wire.wait(10);
    assert.equal(wire.monitor.counts.implicitStaleUnresolved, 1);
    wire.bind({ nonce: 'n2', cseq: 2 });
    assert.equal(wire.monitor.counts.implicitStaleRecovered, 0);
    assert.deepEqual(wire.results(), { implicit_stale: 1, ok: 1 });
    assert.deepEqual(wire.notices(), ['implicit_stale_unresolved']);
  });

  it('implicit_stale, and then records are lost: what became of it is not known, and nothing is told', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT], nonce: 'old' }), 401, { nonces: ['n2'] });
    wire.wait(5);
    wire.monitor.noteTapLoss(1, wire.nowMs);
    wire.wait(60);
    wire.bind({ nonce: 'n2', cseq: 2 });
    assert.deepEqual(wire.results(), { implicit_stale: 1, ok: 1 });
    assert.equal(wire.monitor.counts.implicitStaleUnresolved, 0);
    assert.equal(wire.monitor.counts.implicitStaleRecovered, 0);
  });

  it('auth_failure: a fresh nonce, 401 again', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.wait(29);
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 2, nonce: 'n1' }), 401, { nonces: ['n2'] });
    assert.deepEqual(wire.results(), { challenged: 1, auth_failure: 1 });
    assert.deepEqual(wire.series('auth_failures'), { [AOR]: 1 });
  });

  it('auth_failure: a fresh nonce whose answer takes half a minute', () => {
    for (let offset = 0; offset < 64; offset += 7) {
      const wire = new Wire().wait(offset);
      challenged(wire, 'n1');
      const slow = wire.wait(29).send({ contacts: [CONTACT], cseq: 2, nonce: 'n1' });
      wire.wait(31).answer(slow, 401, { nonces: ['n2'] });
      assert.deepEqual(wire.results(), { challenged: 1, auth_failure: 1 });
    }
  });

  it('auth_failure: a rejected nonce reused, however old, does not pass for stale', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    for (let cseq = 2; cseq < 12; cseq++) {
      wire.answer(wire.send({ contacts: [CONTACT], cseq, nonce: 'n1' }), 401, { nonces: [`n${cseq}`] });
      wire.wait(20);
    }
    assert.deepEqual(wire.results(), { challenged: 1, auth_failure: 10 });
  });

  it('auth_failure: an unknown nonce is implicit_stale once, and reused it is a failure', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT], nonce: 'old' }), 401, { nonces: ['n2'] });
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 2, nonce: 'old' }), 401, { nonces: ['n3'] });
    assert.deepEqual(wire.results(), { implicit_stale: 1, auth_failure: 1 });
  });

  it('auth_failure: registrars that issue one nonce a second to everyone, each AOR for itself', () => {
    const wire = new Wire();
    const other = '24002@iptlab.com';
    challenged(wire, 'same-second');
    wire.answer(wire.send({ aor: other, contacts: [CONTACT] }), 401, { nonces: ['same-second'] });
    wire.bind({ nonce: 'same-second', cseq: 2 });
    const wrong = wire.send({ aor: other, cseq: 2, contacts: [CONTACT], nonce: 'same-second' });
    wire.answer(wrong, 401, { nonces: ['next'] });
    assert.deepEqual(wire.results(), { challenged: 2, ok: 1, auth_failure: 1 });
    assert.deepEqual(wire.series('auth_failures'), { [other]: 1 });
  });

  it('auth_failure: a nonce fetched with one AOR and tried on others is fresh for all of them', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    for (const user of [24002, 24003]) {
      const guess = wire.send({ aor: `${user}@iptlab.com`, contacts: [CONTACT], nonce: 'n1' });
      wire.answer(guess, 401, { nonces: ['n2'] });
    }
    assert.deepEqual(wire.results(), { challenged: 1, auth_failure: 2 });
  });

  it('auth_failure: the retry is known by its nonce, not by Call-ID', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    const retry = wire.send({ callId: 'another', cseq: 77, contacts: [CONTACT], nonce: 'n1' });
    wire.answer(retry, 401, { nonces: ['n2'] });
    assert.deepEqual(wire.results(), { challenged: 1, auth_failure: 1 });
  });

  const byStatus: [status: number, result: Result][] = [
    [200, 'ok'],
    [202, 'ok'],
    [302, 'redirected'],
    [403, 'forbidden'],
    [404, 'unknown_user'],
    [604, 'unknown_user'],
    [423, 'interval_too_brief'],
    [405, 'rejected_config'],
    [420, 'rejected_config'],
    [421, 'rejected_config'],
    [439, 'rejected_config'],
    [501, 'rejected_config'],
    [500, 'server_failure'],
    [503, 'server_failure'],
    [603, 'server_failure'],
    [400, 'rejected_other'],
    [482, 'rejected_other'],
    [499, 'rejected_other'],
  ];
  for (const [status, result] of byStatus) {
    it(`${result}: ${status}`, () => {
      const wire = new Wire();
      wire.answer(wire.send({ contacts: [CONTACT] }), status);
      assert.deepEqual(wire.results(), { [result]: 1 });
      assert.equal(wire.monitor.inFlight, 0);
    });
  }

  it('forbidden to credentials is a result of its own and an auth failure of the AOR', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 2, nonce: 'n1' }), 403);
    assert.deepEqual(wire.results(), { challenged: 1, forbidden: 1 });
    assert.deepEqual(wire.series('auth_failures'), { [AOR]: 1 });
  });

  it('forbidden without credentials is a policy: no auth failure', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT] }), 403);
    assert.deepEqual(wire.series('auth_failures'), {});
  });

  it('interval_too_brief keeps Min-Expires, server_failure keeps Retry-After', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT] }), 423, { extra: ['Min-Expires: 600'] });
    wire.answer(wire.send({ contacts: [CONTACT] }), 503, {
      extra: ['Retry-After: 18 (restarting);duration=5'],
    });
    const [brief, busy] = wire.told('registration') as RegistrationEvent[];
    assert.deepEqual([brief?.result, brief?.minExpiresSec], ['interval_too_brief', 600]);
    assert.deepEqual([busy?.result, busy?.retryAfterSec], ['server_failure', 18]);
  });

  it('timeout: no final response within 32 s of the first copy, provisional ones or not', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT] });
    wire.answer(request, 100);
    wire.wait(16);
    wire.tap('request', request.bytes);
    wire.wait(15.9);
    assert.deepEqual(wire.results(), {});
    assert.equal(wire.monitor.inFlight, 1);
    wire.wait(0.1);
    assert.deepEqual(wire.results(), { timeout: 1 });
    assert.equal(wire.monitor.inFlight, 0);
    assert.equal(wire.monitor.counts.retransmissions, 1);
  });

  it('timeout: a late final response feeds the ledger only', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT] });
    wire.wait(33);
    wire.answer(request, 200, { contacts: [CONTACT] });
    assert.deepEqual(wire.results(), { timeout: 1 });
    assert.deepEqual(wire.contacts(), ['sip:24001@10.0.13.244']);
  });

  it('unclassified: a 401 whose request was never seen, once', () => {
    const wire = new Wire();
    const unseen = new Wire().send({ contacts: [CONTACT] });
    wire.answer(unseen, 401, { nonces: ['n1'] });
    wire.wait(1);
    wire.answer(unseen, 401, { nonces: ['n1'] });
    wire.wait(1);
    assert.deepEqual(wire.results(), { unclassified: 1 });
  });

  it('a response that overtakes its request by a moment is its answer all the same', () => {
    const wire = new Wire();
    const request = new Wire().send({ contacts: [CONTACT] });
    wire.answer(request, 200, { contacts: [CONTACT] });
    wire.wait(0.1);
    wire.tap('request', request.bytes);
    wire.wait(1);
    assert.deepEqual(wire.results(), { ok: 1 });
    assert.deepEqual(wire.attempts(), { initial: 1 });
    assert.equal(wire.monitor.bindingsOf(AOR)[0]?.source, '10.0.13.244:5060');
  });

  it('copies of a challenge may carry nonces of their own, early or not: each is fresh', () => {
    const wire = new Wire();
    const early = new Wire().send({ contacts: [CONTACT], branch: 'z9hG4bKearly' });
    wire.answer(early, 401, { nonces: ['e1'] });
    wire.answer(early, 401, { nonces: ['e2'] });
    wire.tap('request', early.bytes);
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 2, nonce: 'e2' }), 401, { nonces: ['x'] });
    const request = wire.send({ contacts: [CONTACT], cseq: 3 });
    for (const nonce of ['c1', 'c2', 'c3']) wire.answer(request, 401, { nonces: [nonce] });
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 4, nonce: 'c3' }), 401, { nonces: ['y'] });
    assert.deepEqual(wire.results(), { challenged: 2, auth_failure: 2 });
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
  });

  it('a challenge to a late copy of what had gone well is known: its nonce is fresh, and of the same handshake', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT] });
    wire.answer(request, 200, { contacts: [CONTACT] });
    wire.wait(1).tap('request', request.bytes);
    wire.answer(request, 401, { nonces: ['late'] });
    wire.wait(1);
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 2, nonce: 'late' }), 200, { contacts: [CONTACT] });
    assert.equal(wire.monitor.counts.handshakeSeconds.sum, 2);
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 3, nonce: 'other' }), 401, { nonces: ['z'] });
    assert.deepEqual(wire.results(), { ok: 2, implicit_stale: 1 });
    assert.equal(wire.monitor.counts.retransmissions, 1);
  });

  it('a transaction counts once, with its first final response', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT] });
    const copy = wire.answer(request, 401, { nonces: ['n1'] });
    wire.tap('response', copy);
    wire.tap('request', request.bytes);
    wire.answer(request, 200, { contacts: [CONTACT] });
    assert.deepEqual(wire.results(), { challenged: 1 });
    assert.deepEqual(wire.contacts(), []);
    assert.equal(wire.monitor.counts.retransmissions, 1);
    assert.deepEqual(wire.attempts(), { initial: 1 });
  });

  it('up to eleven copies of a REGISTER are one attempt', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT] });
    for (let copy = 1; copy < 11; copy++) wire.wait(2).tap('request', request.bytes);
    assert.deepEqual(wire.attempts(), { initial: 1 });
    assert.equal(wire.monitor.counts.retransmissions, 10);
  });
});

describe('attempt kinds, the first that fits', () => {
  const cases: [name: string, fields: Parameters<Wire['send']>[0], kind: string][] = [
    ['expires=0', { contacts: ['<sip:a@10.0.0.1>;expires=0'], nonce: 'n' }, 'unregister'],
    ['Expires: 0', { contacts: ['<sip:a@10.0.0.1>'], expires: 0 }, 'unregister'],
    ['* and Expires: 0', { contacts: ['*'], expires: 0 }, 'unregister'],
    ['* and Expires: 60', { contacts: ['*'], expires: 60 }, 'initial'],
    ['one contact goes, one stays', { contacts: ['<sip:a@1.1.1.1>;expires=0, <sip:b@1.1.1.1>'] }, 'initial'],
    [
      'a contact of its own over Expires: 0',
      { contacts: ['<sip:a@1.1.1.1>;expires=60'], expires: 0 },
      'initial',
    ],
    ['no Contact', { nonce: 'n' }, 'query'],
    ['credentials', { contacts: ['<sip:a@10.0.0.1>'], nonce: 'n' }, 'with_credentials'],
    ['none', { contacts: ['<sip:a@10.0.0.1>'] }, 'initial'],
  ];
  for (const [name, fields, kind] of cases) {
    it(`${kind}: ${name}`, () => {
      const wire = new Wire();
      wire.send(fields);
      assert.deepEqual(wire.attempts(), { [kind]: 1 });
    });
  }
});

describe('challenges abandoned', () => {
  it('counts a challenge that no credentials followed within 32 s', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.wait(31.9);
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
    wire.wait(0.1);
    assert.equal(wire.monitor.counts.challengesAbandoned, 1);
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 1);
  });

  it('does not count one that was answered, rightly or wrongly', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.wait(31);
    wire.answer(wire.send({ cseq: 2, contacts: [CONTACT], nonce: 'n1' }), 403);
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
  });

  it('counts two challenges with one nonce and one answer as one abandoned', () => {
    const wire = new Wire();
    challenged(wire, 'same-second');
    challenged(wire, 'same-second');
    wire.bind({ cseq: 2, nonce: 'same-second' });
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 1);
  });

  it('counts one that was answered with a nonce which was not seen being issued', () => {
    const wire = new Wire();
    challenged(wire, 'of-the-copy');
    wire.bind({ cseq: 2, nonce: 'of-the-first' });
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 1);
  });

  it('takes any nonce of a response with two challenges for its answer', () => {
    const wire = new Wire();
    wire.answer(wire.send({ contacts: [CONTACT] }), 401, { nonces: ['sha', 'md5'] });
    wire.bind({ cseq: 2, nonce: 'md5' });
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
  });
});

describe('whether a source is proven', () => {
  function failure(wire: Wire, nonce: string, phone: string): boolean | undefined {
    const guess = wire.send({ cseq: 2, contacts: [CONTACT], nonce }, phone);
    wire.answer(guess, 401, { nonces: [`after-${nonce}`] }, phone);
    return (wire.told('registration') as RegistrationEvent[]).at(-1)?.sourceProven;
  }

  it('is, where the nonce went to that address, whatever its port', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    assert.equal(failure(wire, 'n1', '10.0.13.244:40000'), true);
  });

  it('is not, where the nonce went to another address: the source may be forged', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    assert.equal(failure(wire, 'n1', '10.9.9.9:5060'), false);
  });

  it('is not, where the same nonce went to two addresses', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    const other = wire.send({ aor: '666@iptlab.com', contacts: [CONTACT] }, '10.6.6.6:5060');
    wire.answer(other, 401, { nonces: ['n1'] }, '10.6.6.6:5060');
    assert.equal(failure(wire, 'n1', '10.0.13.244:5060'), false);
  });
});

describe('delays', () => {
  it('measures the challenge leg, the final leg and the whole handshake', () => {
    const wire = new Wire();
    const first = wire.send({ contacts: [CONTACT] });
    wire.wait(0.02);
    wire.answer(first, 401, { nonces: ['n1'] });
    wire.wait(0.04);
    const second = wire.send({ contacts: [CONTACT], cseq: 2, nonce: 'n1' });
    wire.wait(0.01);
    wire.answer(second, 200, { contacts: [CONTACT] });
    const { challengeSeconds, finalSeconds, handshakeSeconds } = wire.monitor.counts;
    assert.deepEqual([challengeSeconds.count, finalSeconds.count, handshakeSeconds.count], [1, 1, 1]);
    assert.equal(challengeSeconds.sum.toFixed(3), '0.020');
    assert.equal(finalSeconds.sum.toFixed(3), '0.010');
    assert.equal(handshakeSeconds.sum.toFixed(3), '0.070');
  });

  it('counts from the first copy, and no delay for failures (RFC 6076 §4.1)', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: [CONTACT] });
    wire.wait(0.5).tap('request', request.bytes);
    wire.wait(0.25).answer(request, 200, { contacts: [CONTACT] });
    wire.answer(wire.send({ contacts: [CONTACT], cseq: 2 }), 503);
    assert.equal(wire.monitor.counts.finalSeconds.count, 1);
    assert.equal(wire.monitor.counts.finalSeconds.sum.toFixed(2), '0.75');
  });

  it('a nonce used again begins a handshake of its own', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.bind({ cseq: 2, nonce: 'n1' });
    wire.wait(20);
    const again = wire.send({ contacts: [CONTACT], cseq: 3, nonce: 'n1' });
    wire.wait(0.5).answer(again, 200, { contacts: [CONTACT] });
    assert.equal(wire.monitor.counts.handshakeSeconds.sum.toFixed(1), '0.5');
    assert.equal(wire.monitor.counts.refreshRatio.sum.toFixed(3), (20 / 360).toFixed(3));
  });

  it('a handshake that fails is over: the next one starts with the REGISTER that was turned down', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    wire.wait(3);
    const wrong = wire.send({ cseq: 2, contacts: [CONTACT], nonce: 'n1' });
    wire.answer(wrong, 401, { nonces: ['n2'] });
    wire.wait(2);
    wire.bind({ cseq: 3, nonce: 'n2' });
    assert.equal(wire.monitor.counts.handshakeSeconds.sum.toFixed(1), '2.0');
  });
});

describe('results per domain', () => {
  it('are `other` until the first 2xx, which is counted under the domain already', () => {
    const wire = new Wire();
    challenged(wire, 'n1');
    assert.deepEqual(wire.results('other'), { challenged: 1 });
    wire.bind({ cseq: 2, nonce: 'n1' });
    challenged(wire, 'n2');
    assert.deepEqual(wire.results('iptlab.com'), { ok: 1, challenged: 1 });
    assert.deepEqual(wire.results('other'), { challenged: 1 });
  });

  it('has room for so many domains, junk never takes it', () => {
    const wire = new Wire({ maxDomains: 2, configuredDomains: ['Pinned.example'] });
    assert.deepEqual(
      added(wire, () => wire.answer(wire.send({ aor: 'x@junk.example' }), 404)),
      {
        unknown_user: 1,
      },
    );
    wire.bind({ aor: 'a@one.example' });
    wire.bind({ aor: 'a@two.example' });
    assert.deepEqual([...wire.monitor.counts.domains.keys()].sort(), [
      'one.example',
      'other',
      'pinned.example',
    ]);
    assert.equal(wire.monitor.counts.domains.get('other')?.bindings, 1);
  });
});
