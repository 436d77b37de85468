import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { ContactMode } from '../../../src/proxy/routes.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import type { Phone } from '../support/phone.ts';
import { startCall, startPhone } from '../support/phone.ts';
import type { Rollcall, RollcallOptions } from '../support/rollcall.ts';
import { secretFile, startRollcall } from '../support/rollcall.ts';
import type { TracedMessage } from '../support/sip-trace.ts';
import { waitUntil } from '../support/wait-until.ts';
import { ON_A_BAD_LINE, observeCall, settledReachability } from './observe.ts';
import type { Pbx } from './pbx.ts';
import { startPbx } from './pbx.ts';
import type { PbxId } from './settings.ts';
import { PBXS, settingsOf } from './settings.ts';

/*
 * Rollcall is killed (SIGKILL) and started again with the same secret in the middle of things. Everything goes on,
 * because nothing was lost: there was nothing.
 */
const MODES = ['alias', 'path'] as const satisfies readonly ContactMode[];
type Mode = (typeof MODES)[number];
/** The third of 127.77.x.y. */
const OCTETS: Readonly<Record<Mode, number>> = { alias: 84, path: 85 };
/** A user whose calls come through Rollcall in both modes, and a second one. */
const USERS: Readonly<Record<PbxId, readonly [callee: string, caller: string]>> = {
  pjsip16: ['u0', 'u1'],
  sip16: ['p1', 'u1'],
  pjsip22: ['u0', 'u1'],
  kamailio: ['received', 'plain'],
};
const LIMIT_MS = 30_000;
/** For who can be told when to end. */
const LONG_MS = 60_000;

interface Scene {
  readonly pbx: Pbx;
  readonly proxyIp: string;
  /** Its IP:PORT. */
  readonly us: string;
  readonly user: string;
  readonly caller: string;
  readonly phoneIp: string;
  readonly callerIp: string;
  restart(): Promise<void>;
  /**
   * Resolves when the PBX calls the phone: not while OPTIONS of its own tell it that nobody is there. What it thinks
   * counts after it has asked anew and got an answer: before that, one that was lost may not have been given up yet.
   */
  callable(phone: Phone): Promise<void>;
  /** What a call waits with its end that cannot be told when: longer than a restart takes here. */
  pauseMs(): number;
}

const request =
  (method: string, direction: TracedMessage['direction'] = 'received') =>
  (message: TracedMessage): boolean =>
    message.method === method && message.status === 0 && message.direction === direction;
const response =
  (method: string, status: number, direction: TracedMessage['direction']) =>
  (message: TracedMessage): boolean =>
    message.method === method && message.status === status && message.direction === direction;

const branchOf = (message: TracedMessage): string | undefined =>
  /;branch=([^;]+)/.exec(message.values('Via')[0] ?? '')?.[1];

const told = ({ trace }: Pick<Phone, 'trace'>): string =>
  trace()
    .map(({ direction, startLine, method }) => `${direction} ${startLine} (${method})`)
    .join('\n');

const seen = (
  who: Pick<Phone, 'trace'>,
  what: string,
  is: (message: TracedMessage) => boolean,
): Promise<TracedMessage> => waitUntil(what, () => who.trace().find(is), { withinMs: LIMIT_MS });

describe('Rollcall killed and started again', {
  concurrency: PBXS.length,
  ...needs('asterisk16', 'asterisk22', 'kamailio', 'sipp'),
}, () => {
  for (const contactMode of MODES) for (const id of PBXS) describeOne(id, contactMode);
});

function describeOne(id: PbxId, contactMode: Mode): void {
  describe(`${id}, ${contactMode}`, { concurrency: 1 }, () => {
    const lab = openLab();
    const phones: Phone[] = [];
    let scene: Scene;
    before(async () => {
      scene = await openScene(lab, id, contactMode);
    });
    after(lab.close);

    const register = async (whenCalled: 'answers' | 'rings', hangUpAfterMs?: number): Promise<Phone> => {
      const phone = startPhone(lab, {
        user: scene.user,
        ip: scene.phoneIp,
        proxy: { ip: scene.proxyIp },
        whenCalled,
        ...(hangUpAfterMs === undefined ? {} : { hangUpAfterMs }),
      });
      phones.push(phone);
      await phone.registered();
      await scene.callable(phone);
      return phone;
    };
    // The next one has the same address.
    afterEach(() => Promise.all(phones.splice(0).map((phone) => phone.kill())));

    it('between REGISTER and INVITE: the phone is called', async () => {
      const phone = await register('answers');
      await scene.restart();
      await scene.callable(phone);
      const through = { invite: 'through', ack: 'through', bye: 'through', over: true };
      assert.deepEqual(await observeCall(scene.pbx, phone, 'pbx', scene.us), through);
      assert.deepEqual(await observeCall(scene.pbx, phone, 'phone', scene.us), through);
    });

    it("between INVITE and CANCEL: the PBX's CANCEL ends the ringing", async () => {
      const phone = await register('rings');
      const call = await scene.pbx.call(phone, { ending: 'gives up', afterMs: scene.pauseMs() });
      const invite = await seen(phone, 'the INVITE', request('INVITE'));
      await seen(phone, 'its own 180', response('INVITE', 180, 'sent'));
      await scene.restart();
      assert.ok(!phone.trace().some(request('CANCEL')), 'the restart took longer than the ringing');
      await call.end();
      const cancel = await seen(phone, 'the CANCEL', request('CANCEL'));
      // RFC 3261 §9.1: the same branch, or it would not find its INVITE.
      assert.equal(branchOf(cancel), branchOf(invite));
      await seen(phone, 'the ACK to its 487', request('ACK'));
      assert.equal(await call.over(LIMIT_MS), true);
    });

    it("between INVITE and CANCEL: a phone's CANCEL ends the ringing of another", async () => {
      const phone = await register('rings');
      const call = startCall(lab, {
        user: scene.caller,
        to: scene.user,
        ip: scene.callerIp,
        proxy: { ip: scene.proxyIp },
        ending: 'cancels',
        afterMs: scene.pauseMs(),
      });
      // Nobody repeats a 180 that was lost.
      await seen(call, 'the 180', response('INVITE', 180, 'received'));
      await scene.restart();
      assert.ok(!call.trace().some(request('CANCEL', 'sent')), 'the restart took longer than the ringing');
      await seen(phone, 'the ACK to its 487', request('ACK'));
      assert.equal(await call.ended, 'as intended', told(call));
      assert.ok(call.trace().some(response('INVITE', 487, 'received')));
    });

    it("between 200 and BYE: the PBX's BYE reaches the phone", async () => {
      const phone = await register('answers', LONG_MS);
      const call = await scene.pbx.call(phone, { ending: 'hangs up', afterMs: scene.pauseMs() });
      await seen(phone, 'the ACK', request('ACK'));
      await scene.restart();
      assert.ok(!phone.trace().some(request('BYE')), 'the restart took longer than the call');
      await call.end();
      await seen(phone, 'the BYE', request('BYE'));
      assert.equal(await call.over(LIMIT_MS), true);
    });

    it("between 200 and BYE: the phone's BYE reaches the PBX", async () => {
      const phone = await register('answers', scene.pauseMs());
      const call = await scene.pbx.call(phone, { ending: 'is hung up on' });
      await seen(phone, 'the ACK', request('ACK'));
      await scene.restart();
      assert.ok(!phone.trace().some(request('BYE', 'sent')), 'the restart took longer than the call');
      await seen(phone, 'the 200 to its BYE', response('BYE', 200, 'received'));
      assert.equal(await call.over(LIMIT_MS), true);
    });
  });
}

async function openScene(lab: ReturnType<typeof openLab>, id: PbxId, contactMode: Mode): Promise<Scene> {
  const place = PBXS.indexOf(id);
  const at = (first: number): string => `127.77.${OCTETS[contactMode]}.${first + place}`;
  const options: RollcallOptions = {
    ip: at(20),
    registrar: `${at(10)}:5060`,
    contactMode,
    secretFile: secretFile(lab),
  };
  const sections = settingsOf(id, at(20)).map(({ section }) => section);
  const start = (): Promise<Rollcall> => startRollcall(lab, options);
  const [pbx, first] = await Promise.all([
    startPbx(lab, id, { ip: at(10), callerIp: at(50) }, sections.join('\n')),
    start(),
  ]);
  const [user, caller] = USERS[id];
  let rollcall = first;
  let slowestMs = 0;
  return {
    pbx,
    proxyIp: at(20),
    us: `${at(20)}:5060`,
    user,
    caller,
    phoneIp: at(30),
    callerIp: at(40),
    restart: async () => {
      const beforeMs = performance.now();
      await rollcall.kill();
      rollcall = await start();
      slowestMs = Math.max(slowestMs, performance.now() - beforeMs);
    },
    callable: async (phone) => {
      const qualifies = id !== 'kamailio';
      const before = phone.trace().length;
      const answered = (): TracedMessage | undefined =>
        phone
          .trace()
          .slice(before)
          .find(response('OPTIONS', 200, 'sent'));
      if (qualifies) await waitUntil('an answer to OPTIONS', answered, { withinMs: LIMIT_MS });
      const reachability = await settledReachability(pbx, { user, qualifies }, ON_A_BAD_LINE);
      assert.equal(reachability, qualifies ? 'reachable' : 'unasked');
    },
    pauseMs: () => Math.ceil(2000 + 2 * slowestMs),
  };
}
