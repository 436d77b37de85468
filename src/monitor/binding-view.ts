/** One binding of an AOR as it may be shown: strings are bounded and printable. */
export interface BindingView {
  /** The Contact URI as the phone wrote it: our own `rollcall` parameter is taken out. */
  readonly contact: string;
  /** `10.0.0.1:5060`, where the phone's last accepted REGISTER came from; empty for one only ever listed. */
  readonly source: string;
  readonly userAgent: string;
  /** `+sip.instance` without quotes and brackets (RFC 5626 §4.1), or empty. */
  readonly instance: string;
  /** `reg-id`; 0 = none. */
  readonly regId: number;
  readonly grantedExpiresSec: number;
  /** Monotonic; when the registrar last confirmed it in answer to its own phone. */
  readonly refreshedAtMs: number;
  /** Monotonic; the end of the grant. The ledger keeps it EXPIRY_GRACE_MS longer before it tells `expired`. */
  readonly expiresAtMs: number;
  /** Known from a list only, or from before we could know whether it is new. */
  readonly learned: boolean;
}
