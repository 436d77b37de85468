import { startAsterisk } from '../support/asterisk.ts';
import { startKamailioCalls } from '../support/kamailio-calls.ts';
import type { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespaces.ts';
import type { Phone } from '../support/phone.ts';
import { startCall } from '../support/phone.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { PbxId } from './settings.ts';

/** How the PBX's side means a call to go; `afterMs` counts from the answer, or from the ringing where it gives up. */
export type CallPlan =
  | { readonly ending: 'hangs up' | 'gives up'; readonly afterMs: number }
  | { readonly ending: 'is hung up on' };

/** What a PBX thinks of its way to a phone; `unasked`: it does not ask, or does not tell. */
export type Reachability = 'reachable' | 'unreachable' | 'unasked';

/** A PBX as the calls see it. */
export interface Pbx {
  readonly id: PbxId;
  readonly ip: string;
  /** Begins a call; resolves before the phone rings. */
  call(phone: Pick<Phone, 'user'>, plan: CallPlan): Promise<BegunCall>;
  reachability(user: string): Promise<Reachability>;
  /** How many bindings a user has. */
  bindings(user: string): Promise<number>;
}

export interface BegunCall {
  /** The PBX's side ends it, now if it can be made to, else as planned. */
  end(): Promise<void>;
  /** Resolves when nothing is left of the call at the PBX, or after the limit, with whether it is so. */
  over(withinMs: number): Promise<boolean>;
  /** Whatever is left of it is ended. */
  giveUp(): Promise<void>;
}

export interface PbxPlace {
  readonly ip: string;
  /** Kamailio makes no calls of its own: a phone beside it does, from this address. */
  readonly callerIp: string;
  readonly namespace?: Namespace;
  /** Of Kamailio; see startKamailioCalls. */
  readonly matchingMode?: 0 | 3;
}

/** How long an Asterisk stays on the line that is to be hung up on. */
const LONG_SEC = 60;

let callers = 0;
/** Every caller has a port of its own: what belongs to a call that is over must not reach the next one. */
const nextCallerPort = (): number => 6000 + (++callers % 2000);

const isTrue = async (what: string, probe: () => Promise<boolean>, withinMs: number): Promise<boolean> => {
  const wait = waitUntil(what, async () => ((await probe()) ? true : undefined), { withinMs, everyMs: 150 });
  return wait.catch(() => false);
};

export async function startPbx(lab: Lab, id: PbxId, place: PbxPlace, users: string): Promise<Pbx> {
  return id === 'kamailio' ? startKamailio(lab, place) : startAsteriskPbx(lab, id, place, users);
}

async function startAsteriskPbx(
  lab: Lab,
  id: Exclude<PbxId, 'kamailio'>,
  { ip, namespace }: PbxPlace,
  users: string,
): Promise<Pbx> {
  const asterisk = await startAsterisk(lab, {
    part: id === 'pjsip22' ? 'asterisk22' : 'asterisk16',
    channelDriver: id === 'sip16' ? 'sip' : 'pjsip',
    ip,
    users,
    ...(namespace ? { namespace } : {}),
  });
  return {
    id,
    ip,
    call: async ({ user }, plan) => {
      const holdSec = plan.ending === 'is hung up on' ? LONG_SEC : Math.ceil(plan.afterMs / 1000);
      await asterisk.originate(user, holdSec);
      return {
        end: () => asterisk.hangUp(user),
        over: (withinMs) =>
          isTrue('no channels', async () => (await asterisk.channels(user)).length === 0, withinMs),
        giveUp: () => asterisk.hangUp(user),
      };
    },
    reachability: async (user) => {
      const seen = await asterisk.reachability(user);
      return seen === 'unregistered' ? 'unreachable' : seen;
    },
    bindings: asterisk.bindings,
  };
}

async function startKamailio(lab: Lab, place: PbxPlace): Promise<Pbx> {
  const { ip, callerIp, namespace, matchingMode = 0 } = place;
  const kamailio = await startKamailioCalls(lab, { ip, matchingMode, ...(namespace ? { namespace } : {}) });
  return {
    id: 'kamailio',
    ip,
    call: async ({ user }, plan) => {
      const call = startCall(lab, {
        user: 'caller',
        to: user,
        ip: callerIp,
        port: nextCallerPort(),
        proxy: { ip },
        ending: plan.ending === 'gives up' ? 'cancels' : plan.ending,
        ...(plan.ending === 'is hung up on' ? {} : { afterMs: plan.afterMs }),
        ...(namespace ? { namespace } : {}),
      });
      let given: 'up' | undefined;
      return {
        end: async () => {},
        over: async (withinMs) => {
          const isOver = await isTrue('the call to end', async () => !call.program.running(), withinMs);
          return isOver && (given === 'up' || (await call.ended) === 'as intended');
        },
        giveUp: async () => {
          given = 'up';
          await call.program.kill();
        },
      };
    },
    reachability: async () => 'unasked',
    bindings: async (user) => (await kamailio.contacts(user)).length,
  };
}
