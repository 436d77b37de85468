import type { Phone } from '../support/phone.ts';
import type { TracedMessage } from '../support/sip-trace.ts';
import { lastHop } from '../support/sip-trace.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { Ender, Pbx, Reachability } from './pbx.ts';
import type { Setting } from './settings.ts';

/** How a request came to a phone: over Rollcall, straight from the PBX, or not at all. */
export type Way = 'through' | 'past' | 'none';

/** One call as the phone saw it. */
export interface CallSeen {
  readonly invite: Way;
  readonly ack: Way;
  /** With its 200, from whichever side it came. */
  readonly bye: Way;
  /** Whether the PBX has nothing left of it. */
  readonly over: boolean;
}

const INVITE_LIMIT_MS = 4_000;
const CALL_LIMIT_MS = 14_000;
const TRACE_LIMIT_MS = 2_500;

const received = (messages: readonly TracedMessage[], method: string): TracedMessage | undefined =>
  messages.findLast((each) => each.direction === 'received' && each.status === 0 && each.method === method);

function wayOf(message: TracedMessage | undefined, rollcall: string): Way {
  if (message === undefined) return 'none';
  return lastHop(message) === rollcall ? 'through' : 'past';
}

/** The way of the last of all requests with this method that a phone received. */
export function lastWay(phone: Phone, method: string, rollcall: string): Way {
  return wayOf(received(phone.trace(), method), rollcall);
}

/**
 * A BYE that the phone was sent, and answered; or one that it sent, and was answered. Where a phone's own went is
 * told by its Route: without one it is for the PBX's address, whatever SIPp does with it.
 */
function wayOfBye(messages: readonly TracedMessage[], ender: Ender, rollcall: string): Way {
  const answer = ender === 'pbx' ? 'sent' : 'received';
  const isAnswered = messages.some(
    ({ direction, method, status }) => direction === answer && method === 'BYE' && status === 200,
  );
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

/** Has the PBX call a phone, and watches. @param rollcall its IP:PORT */
export async function observeCall(pbx: Pbx, phone: Phone, ender: Ender, rollcall: string): Promise<CallSeen> {
  const before = invitesOf(phone);
  const begun = await pbx.call(phone, ender);
  const callId = await waitUntil('an INVITE', () => [...invitesOf(phone)].find((id) => !before.has(id)), {
    withinMs: INVITE_LIMIT_MS,
    everyMs: 100,
  }).catch(() => undefined);
  if (callId === undefined) {
    await begun.giveUp();
    return { invite: 'none', ack: 'none', bye: 'none', over: await begun.over(CALL_LIMIT_MS) };
  }
  const over = await begun.over(CALL_LIMIT_MS);
  if (!over) await begun.giveUp();
  const ofCall = (): TracedMessage[] => phone.trace().filter((message) => message.callId === callId);
  const bye = (): Way => wayOfBye(ofCall(), ender, rollcall);
  await waitUntil('the BYE', () => (bye() === 'none' ? undefined : true), {
    withinMs: TRACE_LIMIT_MS,
    everyMs: 100,
  }).catch(() => undefined);
  const messages = ofCall();
  return {
    invite: wayOf(received(messages, 'INVITE'), rollcall),
    ack: wayOf(received(messages, 'ACK'), rollcall),
    bye: bye(),
    over,
  };
}

const QUALIFY_LIMIT_MS = 7_000;

/**
 * Waits until the PBX thinks that it can reach the phone; after a while what it thinks then counts. Before its
 * first OPTIONS are answered or given up, it may think anything.
 */
export async function settledReachability(pbx: Pbx, { user, qualifies }: Setting): Promise<Reachability> {
  if (!qualifies) return pbx.reachability(user);
  const good = waitUntil(
    `${user} reachable`,
    async () => ((await pbx.reachability(user)) === 'reachable' ? ('reachable' as const) : undefined),
    { withinMs: QUALIFY_LIMIT_MS, everyMs: 400 },
  );
  return good.catch(() => pbx.reachability(user));
}
