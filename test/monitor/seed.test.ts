import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fixture } from '../support/fixtures.ts';
import { Wire } from './support/wire.ts';

/** One of the ladders: four messages, some hundredths of a second apart. */
function ladder(name: 'ses' | 'asterisk', phone: string): Wire {
  const wire = new Wire();
  wire.tap('request', fixture(`seed/${name}-f1-register.sip`), phone);
  wire.wait(0.0201).tap('response', fixture(`seed/${name}-f2-401.sip`), phone);
  wire.wait(0.0389).tap('request', fixture(`seed/${name}-f3-register-credentials.sip`), phone);
  wire.wait(0.0114).tap('response', fixture(`seed/${name}-f4-200.sip`), phone);
  return wire;
}

describe('the ladders of the seed', () => {
  it('SES: a challenge, then 24001@iptlab.com is registered for 360 s', () => {
    const wire = ladder('ses', '10.0.13.244:5060');
    assert.deepEqual(wire.attempts(), { initial: 1, with_credentials: 1 });
    assert.deepEqual(wire.results(), { challenged: 1, ok: 1 });
    assert.deepEqual([...wire.monitor.aors()], ['24001@iptlab.com']);
    const [binding] = wire.monitor.bindingsOf('24001@iptlab.com');
    assert.equal(binding?.contact, 'sip:24001@10.0.13.244');
    assert.equal(binding?.grantedExpiresSec, 360);
    assert.equal(binding?.source, '10.0.13.244:5060');
    assert.equal(binding?.userAgent, 'Elite 1.0 Brcm Callctrl/1.5.1.0 MxSF/v3.2.6.26');
    assert.equal(wire.monitor.counts.domains.get('iptlab.com')?.bindings, 1);
    assert.equal(wire.monitor.counts.handshakeSeconds.sum.toFixed(4), '0.0704');
    assert.equal(wire.monitor.counts.challengeSeconds.sum.toFixed(4), '0.0201');
    assert.equal(wire.monitor.counts.finalSeconds.sum.toFixed(4), '0.0114');
    wire.wait(100);
    assert.equal(wire.monitor.counts.challengesAbandoned, 0);
    wire.wait(270);
    assert.deepEqual(wire.changes(), { learned: 1, expired: 1 });
  });

  it('Asterisk: the same for 60002, an hour, its Contact without the display name', () => {
    const wire = ladder('asterisk', '10.0.14.250:5060');
    assert.deepEqual(wire.results(), { challenged: 1, ok: 1 });
    const [binding] = wire.monitor.bindingsOf('60002@iptlab.com');
    assert.equal(binding?.contact, 'sip:60002@10.0.14.250:5060');
    assert.equal(binding?.grantedExpiresSec, 3600);
  });
});
