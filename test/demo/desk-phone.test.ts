import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeskPhoneSettings } from '../../src/demo/desk-phone.ts';
import { DeskPhone } from '../../src/demo/desk-phone.ts';
import type { RegistrarSettings } from '../../src/demo/registrar.ts';
import { DemoRegistrar } from '../../src/demo/registrar.ts';
import { Scanner } from '../../src/demo/scanner.ts';
import type { Endpoint } from '../../src/sip/address.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import type { Network, SimulatedPhone } from './simulation.ts';
import { seeded, simulate } from './simulation.ts';

const DOMAIN = 'demo.test';
const CLEAN: Network = { loss: 0, random: seeded(1) };

function registrarWith(changes: Partial<RegistrarSettings> = {}): DemoRegistrar {
  return new DemoRegistrar({
    domain: DOMAIN,
    passwords: new Map([
      ['2001', 'right'],
      ['2002', 'right'],
    ]),
    algorithms: ['MD5'],
    qop: 'auth',
    nonceLifetimeMs: 20_000,
    minExpiresSec: 10,
    maxExpiresSec: 60,
    defaultExpiresSec: 30,
    maxContacts: 4,
    unknownUsers: 'not_found',
    key: 'k1',
    ...changes,
  });
}

let ports = 5060;

function phoneWith(changes: Partial<DeskPhoneSettings> = {}): SimulatedPhone & { readonly phone: DeskPhone } {
  const local: Endpoint = endpointFrom('10.0.0.1')!;
  local.port = ports++;
  const phone = new DeskPhone({
    user: '2001',
    domain: DOMAIN,
    password: 'right',
    userAgent: 'Test',
    habit: 'steady',
    expiresSec: 30,
    retryAfterMs: 4_000,
    local,
    firstAtMs: 0,
    random: seeded(ports),
    ...changes,
  });
  return { phone, local };
}

const AOR = `2001@${DOMAIN}`;

describe('a desk phone', () => {
  it('asks, is challenged, answers and stays registered', () => {
    const registrar = registrarWith();
    const { phone, local } = phoneWith();
    simulate([{ phone, local }], registrar, 0, 300_000, CLEAN);
    const { ok, challenged, wrong_password, stale } = registrar.verdicts;
    assert.equal(ok, challenged);
    assert.ok(ok >= 18 && ok <= 23, `${ok} refreshes of 13.5 to 16.5 s in 300 s`);
    assert.deepEqual([wrong_password, stale], [0, 0]);
    assert.equal(registrar.bindingsOf(AOR, 300_000).length, 1);
    assert.equal(phone.grantedExpiresSec, 30);
  });

  it('stays registered over a network that loses every fourth datagram', () => {
    const registrar = registrarWith();
    const { phone, local } = phoneWith();
    simulate([{ phone, local }], registrar, 0, 60_000, { loss: 0.25, random: seeded(7) });
    assert.equal(registrar.bindingsOf(AOR, 60_000).length, 1);
    assert.ok(registrar.verdicts.repeated > 0, 'no answer was lost: the test shows nothing');
  });

  for (const [algorithms, qop] of [
    [['SHA-256', 'MD5'], 'auth'],
    [['MD5'], 'none'],
  ] as const) {
    it(`speaks ${algorithms.join(' before ')} with qop ${qop}`, () => {
      const registrar = registrarWith({ algorithms, qop });
      simulate([phoneWith()], registrar, 0, 1_000, CLEAN);
      assert.deepEqual([registrar.verdicts.ok, registrar.verdicts.wrong_password], [1, 0]);
    });
  }

  it('with a wrong password never gets in, and tries again and again', () => {
    const registrar = registrarWith();
    const { phone, local } = phoneWith({ password: 'wrong' });
    simulate([{ phone, local }], registrar, 0, 60_000, CLEAN);
    const { ok, challenged, wrong_password } = registrar.verdicts;
    assert.equal(ok, 0);
    assert.equal(challenged, wrong_password);
    assert.ok(wrong_password >= 12, `${wrong_password} attempts in a minute`);
    assert.equal(registrar.wrongPasswords.get(AOR), wrong_password);
    assert.equal(phone.grantedExpiresSec, 0);
  });

  it('that keeps its nonce is told when it is stale, and only then challenged', () => {
    const registrar = registrarWith();
    simulate([phoneWith({ habit: 'keeps_nonce' })], registrar, 0, 120_000, CLEAN);
    const { ok, challenged, stale } = registrar.verdicts;
    assert.equal(challenged, 1);
    assert.ok(stale >= 3 && stale < ok, `${stale} stale of ${ok}`);
  });

  it('that flaps comes and goes', () => {
    const registrar = registrarWith();
    const { phone, local } = phoneWith({ habit: 'flaps' });
    const seen: number[] = [];
    for (let second = 0; second < 15; second++) {
      simulate([{ phone, local }], registrar, second * 1000, second * 1000 + 999, CLEAN);
      seen.push(registrar.bindingsOf(AOR, second * 1000 + 999).length);
    }
    assert.deepEqual(seen, [1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1]);
  });

  it('that vanishes comes back after its binding has lapsed', () => {
    const registrar = registrarWith();
    const { phone, local } = phoneWith({ habit: 'vanishes', expiresSec: 10 });
    const registered = (atMs: number) => registrar.bindingsOf(AOR, atMs).length;
    simulate([{ phone, local }], registrar, 0, 12_000, CLEAN);
    assert.deepEqual([registered(9_000), registered(12_000)], [1, 0]);
    phone.registerAgain(12_000);
    simulate([{ phone, local }], registrar, 12_000, 23_000, CLEAN);
    assert.equal(registered(23_000), 0);
    simulate([{ phone, local }], registrar, 23_000, 25_000, CLEAN);
    assert.equal(registered(25_000), 1);
  });

  it('that asks for too little takes what the registrar wants at least', () => {
    const registrar = registrarWith();
    const { phone, local } = phoneWith({ expiresSec: 5 });
    simulate([{ phone, local }], registrar, 0, 1_000, CLEAN);
    const { challenged, too_brief, ok } = registrar.verdicts;
    assert.deepEqual({ challenged, too_brief, ok }, { challenged: 1, too_brief: 1, ok: 1 });
    assert.equal(phone.grantedExpiresSec, 10);
  });

  it('shares an extension with another one', () => {
    const registrar = registrarWith();
    const phones = [phoneWith(), phoneWith()];
    simulate(phones, registrar, 0, 100_000, CLEAN);
    assert.equal(registrar.bindingsOf(AOR, 100_000).length, 2);
    assert.deepEqual(
      phones.map(({ phone }) => phone.grantedExpiresSec),
      [30, 30],
    );
  });

  it('gives a silent registrar 32 s and eleven packets, then pauses', () => {
    const { phone } = phoneWith();
    const sentAtMs: number[] = [];
    for (let nowMs = 0; nowMs < 40_000; nowMs = phone.nextAtMs) {
      if (phone.tick(nowMs) !== undefined) sentAtMs.push(nowMs);
      assert.ok(phone.nextAtMs > nowMs);
    }
    const firstRound = sentAtMs.filter((atMs) => atMs <= 32_000);
    assert.deepEqual(firstRound, [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    const next = sentAtMs[11]!;
    assert.ok(next >= 35_200 && next <= 36_800, `next round at ${next}`);
  });

  it('comes back after a restart of the PBX with the nonce that the PBX no longer knows', () => {
    const registrar = registrarWith();
    const phones = [phoneWith(), phoneWith({ user: '2002' })];
    simulate(phones, registrar, 0, 5_000, CLEAN);
    registrar.restart(5_000, 2_000, 'k2');
    assert.deepEqual(registrar.registered(5_000), []);
    for (const { phone } of phones) phone.registerAgain(5_000);
    simulate(phones, registrar, 5_000, 10_000, CLEAN);
    assert.equal(registrar.verdicts.stale, 2);
    assert.deepEqual(registrar.registered(10_000), [AOR, `2002@${DOMAIN}`]);
  });
});

describe('a scanner', () => {
  it("finds out who exists, guesses once each, and is in nobody else's shoes", () => {
    const registrar = registrarWith();
    const local = endpointFrom('10.9.9.9:5060')!;
    const phone = new Scanner({
      domain: DOMAIN,
      local,
      firstAtMs: 0,
      everyMs: 400,
      extensions: ['1999', '2000', '2001', '2002', '2003'],
      guess: '1234',
      random: seeded(3),
    });
    simulate([{ phone, local }], registrar, 0, 1_999, CLEAN);
    const { unknown_user, challenged, wrong_password, ok } = registrar.verdicts;
    assert.deepEqual(
      { unknown_user, challenged, wrong_password, ok },
      { unknown_user: 3, challenged: 2, wrong_password: 2, ok: 0 },
    );
  });
});
