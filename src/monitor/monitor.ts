import { endpointText } from '../sip/address.ts';
import { Header } from '../sip/headers.ts';
import { Message, parse } from '../sip/message.ts';
import { AorReader } from './aor.ts';
import type { Binding } from './binding.ts';
import type { BindingView } from './binding-view.ts';
import { MAX_CONTACT_LENGTH, MAX_INSTANCE_LENGTH } from './contact-match.ts';
import { MonitorCounts } from './counts.ts';
import { Domains } from './domains.ts';
import { EarlyResponses } from './early-responses.ts';
import { EventGate } from './event-gate.ts';
import type { Event } from './events.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeTable } from './exchange.ts';
import { ImplicitStales } from './implicit-stale.ts';
import { Knowledge } from './knowledge.ts';
import { Ledger } from './ledger.ts';
import type { Change, Pattern, Result, SeriesFamily, StormCause, Table } from './lists.ts';
import { ATTEMPT_KINDS, CHANGES, RESULTS, TABLES } from './lists.ts';
import { Challenge, Nonces, OpenChallenges } from './nonces.ts';
import { Notices } from './notices.ts';
import { ExchangeKey, MAX_USER_AGENT_LENGTH, RequestReader, ResponseReader } from './observe.ts';
import type { MonitorOptions } from './options.ts';
import { DEFAULT_MONITOR_OPTIONS } from './options.ts';
import type { RegistrarRecord } from './registrar-lists.ts';
import { RegistrarLists } from './registrar-lists.ts';
import { Series } from './series.ts';
import type { Tapped } from './tapped.ts';
import { printable } from './texts.ts';
import type { Credentials } from './verdict.ts';
import { isAuthFailure, verdict } from './verdict.ts';
import type { MonitorView } from './view.ts';

/** Timers are looked at no more often than this while datagrams come in; `advance` always looks. */
const TICK_MS = 100;
/** Implicit stales whose outcome may be open at a time. */
const MAX_PENDING = 65_536;

/**
 * What is learned from the REGISTER traffic: a pure function of the tapped datagrams and of the time that
 * comes with them. Give it every datagram in order (`observe`), and the time now and then (`advance`, at
 * least once a second, so that timeouts and expiries are told when nothing is tapped). Times are monotonic
 * milliseconds of one origin; one that lies before an earlier one counts as that earlier one.
 */
export class Monitor implements MonitorView {
  readonly counts = new MonitorCounts();
  private readonly options: MonitorOptions;
  private readonly gate: EventGate;
  private readonly notices: Notices;
  private readonly domains: Domains;
  private readonly knowledge = new Knowledge();
  private readonly lists: RegistrarLists;
  private readonly ledger: Ledger;
  private readonly exchanges: ExchangeTable;
  private readonly nonces: Nonces;
  private readonly challenges: OpenChallenges;
  private readonly implicitStales: ImplicitStales;
  private readonly early: EarlyResponses;
  private readonly perAor: Series;

  private readonly message = new Message();
  private readonly key = new ExchangeKey();
  private readonly to: AorReader;
  private readonly request = new RequestReader();
  private readonly response = new ResponseReader();
  private nowMs = Number.NEGATIVE_INFINITY;
  private tickMs = Number.NEGATIVE_INFINITY;
  private wasWarmingUp = true;
  private longestGrantSec = 0;

  constructor(options: Partial<MonitorOptions>, emit: (event: Event) => void) {
    this.options = { ...DEFAULT_MONITOR_OPTIONS, ...options };
    const { maxExchanges, maxAors, aorSeries, aorLabels, hashAor } = this.options;
    this.gate = new EventGate(emit, this.counts);
    this.notices = new Notices(this.gate);
    this.domains = new Domains(this.counts, this.options.configuredDomains, this.options.maxDomains);
    this.to = new AorReader(this.options.aorDomain);
    this.lists = new RegistrarLists(this.options.registrarLists);
    this.exchanges = new ExchangeTable(maxExchanges, () => this.countEviction('exchanges'));
    this.nonces = new Nonces(maxExchanges, () => this.countEviction('nonces'));
    this.challenges = new OpenChallenges(maxExchanges, () => this.countEviction('nonces'));
    this.implicitStales = new ImplicitStales(MAX_PENDING, () => this.countEviction('pending'));
    this.early = new EarlyResponses((tapped) => this.onOrphan(tapped));
    const budget = aorLabels === 'none' ? 0 : aorSeries;
    this.perAor = new Series(budget, aorLabels === 'hash' ? hashAor : (aor) => aor);
    this.ledger = new Ledger(maxAors, this.lists, {
      changed: (change, binding, atMs) => this.onChange(change, binding, atMs),
      granted: (grantedSec, ratio) => this.onGrant(grantedSec, ratio),
      mayBeKnown: (grantedSec) => this.knowledge.mayBeKnown(grantedSec, this.nowMs),
      evicted: () => this.onAorEviction(),
      listsOwn: (registrar) => this.onListsOwn(registrar),
    });
  }

  /** Takes one datagram; keeps nothing of `tapped` beyond the call. Never throws, whatever the bytes are. */
  observe(tapped: Tapped): void {
    this.passTime(tapped.atMs);
    const { message, key } = this;
    if (!parse(tapped.bytes, tapped.start, tapped.end, message)) return;
    if (message.fault !== undefined || !key.read(message)) return;
    if (message.isRequest) {
      if (message.method === 'REGISTER') this.onRequest(tapped);
    } else if (message.status >= 200) {
      this.onResponse(tapped);
    }
  }

  /** Lets time pass: timeouts, expiries, windows that end. Steps of any size are fine. */
  advance(nowMs: number): void {
    this.nowMs = Math.max(this.nowMs, nowMs);
    this.knowledge.start(this.nowMs);
    this.tick();
  }

  /** `records` tapped datagrams never reached us: for a while absence proves nothing. */
  noteTapLoss(records: number, nowMs: number): void {
    this.passTime(nowMs);
    if (records <= 0) return;
    this.knowledge.noteLoss(this.nowMs);
    this.challenges.giveUp();
    this.implicitStales.giveUp();
    this.notices.tell('tap_loss', '', `${records} records were lost`, this.nowMs);
  }

  // --- time

  private passTime(atMs: number): void {
    if (atMs > this.nowMs) this.nowMs = atMs;
    if (this.nowMs >= this.tickMs) this.advance(this.nowMs);
  }

  private tick(): void {
    const { nowMs } = this;
    this.tickMs = nowMs + TICK_MS;
    this.early.advance(nowMs);
    this.exchanges.forgetSettled(nowMs);
    this.tellOverdue();
    this.nonces.forget(nowMs);
    this.ledger.advance(nowMs);
    const isWarmingUp = this.knowledge.isWarmingUp(nowMs);
    if (this.wasWarmingUp && !isWarmingUp) this.notices.tell('warming_up_over', '', '', nowMs);
    this.wasWarmingUp = isWarmingUp;
  }

  /** What is overdue by now is told before anything new is looked at. */
  private tellOverdue(): void {
    const { nowMs } = this;
    for (let late = this.exchanges.overdue(nowMs); late !== undefined; late = this.exchanges.overdue(nowMs)) {
      this.exchanges.settle(late, 'timed_out', nowMs);
      // Its answer may be among the records that were lost.
      this.tellResult(
        late,
        this.knowledge.hasLostSince(late.firstAtMs) ? 'unclassified' : 'timeout',
        0,
        false,
      );
    }
    this.counts.challengesAbandoned += this.challenges.abandoned(nowMs);
    this.implicitStales.advance(nowMs, this.onUnresolved);
  }

  private readonly onUnresolved = (aor: string): void => {
    this.counts.implicitStaleUnresolved++;
    this.notices.tell('implicit_stale_unresolved', aor, 'no registration followed within 10 s', this.nowMs);
  };

  // --- requests

  private onRequest(tapped: Tapped): void {
    const { key, message, to } = this;
    if (this.exchanges.find(key.bytes, key.length, key.hash) !== undefined) {
      this.counts.retransmissions++;
      return;
    }
    const toLine = message.firstOf(Header.TO);
    if (toLine < 0 || !to.read(message.bytes, message.valueStart(toLine), message.valueEnd(toLine))) return;
    this.tellOverdue();
    const exchange = this.exchanges.add(key.bytes, key.length, key.hash, this.nowMs);
    exchange.aor = to.aor;
    exchange.host = to.host;
    exchange.cseq = key.cseq;
    exchange.phone.copyFrom(tapped.phone);
    this.ledger.readTextsOf(this.ledger.entryOf(exchange.aor));
    this.request.read(message, exchange, this.ledger.knownTexts);
    this.counts.attempts[ATTEMPT_KINDS.indexOf(exchange.kind)]!++;
    this.followChallenge(exchange);
    this.noteOddities(exchange);
    if (this.early.isEmpty) return;
    const response = this.early.take(key.bytes, key.length);
    if (response !== undefined) this.observe(response);
  }

  /** Credentials answer the challenge whose nonce they carry, and belong to the handshake that it was part of. */
  private followChallenge(exchange: Exchange): void {
    for (const nonce of exchange.nonces) {
      const startMs = this.nonces.answer(nonce, exchange.aor);
      if (startMs !== undefined) exchange.handshakeStartMs = Math.min(exchange.handshakeStartMs, startMs);
    }
  }

  private noteOddities(exchange: Exchange): void {
    const { message } = this;
    const { aor } = exchange;
    const from = message.firstOf(Header.FROM);
    if (from >= 0 && !this.to.names(message.bytes, message.valueStart(from), message.valueEnd(from), aor)) {
      this.notices.tell('third_party', aor, 'From and To name different users', this.nowMs);
    }
    if (this.request.invalidContact) {
      this.notices.tell('invalid_contact', aor, 'a Contact header could not be read', this.nowMs);
    }
    for (let known = this.ledger.entryOf(aor)?.first; known !== undefined; known = known.nextOfAor) {
      const isSameCall = known.callIdA === exchange.callIdA && known.callIdB === exchange.callIdB;
      if (!isSameCall || known.port === 0 || exchange.cseq > known.cseq) continue;
      const detail = `CSeq ${exchange.cseq} after ${known.cseq} of the same Call-ID`;
      this.notices.tell('cseq_regress', aor, detail, this.nowMs);
      return;
    }
  }

  // --- responses

  private onResponse(tapped: Tapped): void {
    const { key } = this;
    this.tellOverdue();
    const exchange = this.exchanges.find(key.bytes, key.length, key.hash);
    if (exchange !== undefined) this.settle(exchange, tapped);
    else if (!this.early.hold(tapped, key.bytes, key.length)) this.adopt(tapped);
  }

  /** A held response whose request did not come. */
  private onOrphan(tapped: Tapped): void {
    if (!parse(tapped.bytes, tapped.start, tapped.end, this.message) || !this.key.read(this.message)) return;
    const { key } = this;
    if (this.exchanges.find(key.bytes, key.length, key.hash) === undefined) this.adopt(tapped);
  }

  /** A response without its request (it passed before our start, or its record was lost) stands for itself. */
  private adopt(tapped: Tapped): void {
    const { key, message, to } = this;
    const toLine = message.firstOf(Header.TO);
    if (toLine < 0 || !to.read(message.bytes, message.valueStart(toLine), message.valueEnd(toLine))) return;
    const exchange = this.exchanges.add(key.bytes, key.length, key.hash, this.nowMs);
    exchange.hasRequest = false;
    exchange.aor = to.aor;
    exchange.host = to.host;
    exchange.kind = 'initial';
    exchange.cseq = key.cseq;
    exchange.userAgent = '';
    exchange.phone.copyFrom(tapped.phone);
    this.settle(exchange, tapped);
  }

  private settle(exchange: Exchange, tapped: Tapped): void {
    if (exchange.phase === 'answered') {
      this.noteCopy(exchange);
      return;
    }
    const isLate = exchange.phase === 'timed_out';
    this.exchanges.settle(exchange, 'answered', this.nowMs);
    const { response } = this;
    response.read(this.message);
    const credentials = this.credentialsOf(exchange);
    const result = verdict(response.status, credentials, response.staleness);
    const isProven = this.isSourceProven(exchange);
    // Told as timeout already: a late answer feeds the ledger and the nonces only.
    if (!isLate) this.tellAnswer(exchange, result, credentials, isProven);
    this.noteNonces(exchange, result, credentials, isLate);
    if (result === 'ok') this.onOk(exchange, tapped);
  }

  private credentialsOf(exchange: Exchange): Credentials {
    if (!exchange.hasRequest) return 'unknown';
    let best: Credentials = 'none';
    for (const nonce of exchange.nonces) {
      const standing = this.nonces.standing(nonce, exchange.aor, exchange.firstAtMs);
      if (standing === 'fresh') return 'fresh';
      if (best !== 'rejected') best = standing;
    }
    return best;
  }

  private isSourceProven(exchange: Exchange): boolean {
    for (const nonce of exchange.nonces) if (this.nonces.isProven(nonce, exchange.phone)) return true;
    return false;
  }

  private tellAnswer(exchange: Exchange, result: Result, credentials: Credentials, isProven: boolean): void {
    const { aor } = exchange;
    if (result === 'ok') this.domains.admit(exchange.host);
    this.tellResult(exchange, result, this.response.status, isProven);
    if (exchange.hasRequest) this.tellDelay(exchange, result);
    if (result === 'challenged') this.perAor.add('challenges', aor, this.ledger.isRegistered(aor));
    if (isAuthFailure(result, credentials)) {
      this.perAor.add('auth_failures', aor, this.ledger.isRegistered(aor));
    }
    if (result === 'implicit_stale') this.implicitStales.add(aor, this.nowMs);
  }

  private tellResult(exchange: Exchange, result: Result, status: number, isProven: boolean): void {
    this.domains.of(exchange.host).results[RESULTS.indexOf(result)]!++;
    if (result === 'ok' || result === 'challenged' || !this.gate.isOpen(this.nowMs)) return;
    const { retryAfterSec, minExpiresSec } = this.response;
    this.gate.tell({
      kind: 'registration',
      atMs: this.nowMs,
      aor: exchange.aor,
      source: endpointText(exchange.phone),
      userAgent: printable(exchange.userAgent, MAX_USER_AGENT_LENGTH),
      result,
      attempt: exchange.kind,
      status,
      sourceProven: isProven,
      ...(status !== 0 && retryAfterSec !== undefined && { retryAfterSec }),
      ...(status !== 0 && minExpiresSec !== undefined && { minExpiresSec }),
    });
  }

  /** RFC 6076 §4.1: the registration delay is that of the leg that ends in success. */
  private tellDelay(exchange: Exchange, result: Result): void {
    const seconds = (this.nowMs - exchange.firstAtMs) / 1000;
    if (this.response.status === 401 || this.response.status === 407) {
      this.counts.challengeSeconds.observe(seconds);
    } else if (result === 'ok') {
      this.counts.finalSeconds.observe(seconds);
      this.counts.handshakeSeconds.observe((this.nowMs - exchange.handshakeStartMs) / 1000);
    }
  }

  /** What this answer says of the nonce before it, and of the ones that it issues. */
  private noteNonces(exchange: Exchange, result: Result, credentials: Credentials, isLate: boolean): void {
    const { aor, nonces } = exchange;
    const isRefusal = result === 'implicit_stale' || isAuthFailure(result, credentials);
    for (const nonce of nonces) {
      if (result === 'ok') this.nonces.accept(nonce, aor);
      else if (isRefusal) this.nonces.reject(nonce, aor, this.nowMs);
    }
    if (this.response.nonces.length === 0) return;
    // A failed attempt ends a handshake; what its challenge starts is the next one.
    const startMs = result === 'auth_failure' ? exchange.firstAtMs : exchange.handshakeStartMs;
    if (result === 'challenged' && !isLate) {
      exchange.challenge = new Challenge(this.nowMs, startMs);
      this.challenges.add(exchange.challenge);
    }
    this.issueNonces(exchange, startMs);
  }

  /** A registrar without a transaction layer challenges each copy anew, and the phone may answer any of the nonces. */
  private noteCopy(exchange: Exchange): void {
    if (this.message.status !== 401 && this.message.status !== 407) return;
    this.response.read(this.message);
    this.issueNonces(exchange, exchange.handshakeStartMs);
  }

  private issueNonces(exchange: Exchange, handshakeStartMs: number): void {
    const { aor, phone, challenge } = exchange;
    for (const nonce of this.response.nonces) {
      this.nonces.issue(nonce, aor, phone, challenge, handshakeStartMs, this.nowMs);
    }
  }

  private onOk(exchange: Exchange, tapped: Tapped): void {
    this.counts.implicitStaleRecovered += this.implicitStales.recover(exchange.aor);
    const domain = this.domains.admit(exchange.host);
    const registrar = this.lists.of(tapped.registrar);
    this.perAor.promote(exchange.aor);
    this.ledger.accept(exchange, this.response, registrar, domain, this.nowMs);
    // Not before all contacts of this answer are judged by what was known when it came.
    this.knowledge.noteGrant(this.longestGrantSec);
  }

  // --- what the ledger tells

  private onChange(change: Change, binding: Binding, atMs: number): void {
    const { aor, domain } = binding.owner;
    domain.changes[CHANGES.indexOf(change)]!++;
    if (change === 'refreshed') return;
    this.perAor.add('binding_changes', aor, true);
    if (!this.gate.isOpen(atMs)) return;
    this.gate.tell({
      kind: 'binding',
      atMs,
      aor,
      source: sourceText(binding),
      userAgent: printable(binding.userAgent, MAX_USER_AGENT_LENGTH),
      change,
      contact: printable(binding.uri, MAX_CONTACT_LENGTH),
      grantedExpiresSec: binding.grantedExpiresSec,
    });
  }

  private onGrant(grantedSec: number, refreshRatio: number): void {
    this.longestGrantSec = Math.max(this.longestGrantSec, grantedSec);
    this.counts.grantedExpiresSeconds.observe(grantedSec);
    if (refreshRatio >= 0) this.counts.refreshRatio.observe(refreshRatio);
  }

  private onAorEviction(): void {
    this.countEviction('aors');
    this.knowledge.noteEviction(this.nowMs);
  }

  private onListsOwn(registrar: RegistrarRecord): void {
    const detail = `${endpointText(registrar.address)} lists only the contacts of the request`;
    this.notices.tell('registrar_lists_own', '', detail, this.nowMs);
  }

  private countEviction(table: Table): void {
    this.counts.evictions[TABLES.indexOf(table)]!++;
  }

  // --- the view

  get inFlight(): number {
    return this.exchanges.inFlightCount;
  }

  get warmingUp(): boolean {
    return this.knowledge.isWarmingUp(this.nowMs);
  }

  get aorsByContacts(): readonly [number, number, number, number] {
    return this.ledger.aorsByContacts;
  }

  series(family: SeriesFamily): Iterable<readonly [aor: string, count: number]> {
    return this.perAor.countersOf(family);
  }

  seriesBudget(_family: SeriesFamily): number {
    return this.perAor.budget;
  }

  seriesUsed(family: SeriesFamily): number {
    return this.perAor.usedOf(family);
  }

  seriesEvictions(family: SeriesFamily): number {
    return this.perAor.evictionsOf(family);
  }

  registered(): Iterable<readonly [aor: string, registered: 0 | 1]> {
    return [];
  }

  suspiciousNow(_pattern: Pattern): number {
    return 0;
  }

  get storm(): StormCause | undefined {
    return undefined;
  }

  get stormRecoveredRatio(): number {
    return 1;
  }

  /** The live bindings of an AOR (canonical, `24001@iptlab.com`); empty where there are none. */
  bindingsOf(aor: string): readonly BindingView[] {
    const views: BindingView[] = [];
    for (let binding = this.ledger.entryOf(aor)?.first; binding !== undefined; binding = binding.nextOfAor) {
      if (binding.state === 'live') views.push(viewOf(binding));
    }
    return views;
  }

  /** Every AOR with at least one live binding. */
  aors(): Iterable<string> {
    return this.ledger.registeredAors();
  }
}

function sourceText(binding: Binding): string {
  return binding.port === 0 ? '' : endpointText(binding.source);
}

function viewOf(binding: Binding): BindingView {
  return {
    contact: printable(binding.uri, MAX_CONTACT_LENGTH),
    source: sourceText(binding),
    userAgent: printable(binding.userAgent, MAX_USER_AGENT_LENGTH),
    instance: printable(binding.instance, MAX_INSTANCE_LENGTH),
    regId: binding.regId,
    grantedExpiresSec: binding.grantedExpiresSec,
    refreshedAtMs: binding.refreshedAtMs,
    expiresAtMs: binding.expiresAtMs,
    learned: binding.learned,
  };
}
