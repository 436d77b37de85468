import type { Endpoint } from '../sip/address.ts';
import { ascii } from '../sip/bytes.ts';
import { Header } from '../sip/headers.ts';
import { readVia, Via } from '../sip/via.ts';
import type { Challenge } from './credentials.ts';
import { readChallenge, writeCredentials } from './credentials.ts';
import { Exchange } from './exchange.ts';
import type { Phone } from './phone.ts';
import type { Received } from './received.ts';
import { addressesIn, headerOf, headersOf, readReceived } from './received.ts';
import { hexDigits, registrarUri, writeRegister } from './register-message.ts';

/**
 * - steady: asks anew for a challenge at each refresh
 * - keeps_nonce: answers the last challenge again, until it is told that it is stale
 * - flaps: registers and unregisters, over and over
 * - vanishes: comes back only after its binding has lapsed
 */
export type Habit = 'steady' | 'keeps_nonce' | 'flaps' | 'vanishes';

export interface DeskPhoneSettings {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
  readonly userAgent: string;
  readonly habit: Habit;
  readonly expiresSec: number;
  /** Its pause after a refusal or a timeout. */
  readonly retryAfterMs: number;
  readonly local: Endpoint;
  readonly firstAtMs: number;
  /** 0 ≤ number < 1: identifiers, and the spread of its timers. */
  readonly random: () => number;
}

const NEVER = Number.POSITIVE_INFINITY;
/** A phone that is challenged more often than this in a row pauses. */
const MAX_TRIES = 4;
const FLAP_UP_MS = 4_000;
const FLAP_DOWN_MS = 3_000;
/** Longer than the grace that a ledger gives: by then the binding is told as lapsed. */
const LATE_BY_MS = 14_000;

/** A phone that keeps one Contact registered (RFC 3261 §10.2, §22.2). */
export class DeskPhone implements Phone {
  /** Expiry of its own Contact in the last 200, in seconds; 0 = it is not registered as far as it knows. */
  grantedExpiresSec = 0;
  private readonly settings: DeskPhoneSettings;
  private readonly callId: string;
  private readonly fromTag: string;
  private cseq = 0;
  private expiresSec: number;
  private wakeAtMs: number;
  private goal: 'register' | 'unregister' = 'register';
  private exchange: Exchange | undefined = undefined;
  private challenge: Challenge | undefined = undefined;
  private nonceCount = 0;
  private tries = 0;
  private hasSentCredentials = false;
  private isComingBack = false;

  constructor(settings: DeskPhoneSettings) {
    this.settings = settings;
    this.expiresSec = settings.expiresSec;
    this.wakeAtMs = settings.firstAtMs;
    this.callId = hexDigits(settings.random, 24);
    this.fromTag = hexDigits(settings.random, 8);
  }

  get nextAtMs(): number {
    return this.exchange?.nextAtMs ?? this.wakeAtMs;
  }

  tick(nowMs: number): Uint8Array | undefined {
    if (this.exchange === undefined) return nowMs >= this.wakeAtMs ? this.begin(nowMs) : undefined;
    const step = this.exchange.tick(nowMs);
    if (step === 'resend') return this.exchange.bytes;
    if (step === 'give_up') this.pause(nowMs);
    return undefined;
  }

  receive(bytes: Uint8Array, nowMs: number): Uint8Array | undefined {
    const response = readReceived(bytes);
    if (response === undefined || response.isRequest || response.status < 200) return undefined;
    if (this.exchange === undefined || branchOf(response) !== this.exchange.branch) return undefined;
    this.exchange = undefined;
    if (response.status === 401 || response.status === 407) return this.takeChallenge(response, nowMs);
    if (response.status === 423) return this.takeMinExpires(response, nowMs);
    if (response.status < 300) this.takeOk(response, nowMs);
    else this.pause(nowMs);
    return undefined;
  }

  registerAgain(atMs: number): void {
    if (this.settings.habit === 'vanishes') return;
    this.exchange = undefined;
    this.goal = 'register';
    this.wakeAtMs = atMs;
    this.isComingBack = true;
  }

  /** A new round; whether it starts with the last nonce is a matter of habit, and of coming back. */
  private begin(nowMs: number): Uint8Array {
    this.tries = 0;
    if (this.settings.habit !== 'keeps_nonce' && !this.isComingBack) this.challenge = undefined;
    this.isComingBack = false;
    return this.send(nowMs);
  }

  private send(nowMs: number): Uint8Array {
    const { settings } = this;
    const branch = `z9hG4bK${hexDigits(settings.random, 16)}`;
    this.cseq++;
    this.tries++;
    this.hasSentCredentials = this.challenge !== undefined;
    const bytes = writeRegister({
      ...settings,
      branch,
      callId: this.callId,
      fromTag: this.fromTag,
      cseq: this.cseq,
      expiresSec: this.goal === 'register' ? this.expiresSec : 0,
      authorization: this.authorization(),
    });
    this.exchange = new Exchange(bytes, branch, nowMs);
    return bytes;
  }

  private authorization(): string | undefined {
    const { user, domain, password, random } = this.settings;
    if (this.challenge === undefined) return undefined;
    const { realm, nonce, algorithm, qop } = this.challenge;
    this.nonceCount++;
    const nonceCount = this.nonceCount.toString(16).padStart(8, '0');
    return writeCredentials({
      algorithm,
      username: user,
      realm,
      password,
      method: 'REGISTER',
      uri: registrarUri(domain),
      nonce,
      qop: qop === 'auth' ? { nonceCount, clientNonce: hexDigits(random, 8) } : undefined,
    });
  }

  private takeChallenge(response: Received, nowMs: number): Uint8Array | undefined {
    const challenge = readChallenge(headersOf(response, Header.WWW_AUTHENTICATE));
    const isRefusal = this.hasSentCredentials && challenge?.isStale !== true;
    if (challenge === undefined || isRefusal || this.tries >= MAX_TRIES) {
      this.pause(nowMs);
      return undefined;
    }
    this.challenge = challenge;
    this.nonceCount = 0;
    return this.send(nowMs);
  }

  /** RFC 3261 §10.2.8: again, with what the registrar wants at least. */
  private takeMinExpires(response: Received, nowMs: number): Uint8Array | undefined {
    const least = Number.parseInt(headerOf(response, Header.MIN_EXPIRES), 10);
    if (!(least > this.expiresSec) || this.tries >= MAX_TRIES) {
      this.pause(nowMs);
      return undefined;
    }
    this.expiresSec = least;
    return this.send(nowMs);
  }

  private takeOk(response: Received, nowMs: number): void {
    if (this.goal === 'unregister') {
      this.grantedExpiresSec = 0;
      this.goal = 'register';
      this.wakeAtMs = nowMs + FLAP_DOWN_MS;
      return;
    }
    this.grantedExpiresSec = this.ownGrant(response);
    this.expiresSec = this.settings.expiresSec;
    this.planRefresh(nowMs);
  }

  private planRefresh(nowMs: number): void {
    const grantMs = this.grantedExpiresSec * 1000;
    const spread = 0.45 + this.settings.random() / 10;
    switch (this.settings.habit) {
      case 'flaps':
        this.goal = 'unregister';
        this.wakeAtMs = nowMs + FLAP_UP_MS;
        return;
      case 'vanishes':
        this.wakeAtMs = nowMs + grantMs + LATE_BY_MS;
        return;
      default:
        this.wakeAtMs = grantMs > 0 ? nowMs + grantMs * spread : nowMs + this.settings.retryAfterMs;
    }
  }

  /** The 200 lists every Contact of the AOR; ours is the one with our address in it. */
  private ownGrant(response: Received): number {
    const contacts = addressesIn(headersOf(response, Header.CONTACT), ['expires']) ?? [];
    const own = contacts.find(({ uri }) => uri.includes(`:${this.settings.local.port}`));
    return Number.parseInt(own?.params.expires ?? '0', 10);
  }

  private pause(nowMs: number): void {
    this.exchange = undefined;
    this.challenge = undefined;
    this.expiresSec = this.settings.expiresSec;
    this.goal = 'register';
    const { retryAfterMs, random } = this.settings;
    this.wakeAtMs = retryAfterMs > 0 ? nowMs + retryAfterMs * (0.8 + random() * 0.4) : NEVER;
  }
}

const via = new Via();

function branchOf(response: Received): string {
  const value = headerOf(response, Header.VIA);
  const bytes = ascii(value);
  if (!readVia(bytes, 0, bytes.length, via) || via.branchStart < 0) return '';
  return value.slice(via.branchStart, via.branchEnd);
}
