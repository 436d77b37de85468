import { Endpoint } from '../sip/address.ts';
import type { AorEntry } from './aor-entry.ts';

/** How long after the end of its grant a binding is still taken to be there: chan_sip itself adds 10 s. */
export const EXPIRY_GRACE_MS = 10_000;
/** Registrars tell the remaining time cut to whole seconds, some one second short: differences up to this are none. */
export const EXPIRES_TOLERANCE_SEC = 2;

/**
 * `live`: counted. `missing`: told as removed because a list left it out, and remembered until its grant
 * ends, because a refresh as alive shows that the list was not the whole list. `gone`: out of the ledger.
 */
export type BindingState = 'live' | 'missing' | 'gone';

/** AOR → contact, as the registrar has granted it. Flat, because there is one per phone. */
export class Binding {
  // What each refresh looks at first, and side by side: at saturation nothing here is in a cache.
  readonly owner: AorEntry;
  /** Fingerprint of its phone's last accepted REGISTER, while it is among the repeats; else 0 and 0. */
  saidA = 0;
  saidB = 0;
  /** Fingerprint of the 2xx to that; valid with it. */
  heardA = 0;
  heardB = 0;
  /** Where its last accepted REGISTER came from; port 0 = never seen. */
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  port = 0;
  /** How often its phone said again what registered it, in that minute. */
  private repeats = 0;
  private repeatsMinute = -1;
  cseq = 0;
  state: BindingState = 'live';
  nextOfAor: Binding | undefined = undefined;
  expiresAtMs = 0;
  /** So long it may be there beyond the end of its grant, and the grace: a refresh of it may be among records that were lost. */
  excuseMs = 0;
  /** Its phone's last accepted REGISTER. */
  refreshedAtMs = 0;
  /** The last 2xx that granted or listed it. */
  confirmedAtMs = 0;
  grantedExpiresSec = 0;
  /** REGISTERs per second that it needs to stay alive, in millionths: refreshed at half its grant. */
  loadMicro = 0;
  learned = false;
  /** Number of the last 2xx in which it was matched. */
  stamp = 0;
  /** Number of the latest doubt about its AOR that a success from where it is has ended. */
  private clearedDoubt = 0;
  /** The expiry wheel's own. */
  slot = -1;
  before: Binding | undefined = undefined;
  behind: Binding | undefined = undefined;

  /** The Contact URI as written, without our parameter. */
  uri = '';
  instance = '';
  regId = 0;
  paramsHash = 0;
  userAgent = '';
  callIdA = 0;
  callIdB = 0;
  /** What its last accepted REGISTER asked for, or NOT_STATED. */
  requestedExpiresSec = 0;

  constructor(owner: AorEntry) {
    this.owner = owner;
  }

  /** When it leaves the ledger by itself. */
  get dueMs(): number {
    return this.state === 'live' ? this.expiresAtMs + EXPIRY_GRACE_MS + this.excuseMs : this.expiresAtMs;
  }

  cameFrom(phone: Endpoint): this {
    if (!this.isAtHost(phone)) {
      this.clearedDoubt = 0;
      this.repeatsMinute = -1;
    }
    this.a = phone.a;
    this.b = phone.b;
    this.c = phone.c;
    this.d = phone.d;
    this.port = phone.port;
    return this;
  }

  /** Its last accepted REGISTER came from there. */
  isAt(phone: Endpoint): boolean {
    return this.port === phone.port && this.isAtHost(phone);
  }

  /** The same, from whatever port. */
  isAtHost({ a, b, c, d }: Endpoint): boolean {
    return this.d === d && this.c === c && this.b === b && this.a === a;
  }

  /** Its phone says again, in this minute, what registered it; answers how often it has. */
  countRepeat(minute: number): number {
    if (this.repeatsMinute !== minute) {
      this.repeatsMinute = minute;
      this.repeats = 0;
    }
    this.repeats++;
    return this.repeats;
  }

  repeatsIn(minute: number): number {
    return this.repeatsMinute === minute ? this.repeats : 0;
  }

  /** Its AOR had a success from this host, where the binding is, since this doubt. */
  isCleared(doubt: number, phone: Endpoint): boolean {
    return this.clearedDoubt >= doubt && this.isAtHost(phone);
  }

  /** Its AOR has a success from this host. */
  clear(doubt: number, phone: Endpoint): void {
    if (this.isAtHost(phone)) this.clearedDoubt = doubt;
  }

  get source(): Endpoint {
    const source = new Endpoint();
    source.a = this.a;
    source.b = this.b;
    source.c = this.c;
    source.d = this.d;
    source.port = this.port;
    return source;
  }
}
