import { createHash } from 'node:crypto';
import type { Endpoint } from '../sip/address.ts';
import { ascii, decimal, text } from '../sip/bytes.ts';
import { Header } from '../sip/headers.ts';
import { readUri, Uri } from '../sip/uri.ts';
import type { Binding } from './bindings.ts';
import { Bindings } from './bindings.ts';
import type { Credentials } from './credentials.ts';
import { readCredentials, verifies, writeChallenge } from './credentials.ts';
import type { Algorithm } from './digest.ts';
import { Nonces } from './nonces.ts';
import type { ReadAddress, Received } from './received.ts';
import { addressesIn, addressIn, headerOf, headersOf, readReceived } from './received.ts';
import { reply } from './reply.ts';

export interface RegistrarSettings {
  /** Its domain, and its realm. */
  readonly domain: string;
  /** Passwords by user. */
  readonly passwords: ReadonlyMap<string, string>;
  /** Offered in this order, one challenge each (RFC 8760). */
  readonly algorithms: readonly Algorithm[];
  readonly qop: 'auth' | 'none';
  readonly nonceLifetimeMs: number;
  readonly minExpiresSec: number;
  readonly maxExpiresSec: number;
  /** Granted where the phone asks for nothing. */
  readonly defaultExpiresSec: number;
  readonly maxContacts: number;
  /** Kamailio tells, Asterisk challenges for ever. */
  readonly unknownUsers: 'not_found' | 'challenge';
  /** Signs nonces and To tags. */
  readonly key: string;
}

/** What really happened, as the registrar alone can know: the truth that a monitor is measured by. */
export const VERDICTS = [
  'ok',
  'challenged',
  'stale',
  'wrong_password',
  'unknown_user',
  'forbidden',
  'too_brief',
  'refused',
  'repeated',
] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Final responses kept for retransmissions; beyond it the oldest goes (RFC 3261 §17.2.2 keeps them for 32 s). */
const MAX_ANSWERED = 10_000;

interface Answer {
  readonly status: number;
  readonly verdict: Verdict;
  readonly lines: readonly string[];
}

/** A registrar with digest authentication (RFC 3261 §10.3, §22; RFC 7616), without its socket and its clock. */
export class DemoRegistrar {
  readonly verdicts: Record<Verdict, number>;
  /** Wrong passwords by AOR. */
  readonly wrongPasswords = new Map<string, number>();
  private readonly settings: RegistrarSettings;
  private readonly nonces: Nonces;
  private readonly bindings = new Bindings();
  private readonly answered = new Map<string, Uint8Array>();
  private silentUntilMs = 0;

  constructor(settings: RegistrarSettings) {
    this.settings = settings;
    this.nonces = new Nonces(settings.key, settings.nonceLifetimeMs);
    this.verdicts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  }

  /** The answer to one datagram, to be sent to its source; undefined where none is due. */
  respond(bytes: Uint8Array, source: Endpoint, nowMs: number): Uint8Array | undefined {
    if (nowMs < this.silentUntilMs) return undefined;
    const request = readReceived(bytes);
    if (request?.isRequest !== true || request.method === 'ACK' || !isComplete(request)) return undefined;
    const transaction = [Header.VIA, Header.CALL_ID, Header.CSEQ]
      .map((id) => headerOf(request, id))
      .join('\n');
    const before = this.answered.get(transaction);
    if (before !== undefined) {
      this.verdicts.repeated++;
      return before;
    }
    const { status, lines } = this.answer(request, nowMs);
    const out = reply(request, source, status, this.tagOf(transaction), lines);
    this.remember(transaction, out);
    return out;
  }

  /** Goes silent for a while, forgets bindings and answers, and signs nonces with another key. */
  restart(nowMs: number, silentMs: number, key: string): void {
    this.silentUntilMs = nowMs + silentMs;
    this.nonces.rekey(key);
    this.bindings.clear();
    this.answered.clear();
  }

  /** Live bindings of an AOR, `user@domain`. */
  bindingsOf(aor: string, nowMs: number): readonly Binding[] {
    return this.bindings.of(aor, nowMs);
  }

  /** AORs that have a live binding. */
  registered(nowMs: number): readonly string[] {
    return this.bindings.aors().filter((aor) => this.bindings.of(aor, nowMs).length > 0);
  }

  private answer(request: Received, nowMs: number): Answer {
    if (request.method === 'OPTIONS') return { status: 200, verdict: 'ok', lines: [ALLOW] };
    if (request.method !== 'REGISTER') return { status: 405, verdict: 'refused', lines: [ALLOW] };
    const aor = aorOf(request);
    const answer = aor === undefined ? BAD_REQUEST : this.register(request, aor, nowMs);
    this.verdicts[answer.verdict]++;
    if (answer.verdict === 'wrong_password' && aor !== undefined) {
      this.wrongPasswords.set(aor.text, (this.wrongPasswords.get(aor.text) ?? 0) + 1);
    }
    return answer;
  }

  private register(request: Received, aor: Aor, nowMs: number): Answer {
    const { settings } = this;
    const required = headersOf(request, Header.REQUIRE);
    if (required.length > 0) {
      return { status: 420, verdict: 'refused', lines: [`Unsupported: ${required.join(', ')}`] };
    }
    if (!settings.passwords.has(aor.user) || aor.host !== settings.domain) {
      return settings.unknownUsers === 'not_found'
        ? { status: 404, verdict: 'unknown_user', lines: [] }
        : this.challenge('unknown_user', nowMs);
    }
    const credentials = readCredentials(headersOf(request, Header.AUTHORIZATION), settings.domain);
    if (credentials === undefined) return this.challenge('challenged', nowMs);
    const fault = this.faultOf(credentials, request, nowMs);
    if (fault !== undefined) return this.challenge(fault, nowMs);
    if (credentials.username !== aor.user) return { status: 403, verdict: 'forbidden', lines: [] };
    return this.update(request, aor.text, nowMs);
  }

  /** A nonce is called stale only where the digest over it is right (RFC 7616 §3.3). */
  private faultOf(
    credentials: Credentials,
    request: Received,
    nowMs: number,
  ): 'wrong_password' | 'stale' | undefined {
    const password = this.settings.passwords.get(credentials.username);
    const isOffered = this.settings.algorithms.includes(credentials.algorithm);
    if (password === undefined || !isOffered || credentials.uri !== request.uri) return 'wrong_password';
    if (!verifies(credentials, request.method, password)) return 'wrong_password';
    return this.nonces.stateOf(credentials.nonce, nowMs) === 'fresh' ? undefined : 'stale';
  }

  private challenge(verdict: Verdict, nowMs: number): Answer {
    const { domain, qop, algorithms } = this.settings;
    const nonce = this.nonces.make(nowMs);
    const isStale = verdict === 'stale';
    const lines = algorithms.map((algorithm) =>
      writeChallenge({ realm: domain, nonce, algorithm, qop, isStale }),
    );
    return { status: 401, verdict, lines };
  }

  /** RFC 3261 §10.3, steps 6 to 8: all of the contacts, or none. */
  private update(request: Received, aor: string, nowMs: number): Answer {
    const contacts = addressesIn(headersOf(request, Header.CONTACT), ['expires']);
    if (contacts === undefined) return BAD_REQUEST;
    const expires = headerOf(request, Header.EXPIRES);
    if (contacts.some((contact) => contact.isStar)) {
      if (contacts.length > 1 || expires.trim() !== '0') return BAD_REQUEST;
      return this.store(request, aor, this.bindings.of(aor, nowMs).map(removal), nowMs);
    }
    const wishes = contacts.map((contact) => this.wishOf(contact, expires));
    const { minExpiresSec, maxContacts } = this.settings;
    if (wishes.some(({ expiresSec }) => expiresSec > 0 && expiresSec < minExpiresSec)) {
      return { status: 423, verdict: 'too_brief', lines: [`Min-Expires: ${minExpiresSec}`] };
    }
    const added = wishes.filter(
      ({ uri, expiresSec }) => expiresSec > 0 && this.bindings.find(aor, uri, nowMs) === undefined,
    );
    const isFull = this.bindings.of(aor, nowMs).length + added.length > maxContacts;
    if (isFull && added.length > 0) return { status: 403, verdict: 'forbidden', lines: [] };
    return this.store(request, aor, wishes, nowMs);
  }

  private wishOf(contact: ReadAddress, expiresHeader: string): Wish {
    const wanted = secondsOf(contact.params.expires ?? expiresHeader) ?? this.settings.defaultExpiresSec;
    return { uri: contact.uri, expiresSec: Math.min(wanted, this.settings.maxExpiresSec) };
  }

  private store(request: Received, aor: string, wishes: readonly Wish[], nowMs: number): Answer {
    const callId = headerOf(request, Header.CALL_ID);
    const cseq = Number.parseInt(headerOf(request, Header.CSEQ), 10);
    for (const { uri } of wishes) {
      const before = this.bindings.find(aor, uri, nowMs);
      // §10.3 step 7: of one Call-ID only a higher CSeq may change a binding.
      if (before?.callId === callId && cseq <= before.cseq) {
        return { status: 500, verdict: 'refused', lines: ['Retry-After: 1'] };
      }
    }
    for (const { uri, expiresSec } of wishes) {
      if (expiresSec === 0) this.bindings.remove(aor, uri);
      else this.bindings.put(aor, { uri, callId, cseq, expiresAtMs: nowMs + expiresSec * 1000 });
    }
    const lines = this.bindings.of(aor, nowMs).map((binding) => {
      const remainingSec = Math.ceil((binding.expiresAtMs - nowMs) / 1000);
      return `Contact: <${binding.uri}>;expires=${remainingSec}`;
    });
    return { status: 200, verdict: 'ok', lines };
  }

  private tagOf(transaction: string): string {
    return createHash('sha256').update(this.settings.key).update(transaction).digest('hex').slice(0, 12);
  }

  private remember(transaction: string, answer: Uint8Array): void {
    this.answered.set(transaction, answer);
    if (this.answered.size <= MAX_ANSWERED) return;
    for (const oldest of this.answered.keys()) {
      this.answered.delete(oldest);
      return;
    }
  }
}

const ALLOW = 'Allow: REGISTER, OPTIONS';
const BAD_REQUEST: Answer = { status: 400, verdict: 'refused', lines: [] };

interface Wish {
  readonly uri: string;
  readonly expiresSec: number;
}

function removal({ uri }: Binding): Wish {
  return { uri, expiresSec: 0 };
}

function secondsOf(value: string): number | undefined {
  const bytes = ascii(value.trim());
  const seconds = decimal(bytes, 0, bytes.length);
  return seconds < 0 ? undefined : seconds;
}

function isComplete(request: Received): boolean {
  const needed = [Header.VIA, Header.FROM, Header.TO, Header.CALL_ID, Header.CSEQ];
  return needed.every((id) => headerOf(request, id) !== '');
}

interface Aor {
  readonly user: string;
  readonly host: string;
  /** `user@host`. */
  readonly text: string;
}

const toUri = new Uri();

function aorOf(request: Received): Aor | undefined {
  const to = addressIn(headerOf(request, Header.TO), []);
  if (to === undefined) return undefined;
  const bytes = ascii(to.uri);
  if (!readUri(bytes, 0, bytes.length, toUri) || !toUri.hasUser) return undefined;
  const user = text(bytes, toUri.userStart, toUri.userEnd);
  const host = text(bytes, toUri.hostStart, toUri.hostEnd).toLowerCase();
  return { user, host, text: `${user}@${host}` };
}
