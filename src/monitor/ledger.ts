import { NOT_STATED } from '../sip/contact.ts';
import { AorEntry } from './aor-entry.ts';
import type { Binding } from './binding.ts';
import { EXPIRES_TOLERANCE_SEC } from './binding.ts';
import type { BindingHooks } from './bindings.ts';
import { Bindings } from './bindings.ts';
import { changeOf } from './changes.ts';
import type { ListedContact, OwnUri } from './contact-match.ts';
import type { DomainCounts } from './counts.ts';
import type { Exchange, RequestedContact } from './exchange.ts';
import { TIMEOUT_MS } from './exchange.ts';
import type { Fingerprint } from './fingerprint.ts';
import { grantOf, remainingOf } from './grants.ts';
import { Matching, takesBackFrom } from './matching.ts';
import type { ResponseReader } from './observe.ts';
import { goesOn, isOlder, refreshRatio } from './refresh.ts';
import type { RegistrarLists, RegistrarRecord } from './registrar-lists.ts';
import { isText } from './texts.ts';

const TOLERANCE_MS = EXPIRES_TOLERANCE_SEC * 1000;

/** What the ledger tells, and asks, of the monitor around it. */
export interface LedgerHooks extends BindingHooks {
  /** An own contact was granted: seconds, and the share of its last grant that had passed before (-1: no last one, or nobody knows). */
  granted(grantedSec: number, refreshRatio: number): void;
  /** True where a contact that we don't know may all the same not be new. */
  mayBeKnown(grantedSec: number): boolean;
  listsOwn(registrar: RegistrarRecord): void;
  /** An AOR was accepted and has bindings. */
  registered(entry: AorEntry): void;
}

/**
 * Who is registered where, as far as the registrar's 2xx have told (RFC 3261 §10.3): the request's own
 * contacts, whatever else is listed, and what a whole list leaves out.
 */
export class Ledger {
  private readonly bindings: Bindings;
  private readonly lists: RegistrarLists;
  private readonly hooks: LedgerHooks;
  private readonly matching = new Matching();
  private nowMs = 0;
  /** Binding that this 2xx has filled, the last one of several. */
  private filled: Binding | undefined = undefined;
  /** The 2xx lists the last contact of the request. */
  private isOwnListed = false;
  /** Entry whose texts `knownTexts` offers. */
  private readFor: AorEntry | undefined = undefined;

  constructor(maxAors: number, lists: RegistrarLists, hooks: LedgerHooks) {
    this.bindings = new Bindings(maxAors, hooks);
    this.lists = lists;
    this.hooks = hooks;
  }

  get aorsByContacts(): readonly [number, number, number, number] {
    return this.bindings.aorsByContacts;
  }

  get registeredCount(): number {
    return this.bindings.registeredCount;
  }

  get expectedLoadMicro(): number {
    return this.bindings.expectedLoadMicro;
  }

  entryOf(aor: string): AorEntry | undefined {
    return this.bindings.peek(aor);
  }

  readonly isRegistered = (aor: string): boolean => (this.bindings.peek(aor)?.liveCount ?? 0) > 0;

  *registeredAors(): Iterable<string> {
    for (const entry of this.bindings.all()) if (entry.liveCount > 0) yield entry.aor;
  }

  /** Makes `knownTexts` speak of this AOR. */
  readTextsOf(entry: AorEntry | undefined): void {
    this.readFor = entry;
  }

  /** The binding whose Contact is written with the same bytes: its strings can be used again. */
  readonly knownTexts = (uri: OwnUri): Binding | undefined => {
    for (let binding = this.readFor?.first; binding !== undefined; binding = binding.nextOfAor) {
      if (isText(uri.bytes, uri.start, uri.end, binding.uri)) return binding;
    }
    return undefined;
  };

  /** Tells `expired` for every binding whose grant and grace are over, and its excuse where it has one. */
  advance(nowMs: number): void {
    this.bindings.advance(nowMs);
  }

  /**
   * A 2xx to a REGISTER. `exchange` holds the request's facts, or only the AOR where the request was never
   * seen. `domain` is where a new AOR is counted.
   */
  accept(
    exchange: Exchange,
    response: ResponseReader,
    registrar: RegistrarRecord,
    domain: DomainCounts,
    nowMs: number,
  ): void {
    this.nowMs = nowMs;
    this.bindings.nowMs = nowMs;
    this.matching.begin();
    this.filled = undefined;
    const known = this.bindings.use(exchange.aor);
    if (known !== undefined) this.bindings.dropLapsed(known);
    if (exchange.removesAll) {
      if (known !== undefined) this.removeAll(known);
      return;
    }
    const entry = known ?? new AorEntry(exchange, domain);
    this.acceptOwnContacts(exchange, response, registrar, entry);
    this.acceptListed(exchange, response, registrar, entry);
    if (this.proves(response, registrar)) this.dropAbsent(entry, exchange, registrar);
    this.bindings.keep(entry);
    this.remember(exchange, response);
    if (entry.liveCount > 0) this.hooks.registered(entry);
  }

  // --- the plain refresh: request and 2xx say what the ones before said, in the same words

  /** The binding whose last accepted REGISTER had this fingerprint: what that one said, this one says. */
  repeatedBy({ a, b }: Fingerprint): Binding | undefined {
    return this.bindings.repeats.find(a, b);
  }

  /** One contact, registered and listed alone: then the same two messages, come again, do nothing but refresh it. */
  private remember(exchange: Exchange, { contactCount, fingerprint }: ResponseReader): void {
    const binding = this.filled;
    if (!exchange.isPlain || exchange.contactCount !== 1 || contactCount !== 1) return;
    if (binding === undefined || !this.isOwnListed || binding.port === 0) return;
    binding.heardA = fingerprint.a;
    binding.heardB = fingerprint.b;
    this.bindings.repeats.enter(binding, exchange.saidA, exchange.saidB);
  }

  /** What `accept` does with a plain refresh. */
  refreshAgain(binding: Binding, exchange: Exchange, nowMs: number): void {
    const { owner } = binding;
    this.nowMs = nowMs;
    this.bindings.nowMs = nowMs;
    owner.wasUsed = true;
    const ratio = this.refreshRatio(exchange, binding);
    binding.learned = false;
    this.confirm(binding, exchange, binding.grantedExpiresSec);
    this.hooks.granted(binding.grantedExpiresSec, ratio);
    this.hooks.changed('refreshed', binding);
    this.hooks.registered(owner);
  }

  /** Below 0 where a refresh in between may have come unseen. */
  private refreshRatio(exchange: Exchange, binding: Binding): number {
    return this.hooks.hasLostSince(binding.refreshedAtMs) ? -1 : refreshRatio(exchange, binding);
  }

  /** What this list leaves out is not there. */
  private proves(response: ResponseReader, registrar: RegistrarRecord): boolean {
    return response.listIsWhole && this.lists.absenceProves(registrar);
  }

  /** `*`: the request is trusted, whatever the 2xx lists (FreeSWITCH gives removed contacts back). */
  private removeAll(entry: AorEntry): void {
    let binding = entry.first;
    while (binding !== undefined) {
      const next: Binding | undefined = binding.nextOfAor;
      this.bindings.drop(binding, 'removed');
      binding = next;
    }
  }

  // --- the request's own contacts

  private acceptOwnContacts(
    exchange: Exchange,
    response: ResponseReader,
    registrar: RegistrarRecord,
    entry: AorEntry,
  ): void {
    this.matching.matchOwn(exchange, entry, this.proves(response, registrar) ? 'proof' : 'none');
    for (let i = 0; i < exchange.contactCount; i++) {
      const contact = exchange.contacts[i]!;
      const listed = this.matching.claimOwn(contact, exchange, response);
      this.isOwnListed = listed !== undefined;
      const grantedSec = grantOf(contact, listed, response);
      const binding = this.matching.own[i];
      if (binding !== undefined && isOlder(exchange, binding)) continue;
      if (contact.requestedExpiresSec === 0 || grantedSec === 0) {
        if (binding !== undefined) this.bindings.drop(binding, 'removed');
      } else if (binding === undefined) {
        this.add(entry, exchange, contact, grantedSec);
      } else if (binding.state === 'missing') {
        this.revive(binding, exchange, contact, grantedSec, response, registrar);
      } else {
        this.refresh(binding, exchange, contact, grantedSec);
      }
    }
  }

  private add(entry: AorEntry, exchange: Exchange, contact: RequestedContact, grantedSec: number): void {
    const binding = this.bindings.enter(entry);
    binding.learned = this.hooks.mayBeKnown(grantedSec);
    this.fill(binding, exchange, contact, grantedSec);
    this.hooks.granted(grantedSec, -1);
    this.hooks.changed(binding.learned ? 'learned' : 'added', binding);
  }

  private refresh(binding: Binding, exchange: Exchange, contact: RequestedContact, grantedSec: number): void {
    const change = changeOf(binding, exchange, contact, grantedSec);
    const ratio = binding.port === 0 ? -1 : this.refreshRatio(exchange, binding);
    binding.learned = false;
    this.fill(binding, exchange, contact, grantedSec);
    this.hooks.granted(grantedSec, ratio);
    this.hooks.changed(change, binding);
  }

  /**
   * A binding that a list left out is refreshed. With its Call-ID and a higher sequence number the phone
   * goes on as if nothing had happened: then the list was not the whole list, unless this one is. A phone that
   * changes its Call-ID gives a weaker sign, where this list leaves out another binding with time left.
   */
  private revive(
    binding: Binding,
    exchange: Exchange,
    contact: RequestedContact,
    grantedSec: number,
    response: ResponseReader,
    registrar: RegistrarRecord,
  ): void {
    const listsOwn = countUnclaimed(response) === 0;
    const wasAlive = listsOwn && goesOn(exchange, binding);
    const isLeftOut = listsOwn && !wasAlive && this.leavesOut(binding.owner);
    const isNews = wasAlive
      ? this.lists.noteMissed(registrar)
      : isLeftOut && this.lists.noteLeftOut(registrar);
    if (isNews) this.hooks.listsOwn(registrar);
    this.bindings.revive(binding);
    binding.learned = wasAlive || this.hooks.mayBeKnown(grantedSec);
    this.fill(binding, exchange, contact, grantedSec);
    this.hooks.granted(grantedSec, -1);
    this.hooks.changed(binding.learned ? 'learned' : 'added', binding);
  }

  /** A live binding of this AOR with time left is not among those of the request. */
  private leavesOut(entry: AorEntry): boolean {
    for (let other = entry.first; other !== undefined; other = other.nextOfAor) {
      const isLive = other.state === 'live' && !this.isOver(other);
      if (isLive && !this.matching.has(other)) return true;
    }
    return false;
  }

  private fill(binding: Binding, exchange: Exchange, contact: RequestedContact, grantedSec: number): void {
    this.bindings.repeats.remove(binding);
    this.filled = binding;
    binding.uri = contact.uri;
    binding.instance = contact.instance;
    binding.regId = contact.regId;
    binding.paramsHash = contact.paramsHash;
    binding.userAgent = exchange.userAgent;
    binding.cameFrom(exchange.phone);
    binding.callIdA = exchange.callIdA;
    binding.callIdB = exchange.callIdB;
    binding.requestedExpiresSec = contact.requestedExpiresSec;
    this.confirm(binding, exchange, grantedSec);
  }

  private confirm(binding: Binding, exchange: Exchange, grantedSec: number): void {
    binding.cseq = exchange.cseq;
    binding.refreshedAtMs = this.nowMs;
    binding.confirmedAtMs = this.nowMs;
    this.matching.mark(binding);
    const legs = exchange.handshakeStartMs < exchange.firstAtMs ? 2 : 1;
    this.bindings.grant(binding, grantedSec, legs);
  }

  // --- what else the 2xx lists, and what it does not

  private acceptListed(
    exchange: Exchange,
    response: ResponseReader,
    registrar: RegistrarRecord,
    entry: AorEntry,
  ): void {
    for (let i = 0; i < response.contactCount; i++) {
      const listed = response.contacts[i]!;
      if (listed.claimed) continue;
      listed.claimed = true;
      const binding = this.matching.matchListed(entry, exchange, response, listed);
      if (exchange.contactCount > 0 && listed.expiresSec !== 0) registrar.listsOthers = true;
      if (binding === undefined) this.learn(entry, listed, response);
      else this.adjust(binding, exchange, listed);
    }
  }

  /** A contact that nobody was seen registering: not news, only new to us. */
  private learn(entry: AorEntry, listed: ListedContact, response: ResponseReader): void {
    const grantedSec = remainingOf(listed, response);
    if (grantedSec === 0) return;
    const binding = this.bindings.enter(entry);
    binding.uri = listed.text;
    binding.instance = listed.instance;
    binding.regId = listed.regId;
    binding.learned = true;
    binding.refreshedAtMs = this.nowMs;
    binding.confirmedAtMs = this.nowMs;
    this.matching.mark(binding);
    this.bindings.grant(binding, grantedSec, 2);
    this.hooks.changed('learned', binding);
  }

  /** The list's word on a binding that we know: gone, back, or of another age than we thought. */
  private adjust(binding: Binding, exchange: Exchange, listed: ListedContact): void {
    if (binding.confirmedAtMs > exchange.firstAtMs) return;
    if (listed.expiresSec === 0) {
      // In its last second chan_pjsip lists a binding with 0, and behind it until it cleans up: nothing new.
      if (!this.isOver(binding)) this.bindings.drop(binding, 'removed');
      return;
    }
    if (binding.state === 'missing') {
      this.bindings.revive(binding);
      binding.learned = true;
      this.hooks.changed('learned', binding);
    }
    binding.confirmedAtMs = this.nowMs;
    if (listed.expiresSec === NOT_STATED) return;
    const expiresAtMs = this.nowMs + listed.expiresSec * 1000;
    if (Math.abs(expiresAtMs - binding.expiresAtMs) <= TOLERANCE_MS) return;
    this.bindings.correct(binding, expiresAtMs);
  }

  /**
   * Bindings that a whole list left out. Only those that the registrar had confirmed before the request was
   * sent: the answers to two requests may come in either order.
   */
  private dropAbsent(entry: AorEntry, exchange: Exchange, registrar: RegistrarRecord): void {
    const sentAtMs = exchange.hasRequest ? exchange.firstAtMs : this.nowMs - TIMEOUT_MS;
    let binding = entry.first;
    while (binding !== undefined) {
      const next: Binding | undefined = binding.nextOfAor;
      const isAbsent = !this.matching.has(binding) && binding.state === 'live';
      if (isAbsent && binding.confirmedAtMs < sentAtMs) this.dropMissing(binding, exchange, registrar);
      binding = next;
    }
  }

  /** Whether it lapsed or was taken out, its grant says: the list comes behind either by any time. */
  private dropMissing(binding: Binding, exchange: Exchange, registrar: RegistrarRecord): void {
    if (this.isOver(binding)) {
      this.bindings.drop(binding, 'expired');
      return;
    }
    // An answer to a query has no own contacts that it could keep to.
    const mayErr = exchange.contactCount > 0 && this.lists.mayErr(registrar);
    if (mayErr && !takesBackFrom(exchange, binding)) this.bindings.miss(binding);
    else this.bindings.drop(binding, 'removed');
  }

  /** Its grant is over by our account, which may be off by as much as registrars cut off. */
  private isOver({ expiresAtMs }: Binding): boolean {
    return expiresAtMs <= this.nowMs + TOLERANCE_MS;
  }
}

function countUnclaimed(response: ResponseReader): number {
  let count = 0;
  for (let i = 0; i < response.contactCount; i++) {
    const listed = response.contacts[i]!;
    if (!listed.claimed && listed.expiresSec !== 0) count++;
  }
  return count;
}
