import type { Log } from '../log.ts';
import type { ContactMode } from '../proxy/routes.ts';

/** What it reads: the forwarding counters. They only grow. */
export interface UndeliveredCounts {
  datagrams(from: 'registrar', outcome: 'answered' | 'dropped', reason: UndeliveredReason): number;
}

export interface ReturnPathWatchParts {
  readonly counts: UndeliveredCounts;
  readonly contactMode: ContactMode;
  readonly log: Log;
}

const REASONS = ['no_token', 'target_refused', 'bad_token'] as const;
export type UndeliveredReason = (typeof REASONS)[number];

const LOOK_EVERY_MS = 5_000;
/** A PBX that asks each of its phones every minute would say the same thing each time. */
const TELL_EVERY_MS = 600_000;

/** Why a PBX's request may lack a token, and what helps, by what was asked of the PBX. */
const NO_TOKEN: Readonly<Record<ContactMode, string>> = {
  direct:
    "the PBX sends requests for phones to Rollcall, which can't know for which: it rewrites Contacts (chan_pjsip: rewrite_contact=yes); use --contact-mode alias",
  path: 'the PBX sends requests for phones to Rollcall without the Path of their REGISTER (chan_pjsip: support_path=yes and, in Asterisk 16, Contacts whose user is the name of the AOR; chan_sip: supportpath=yes); use --contact-mode alias',
  alias:
    'the PBX sends requests for phones to Rollcall that it knows by a REGISTER that Rollcall has not signed, or by a Contact without its parameters; such a phone can be called when it has registered anew',
  'alias+path':
    'the PBX sends requests for phones to Rollcall that it knows by a REGISTER that Rollcall has not signed; such a phone can be called when it has registered anew',
};

const TARGET_REFUSED =
  'the PBX sends requests through Rollcall to addresses where no phones are said to be; if they are phones, add their network with --phone-net';

const BAD_TOKEN =
  "the PBX's requests for phones carry tokens that this secret has not signed: give every instance the same --secret-file, and keep the previous line in it until the longest registration has ended";

/**
 * Says in the log what a counter alone does not: calls that reach no phone, why, and which setting cures it. One
 * line for each reason when it begins, and again in a while if it goes on.
 */
export class ReturnPathWatch {
  private readonly parts: ReturnPathWatchParts;
  private readonly known = new Map<UndeliveredReason, number>();
  private readonly toldAtMs = new Map<UndeliveredReason, number>();
  private timer: NodeJS.Timeout | undefined;

  constructor(parts: ReturnPathWatchParts) {
    this.parts = parts;
  }

  /** @param nowMs asked at each look */
  start(nowMs: () => number): void {
    this.timer = setInterval(() => this.look(nowMs()), LOOK_EVERY_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  look(nowMs: number): void {
    for (const reason of REASONS) {
      const total = this.total(reason);
      const requests = total - (this.known.get(reason) ?? 0);
      const toldAtMs = this.toldAtMs.get(reason) ?? Number.NEGATIVE_INFINITY;
      if (requests === 0 || nowMs - toldAtMs < TELL_EVERY_MS) continue;
      this.known.set(reason, total);
      this.toldAtMs.set(reason, nowMs);
      this.parts.log.warn({ reason, requests }, this.cure(reason));
    }
  }

  private total(reason: UndeliveredReason): number {
    const { counts } = this.parts;
    return (
      counts.datagrams('registrar', 'answered', reason) + counts.datagrams('registrar', 'dropped', reason)
    );
  }

  private cure(reason: UndeliveredReason): string {
    if (reason === 'no_token') return NO_TOKEN[this.parts.contactMode];
    return reason === 'bad_token' ? BAD_TOKEN : TARGET_REFUSED;
  }
}
