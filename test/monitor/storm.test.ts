import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StormEvent } from '../../src/monitor/events.ts';
import { Wire } from './support/wire.ts';

const bigger = { maxAors: 5000, maxExchanges: 20_000 };

/** Registers one phone of many, challenge and all. */
function handshake(wire: Wire, i: number, cseq: number): void {
  const aor = `${24000 + i}@iptlab.com`;
  const phone = `10.1.${i >> 8}.${i & 255}:5060`;
  const contacts = [`<sip:${24000 + i}@10.1.${i >> 8}.${i & 255}>;expires=3600`];
  const nonce = `n${cseq}-${i}`;
  wire.answer(wire.send({ aor, contacts, cseq }, phone), 401, { nonces: [nonce] }, phone);
  wire.bind({ aor, contacts, cseq: cseq + 1, nonce }, {}, phone);
}

/** A site of 1,000 phones in its ordinary life, past the warm-up: one handshake every 1.8 s. */
function site(): Wire {
  const wire = new Wire(bigger);
  for (let i = 0; i < 1000; i++) {
    handshake(wire, i, 1);
    wire.wait(1.8);
  }
  for (let i = 0; i < 1000; i++) {
    handshake(wire, i, 3);
    wire.wait(1.8);
  }
  return wire;
}

function storms(wire: Wire): [string, string][] {
  return (wire.told('storm') as StormEvent[]).map(({ phase, cause }) => [phase, cause]);
}

describe('a storm is what comes much faster than the ledger needs', () => {
  it('ordinary refreshing is none', () => {
    assert.deepEqual(storms(site()), []);
  });

  it('restart: everybody at once, a few attempts each, and all is well', () => {
    const wire = site();
    for (let i = 0; i < 500; i++) {
      handshake(wire, i, 5);
      wire.wait(0.02);
    }
    assert.equal(wire.monitor.storm, 'restart');
    assert.ok(wire.monitor.stormRecoveredRatio > 0.4 && wire.monitor.stormRecoveredRatio < 0.6);
    for (let i = 500; i < 1000; i++) {
      handshake(wire, i, 5);
      wire.wait(0.02);
    }
    wire.wait(2);
    assert.ok(wire.monitor.stormRecoveredRatio > 0.9);
    for (let second = 0; second < 60; second++) wire.wait(1);
    assert.equal(wire.monitor.storm, undefined);
    assert.equal(wire.monitor.stormRecoveredRatio, 1);
    assert.deepEqual(storms(wire), [
      ['started', 'restart'],
      ['ended', 'restart'],
    ]);
  });

  it('an AOR that expired in the storm and registers again is back', () => {
    const wire = new Wire(bigger).warm();
    for (let i = 0; i < 100; i++) {
      wire.bind({ aor: `${i}@iptlab.com`, contacts: [`<sip:${i}@10.0.0.1>;expires=60`] });
      wire.wait(0.25);
    }
    wire.wait(40);
    // The registrar is silent, the phones insist.
    for (let second = 0; second < 60; second++) {
      for (let i = 0; i < 25; i++) wire.send({ aor: `${(second * 25 + i) % 100}@iptlab.com`, cseq: second });
      wire.wait(1);
    }
    assert.ok(wire.monitor.storm !== undefined);
    assert.equal(wire.monitor.stormRecoveredRatio, 0);
    assert.equal(wire.gauges().aors, 0);
    for (let i = 0; i < 100; i++) {
      wire.bind({ aor: `${i}@iptlab.com`, contacts: [`<sip:${i}@10.0.0.1>;expires=60`], cseq: 99 });
    }
    assert.equal(wire.monitor.stormRecoveredRatio, 1);
  });

  it('loop: few AORs, many attempts each', () => {
    const wire = site();
    for (let i = 0; i < 600; i++) {
      handshake(wire, i % 3, 100 + i * 2);
      wire.wait(0.05);
    }
    assert.equal(wire.monitor.storm, 'loop');
  });

  it('attack: one source, many AORs, nothing but refusals', () => {
    const wire = site();
    for (let i = 0; i < 600; i++) {
      const aor = `${i}@iptlab.com`;
      const probe = wire.send({ aor }, '10.66.6.6:5060');
      wire.answer(probe, i % 2 === 0 ? 404 : 401, { nonces: [`a${i}`] }, '10.66.6.6:5060');
      wire.wait(0.03);
    }
    assert.equal(wire.monitor.storm, 'attack');
    assert.equal(wire.monitor.stormRecoveredRatio, 0);
  });

  it('below the floor nothing is a storm, however small the site', () => {
    const wire = new Wire(bigger).warm();
    handshake(wire, 0, 1);
    for (let i = 0; i < 90; i++) wire.wait(0.11).send({ cseq: i });
    wire.wait(3);
    assert.deepEqual(storms(wire), []);
  });

  it('copies are part of the storm: phones that get no answer', () => {
    const wire = site();
    const requests = Array.from({ length: 100 }, (_, i) =>
      wire.send({ aor: `${24000 + i}@iptlab.com`, cseq: 9 }),
    );
    for (let copy = 0; copy < 4; copy++) {
      wire.wait(1);
      for (const request of requests) wire.tap('request', request.bytes);
    }
    wire.wait(1);
    assert.ok(wire.monitor.storm !== undefined);
  });
});
