import type { AttemptKind, Change, Pattern, Result, StormCause } from './lists.ts';

/**
 * What deserves a person's attention: one log line and one entry of the event stream each. A plain
 * refresh is none. Never credentials, never a whole nonce; strings are bounded and printable.
 */
export type Event = RegistrationEvent | BindingEvent | SuspicionEvent | StormEvent | NoticeEvent;

interface Common {
  /** Monotonic milliseconds, as the tap has them. */
  readonly atMs: number;
}

interface OfPhone extends Common {
  readonly aor: string;
  /** `10.0.0.1:5060`, the phone's source address. */
  readonly source: string;
  readonly userAgent: string;
}

/** A REGISTER that ended in anything but ok or a plain challenge. */
export interface RegistrationEvent extends OfPhone {
  readonly kind: 'registration';
  readonly result: Exclude<Result, 'ok' | 'challenged'>;
  readonly attempt: AttemptKind;
  /** 0 for a timeout. */
  readonly status: number;
  /**
   * True where the nonce that was answered had been issued to this very address: only then is the source
   * proven, because the source of a UDP datagram can be forged.
   */
  readonly sourceProven: boolean;
  readonly retryAfterSec?: number;
  readonly minExpiresSec?: number;
}

/** A binding that came, went or moved; not a refresh. */
export interface BindingEvent extends OfPhone {
  readonly kind: 'binding';
  readonly change: Exclude<Change, 'refreshed'>;
  /** The Contact URI, bounded. */
  readonly contact: string;
  readonly grantedExpiresSec: number;
}

export interface SuspicionEvent extends Common {
  readonly kind: 'suspicion';
  readonly pattern: Pattern | 'compromise';
  /** Empty where the pattern is about a source. */
  readonly aor: string;
  /** Empty where the pattern is about an AOR. */
  readonly source: string;
  readonly sourceProven: boolean;
  readonly detail: string;
}

export interface StormEvent extends Common {
  readonly kind: 'storm';
  readonly phase: 'started' | 'ended';
  readonly cause: StormCause;
  readonly detail: string;
}

/** Something about the traffic or about us that is worth one line. */
export interface NoticeEvent extends Common {
  readonly kind: 'notice';
  readonly notice:
    | 'third_party'
    | 'cseq_regress'
    | 'invalid_contact'
    | 'registrar_lists_own'
    | 'implicit_stale_unresolved'
    | 'warming_up_over'
    | 'tap_loss';
  readonly aor: string;
  readonly detail: string;
}
