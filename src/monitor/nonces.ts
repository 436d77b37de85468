import type { Endpoint } from '../sip/address.ts';
import type { AorName } from './aor.ts';
import type { Exchange } from './exchange.ts';
import { TIMEOUT_MS } from './exchange.ts';
import type { NonceKey } from './nonce-key.ts';
import type { OpenChallenges } from './open-challenges.ts';
import { ABANDONED_MS } from './open-challenges.ts';
import { ChainedRows } from './row-ring.ts';
import type { Credentials } from './verdict.ts';

/** An answer to a nonce this young is the answer to its challenge; to an older one it is a nonce reused. */
export const FRESH_MS = 30_000;
/** What was issued matters to a request that answers it while fresh, and to that request's answer, however late. */
const MEMORY_MS = FRESH_MS + TIMEOUT_MS;
/** How long a nonce stays known as rejected after it was last turned down. */
const REJECTED_MEMORY_MS = 3_600_000;
const MAX_REJECTED = 65_536;

/** An AOR by its hash. */
export type AorKey = Pick<AorName, 'aorA' | 'aorB'>;

const NONCE_A = 0;
const NONCE_B = 1;
const AOR_A = 2;
const AOR_B = 3;
const FLAGS = 4;
/** Number of the oldest open challenge, where HAS_CHALLENGE says that there is one. */
const CHALLENGE = 5;
/** Two doubles. `LAST_AT`: when it was issued, or turned down, the last time. */
const LAST_AT = 6;
const HANDSHAKE_START = 8;
/** Of an issue: the address that it went to, as an Endpoint has it; meaningless where it went to several. */
const PHONE = 10;

/** Of a row: it was heard of again since it stands where it does. */
const RENEWED = 1;
/** It is the use of a nonce by an AOR to which it was not issued first. */
const IS_OTHER = 2;
/** The nonce went to several addresses. */
const SHARED = 4;
const ACCEPTED = 8;
const HAS_CHALLENGE = 16;
/** Behind the oldest open challenge there are others. */
const HAS_MORE = 32;

/** Rows that are forgotten by age, and of which those that are heard of again go to the end in their turn. */
class AgingRows extends ChainedRows {
  private readonly max: number;
  private readonly memoryMs: number;
  /** A row is about to go, `early` where it could still matter. */
  private readonly onForget: (at: number, when: 'in time' | 'early') => void;

  constructor(max: number, memoryMs: number, onForget: (at: number, when: 'in time' | 'early') => void) {
    super();
    this.max = Math.max(1, max);
    this.memoryMs = memoryMs;
    this.onForget = onForget;
  }

  enter(hash: number, nonce: NonceKey, who: AorKey, flags: number, nowMs: number): number {
    this.forget(nowMs);
    if (this.size >= this.max) {
      this.onForget(this.at(this.oldest), 'early');
      this.forgetOldest();
    }
    const at = this.addUnder(hash);
    const { times, words } = this;
    words[at + NONCE_A] = nonce.a;
    words[at + NONCE_B] = nonce.b;
    words[at + AOR_A] = who.aorA;
    words[at + AOR_B] = who.aorB;
    words[at + FLAGS] = flags;
    times[(at + LAST_AT) >>> 1] = nowMs;
    return at;
  }

  renew(at: number, nowMs: number): void {
    this.words[at + FLAGS]! |= RENEWED;
    this.times[(at + LAST_AT) >>> 1] = nowMs;
  }

  /** Lets go of what is too old to matter; the oldest is then one that still does, and was not renewed. */
  forget(nowMs: number): void {
    while (this.size > 0) {
      const at = this.at(this.oldest);
      if ((this.words[at + FLAGS]! & RENEWED) !== 0) {
        this.words[at + FLAGS]! &= ~RENEWED;
        this.putOldestLast();
        continue;
      }
      if (nowMs - this.times[(at + LAST_AT) >>> 1]! < this.memoryMs) return;
      this.onForget(at, 'in time');
      this.forgetOldest();
    }
  }
}

/**
 * The nonces lately seen in challenges, and those that were rejected. Challenge and retry are matched by
 * nonce, because some phones change Call-ID and From tag in between.
 *
 * Registrars whose nonce is made from the time alone issue the same one to every phone that asks in the same second, so
 * what became of it is kept per AOR: for the first one in the row of the issue, for each further one in its own.
 */
export class Nonces {
  private readonly issues: AgingRows;
  private readonly rejected: AgingRows;
  private readonly challenges: OpenChallenges;
  /** By row, in words: open challenges of one nonce and AOR behind the oldest. */
  private readonly more = new Map<string, number[]>();

  /** `onEvict` is told of each nonce that had to go while it could still matter. */
  constructor(max: number, challenges: OpenChallenges, onEvict: () => void) {
    this.challenges = challenges;
    this.issues = new AgingRows(max, MEMORY_MS, (at, when) => {
      if (when === 'early') {
        this.giveUp(at);
        onEvict();
      }
      if (this.hasFlag(at, HAS_MORE)) this.more.delete(this.nameOf(at));
    });
    this.rejected = new AgingRows(Math.min(max, MAX_REJECTED), REJECTED_MEMORY_MS, (_at, when) => {
      if (when === 'early') onEvict();
    });
  }

  /** A challenge that answers `exchange` carried this nonce. */
  issue(nonce: NonceKey, exchange: Exchange, nowMs: number): void {
    const { issues } = this;
    const known = this.findIssue(nonce);
    if (known >= 0) {
      if (!this.wentTo(known, exchange.phone)) issues.words[known + FLAGS]! |= SHARED;
      issues.renew(known, nowMs);
    }
    const use =
      known < 0 ? this.enterIssue(nonce, exchange, nowMs) : this.useFor(nonce, exchange, known, nowMs);
    issues.times[(use + HANDSHAKE_START) >>> 1] = exchange.handshakeStartMs;
    issues.words[use + FLAGS]! &= ~ACCEPTED;
    if (exchange.challenge !== undefined) this.open(use, exchange.challenge);
  }

  /**
   * A REGISTER for an AOR answers this nonce: its oldest open challenge is answered. When the handshake began
   * that goes on with it; undefined where none does, because nobody was seen issuing the nonce to this AOR,
   * or what it was issued for is over: accepted, turned down, or too long ago.
   */
  answer(nonce: NonceKey, who: AorKey, nowMs: number): number | undefined {
    const { challenges } = this;
    const issue = this.findIssue(nonce);
    const use = this.useOf(nonce, who, issue);
    if (use < 0) return undefined;
    const open = this.takeOpen(use);
    if (open !== undefined) {
      const startMs = challenges.handshakeStartOf(open);
      challenges.close(open);
      return startMs;
    }
    const isOld = nowMs - this.issuedAtMs(issue) > ABANDONED_MS;
    const isOver = isOld || this.hasFlag(use, ACCEPTED) || this.isRejected(nonce, who);
    return isOver ? undefined : this.issues.times[(use + HANDSHAKE_START) >>> 1];
  }

  /** How a nonce stands with an AOR for a request sent at `sentAtMs`. */
  standing(nonce: NonceKey, who: AorKey, sentAtMs: number): Exclude<Credentials, 'none' | 'unknown'> {
    if (this.isRejected(nonce, who)) return 'rejected';
    const issue = this.findIssue(nonce);
    if (issue < 0 || sentAtMs - this.issuedAtMs(issue) > FRESH_MS) return 'old';
    const use = this.useOf(nonce, who, issue);
    return use >= 0 && this.hasFlag(use, ACCEPTED) ? 'old' : 'fresh';
  }

  /** True where the nonce was issued to this address and to no other: the source of the answer is then no forgery. */
  isProven(nonce: NonceKey, phone: Endpoint): boolean {
    const issue = this.findIssue(nonce);
    return issue >= 0 && !this.hasFlag(issue, SHARED) && this.wentTo(issue, phone);
  }

  accept(nonce: NonceKey, who: AorKey): void {
    const use = this.useOf(nonce, who, this.findIssue(nonce));
    if (use >= 0) this.issues.words[use + FLAGS]! |= ACCEPTED;
  }

  reject(nonce: NonceKey, who: AorKey, nowMs: number): void {
    const known = this.find(this.rejected, nonce, who);
    if (known >= 0) this.rejected.renew(known, nowMs);
    else this.rejected.enter(hashOf(nonce, who), nonce, who, 0, nowMs);
  }

  /** Lets go of what is too old to matter. */
  forget(nowMs: number): void {
    this.issues.forget(nowMs);
    this.rejected.forget(nowMs);
  }

  private isRejected(nonce: NonceKey, who: AorKey): boolean {
    return this.find(this.rejected, nonce, who) >= 0;
  }

  // --- rows

  private findIssue({ a, b }: NonceKey): number {
    const { issues } = this;
    for (let at = issues.newestUnder(a); at >= 0; at = issues.olderThan(at)) {
      const { words } = issues;
      if (words[at + NONCE_B] === b && words[at + NONCE_A] === a && (words[at + FLAGS]! & IS_OTHER) === 0)
        return at;
    }
    return -1;
  }

  /** The row of a nonce and an AOR together. */
  private find(rows: ChainedRows, nonce: NonceKey, who: AorKey): number {
    const { words } = rows;
    for (let at = rows.newestUnder(hashOf(nonce, who)); at >= 0; at = rows.olderThan(at)) {
      const isNonce = words[at + NONCE_A] === nonce.a && words[at + NONCE_B] === nonce.b;
      if (isNonce && isOf(words, at, who)) return at;
    }
    return -1;
  }

  /** What became of an issued nonce with an AOR, or -1. */
  private useOf(nonce: NonceKey, who: AorKey, issue: number): number {
    if (issue < 0 || isOf(this.issues.words, issue, who)) return issue;
    return this.find(this.issues, nonce, who);
  }

  /** The same; the row is made where there is none. */
  private useFor(nonce: NonceKey, exchange: Exchange, issue: number, nowMs: number): number {
    const use = this.useOf(nonce, exchange, issue);
    if (use < 0) return this.issues.enter(hashOf(nonce, exchange), nonce, exchange, IS_OTHER, nowMs);
    if (use !== issue) this.issues.renew(use, nowMs);
    return use;
  }

  private enterIssue(nonce: NonceKey, exchange: Exchange, nowMs: number): number {
    const at = this.issues.enter(nonce.a, nonce, exchange, 0, nowMs);
    exchange.phone.putHost(this.issues.words, at + PHONE);
    return at;
  }

  private wentTo(issue: number, phone: Endpoint): boolean {
    return phone.isHostAt(this.issues.words, issue + PHONE);
  }

  private issuedAtMs(issue: number): number {
    return this.issues.times[(issue + LAST_AT) >>> 1]!;
  }

  private hasFlag(at: number, flag: number): boolean {
    return (this.issues.words[at + FLAGS]! & flag) !== 0;
  }

  // --- open challenges of a nonce and an AOR

  private open(use: number, challenge: number): void {
    const { challenges } = this;
    const { words } = this.issues;
    while (this.hasFlag(use, HAS_CHALLENGE) && !challenges.isOpen(words[use + CHALLENGE]!))
      this.shiftOpen(use);
    const oldest = words[use + CHALLENGE]!;
    if (!this.hasFlag(use, HAS_CHALLENGE)) {
      words[use + CHALLENGE] = challenge;
      words[use + FLAGS]! |= HAS_CHALLENGE;
      return;
    }
    if (oldest === challenge) return;
    const name = this.nameOf(use);
    const more = this.more.get(name) ?? [];
    // Numbers grow: only a copy of an earlier challenge may be here already.
    const isNew = isLater(challenge, more.at(-1) ?? oldest) || !more.includes(challenge);
    if (isNew) more.push(challenge);
    this.more.set(name, more);
    words[use + FLAGS]! |= HAS_MORE;
  }

  /** Takes the oldest challenge that is still open. */
  private takeOpen(use: number): number | undefined {
    while (this.hasFlag(use, HAS_CHALLENGE)) {
      const challenge = this.issues.words[use + CHALLENGE]!;
      this.shiftOpen(use);
      if (this.challenges.isOpen(challenge)) return challenge;
    }
    return undefined;
  }

  private shiftOpen(use: number): void {
    const { words } = this.issues;
    const next = this.hasFlag(use, HAS_MORE) ? this.takeMore(use) : undefined;
    if (next !== undefined) words[use + CHALLENGE] = next;
    else words[use + FLAGS]! &= ~(HAS_CHALLENGE | HAS_MORE);
  }

  private takeMore(use: number): number | undefined {
    const name = this.nameOf(use);
    const next = this.more.get(name)?.shift();
    if (next === undefined) this.more.delete(name);
    return next;
  }

  private giveUp(use: number): void {
    for (let open = this.takeOpen(use); open !== undefined; open = this.takeOpen(use))
      this.challenges.close(open);
  }

  private nameOf(at: number): string {
    return this.issues.words.subarray(at + NONCE_A, at + AOR_B + 1).join();
  }
}

function isOf(words: Int32Array, at: number, { aorA, aorB }: AorKey): boolean {
  return words[at + AOR_A] === aorA && words[at + AOR_B] === aorB;
}

/** Numbers of 32 bits, round their end. */
function isLater(number: number, than: number): boolean {
  return ((number - than) | 0) > 0;
}

/**
 * Both are keyed: nobody can make many that are equal. Not the same half of each, which are equal where the nonce is the
 * AOR's own text, as a phone may say it: all of those would have one hash.
 */
function hashOf(nonce: NonceKey, who: AorKey): number {
  return nonce.a ^ who.aorB;
}
