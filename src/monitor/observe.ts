import { Challenge, readAnsweredNonce, readChallenge } from '../sip/auth.ts';
import { decimal, NOT_A_NUMBER } from '../sip/bytes.ts';
import { Contact, expiresFrom, NOT_STATED, readContact } from '../sip/contact.ts';
import type { HeaderId } from '../sip/headers.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import { Span } from '../sip/params.ts';
import type { HashKey } from '../sip/siphash.ts';
import type { Binding } from './binding.ts';
import { instanceText, ListedContact, MAX_CONTACT_LENGTH, OwnUri } from './contact-match.ts';
import type { Exchange, RequestedContact } from './exchange.ts';
import { MAX_CONTACTS, MAX_CREDENTIALS } from './exchange.ts';
import { Fingerprint } from './fingerprint.ts';
import type { AttemptKind } from './lists.ts';
import { NonceKey, NonceReader } from './nonce-key.ts';
import { boundedText, hashOf, hashOfEnd, hashTwice, TextPool } from './texts.ts';
import type { Staleness } from './verdict.ts';

/** Longer User-Agent values are cut. */
export const MAX_USER_AGENT_LENGTH = 128;
const USER_AGENT_PLACES = 4096;
/** WWW-Authenticate and Proxy-Authenticate headers of one response that are read (RFC 8760: one per algorithm). */
export const MAX_CHALLENGES = 8;

/** A binding whose texts a request may use again instead of making its own. */
interface KnownTexts {
  readonly uri: string;
  readonly instance: string;
}

/** Reads what a REGISTER says into its exchange. One object serves all datagrams. */
export class RequestReader {
  readonly fingerprint: Fingerprint;
  /** A Contact header could not be read: said once per request. */
  invalidContact = false;
  private readonly contact = new Contact();
  private readonly uri = new OwnUri();
  private readonly span = new Span();
  private readonly nonces: NonceReader;
  private readonly userAgents = new TextPool(USER_AGENT_PLACES);

  constructor(hashKey: HashKey) {
    this.nonces = new NonceReader(hashKey);
    this.fingerprint = new Fingerprint(hashKey);
  }

  read(message: Message, exchange: Exchange, known: (uri: OwnUri) => KnownTexts | undefined): void {
    this.readIdentity(message, exchange);
    this.readAllCredentials(message, exchange);
    this.readContacts(message, exchange, known);
    exchange.kind = kindOf(message, exchange);
  }

  /** A request whose fingerprint is that of the last REGISTER of `binding`: all but its credentials is known. */
  repeat(message: Message, exchange: Exchange, binding: Binding): void {
    exchange.callIdA = binding.callIdA;
    exchange.callIdB = binding.callIdB;
    exchange.userAgent = binding.userAgent;
    exchange.contactCount = 1;
    const contact = exchange.contactAt(0);
    contact.uri = binding.uri;
    contact.instance = binding.instance;
    contact.regId = binding.regId;
    contact.paramsHash = binding.paramsHash;
    contact.requestedExpiresSec = binding.requestedExpiresSec;
    this.invalidContact = false;
    this.readAllCredentials(message, exchange);
    exchange.kind = exchange.hasCredentials ? 'with_credentials' : 'initial';
  }

  private readAllCredentials(message: Message, exchange: Exchange): void {
    this.readCredentials(message, exchange, Header.AUTHORIZATION);
    this.readCredentials(message, exchange, Header.PROXY_AUTHORIZATION);
  }

  private readIdentity(message: Message, exchange: Exchange): void {
    const { bytes } = message;
    const callId = message.firstOf(Header.CALL_ID);
    if (callId < 0) hashTwice(bytes, 0, 0, exchange);
    else hashTwice(bytes, message.valueStart(callId), message.valueEnd(callId), exchange);
    const agent = message.firstOf(Header.USER_AGENT);
    exchange.userAgent = '';
    if (agent < 0) return;
    const start = message.valueStart(agent);
    const end = Math.min(message.valueEnd(agent), start + MAX_USER_AGENT_LENGTH);
    exchange.userAgent = this.userAgents.textOf(bytes, start, end, hashOfEnd(bytes, start, end));
  }

  private readCredentials(message: Message, exchange: Exchange, id: HeaderId): void {
    const { bytes } = message;
    const { span } = this;
    for (let line = message.firstOf(id); line >= 0; line = message.nextOf(id, line)) {
      if (exchange.nonceCount === MAX_CREDENTIALS) return;
      // Credentials are a nonce and a response, neither empty.
      if (!readAnsweredNonce(bytes, message.valueStart(line), message.valueEnd(line), span)) continue;
      this.nonces.read(bytes, span.start, span.end, exchange.addNonce());
    }
  }

  private readContacts(
    message: Message,
    exchange: Exchange,
    known: (uri: OwnUri) => KnownTexts | undefined,
  ): void {
    const { bytes } = message;
    const { contact } = this;
    const headerExpiresSec = expiresHeader(message);
    this.invalidContact = false;
    for (
      let line = message.firstOf(Header.CONTACT);
      line >= 0 && exchange.contactCount < MAX_CONTACTS;
      line = message.nextOf(Header.CONTACT, line)
    ) {
      let at = message.valueStart(line);
      while (at >= 0 && exchange.contactCount < MAX_CONTACTS) {
        if (!readContact(bytes, at, message.valueEnd(line), contact)) {
          this.invalidContact = true;
          break;
        }
        at = contact.value.next;
        if (contact.value.isStar) this.takeStar(exchange, headerExpiresSec);
        else this.takeContact(bytes, exchange.contactAt(exchange.contactCount++), headerExpiresSec, known);
      }
    }
  }

  /** RFC 3261 §10.2.2: a star removes every binding, and must come with an expiry of 0. */
  private takeStar(exchange: Exchange, headerExpiresSec: number): void {
    exchange.removesAll = headerExpiresSec === 0;
    if (!exchange.removesAll) this.invalidContact = true;
  }

  private takeContact(
    bytes: Uint8Array,
    into: RequestedContact,
    headerExpiresSec: number,
    known: (uri: OwnUri) => KnownTexts | undefined,
  ): void {
    const { contact, uri } = this;
    uri.set(bytes, contact.value.uriStart, contact.value.uriEnd);
    const same = known(uri);
    into.uri = same?.uri ?? boundedText(uri.bytes, uri.start, uri.end, MAX_CONTACT_LENGTH);
    into.instance = instanceText(bytes, contact.instanceStart, contact.instanceEnd, same?.instance ?? '');
    into.regId = contact.regId;
    into.paramsHash = this.hashParams(bytes);
    into.requestedExpiresSec = contact.expiresSec === NOT_STATED ? headerExpiresSec : contact.expiresSec;
  }

  /** All header parameters but `expires`, as they stand. */
  private hashParams(bytes: Uint8Array): number {
    const { expiresStart, expiresEnd, value } = this.contact;
    if (expiresStart === expiresEnd) return hashOf(bytes, value.paramsStart, value.end, 0);
    return hashOf(bytes, expiresEnd, value.end, hashOf(bytes, value.paramsStart, expiresStart, 0));
  }
}

/** Seconds of the Expires header, or NOT_STATED. */
export function expiresHeader(message: Message): number {
  const line = message.firstOf(Header.EXPIRES);
  if (line < 0) return NOT_STATED;
  return expiresFrom(message.bytes, message.valueStart(line), message.valueEnd(line));
}

/** The first kind that fits. */
function kindOf(message: Message, exchange: Exchange): AttemptKind {
  if (isUnregister(exchange)) return 'unregister';
  if (message.countOf(Header.CONTACT) === 0) return 'query';
  return exchange.hasCredentials ? 'with_credentials' : 'initial';
}

/** Nothing but removals: `*` with `Expires: 0`, or an expiry of 0 for every contact. */
function isUnregister(exchange: Exchange): boolean {
  if (exchange.removesAll) return true;
  for (let i = 0; i < exchange.contactCount; i++) {
    if (exchange.contacts[i]!.requestedExpiresSec !== 0) return false;
  }
  return exchange.contactCount > 0;
}

/** What a final response to a REGISTER says. One object serves all datagrams; nothing of it outlives its turn. */
export class ResponseReader {
  status = 0;
  readonly contacts: ListedContact[] = [];
  contactCount = 0;
  /** False where the list could not be read to its end: then absence proves nothing. */
  listIsWhole = true;
  /** The Expires header, or NOT_STATED. */
  expiresSec = NOT_STATED;
  staleness: Staleness = 'not_stale';
  /** Of a 2xx. */
  readonly fingerprint: Fingerprint;
  /** The nonces of its challenges, so many of them. */
  readonly nonces: readonly NonceKey[] = Array.from({ length: MAX_CHALLENGES }, () => new NonceKey());
  nonceCount = 0;
  retryAfterSec: number | undefined = undefined;
  minExpiresSec: number | undefined = undefined;
  private readonly contact = new Contact();
  private readonly challenge = new Challenge();
  private readonly nonceReader: NonceReader;
  private readonly nonce = new NonceKey();

  constructor(hashKey: HashKey) {
    this.nonceReader = new NonceReader(hashKey);
    this.fingerprint = new Fingerprint(hashKey);
  }

  read(message: Message): void {
    this.status = message.status;
    this.contactCount = 0;
    this.listIsWhole = true;
    this.expiresSec = NOT_STATED;
    this.staleness = 'not_stale';
    this.nonceCount = 0;
    this.retryAfterSec = undefined;
    this.minExpiresSec = undefined;
    if (message.status < 300) {
      this.readContacts(message);
      this.expiresSec = expiresHeader(message);
    } else if (message.status === 401 || message.status === 407) {
      this.readChallenges(message, Header.WWW_AUTHENTICATE);
      this.readChallenges(message, Header.PROXY_AUTHENTICATE);
    } else {
      this.retryAfterSec = secondsOf(message, Header.RETRY_AFTER);
      this.minExpiresSec = secondsOf(message, Header.MIN_EXPIRES);
    }
  }

  private readContacts(message: Message): void {
    const { bytes } = message;
    const { contact } = this;
    for (let line = message.firstOf(Header.CONTACT); line >= 0; line = message.nextOf(Header.CONTACT, line)) {
      let at = message.valueStart(line);
      while (at >= 0) {
        if (this.contactCount === MAX_CONTACTS || !readContact(bytes, at, message.valueEnd(line), contact)) {
          this.listIsWhole = false;
          return;
        }
        at = contact.value.next;
        if (contact.value.isStar) continue;
        if (this.contacts.length === this.contactCount) this.contacts.push(new ListedContact());
        this.contacts[this.contactCount]!.set(bytes, contact);
        if (!this.isCopy(this.contacts[this.contactCount]!)) this.contactCount++;
      }
    }
  }

  /**
   * A phone whose NAT gave it a new port stands twice in the registrar's table until the old entry expires,
   * under two tokens of ours; to the phone it is one contact, as long as the longer of the two.
   */
  private isCopy(contact: ListedContact): boolean {
    for (let i = 0; i < this.contactCount; i++) {
      const earlier = this.contacts[i]!;
      if (!contact.isCopyOf(earlier)) continue;
      earlier.expiresSec = Math.max(earlier.expiresSec, contact.expiresSec);
      return true;
    }
    return false;
  }

  /** Every challenge counts: each nonce issued is fresh, and one `stale=true` says it for all (RFC 8760 §2.4). */
  private readChallenges(message: Message, id: HeaderId): void {
    for (let line = message.firstOf(id); line >= 0; line = message.nextOf(id, line)) {
      if (this.nonceCount === MAX_CHALLENGES) return;
      this.takeChallenge(message.bytes, message.valueStart(line), message.valueEnd(line));
    }
  }

  private takeChallenge(bytes: Uint8Array, start: number, end: number): void {
    const { challenge } = this;
    if (!readChallenge(bytes, start, end, challenge)) return;
    if (challenge.isStale) this.staleness = 'stale';
    const { nonce } = challenge;
    if (nonce.start < nonce.end) this.takeNonce(bytes, nonce.start, nonce.end);
  }

  /** Two challenges of one response often share their nonce. */
  private takeNonce(bytes: Uint8Array, start: number, end: number): void {
    const { nonce } = this;
    this.nonceReader.read(bytes, start, end, nonce);
    for (let i = 0; i < this.nonceCount; i++) if (this.nonces[i]!.is(nonce)) return;
    this.nonces[this.nonceCount++]!.copyFrom(nonce);
  }
}

/** The leading number of a header: Retry-After may have a comment and parameters behind it (§20.33). */
function secondsOf(message: Message, id: HeaderId): number | undefined {
  const line = message.firstOf(id);
  if (line < 0) return undefined;
  const start = message.valueStart(line);
  let end = start;
  while (end < message.valueEnd(line) && message.bytes[end]! >= 0x30 && message.bytes[end]! <= 0x39) end++;
  const seconds = decimal(message.bytes, start, end);
  return seconds === NOT_A_NUMBER ? undefined : seconds;
}
