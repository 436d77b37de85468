import { Header } from '../sip/headers.ts';
import { Message } from '../sip/message.ts';
import { parse } from '../sip/parse.ts';
import type { HashKey } from '../sip/siphash.ts';
import type { AorName, AorReader } from './aor.ts';
import type { AorEntry } from './aor-entry.ts';
import type { Binding } from './binding.ts';
import type { Exchange } from './exchange.ts';
import { ExchangeKey } from './exchange-key.ts';
import type { Result } from './lists.ts';
import { ATTEMPT_KINDS } from './lists.ts';
import { RequestReader, ResponseReader } from './observe.ts';
import type { AbandonedChallenge } from './open-challenges.ts';
import type { Parts } from './parts.ts';
import { isPlainRefresh } from './refresh.ts';
import type { Role } from './ring-order.ts';
import { EARLY_HOLD_MS } from './ring-order.ts';
import type { Tapped } from './tapped.ts';
import type { Credentials, Proof } from './verdict.ts';
import { isAuthFailure, verdict } from './verdict.ts';

/** Pairs REGISTERs with their answers, judges each pair once, and hands the accepted ones to the ledger. */
export class Registrations {
  private readonly parts: Parts;
  private readonly to: AorReader;
  /** Of what comes unread. */
  private readonly own = new Message();
  private message = this.own;
  /** The transaction of what was read last. */
  readonly key: ExchangeKey;
  private readonly request: RequestReader;
  private readonly response: ResponseReader;

  constructor(parts: Parts, to: AorReader, hashKey: HashKey) {
    this.parts = parts;
    this.to = to;
    this.key = new ExchangeKey(hashKey);
    this.request = new RequestReader(hashKey);
    this.response = new ResponseReader(hashKey);
  }

  /** Reads a datagram; false where it is neither a REGISTER nor a final response to one. */
  read(tapped: Tapped): boolean {
    const { key, own } = this;
    const message = tapped.message ?? own;
    this.message = message;
    if (message === own && !parse(tapped.bytes, tapped.start, tapped.end, own)) return false;
    if (message.fault !== undefined) return false;
    if (tapped.transaction !== undefined) key.set(tapped.transaction);
    else if (!key.read(message)) return false;
    return message.isRequest ? message.method === 'REGISTER' : message.status >= 200;
  }

  /** What was read last is. */
  role(): Role {
    if (this.message.isRequest) return 'request';
    return this.parts.exchanges.find(this.key) === undefined ? 'early_response' : 'response';
  }

  /** Works on what was read last. */
  take(tapped: Tapped): void {
    if (this.message.isRequest) this.onRequest(tapped);
    else this.onResponse(tapped);
  }

  /** Forgets what is over. */
  advance(): void {
    const { exchanges, nonces, nowMs } = this.parts;
    exchanges.forgetSettled(nowMs);
    this.tellOverdue();
    nonces.forget(nowMs);
  }

  /** What is overdue by now is told before anything new is looked at. */
  private tellOverdue(): void {
    const { challenges, exchanges, implicitStales, knowledge, nowMs } = this.parts;
    for (let late = exchanges.overdue(nowMs); late !== undefined; late = exchanges.overdue(nowMs)) {
      exchanges.settle(late, 'timed_out', nowMs);
      // Its answer may be among the records that were lost.
      const mayBeLost = knowledge.hasLostSince(late.firstAtMs);
      this.tellResult(late, mayBeLost ? 'unclassified' : 'timeout', undefined, 'unproven');
    }
    challenges.advance(nowMs, this.onAbandoned);
    implicitStales.advance(nowMs, this.onUnresolved);
  }

  private readonly onAbandoned = (challenge: AbandonedChallenge): void => {
    const { counts, nowMs, suspicion } = this.parts;
    counts.challengesAbandoned++;
    suspicion.onAbandoned(challenge, nowMs);
  };

  private readonly onUnresolved = (aor: string): void => {
    const { counts, notices, nowMs } = this.parts;
    counts.implicitStaleUnresolved++;
    notices.tell('implicit_stale_unresolved', aor, 'no registration followed within 10 s', nowMs);
  };

  // --- requests

  private onRequest(tapped: Tapped): void {
    const { key } = this;
    const { counts, exchanges, ledger, nowMs, storm, suspicion } = this.parts;
    if (exchanges.find(key) !== undefined) {
      counts.retransmissions++;
      storm.onCopy(nowMs);
      return;
    }
    const { fingerprint } = this.request;
    fingerprint.readRequest(this.message);
    const repeated = ledger.repeatedBy(fingerprint);
    if (repeated === undefined && !this.readTo()) return;
    this.tellOverdue();
    const exchange = repeated === undefined ? this.openNew(tapped) : this.openRepeat(tapped, repeated);
    exchange.saidA = fingerprint.a;
    exchange.saidB = fingerprint.b;
    counts.attempts[ATTEMPT_KINDS.indexOf(exchange.kind)]!++;
    this.followChallenge(exchange);
    storm.onAttempt(exchange, nowMs);
    const entry = repeated?.owner ?? ledger.entryOf(exchange.aor);
    suspicion.onRequest(exchange, entry, nowMs);
    this.noteOldNumber(exchange, entry);
  }

  /** A request that has to be read. */
  private openNew(tapped: Tapped): Exchange {
    const { ledger } = this.parts;
    const exchange = this.open(tapped, this.to);
    ledger.readTextsOf(ledger.entryOf(exchange.aor));
    this.request.read(this.message, exchange, ledger.knownTexts);
    exchange.isPlain = !this.isOdd(exchange.aor);
    return exchange;
  }

  /** A request that says what the last one of this binding said. */
  private openRepeat(tapped: Tapped, binding: Binding): Exchange {
    const exchange = this.open(tapped, binding.owner);
    this.request.repeat(this.message, exchange, binding);
    exchange.isPlain = true;
    exchange.repeated = binding;
    return exchange;
  }

  private readTo(): boolean {
    const { message, to } = this;
    const line = message.firstOf(Header.TO);
    return line >= 0 && to.read(message.bytes, message.valueStart(line), message.valueEnd(line));
  }

  /** A new exchange under the key that was read. */
  private open(tapped: Tapped, aor: AorName): Exchange {
    const exchange = this.parts.exchanges.add(this.key, this.timeOf(tapped));
    exchange.setAor(aor);
    exchange.phone.copyFrom(tapped.phone);
    return exchange;
  }

  /** A record's own time, which may lie a moment before what was seen last of another ring. */
  private timeOf({ atMs }: Tapped): number {
    const { nowMs } = this.parts;
    return nowMs - atMs < EARLY_HOLD_MS ? atMs : nowMs;
  }

  /** Credentials answer the challenge whose nonce they carry, and belong to the handshake that it was part of. */
  private followChallenge(exchange: Exchange): void {
    const { nonces, nowMs } = this.parts;
    for (let i = 0; i < exchange.nonceCount; i++) {
      const startMs = nonces.answer(exchange.nonces[i]!, exchange, nowMs);
      if (startMs !== undefined) exchange.handshakeStartMs = Math.min(exchange.handshakeStartMs, startMs);
    }
  }

  /** Tells what is odd about the request that was read, if anything is. */
  private isOdd(aor: string): boolean {
    const { message } = this;
    const { invalidContact } = this.request;
    const { notices, nowMs } = this.parts;
    const from = message.firstOf(Header.FROM);
    const isThirdParty =
      from >= 0 && !this.to.namesTheSame(message.bytes, message.valueStart(from), message.valueEnd(from));
    if (isThirdParty) notices.tell('third_party', aor, 'From and To name different users', nowMs);
    if (invalidContact) notices.tell('invalid_contact', aor, 'a Contact header could not be read', nowMs);
    return isThirdParty || invalidContact;
  }

  private noteOldNumber(exchange: Exchange, entry: AorEntry | undefined): void {
    const { notices, nowMs } = this.parts;
    for (let known = entry?.first; known !== undefined; known = known.nextOfAor) {
      const isSameCall = known.callIdA === exchange.callIdA && known.callIdB === exchange.callIdB;
      if (!isSameCall || known.port === 0 || exchange.cseq > known.cseq) continue;
      notices.tell(
        'cseq_regress',
        exchange.aor,
        `CSeq ${exchange.cseq} after ${known.cseq} of the same Call-ID`,
        nowMs,
      );
      return;
    }
  }

  // --- responses

  private onResponse(tapped: Tapped): void {
    const { key } = this;
    this.tellOverdue();
    const exchange = this.parts.exchanges.find(key);
    if (exchange !== undefined) this.settle(exchange, tapped);
    else this.adopt(tapped);
  }

  /** A response without its request (it passed before our start, or its record was lost) stands for itself. */
  private adopt(tapped: Tapped): void {
    if (!this.readTo()) return;
    const exchange = this.open(tapped, this.to);
    exchange.hasRequest = false;
    exchange.kind = 'initial';
    exchange.userAgent = '';
    this.settle(exchange, tapped);
  }

  private settle(exchange: Exchange, tapped: Tapped): void {
    const { exchanges, nowMs } = this.parts;
    if (exchange.phase === 'over') {
      this.noteCopy(exchange, tapped);
      return;
    }
    // Told as timeout already: a late answer feeds the ledger and the nonces only.
    const isLate = exchange.phase === 'timed_out';
    exchanges.settle(exchange, 'answered', nowMs);
    if (this.message.status < 300) this.onGrant(exchange, tapped, isLate);
    else this.onRefusal(exchange, tapped, isLate);
    exchanges.close(exchange, nowMs);
  }

  // --- a 2xx

  private onGrant(exchange: Exchange, tapped: Tapped, isLate: boolean): void {
    const { counts, implicitStales, nonces } = this.parts;
    if (!isLate) this.tellGrant(exchange, this.timeOf(tapped));
    for (let i = 0; i < exchange.nonceCount; i++) nonces.accept(exchange.nonces[i]!, exchange);
    counts.implicitStaleRecovered += implicitStales.recover(exchange.aor);
    this.accept(exchange, tapped);
  }

  private tellGrant(exchange: Exchange, atMs: number): void {
    const { nowMs, report, suspicion } = this.parts;
    this.tellResult(exchange, 'ok', undefined, 'unproven');
    if (exchange.hasRequest) report.delay(exchange, 'ok', this.message.status, atMs);
    suspicion.onOk(exchange, 'unproven', nowMs);
  }

  private accept(exchange: Exchange, tapped: Tapped): void {
    const { domains, ledger, lists, nowMs } = this.parts;
    const { message, response } = this;
    const { isPlain, repeated } = exchange;
    if (isPlain) response.fingerprint.readGrant(message);
    if (repeated !== undefined && isPlainRefresh(repeated, exchange, response.fingerprint, nowMs)) {
      ledger.refreshAgain(repeated, exchange, nowMs);
      return;
    }
    response.read(message);
    const domain = domains.admit(exchange.host);
    ledger.accept(exchange, response, lists.of(tapped.registrar), domain, nowMs);
    this.parts.noteGrants();
  }

  // --- any other final response

  private onRefusal(exchange: Exchange, tapped: Tapped, isLate: boolean): void {
    const { response } = this;
    response.read(this.message);
    const credentials = this.credentialsOf(exchange);
    const result = verdict(response.status, credentials, response.staleness);
    if (!isLate) this.tellRefusal(exchange, result, credentials, this.timeOf(tapped));
    if (result === 'challenged' && !isLate) this.openChallenge(exchange);
    this.noteNonces(exchange, result, credentials);
  }

  private credentialsOf(exchange: Exchange): Credentials {
    if (!exchange.hasRequest) return 'unknown';
    let best: Credentials = 'none';
    for (let i = 0; i < exchange.nonceCount; i++) {
      const standing = this.parts.nonces.standing(exchange.nonces[i]!, exchange, exchange.firstAtMs);
      if (standing === 'fresh') return 'fresh';
      if (best !== 'rejected') best = standing;
    }
    return best;
  }

  private proofOf(exchange: Exchange): Proof {
    for (let i = 0; i < exchange.nonceCount; i++) {
      if (this.parts.nonces.isProven(exchange.nonces[i]!, exchange.phone)) return 'proven';
    }
    return 'unproven';
  }

  private tellRefusal(exchange: Exchange, result: Result, credentials: Credentials, atMs: number): void {
    const { implicitStales, ledger, nowMs, report, series, suspicion } = this.parts;
    const { response } = this;
    const { aor } = exchange;
    const proof = this.proofOf(exchange);
    this.tellResult(exchange, result, response, proof);
    if (exchange.hasRequest) report.delay(exchange, result, response.status, atMs);
    const isFailure = isAuthFailure(result, credentials);
    if (result === 'challenged' || isFailure) {
      series.add(isFailure ? 'auth_failures' : 'challenges', aor, ledger.isRegistered);
    }
    if (result === 'implicit_stale') implicitStales.add(aor, nowMs);
    suspicion.onRefusal(exchange, result, credentials, proof, nowMs);
  }

  private tellResult(
    exchange: Exchange,
    result: Result,
    response: ResponseReader | undefined,
    proof: Proof,
  ): void {
    this.parts.storm.onResult(result);
    this.parts.report.result(exchange, result, response, proof, this.parts.nowMs);
  }

  private openChallenge(exchange: Exchange): void {
    exchange.challenge = this.parts.challenges.add(exchange, this.parts.nowMs);
  }

  /** What this answer says of the nonces before it, and which ones it issues. */
  private noteNonces(exchange: Exchange, result: Result, credentials: Credentials): void {
    const { nonces, nowMs } = this.parts;
    const isRefusal = result === 'implicit_stale' || isAuthFailure(result, credentials);
    for (let i = 0; isRefusal && i < exchange.nonceCount; i++) {
      nonces.reject(exchange.nonces[i]!, exchange, nowMs);
    }
    // A failed attempt ends a handshake; what its challenge starts is the next one.
    if (result === 'auth_failure') exchange.handshakeStartMs = exchange.firstAtMs;
    this.issueNonces(exchange);
  }

  /** A registrar without a transaction layer challenges each copy anew, and the phone may answer any of the nonces. */
  private noteCopy(exchange: Exchange, tapped: Tapped): void {
    if (this.message.status !== 401 && this.message.status !== 407) return;
    if (!this.readTo()) return;
    exchange.setAor(this.to);
    exchange.phone.copyFrom(tapped.phone);
    this.response.read(this.message);
    this.issueNonces(exchange);
  }

  private issueNonces(exchange: Exchange): void {
    const { nonces, nowMs } = this.parts;
    const { response } = this;
    for (let i = 0; i < response.nonceCount; i++) nonces.issue(response.nonces[i]!, exchange, nowMs);
  }
}
