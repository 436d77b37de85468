import type { Phone } from '../support/phone.ts';
import type { TracedMessage } from '../support/sip-trace.ts';
import { lastHop } from '../support/sip-trace.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { CallPlan, Pbx, Reachability } from './pbx.ts';
import type { Setting } from './settings.ts';

/** How a request came to a phone: over Rollcall, straight from the PBX, or not at all. */
export type Way = 'through' | 'past' | 'none';

/** Who ends a call. */
export type Ender = 'pbx' | 'phone';

/** One call as the phone saw it. */
export interface CallSeen {
  readonly invite: Way;
  readonly ack: Way;
  /** With its 200, from whichever side it came. */
  readonly bye: Way;
  /** Whether the PBX has nothing left of it. */
  readonly over: boolean;
}

/** How long to wait until what has not happened will not happen. */
export interface Patience {
  readonly reachableMs: number;
  readonly inviteMs: number;
  readonly callMs: number;
  readonly byeMs: number;
  /** How often to call where no INVITE comes: a PBX does not even try while its OPTIONS say that nobody is there. */
  readonly tries: number;
  /**
   * Whose BYE is looked at. Where messages are late, the other side's may come first; and an ACK that was lost
   * is not sent again after a BYE.
   */
  readonly byeOf: 'the ender' | 'either';
}

export const USUAL: Patience = {
  reachableMs: 7_000,
  inviteMs: 4_000,
  callMs: 14_000,
  byeMs: 2_500,
  tries: 1,
  byeOf: 'the ender',
};
/** Where requests and answers are lost, and come when they are repeated for the third time. */
export const ON_A_BAD_LINE: Patience = {
  reachableMs: 40_000,
  inviteMs: 12_000,
  callMs: 40_000,
  byeMs: 35_000,
  tries: 4,
  byeOf: 'either',
};

const received = (messages: readonly TracedMessage[], method: string): TracedMessage | undefined =>
  messages.findLast((each) => each.direction === 'received' && each.status === 0 && each.method === method);

function wayOf(message: TracedMessage | undefined, rollcall: string): Way {
  if (message === undefined) return 'none';
  return lastHop(message) === rollcall ? 'through' : 'past';
}

/** Answers to BYE: done; and no such call, which is as good where the first answer was lost (RFC 3261 §15.1.1). */
const ENDS_A_CALL: readonly number[] = [200, 481];

/**
 * A BYE that the phone was sent, and answered; or one that it sent, and was answered. Where a phone's own went is
 * told by its Route: without one it is for the PBX's address, whatever SIPp does with it.
 */
function wayOfBye(messages: readonly TracedMessage[], ender: Ender, rollcall: string): Way {
  const answer = ender === 'pbx' ? 'sent' : 'received';
  const isAnswered = messages.some(({ direction, method, status }) => {
    return direction === answer && method === 'BYE' && ENDS_A_CALL.includes(status);
  });
  if (!isAnswered) return 'none';
  if (ender === 'pbx') return wayOf(received(messages, 'BYE'), rollcall);
  const bye = messages.find(({ direction, method, status }) => {
    return direction === 'sent' && method === 'BYE' && status === 0;
  });
  return bye?.values('Route')[0]?.includes(`@${rollcall}`) ? 'through' : 'past';
}

const invitesOf = (phone: Phone): Set<string> =>
  new Set(
    phone
      .trace()
      .filter(
        ({ direction, method, status }) => direction === 'received' && method === 'INVITE' && status === 0,
      )
      .map(({ callId }) => callId),
  );

/** The phone, where it is to hang up, does so sooner than a PBX that is to be hung up on. */
const PLANS: Readonly<Record<Ender, CallPlan>> = {
  pbx: { ending: 'hangs up', afterMs: 1000 },
  phone: { ending: 'is hung up on' },
};

/** Has the PBX call a phone, and watches. @param rollcall its IP:PORT */
export async function observeCall(
  pbx: Pbx,
  phone: Phone,
  ender: Ender,
  rollcall: string,
  patience: Patience = USUAL,
): Promise<CallSeen> {
  const before = invitesOf(phone);
  const begun = await pbx.call(phone, PLANS[ender]);
  const callId = await waitUntil('an INVITE', () => [...invitesOf(phone)].find((id) => !before.has(id)), {
    withinMs: patience.inviteMs,
    everyMs: 100,
  }).catch(() => undefined);
  if (callId === undefined) {
    await begun.giveUp();
    return { invite: 'none', ack: 'none', bye: 'none', over: await begun.over(patience.callMs) };
  }
  const over = await begun.over(patience.callMs);
  if (!over) await begun.giveUp();
  const ofCall = (): TracedMessage[] => phone.trace().filter((message) => message.callId === callId);
  const bye = (): Way => {
    const way = wayOfBye(ofCall(), ender, rollcall);
    if (way !== 'none' || patience.byeOf === 'the ender') return way;
    return wayOfBye(ofCall(), ender === 'pbx' ? 'phone' : 'pbx', rollcall);
  };
  await waitUntil('the BYE', () => (bye() === 'none' ? undefined : true), {
    withinMs: patience.byeMs,
    everyMs: 100,
  }).catch(() => undefined);
  const messages = ofCall();
  const ack = wayOf(received(messages, 'ACK'), rollcall);
  return {
    invite: wayOf(received(messages, 'INVITE'), rollcall),
    ack: ack === 'none' && patience.byeOf === 'either' ? bye() : ack,
    bye: bye(),
    over,
  };
}

/** What becomes of a phone that rings when the PBX gives up. */
export type GivenUp = 'stops' | 'stops, and nobody takes its 487' | 'rings on';

/** The PBX calls a phone that nobody picks up, and gives up. */
export async function observeCancel(pbx: Pbx, phone: Phone): Promise<GivenUp> {
  const call = await pbx.call(phone, { ending: 'gives up', afterMs: 1500 });
  const got = (method: string, withinMs: number): Promise<boolean> =>
    waitUntil(method, () => (received(phone.trace(), method) ? true : undefined), { withinMs, everyMs: 100 })
      .then(() => true)
      .catch(() => false);
  await got('INVITE', USUAL.inviteMs);
  await call.end();
  const isTold = await got('CANCEL', USUAL.inviteMs);
  const isTaken = isTold && (await got('ACK', USUAL.byeMs));
  await call.giveUp();
  if (!isTold) return 'rings on';
  return isTaken ? 'stops' : 'stops, and nobody takes its 487';
}

/** The way of the last OPTIONS; to a phone that the PBX finds reachable some will come. */
export async function wayOfOptions(
  phone: Phone,
  rollcall: string,
  after: number,
  { reachableMs }: Patience = USUAL,
): Promise<Way> {
  const way = (): Way => wayOf(received(phone.trace().slice(after), 'OPTIONS'), rollcall);
  const wait = waitUntil('OPTIONS', () => (way() === 'none' ? undefined : way()), {
    withinMs: reachableMs,
    everyMs: 100,
  });
  return wait.catch(() => 'none' as const);
}

/**
 * Waits until the PBX thinks that it can reach the phone; after a while what it thinks then counts. Before its
 * first OPTIONS are answered or given up, it may think anything.
 */
export async function settledReachability(
  pbx: Pbx,
  { user, qualifies }: Pick<Setting, 'user' | 'qualifies'>,
  { reachableMs }: Patience = USUAL,
): Promise<Reachability> {
  if (!qualifies) return pbx.reachability(user);
  const good = waitUntil(
    `${user} reachable`,
    async () => ((await pbx.reachability(user)) === 'reachable' ? ('reachable' as const) : undefined),
    { withinMs: reachableMs, everyMs: 400 },
  );
  return good.catch(() => pbx.reachability(user));
}
