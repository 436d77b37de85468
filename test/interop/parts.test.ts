import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { addressesOf } from './support/addresses.ts';
import type { KamailioRegistrar } from './support/kamailio.ts';
import { startKamailioRegistrar } from './support/kamailio.ts';
import { openLab } from './support/lab.ts';
import { needs } from './support/needs.ts';
import { startPrometheus } from './support/prometheus.ts';
import { promtool } from './support/promtool.ts';
import type { SippOptions, SippResult } from './support/sipp.ts';
import { runSipp } from './support/sipp.ts';

/*
 * The parts themselves, with no Rollcall between them: when this fails, the other interop tests say nothing
 * about Rollcall.
 */
const { registrar: ip, prometheus: prometheusIp, phone } = addressesOf(200);

describe('Kamailio and SIPp', needs('kamailio', 'sipp'), () => {
  const lab = openLab();
  after(lab.close);
  let kamailio: KamailioRegistrar;
  const phones = (
    options: Pick<SippOptions, 'scenario' | 'users'> & Partial<SippOptions>,
  ): Promise<SippResult> => runSipp(lab, { target: { ip }, localIp: phone(1), limitSec: 20, ...options });

  it('the registrar starts empty', async () => {
    kamailio = await startKamailioRegistrar(lab, { ip, nonceExpireSec: 3 });
    assert.deepEqual(await kamailio.ulDump(), []);
  });

  it('50 phones register with digest, and the registrar has their 50 bindings', async () => {
    const result = await phones({ scenario: 'register', users: { count: 50 } });
    assert.deepEqual([result.sent, result.ok, result.failed], [50, 50, 0], result.errors);
    const bindings = await kamailio.ulDump();
    assert.equal(bindings.length, 50);
    assert.deepEqual(
      bindings.filter(({ aor }) => aor === 'u7@lab.test').map(({ contact, cseq }) => [contact, cseq]),
      [[`sip:u7@${phone(1)}:6060`, 2]],
    );
  });

  it('a query changes nothing, and 20 of the 50 unregister', async () => {
    assert.equal((await phones({ scenario: 'query', users: { count: 5 } })).ok, 5);
    assert.equal((await kamailio.ulDump()).length, 50);
    assert.equal((await phones({ scenario: 'unregister', users: { count: 20 } })).ok, 20);
    const left = (await kamailio.ulDump()).map(({ aor }) => aor);
    assert.equal(left.length, 30);
    assert.ok(!left.includes('u19@lab.test') && left.includes('u20@lab.test'));
  });

  it('phones refresh on one Call-ID: each 200 raises the CSeq by two', async () => {
    const result = await phones({ scenario: 'refresh', users: { first: 100, count: 3, rounds: 4 } });
    assert.equal(result.ok, 3, result.errors);
    const refreshed = (await kamailio.ulDump()).filter(({ aor }) => aor.startsWith('u10'));
    assert.deepEqual(
      refreshed.map(({ cseq }) => cseq),
      [8, 8, 8],
    );
  });

  it('a nonce grows stale', async () => {
    const users = { first: 200, count: 2 };
    const result = await phones({ scenario: 'register-stale', users, pauseMs: 4500 });
    assert.equal(result.ok, 2, result.errors);
  });

  it('a wrong password is refused, and the right one fails the scenario that expects a refusal', async () => {
    const refused = 'register-refused';
    assert.equal((await phones({ scenario: refused, users: { count: 4, password: 'wrong' } })).ok, 4);
    const accepted = await phones({ scenario: refused, users: { first: 300, count: 2 } });
    assert.deepEqual([accepted.ok, accepted.failed, accepted.exitCode], [0, 2, 1]);
  });

  it('the registrar misbehaves on demand', async () => {
    await kamailio.setMode('503');
    assert.equal((await phones({ scenario: 'register', users: { count: 3 } })).failed, 3);
    await kamailio.setMode('ok');
    assert.equal((await phones({ scenario: 'register', users: { count: 3 } })).failed, 0);
  });
});

describe('Prometheus', needs('prometheus'), () => {
  const lab = openLab();
  after(lab.close);

  it('starts, scrapes itself and answers a query', async () => {
    const prometheus = await startPrometheus(lab, { ip: prometheusIp, targets: {} });
    const samples = await prometheus.querySoon('up == 1');
    assert.deepEqual(
      samples.map(({ labels }) => labels.job),
      ['prometheus'],
    );
    await assert.rejects(prometheus.query('up =='), /parse error/);
  });

  it('promtool tells good rules from bad ones', () => {
    assert.ok(promtool(['check', 'metrics'], '# HELP x_total X.\n# TYPE x_total counter\nx_total 1\n').ok);
    assert.ok(!promtool(['check', 'metrics'], 'x_total{ 1\n').ok);
  });
});
