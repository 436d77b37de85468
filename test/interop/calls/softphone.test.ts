import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Baresip } from '../support/baresip.ts';
import { startBaresip } from '../support/baresip.ts';
import { parseExposition, total } from '../support/exposition.ts';
import { openLab } from '../support/lab.ts';
import type { Nat } from '../support/nat.ts';
import { openNat } from '../support/nat.ts';
import { needs } from '../support/needs.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { startRollcall } from '../support/rollcall.ts';
import { waitUntil } from '../support/wait-until.ts';
import { ON_A_BAD_LINE, settledReachability } from './observe.ts';
import type { BegunCall, CallPlan, Pbx } from './pbx.ts';
import { startPbx } from './pbx.ts';
import type { PbxId, Setting } from './settings.ts';
import { KAMAILIO_SETTINGS, PBXS, pjsipSettings, sipSettings } from './settings.ts';

/*
 * A softphone that people use, behind a NAT, called by each PBX, with --contact-mode alias, before and after the NAT
 * has given it another port. Its Contact's user is its own invention, and it puts its proxy into a Route.
 */
const EXPIRES_SEC = 12;
const LIMIT_MS = 30_000;

const SETTINGS: Readonly<Record<PbxId, Setting>> = {
  pjsip16: pjsipSettings('')[0]!,
  sip16: sipSettings('')[1]!,
  pjsip22: pjsipSettings('')[0]!,
  kamailio: KAMAILIO_SETTINGS[0]!,
};

type Counts = Readonly<Record<'ACK' | 'pbxBye' | 'phoneBye' | 'registered', number>>;

async function counts(rollcall: Rollcall): Promise<Counts> {
  const samples = parseExposition(await rollcall.metrics());
  const requests = (from: string, method: string): number =>
    total(samples, 'rollcall_requests_total', { from, method });
  return {
    ACK: requests('registrar', 'ACK'),
    pbxBye: requests('registrar', 'BYE'),
    phoneBye: requests('phone', 'BYE'),
    registered: total(samples, 'rollcall_responses_total', { method: 'REGISTER', code: '200' }),
  };
}

describe('baresip behind a NAT', {
  concurrency: PBXS.length,
  ...needs('asterisk16', 'asterisk22', 'kamailio', 'sipp', 'baresip', 'iproute2', 'nftables', 'conntrack'),
}, () => {
  for (const id of PBXS) describeOne(id);
});

function describeOne(id: PbxId): void {
  describe(`called by ${id}`, { concurrency: 1 }, () => {
    const lab = openLab();
    let nat: Nat;
    let pbx: Pbx;
    let rollcall: Rollcall;
    let phone: Baresip;
    const { user, section, qualifies } = SETTINGS[id];

    before(async () => {
      nat = openNat(lab, { serverHosts: [10, 19, 20], phones: 1 });
      const namespace = nat.servers;
      [pbx, rollcall] = await Promise.all([
        startPbx(lab, id, { ip: '203.0.113.10', callerIp: '203.0.113.19', namespace }, section),
        startRollcall(lab, {
          ip: '203.0.113.20',
          registrar: '203.0.113.10:5060',
          contactMode: 'alias',
          namespace,
        }),
      ]);
      phone = await startBaresip(lab, {
        namespace: nat.phones[0]!,
        user,
        proxy: rollcall,
        expiresSec: EXPIRES_SEC,
      });
    });
    after(lab.close);

    const until = (what: string, isSo: () => Promise<boolean> | boolean): Promise<true> =>
      waitUntil(what, async () => ((await isSo()) ? true : undefined), { withinMs: LIMIT_MS, everyMs: 250 });

    async function call(plan: CallPlan): Promise<BegunCall> {
      const reachability = await settledReachability(pbx, { user, qualifies }, ON_A_BAD_LINE);
      assert.notEqual(reachability, 'unreachable');
      const before = phone.answered();
      const begun = await pbx.call(phone, plan);
      await until('the phone to answer', () => phone.answered() > before);
      return begun;
    }

    async function callTwice(): Promise<void> {
      const before = await counts(rollcall);
      const first = await call({ ending: 'hangs up', afterMs: 1000 });
      assert.equal(await first.over(LIMIT_MS), true);
      const second = await call({ ending: 'is hung up on' });
      await until('the ACK', async () => (await counts(rollcall)).ACK >= before.ACK + 2);
      await phone.hangUp();
      assert.equal(await second.over(LIMIT_MS), true);
      const after = await counts(rollcall);
      const more = (what: keyof Counts): number => after[what] - before[what];
      // Whoever waited too long for an answer has sent it again.
      assert.ok(more('pbxBye') >= 1, "the PBX's BYE passes Rollcall");
      assert.ok(more('phoneBye') >= 1, "the phone's BYE passes Rollcall");
    }

    it('either side hangs up', callTwice);

    it('the NAT gives it another port, and it registers anew', async () => {
      const { registered } = await counts(rollcall);
      nat.rebind();
      // The first may have been on its way.
      await until('a new registration', async () => (await counts(rollcall)).registered > registered + 1);
    });

    it('either side hangs up, again', callTwice);
  });
}
