/** What the classes of requests are made of. */
import type { Difference } from './difference.ts';
import { isAnswered, isStatusForFault, reasonPhrase } from './difference.ts';
import type { Fault } from './faults.ts';
import { statusFor } from './faults.ts';
import type { Outcome } from './outcome.ts';
import { PROXY, placeText } from './places.ts';
import type { PlainMessage } from './plain-message.ts';
import { headersNamed } from './plain-message.ts';

export const isRequest = ({ message }: Difference): boolean => !/^SIP\//i.test(message.startLine);

export const hasOneOf = ({ faults }: Difference, ...some: readonly Fault[]): boolean =>
  some.some((fault) => faults.has(fault));

/** Nothing in it asks for a 400, but for a Route, which another check than theirs would find. */
export const isSound = ({ faults }: Difference): boolean =>
  ![...faults].some((fault) => fault !== 'route' && statusFor(fault) === 400);

export const hasOtherFaultsThan = ({ faults }: Difference, ...known: readonly Fault[]): boolean =>
  [...faults].some((fault) => !known.includes(fault));

export function isRefusedForFault(difference: Difference): boolean {
  return difference.ours.kind === 'answered' && isStatusForFault(difference, difference.ours.status);
}

export const isRefused = (outcome: Outcome, ...statuses: readonly number[]): boolean =>
  statuses.some((status) => isAnswered(outcome, status));

/** They pass it on, or find out only later that it has nowhere to go. */
export function isPassedByThem({ theirs }: Difference): boolean {
  return theirs.kind === 'forwarded' || isAnswered(theirs, 480);
}

export function isLoopedToThemselves({ theirs, case: { profile } }: Difference): boolean {
  return theirs.kind === 'forwarded' && theirs.target === placeText(PROXY[profile]);
}

/** What RFC 3261 section 8.2.6.2 has an answer copy, and what it says of its own. */
export function answerBytes(message: PlainMessage): number {
  const names = ['via', 'from', 'to', 'call-id', 'cseq'];
  const lines = names
    .flatMap((name) => headersNamed(message, name))
    .map(({ line }) => line.trimEnd().length + 1);
  return OWN_BYTES + lines.reduce((sum, length) => sum + length, 0);
}

const OWN_BYTES = 'SIP/2.0 400 \r\n\r\n;received=127.77.70.101;rport=6070;tag=rc0123456789abcdef'.length;

/** Their check says so in its answer; to an ACK it cannot. */
export function isRefusedForExcess({ theirs, message }: Difference): boolean {
  const stated = Number(headersNamed(message, 'content-length')[0]?.value);
  const isAck = /^ACK /.test(message.startLine) && theirs.kind === 'silent';
  return stated < message.body.length && (isAck || reasonPhrase(theirs) === 'Content-Length mis-match');
}

/** By an independent reading it has all that forwarding needs, and yet they say nothing. */
export function isDroppedThoughSound(it: Difference): boolean {
  const mayGoOn = it.ours.kind === 'forwarded' || isAnswered(it.ours, 480);
  return isRequest(it) && it.theirs.kind === 'silent' && mayGoOn && !hasOtherFaultsThan(it, 'route');
}

const PLAIN_VIA =
  /^SIP\/2\.0\/(?:UDP|TCP|TLS|SCTP) (?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?(?:;[a-z0-9-]+(?:=[\w.:[\]%!~*+-]+)?)*$/i;
/** As everybody writes it. */
export const isPlainVia = (value: string): boolean => PLAIN_VIA.test(value);

const PLAIN_ADDRESS =
  /^(?:"[\w .-]*" ?|[\w-]+ )?<sips?:(?:[\w.+-]+@)?(?:\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d+)?(?:;[\w-]+(?:=[\w.-]+)?)*>(?:;[\w-]+(?:=[\w.-]+)?)*$/i;

export function hasPlainAddresses(message: PlainMessage, name: string): boolean {
  return headersNamed(message, name).every(({ value }) => PLAIN_ADDRESS.test(value));
}
