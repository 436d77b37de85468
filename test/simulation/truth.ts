import type { Result } from '../../src/monitor/lists.ts';
import { ATTEMPT_KINDS, RESULTS } from '../../src/monitor/lists.ts';
import { EARLY_HOLD_MS } from '../../src/monitor/ring-order.ts';
import type { Address } from './address.ts';
import type { CredentialFacts, ReplyFacts, TransactionFacts } from './facts.ts';
import type { LedgerRules, Measured } from './truth-ledger.ts';
import { TrueLedger } from './truth-ledger.ts';

/** RFC 3261's Timer F, which is also how long a challenge waits for its answer. */
export const TIMEOUT_MS = 32_000;
export const ABANDONED_MS = 32_000;
/** A nonce is fresh for this long after its challenge was seen. */
const FRESH_MS = 30_000;
/** A response may overtake its request between two rings; a copy of the request that comes within this time looks the same. */
const EARLY_MS = EARLY_HOLD_MS;
/** How late a timeout may be told. */
const GRAIN_MS = 1100;
/** Warming up ends at the latest after this. */
const MAX_WARM_UP_MS = 3_600_000;

interface TrueExchange {
  readonly transaction: TransactionFacts;
  readonly source: Address;
  readonly firstAtMs: number;
  result: Result | undefined;
  /** Timed out, and no final since. */
  isLate: boolean;
  readonly handshakeStartMs: number;
  /** Its nonce was fresh when its response passed, which came first; undefined where the request did. */
  readonly wasFresh: boolean | undefined;
}

type HandshakeFacts = Pick<TrueExchange, 'result' | 'firstAtMs' | 'handshakeStartMs'>;

/** A response without its request, as yet. */
interface Early {
  readonly transaction: TransactionFacts;
  readonly reply: ReplyFacts;
  readonly source: Address;
  readonly atMs: number;
  /** What is known of the request's nonce before this response issues any. */
  readonly handshakeStartMs: number;
  readonly wasFresh: boolean;
  /** Its challenge is. */
  isAnswered: boolean;
}

/** Where what really was the matter and what the wire lets anybody say differ: told, not hidden. */
export interface BlindSpots {
  /** A wrong password on a nonce that nobody could know to be fresh: told as implicit_stale. */
  wrongPasswordAsStale: number;
  /** The right password on a nonce that the registrar had forgotten, and that looked fresh or was turned down before: told as auth_failure. */
  staleAsFailure: number;
}

/**
 * What a perfect observer of the tap would have counted, made from the model's facts as they pass the tap. It knows
 * each transaction by its identity, each binding by its phone's contact, each nonce by where it came from.
 */
export class Truth {
  readonly attempts = zeroes(ATTEMPT_KINDS);
  readonly results = zeroes(RESULTS);
  readonly authFailuresOfAor = new Map<string, number>();
  readonly challengesOfAor = new Map<string, number>();
  readonly blindSpots: BlindSpots = { wrongPasswordAsStale: 0, staleAsFailure: 0 };
  readonly challengeSeconds: Measured = { count: 0, sum: 0 };
  readonly finalSeconds: Measured = { count: 0, sum: 0 };
  readonly handshakeSeconds: Measured = { count: 0, sum: 0 };
  /** Handshakes answered so late that they may be told as one or as two: by as much the sum may be off. */
  handshakeSlackSec = 0;
  retransmissions = 0;
  abandoned = 0;
  /** So many challenges can't be told apart by their nonce: by as much `abandoned` may be off. */
  abandonedSlack = 0;
  inFlight = 0;
  readonly ledger: TrueLedger;
  /** AORs with a 200 whose request nobody saw: what an observer makes of it is its own affair. */
  readonly murky = new Set<string>();
  private readonly startMs: number;
  private readonly exchanges = new Map<number, TrueExchange>();
  private readonly waiting = new Set<TrueExchange>();
  private readonly early = new Map<number, Early>();
  /** Challenged transactions that nobody has answered yet, and until when they wait. */
  private readonly challenges = new Map<number, number>();
  private readonly challengedWith = new Map<string, number>();
  private readonly issuedAtMs = new Map<string, number>();
  /** Nonces by the transaction that was challenged with them. */
  private readonly issuedIn = new Set<string>();
  private readonly usedOk = new Set<string>();
  private readonly rejected = new Set<string>();
  private longestGrantSec = 0;

  constructor(startMs: number, rules: LedgerRules) {
    this.startMs = startMs;
    this.ledger = new TrueLedger(rules);
  }

  request(transaction: TransactionFacts, source: Address, atMs: number): void {
    this.advance(atMs);
    const known = this.exchanges.get(transaction.id);
    if (known !== undefined) {
      this.retransmissions++;
      return;
    }
    // What was answered before it came is a copy of one that passed unseen.
    const early = this.early.get(transaction.id);
    const firstAtMs = early?.atMs ?? atMs;
    const handshakeStartMs = early?.handshakeStartMs ?? this.handshakeStart(transaction, atMs);
    const exchange = {
      transaction,
      source,
      firstAtMs,
      result: undefined,
      isLate: false,
      handshakeStartMs,
      wasFresh: early?.wasFresh,
    };
    this.exchanges.set(transaction.id, exchange);
    this.waiting.add(exchange);
    this.inFlight++;
    this.attempts[transaction.attempt]++;
    if (transaction.credentials !== undefined) this.answer(transaction.credentials, transaction.aor);
    if (early === undefined) return;
    this.early.delete(transaction.id);
    this.response(transaction, early.reply, source, early.atMs);
    if (early.isAnswered) this.challenges.delete(transaction.id);
  }

  response(transaction: TransactionFacts, reply: ReplyFacts, source: Address, atMs: number): void {
    this.advance(atMs);
    if (reply.status < 200) return;
    const exchange = this.exchanges.get(transaction.id);
    if (exchange === undefined) {
      if (!this.early.has(transaction.id)) {
        const handshakeStartMs = this.handshakeStart(transaction, atMs);
        const wasFresh = this.isFresh(transaction, atMs);
        const early = { transaction, reply, source, atMs, handshakeStartMs, wasFresh, isAnswered: false };
        this.early.set(transaction.id, early);
      }
      for (const nonce of reply.nonces) this.issue(nonce, transaction, atMs);
      return;
    } else if (exchange.result === undefined) {
      const result = this.resultOf(exchange, reply);
      this.settle(exchange, result);
      this.measure(exchange, reply, atMs);
      if (result === 'challenged') {
        this.challenges.set(transaction.id, atMs + ABANDONED_MS);
      }
      this.accept(exchange, reply, atMs);
    } else if (exchange.isLate) {
      // A final that came too late to count still says which bindings there are, and which nonces were turned down.
      exchange.isLate = false;
      this.resultOf(exchange, reply);
      this.accept(exchange, reply, atMs);
    }
    // Without a transaction layer each copy of a request is challenged anew, and the phone may get any of the nonces.
    for (const nonce of reply.nonces) {
      this.issue(nonce, transaction, atMs);
      this.noteShared(nonce, transaction);
    }
  }

  /**
   * A nonce that was seen being issued answers its challenge. Where a first copy was challenged before this observer
   * started, and a later one under its eyes with another nonce, the phone may answer the unseen one: nothing on the
   * wire then joins that answer to the challenge that was seen.
   */
  private answer({ nonce, challengedIn }: CredentialFacts, aor: string): void {
    if (this.issuedIn.has(challengeOf(nonce, challengedIn))) {
      this.challenges.delete(challengedIn);
      const early = this.early.get(challengedIn);
      if (early !== undefined) early.isAnswered = true;
    } else if (this.challengedWith.has(nonceOf(nonce, aor))) this.abandonedSlack++;
  }

  /** Two phones of one AOR with one nonce: which of them answers, nobody can tell by the nonce. */
  private noteShared(nonce: string, { aor, id }: TransactionFacts): void {
    const key = nonceOf(nonce, aor);
    const first = this.challengedWith.get(key);
    if (first === undefined) this.challengedWith.set(key, id);
    else if (first !== id) this.abandonedSlack++;
  }

  /**
   * The request passed before this observer started: neither kind nor contacts of it are known. A challenge then
   * may mean anything; every other status speaks for itself.
   */
  private takeOrphan({ transaction, reply, source, atMs }: Early): void {
    const { status } = reply;
    const result = status === 401 || status === 407 ? 'unclassified' : resultOfStatus(status);
    this.exchanges.set(transaction.id, {
      transaction,
      source,
      firstAtMs: atMs,
      result,
      isLate: false,
      handshakeStartMs: atMs,
      wasFresh: undefined,
    });
    this.results[result]++;
    if (result === 'ok') this.murky.add(transaction.aor);
  }

  /** Lets time pass: timeouts, unanswered challenges, expiries. */
  advance(nowMs: number): void {
    for (const exchange of this.waiting) {
      if (exchange.firstAtMs + TIMEOUT_MS <= nowMs) {
        this.settle(exchange, 'timeout');
        exchange.isLate = true;
      }
    }
    for (const [id, early] of this.early) {
      if (early.atMs + EARLY_MS > nowMs) continue;
      this.early.delete(id);
      this.takeOrphan(early);
    }
    for (const [id, endsAtMs] of this.challenges) {
      if (endsAtMs > nowMs) continue;
      this.abandoned++;
      this.challenges.delete(id);
    }
    this.ledger.advance(nowMs);
  }

  isWarmingUp(nowMs: number): boolean {
    const grantMs = this.longestGrantSec > 0 ? this.longestGrantSec * 1000 : MAX_WARM_UP_MS;
    return nowMs < this.startMs + Math.min(grantMs, MAX_WARM_UP_MS);
  }

  /** Nothing ever passed whose meaning for the ledger is open. */
  get isClear(): boolean {
    return this.murky.size === 0;
  }

  /** True where a deadline is so near that the grain of somebody's clock decides on which side of it we are. */
  isUndecidedAt(nowMs: number): boolean {
    if (this.early.size > 0) return true;
    const isNear = (atMs: number, slackMs: number): boolean => Math.abs(atMs - nowMs) < slackMs;
    for (const { firstAtMs } of this.waiting) if (isNear(firstAtMs + TIMEOUT_MS, GRAIN_MS)) return true;
    for (const endsAtMs of this.challenges.values()) if (isNear(endsAtMs, GRAIN_MS)) return true;
    return this.ledger.isUndecidedAt(nowMs);
  }

  private settle(exchange: TrueExchange, result: Result): void {
    exchange.result = result;
    this.waiting.delete(exchange);
    this.inFlight--;
    this.results[result]++;
    const { aor, credentials } = exchange.transaction;
    if (result === 'challenged') bump(this.challengesOfAor, aor);
    const isFailure = result === 'auth_failure' || (result === 'forbidden' && credentials !== undefined);
    if (isFailure) bump(this.authFailuresOfAor, aor);
  }

  private issue(nonce: string, { aor, id }: TransactionFacts, atMs: number): void {
    this.issuedAtMs.set(nonce, atMs);
    this.issuedIn.add(challengeOf(nonce, id));
    this.usedOk.delete(nonceOf(nonce, aor));
  }

  private measure({ firstAtMs, handshakeStartMs }: TrueExchange, { status }: ReplyFacts, atMs: number): void {
    if (status === 401 || status === 407) take(this.challengeSeconds, (atMs - firstAtMs) / 1000);
    if (status !== 200) return;
    take(this.finalSeconds, (atMs - firstAtMs) / 1000);
    take(this.handshakeSeconds, (atMs - handshakeStartMs) / 1000);
  }

  /**
   * A phone that answers a challenge goes on with the handshake that was challenged; one that uses a nonce again, or
   * after so long that the challenge was abandoned, begins a new one. A failed attempt ends its handshake.
   */
  private handshakeStart({ credentials, aor }: TransactionFacts, atMs: number): number {
    const challenged = credentials === undefined ? undefined : this.challengedBy(credentials);
    if (credentials === undefined || challenged === undefined) return atMs;
    if (!this.issuedIn.has(challengeOf(credentials.nonce, credentials.challengedIn))) return atMs;
    const key = nonceOf(credentials.nonce, aor);
    if (this.usedOk.has(key) || this.rejected.has(key)) return atMs;
    const startMs = challenged.result === 'auth_failure' ? challenged.firstAtMs : challenged.handshakeStartMs;
    const ageMs = atMs - (this.issuedAtMs.get(credentials.nonce) ?? Number.NEGATIVE_INFINITY);
    if (ageMs <= FRESH_MS) return startMs;
    this.handshakeSlackSec += (atMs - startMs) / 1000;
    return atMs;
  }

  /** The exchange whose challenge is answered; of one whose request nobody saw, the challenge is the beginning. */
  private challengedBy({ challengedIn }: CredentialFacts): HandshakeFacts | undefined {
    const early = this.early.get(challengedIn);
    if (early === undefined) return this.exchanges.get(challengedIn);
    return { result: undefined, firstAtMs: early.atMs, handshakeStartMs: early.atMs };
  }

  private accept(exchange: TrueExchange, reply: ReplyFacts, atMs: number): void {
    if (reply.status !== 200) return;
    const { transaction, source, firstAtMs, handshakeStartMs } = exchange;
    const { credentials, aor } = transaction;
    if (credentials !== undefined) this.usedOk.add(nonceOf(credentials.nonce, aor));
    const own = this.isWarmingUp(atMs) ? 'learned' : 'added';
    this.ledger.accepted({ transaction, reply, source, askedAtMs: firstAtMs, atMs, handshakeStartMs }, own);
    for (const { contactId, toldSec } of reply.listed) {
      const isOwn = transaction.contacts.some(
        (contact) => contact.contactId === contactId && !contact.isRemoval,
      );
      if (isOwn) this.longestGrantSec = Math.max(this.longestGrantSec, toldSec);
    }
  }

  /** What the truth table makes of a first final response. */
  private resultOf(exchange: TrueExchange, reply: ReplyFacts): Result {
    const { credentials, aor } = exchange.transaction;
    const { status } = reply;
    if (status === 401 || status === 407) {
      if (credentials === undefined) return 'challenged';
      return reply.isStaleSaid ? 'stale' : this.refusedCredentials(exchange, credentials, aor);
    }
    if (status === 403 && credentials !== undefined) this.rejected.add(nonceOf(credentials.nonce, aor));
    return resultOfStatus(status);
  }

  private isFresh({ credentials, aor }: TransactionFacts, sentAtMs: number): boolean {
    if (credentials === undefined) return false;
    const issuedAtMs = this.issuedAtMs.get(credentials.nonce);
    const isYoung = issuedAtMs !== undefined && sentAtMs - issuedAtMs <= FRESH_MS;
    return isYoung && !this.usedOk.has(nonceOf(credentials.nonce, aor));
  }

  /**
   * Credentials that were refused without a word about staleness. What was really the matter is known here, but
   * an observer has only the nonce to go by.
   */
  private refusedCredentials(exchange: TrueExchange, credentials: CredentialFacts, aor: string): Result {
    const key = nonceOf(credentials.nonce, aor);
    const isFresh = exchange.wasFresh ?? this.isFresh(exchange.transaction, exchange.firstAtMs);
    const isRepeated = this.rejected.has(key);
    this.rejected.add(key);
    const isRightPassword = credentials.passwordIsRight && exchange.transaction.userIsKnown;
    if (isFresh || isRepeated) {
      if (isRightPassword) this.blindSpots.staleAsFailure++;
      return 'auth_failure';
    }
    if (!isRightPassword) this.blindSpots.wrongPasswordAsStale++;
    return 'implicit_stale';
  }
}

const CONFIG_STATUSES = [405, 420, 421, 439, 501];

function resultOfStatus(status: number): Result {
  if (status === 200) return 'ok';
  if (status === 403) return 'forbidden';
  if (status === 404 || status === 604) return 'unknown_user';
  if (status === 423) return 'interval_too_brief';
  if (CONFIG_STATUSES.includes(status)) return 'rejected_config';
  if (status < 400) return 'redirected';
  return status < 500 ? 'rejected_other' : 'server_failure';
}

/** A nonce that many phones share (Kamailio's, within a second) is used up or rejected for each AOR by itself. */
function nonceOf(nonce: string, aor: string): string {
  return `${nonce} ${aor}`;
}

function challengeOf(nonce: string, transactionId: number): string {
  return `${nonce} ${transactionId}`;
}

function zeroes<T extends string>(names: readonly T[]): Record<T, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<T, number>;
}

function take(into: Measured, value: number): void {
  into.count++;
  into.sum += value;
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
