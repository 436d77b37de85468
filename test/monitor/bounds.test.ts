import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AOR, Wire } from './support/wire.ts';

const A = '<sip:24001@10.0.13.244>';

/** Lets `count` AORs register once each. */
function bindMany(wire: Wire, count: number, first = 0): void {
  for (let i = first; i < first + count; i++) {
    wire.bind({ aor: `${i}@iptlab.com`, contacts: [`${A};expires=600`], cseq: 1 });
  }
}

describe('the AOR table is full', () => {
  it('the one refreshed longest ago goes, counted as ours and never as expired', () => {
    const wire = new Wire({ maxAors: 10 }).warm();
    bindMany(wire, 10);
    wire.bind({ aor: '0@iptlab.com', contacts: [`${A};expires=600`], cseq: 2 });
    bindMany(wire, 1, 10);
    assert.deepEqual(wire.evictions(), { aors: 1 });
    assert.deepEqual(wire.gauges(), { bindings: 10, aors: 10 });
    assert.deepEqual(wire.monitor.aorsByContacts, [10, 0, 0, 0]);
    assert.deepEqual(wire.contacts('0@iptlab.com').length, 1);
    assert.deepEqual(wire.contacts('1@iptlab.com').length, 0);
    wire.wait(700);
    assert.deepEqual(wire.changes(), { added: 11, refreshed: 1, expired: 10 });
    assert.deepEqual(wire.gauges(), { bindings: 0, aors: 0 });
  });

  it('what comes back is learned: we know that we forgot', () => {
    const wire = new Wire({ maxAors: 10 }).warm();
    bindMany(wire, 11);
    wire.wait(1).bind({ aor: '0@iptlab.com', contacts: [`${A};expires=600`], cseq: 2 });
    assert.deepEqual(wire.changes(), { added: 11, learned: 1 });
    wire.wait(700);
    bindMany(wire, 1, 50);
    assert.equal(wire.changes().added, 12);
  });

  it('gauges never drift, whatever comes and goes', () => {
    const wire = new Wire({ maxAors: 5 }).warm();
    for (let round = 0; round < 100; round++) {
      const aor = `${(round * 5) % 13}@iptlab.com`;
      const contacts = [`<sip:x@10.0.0.${round % 3}>;expires=${60 + (round % 4) * 50}`];
      wire.bind({ aor, contacts, cseq: round, callId: `c${round % 3}` });
      if (round % 7 === 0) wire.answer(wire.send({ aor, contacts: ['*'], expires: 0, cseq: round }), 200);
      wire.wait(round % 20 === 19 ? 90 : 5);
      const listed = [...wire.monitor.aors()].map((name) => wire.contacts(name).length);
      const bindings = listed.reduce((sum, count) => sum + count, 0);
      assert.deepEqual(wire.gauges(), { bindings, aors: listed.length }, `round ${round}`);
      assert.equal(
        wire.monitor.aorsByContacts.reduce((sum, count) => sum + count, 0),
        listed.length,
      );
    }
    const { added = 0, learned = 0, removed = 0, expired = 0 } = wire.changes();
    assert.ok(expired > 0 && removed > 0 && (wire.evictions().aors ?? 0) > 0);
    assert.ok(added + learned >= removed + expired);
  });

  it('bindings of one AOR: the one due first goes', () => {
    const wire = new Wire({ registrarLists: 'own' }).warm();
    for (let i = 0; i < 70; i++) {
      wire.bind({ contacts: [`<sip:x@10.0.0.${i}>;expires=${600 - i}`], callId: `c${i}` });
    }
    assert.equal(wire.contacts().length, 64);
    assert.deepEqual(wire.evictions(), { aors: 6 });
    assert.equal(wire.changes().expired, undefined);
    assert.equal(wire.contacts().includes('sip:x@10.0.0.0'), true);
  });
});

describe('the exchange table is full', () => {
  it('settled ones go first, then the oldest in flight: no timeout is told for what we forgot', () => {
    const wire = new Wire({ maxExchanges: 10 });
    for (let i = 0; i < 5; i++) wire.answer(wire.send({ cseq: i }), 503);
    for (let i = 0; i < 12; i++) wire.send({ cseq: 100 + i });
    assert.deepEqual(wire.evictions(), { exchanges: 7 });
    assert.equal(wire.monitor.inFlight, 10);
    wire.wait(32);
    assert.deepEqual(wire.results(), { server_failure: 5, timeout: 10 });
    assert.equal(wire.monitor.inFlight, 0);
  });

  it('forgets settled ones in their time, and that is no eviction', () => {
    const wire = new Wire({ maxExchanges: 10 });
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 10; i++) wire.answer(wire.send({ cseq: i }), 503);
      wire.wait(33);
    }
    assert.deepEqual(wire.evictions(), {});
  });

  it('a copy within 32 s of the answer is a copy, later it is a new attempt', () => {
    const wire = new Wire();
    const request = wire.send();
    wire.answer(request, 503);
    wire.wait(31.9).tap('request', request.bytes);
    assert.deepEqual(wire.attempts(), { query: 1 });
    wire.wait(0.1).tap('request', request.bytes);
    assert.deepEqual(wire.attempts(), { query: 2 });
  });
});

describe('the nonce table is full', () => {
  it('a challenge whose nonce was pushed out is not told as abandoned', () => {
    const wire = new Wire({ maxExchanges: 10 });
    for (let i = 0; i < 15; i++)
      wire.answer(wire.send({ contacts: [A], cseq: i }), 401, { nonces: [`n${i}`] });
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 10);
    assert.equal(wire.results().challenged, 15);
    assert.equal(wire.evictions().nonces, 5);
  });
});

describe('too many implicit stales are open', () => {
  it('those beyond the limit are counted as evicted, and told as neither recovered nor unresolved', () => {
    const wire = new Wire({ maxExchanges: 10 });
    for (let i = 0; i < 13; i++) {
      wire.answer(wire.send({ aor: `${i}@iptlab.com`, contacts: [A], nonce: `old${i}` }), 401);
    }
    assert.equal(wire.results().implicit_stale, 13);
    wire.wait(60);
    const { implicitStaleRecovered, implicitStaleUnresolved } = wire.monitor.counts;
    const pushedOut = wire.evictions().pending;
    assert.deepEqual([implicitStaleRecovered, implicitStaleUnresolved, pushedOut], [0, 10, 3]);
  });
});

describe('per-AOR series', () => {
  const fail = (wire: Wire, aor: string) => {
    wire.answer(wire.send({ aor, contacts: [A] }), 401, { nonces: [`n-${aor}`] });
    wire.answer(wire.send({ aor, contacts: [A], nonce: `n-${aor}`, cseq: 2 }), 403);
  };

  it('a scan of random extensions churns the probation part only', () => {
    const wire = new Wire({ aorSeries: 20 }).warm();
    for (let i = 0; i < 18; i++) {
      wire.bind({ aor: `${i}@iptlab.com`, contacts: [`${A};expires=3600`] });
      fail(wire, `${i}@iptlab.com`);
    }
    for (let i = 1000; i < 1500; i++) fail(wire, `${i}@iptlab.com`);
    const failures = wire.series('auth_failures');
    for (let i = 0; i < 18; i++) assert.equal(failures[`${i}@iptlab.com`], 1, `extension ${i}`);
    assert.deepEqual(Object.keys(failures).length, 20);
    assert.equal(failures['1499@iptlab.com'], 1);
    assert.equal(wire.monitor.seriesUsed('auth_failures'), 20);
    assert.equal(wire.monitor.seriesBudget('auth_failures'), 20);
    assert.equal(wire.monitor.seriesEvictions('auth_failures'), 498);
    assert.equal(wire.results().forbidden, 518);
  });

  it('an extension that registers takes its counts with it out of probation', () => {
    const wire = new Wire({ aorSeries: 20 }).warm();
    fail(wire, AOR);
    fail(wire, AOR);
    wire.bind({ contacts: [`${A};expires=3600`] });
    for (let i = 1000; i < 1100; i++) fail(wire, `${i}@iptlab.com`);
    fail(wire, AOR);
    assert.equal(wire.series('auth_failures')[AOR], 3);
  });

  it('an extension that lost its bindings is no stranger', () => {
    const wire = new Wire({ aorSeries: 20 }).warm();
    wire.bind({ contacts: [`${A};expires=60`] });
    wire.wait(100);
    fail(wire, AOR);
    for (let i = 1000; i < 1100; i++) fail(wire, `${i}@iptlab.com`);
    assert.equal(wire.series('auth_failures')[AOR], 1);
  });

  it('within the main part the least recently used goes', () => {
    const wire = new Wire({ aorSeries: 10 }).warm();
    for (let i = 0; i < 12; i++) wire.bind({ aor: `${i}@iptlab.com`, contacts: [`${A};expires=3600`] });
    assert.deepEqual(Object.keys(wire.series('binding_changes')).length, 9);
    assert.equal(wire.series('binding_changes')['2@iptlab.com'], undefined);
    assert.equal(wire.monitor.seriesEvictions('binding_changes'), 3);
  });

  it('hashed labels, none at all, and tiny budgets', () => {
    const hashed = new Wire({ aorLabels: 'hash', hashAor: (aor) => `#${aor.length}` });
    hashed.bind();
    assert.deepEqual(hashed.series('binding_changes'), { '#16': 1 });
    const none = new Wire({ aorLabels: 'none', inventory: [AOR] });
    none.bind();
    assert.deepEqual(none.series('binding_changes'), {});
    assert.equal(none.monitor.seriesBudget('binding_changes'), 0);
    assert.deepEqual([...none.monitor.registered()], []);
    for (const aorSeries of [0, 1]) {
      const tiny = new Wire({ aorSeries });
      tiny.bind();
      tiny.bind({ aor: 'x@iptlab.com' });
      assert.equal(tiny.monitor.seriesUsed('binding_changes'), aorSeries);
    }
  });
});

describe('the inventory', () => {
  it('says who of the expected phones is registered', () => {
    const wire = new Wire({ inventory: ['sip:24001@IPTLAB.com', '24002@iptlab.com', 'not an aor@'] });
    wire.bind({ contacts: [`${A};expires=60`] });
    assert.deepEqual(Object.fromEntries(wire.monitor.registered()), { [AOR]: 1, '24002@iptlab.com': 0 });
    wire.wait(70);
    assert.deepEqual(Object.fromEntries(wire.monitor.registered()), { [AOR]: 0, '24002@iptlab.com': 0 });
  });

  it('knows extensions alone where domains are ignored', () => {
    const wire = new Wire({ inventory: ['24001'], aorDomain: 'ignore' });
    wire.bind({ aor: '24001@one.example' });
    wire.bind({ aor: '24001@two.example', cseq: 2 });
    assert.deepEqual([...wire.monitor.registered()], [['24001', 1]]);
    assert.deepEqual(wire.gauges(), { bindings: 1, aors: 1 });
  });
});

describe('too many events in a second', () => {
  it('are held back and counted, while the counts stay exact', () => {
    const wire = new Wire();
    for (let i = 0; i < 1500; i++) wire.answer(wire.send({ cseq: i }), 503);
    assert.equal(wire.told('registration').length, 1000);
    assert.equal(wire.monitor.counts.eventsSuppressed, 500);
    assert.equal(wire.results().server_failure, 1500);
    wire.wait(1);
    wire.answer(wire.send(), 503);
    assert.equal(wire.told('registration').length, 1001);
  });
});
