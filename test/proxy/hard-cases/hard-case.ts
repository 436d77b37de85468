import type { Tap } from '../../../src/proxy/decision.ts';
import type { LocalStatus, Reason } from '../../../src/proxy/reasons.ts';
import type { MessageFault } from '../../../src/sip/message.ts';
import { fixture } from '../../support/fixtures.ts';
import { PBX, request, responseTo, values } from '../support/messages.ts';
import type { Setting, Verdict } from '../support/passing.ts';
import { latin1, pass, routesOf } from '../support/passing.ts';
import type { Heard } from './hearing.ts';

/** One input and what must become of it, in three columns: parse, forward, monitor. */
export interface HardCase {
  /** Number in the table of hard cases; 0 = a message of RFC 4475 or RFC 5118 that has none there. */
  readonly row: number;
  readonly name: string;
  /** The RFC and section that the case is about. */
  readonly section: string;
  /** What is hard about it. */
  readonly about: string;
  readonly input: string;
  readonly source: string;
  readonly setting?: Setting;
  readonly parse: Parsed;
  readonly forward: Forward;
  /** The forward column in words, beside what `forward` says itself. */
  readonly says?: string;
  /** What one datagram alone cannot show. */
  readonly proves?: (verdict: Verdict) => void;
  readonly monitor: Monitored;
}

/** `message`: well-formed as far as the parser judges it; `no start line`: no SIP at all. */
export type Parsed = 'message' | 'no start line' | MessageFault;

export type Forward =
  | {
      readonly does: 'forwarded';
      readonly to: string;
      /** All that differs from the input beside our Via: what stood there, what stands there now; each once. */
      readonly changes: readonly (readonly [before: string, after: string])[];
    }
  | {
      readonly does: 'answered';
      readonly status: LocalStatus;
      readonly reason: Reason;
      readonly to: string;
      /** Lines that the answer must hold. */
      readonly holds?: readonly string[];
    }
  | { readonly does: 'dropped' | 'absorbed'; readonly reason: Reason };

export interface Monitored {
  readonly tap: Tap;
  /** The monitor column in words; by default what `tap` means. */
  readonly says?: string;
  /** The registrar's final answer that the monitor hears next: status and header lines. */
  readonly answer?: readonly [status: string, ...headers: string[]];
  readonly proves?: (heard: Heard) => void;
}

/** Not shown to the monitor. */
export const UNHEARD: Monitored = { tap: 'none' };
/** A REGISTER that it hears, with nothing special about it. */
export const HEARD: Monitored = { tap: 'register' };

/** A message of the corpus by its path, `rfc4475/wsinv`, one character per byte. */
export function messageOf(path: string): string {
  return latin1(fixture(`${path}.sip`));
}

/** The phone of most cases: its Via gives a name, so it is stamped with both. */
export const SOMEONE = '10.0.9.9:5060';
const STAMPS = ';received=10.0.9.9;rport=5060';

/** Forwarded to the registrar: the top Via stamped, the hops counted down. */
export function toRegistrar(
  topVia: string,
  hops: readonly [before: string, after: string],
  stamps = STAMPS,
): Forward {
  return { does: 'forwarded', to: PBX, changes: [[topVia, topVia + stamps], hops] };
}

export function hops(before: number): readonly [string, string] {
  return [`Max-Forwards: ${before}`, `Max-Forwards: ${before - 1}`];
}

export function refused(status: LocalStatus, reason: Reason, to = SOMEONE, ...holds: string[]): Forward {
  return { does: 'answered', status, reason, to, holds };
}

export function dropped(reason: Reason): Forward {
  return { does: 'dropped', reason };
}

/**
 * A response as it reaches us: our Via, for a request that came from `source` with the response's own top
 * Via, above that Via as we stamped it.
 */
export function throughUs(response: string, source: string, setting: Setting = {}): string {
  const [ours, stamped] = viasFor(response, source, setting);
  return response.replace(/\r\nVia: [^\r]*/, `\r\nVia: ${ours}\r\nVia: ${stamped}`);
}

/** What becomes of it: our Via's line goes. */
export function back(response: string, source: string, setting: Setting = {}): Forward {
  const [ours] = viasFor(response, source, setting);
  return { does: 'forwarded', to: source, changes: [[`Via: ${ours}\r\n`, '']] };
}

function viasFor(response: string, source: string, setting: Setting): [ours: string, stamped: string] {
  const [top] = values(response, 'Via');
  const { sent } = pass(request({ vias: [top!] }), source, routesOf(setting));
  const [ours, stamped] = values(sent, 'Via');
  return [ours!, stamped!];
}

/** The registrar's answer to a request that we sent on. */
export function answerTo(sent: string, [status, ...headers]: NonNullable<Monitored['answer']>): string {
  return responseTo(sent, status, headers);
}
