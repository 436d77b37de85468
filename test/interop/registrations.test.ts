import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { kernelSockets } from '../../src/net/kernel-sockets.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { addressesOf } from './support/addresses.ts';
import { parseExposition, total } from './support/exposition.ts';
import type { KamailioRegistrar } from './support/kamailio.ts';
import { startKamailioRegistrar } from './support/kamailio.ts';
import { openLab } from './support/lab.ts';
import { needs } from './support/needs.ts';
import type { Prometheus } from './support/prometheus.ts';
import { startPrometheus } from './support/prometheus.ts';
import type { Rollcall } from './support/rollcall.ts';
import { startRollcall } from './support/rollcall.ts';
import { ledgerOf } from './support/rollcall-ledger.ts';
import type { SippOptions, SippResult } from './support/sipp.ts';
import { runSipp } from './support/sipp.ts';
import { waitUntil } from './support/wait-until.ts';

/*
 * The main job on real parts: SIPp's phones register through Rollcall at a Kamailio; what Rollcall believes is
 * held against what Kamailio has, and what it counts against what SIPp sent.
 */
const PHONES = 1000;
const { registrar: registrarIp, rollcall: rollcallIp, prometheus: prometheusIp, phone } = addressesOf(201);

describe('1,000 phones through Rollcall at Kamailio', needs('kamailio', 'sipp', 'prometheus'), () => {
  const lab = openLab();
  after(lab.close);
  let kamailio: KamailioRegistrar;
  let rollcall: Rollcall;
  let prometheus: Prometheus;

  const phones = (options: Pick<SippOptions, 'scenario' | 'users'>): Promise<SippResult> =>
    runSipp(lab, { target: { ip: rollcallIp }, localIp: phone(1), limitSec: 60, ...options });

  const counted = async () => {
    const samples = parseExposition(await rollcall.metrics());
    return {
      result: (result: string) => total(samples, 'rollcall_register_results_total', { result }),
      change: (change: string) => total(samples, 'rollcall_binding_changes_total', { change }),
      attempts: (kind: string) => total(samples, 'rollcall_register_attempts_total', { kind }),
      failuresOf: (aor: string) => total(samples, 'rollcall_aor_auth_failures_total', { aor }),
      all: (name: string) => total(samples, name),
      samples,
    };
  };

  /** The monitor reads the tap some milliseconds after the phones have their answers. */
  const settled = (what: string, isThere: (counts: Awaited<ReturnType<typeof counted>>) => boolean) =>
    waitUntil(
      what,
      async () => {
        const counts = await counted();
        if (isThere(counts)) return counts;
        const told = counts.samples.filter(
          ({ name, value }) => name.includes('_register_results') && value > 0,
        );
        throw new Error(JSON.stringify(told.map(({ labels, value }) => [labels.result, value])));
      },
      { withinMs: 30_000, program: rollcall.program },
    );

  const assertLedgersAgree = async () => {
    const theirs = await kamailio.ulDump();
    const ours = await ledgerOf(rollcall);
    assert.deepEqual(
      ours.map(({ aor, contact }) => `${aor} ${contact}`),
      theirs.map(({ aor, contact }) => `${aor} ${contact}`),
    );
    const apart = ours.filter(({ expiresInSec }, i) => Math.abs(expiresInSec - theirs[i]!.expiresInSec) > 2);
    assert.deepEqual(apart, [], 'expiries differ by more than two seconds');
    return ours.length;
  };

  before(async () => {
    kamailio = await startKamailioRegistrar(lab, { ip: registrarIp });
    rollcall = await startRollcall(lab, { ip: rollcallIp, registrar: `${registrarIp}:5060` });
    prometheus = await startPrometheus(lab, {
      ip: prometheusIp,
      targets: { rollcall: [rollcall.http.replace('http://', '')] },
    });
  });

  it('register with digest: challenged = ok = what SIPp sent, and the ledgers agree', async () => {
    const result = await phones({ scenario: 'register', users: { count: PHONES } });
    assert.deepEqual([result.sent, result.ok, result.failed], [PHONES, PHONES, 0], result.errors);
    const counts = await settled('all 200s counted', ({ result }) => result('ok') >= PHONES);
    assert.deepEqual([counts.result('challenged'), counts.result('ok')], [PHONES, PHONES]);
    assert.deepEqual([counts.attempts('initial'), counts.attempts('with_credentials')], [PHONES, PHONES]);
    assert.equal(counts.result('auth_failure'), 0);
    assert.equal(counts.all('rollcall_register_retransmissions_total'), result.retransmissions);
    assert.equal(counts.all('rollcall_tap_dropped_total'), 0);
    assert.equal(await assertLedgersAgree(), PHONES);
  });

  it('refresh twice: nothing comes or goes', async () => {
    const before = await counted();
    const result = await phones({ scenario: 'refresh', users: { count: PHONES, rounds: 2 } });
    assert.deepEqual([result.ok, result.failed], [PHONES, 0], result.errors);
    const okBefore = before.result('ok');
    const counts = await settled('all refreshes', ({ result }) => result('ok') >= okBefore + 2 * PHONES);
    assert.equal(counts.result('ok') - okBefore, 2 * PHONES);
    // A new run of SIPp has new Call-IDs: to a registrar and to us its phones have restarted.
    const kept = (of: typeof counts) => of.change('refreshed') + of.change('restarted');
    assert.equal(kept(counts) - kept(before), 2 * PHONES);
    for (const change of ['added', 'learned', 'removed', 'expired', 'moved', 'nat_rebind']) {
      assert.equal(counts.change(change), before.change(change), change);
    }
    assert.equal(await assertLedgersAgree(), PHONES);
  });

  it('half of them unregister, and are gone in both ledgers', async () => {
    const result = await phones({ scenario: 'unregister', users: { count: PHONES / 2 } });
    assert.deepEqual([result.ok, result.failed], [PHONES / 2, 0], result.errors);
    const counts = await settled('all removals', ({ change }) => change('removed') >= PHONES / 2);
    assert.equal(counts.change('removed'), PHONES / 2);
    assert.equal(counts.all('rollcall_bindings'), PHONES / 2);
    assert.equal(await assertLedgersAgree(), PHONES / 2);
  });

  it('wrong passwords show up per extension, in Rollcall and in Prometheus', async () => {
    const users = { first: 2000, count: 5, password: 'wrong' } as const;
    const refused = await phones({ scenario: 'register-refused', users });
    assert.equal(refused.ok, 5, refused.errors);
    await phones({ scenario: 'register-refused', users: { ...users, count: 1 } });
    const counts = await settled('the refusals', ({ failuresOf }) => failuresOf('u2000@lab.test') >= 2);
    assert.equal(counts.failuresOf('u2000@lab.test'), 2);
    assert.equal(counts.failuresOf('u2004@lab.test'), 1);
    assert.equal(counts.failuresOf('u7@lab.test'), 0);
    const [worst] = await prometheus.querySoon(
      'topk(1, rollcall_aor_auth_failures_total)',
      ([sample]) => sample?.value === 2,
    );
    assert.equal(worst?.labels.aor, 'u2000@lab.test');
    const [ok] = await prometheus.querySoon('sum(rollcall_register_results_total{result="ok"})');
    assert.equal(ok?.value, counts.result('ok'));
  });

  it('every datagram is accounted for', async () => {
    const { samples, all } = await counted();
    const forwarded = (from: string): number =>
      total(samples, 'rollcall_datagrams_total', { from, outcome: 'forwarded' });
    // A machine that stands still wakes up to full receive buffers; what was thrown away then was not answered.
    const drops = kernelSockets([endpointFrom(`${registrarIp}:5060`)!])[0]?.drops ?? 0;
    const unanswered = forwarded('phone') - forwarded('registrar');
    const most = drops + all('rollcall_socket_drops_total');
    assert.ok(drops <= unanswered && unanswered <= most, `${drops} <= ${unanswered} <= ${most}`);
    assert.equal(total(samples, 'rollcall_datagrams_total', { outcome: 'dropped' }), 0);
  });
});
