import { LRUCache } from 'lru-cache';
import type { Endpoint } from '../sip/address.ts';
import type { Exchange } from './exchange.ts';
import { TIMEOUT_MS } from './exchange.ts';
import { Generations } from './generations.ts';
import type { Credentials } from './verdict.ts';

/** An answer to a nonce this young is the answer to its challenge; to an older one it is a nonce reused. */
export const FRESH_MS = 30_000;
/** A challenge that no REGISTER with credentials followed within this time is abandoned. */
export const ABANDONED_MS = 32_000;
/** What was issued matters to a request that answers it while fresh, and to that request's answer, however late. */
const MEMORY_MS = FRESH_MS + TIMEOUT_MS;
/** How long a nonce stays known as rejected after its last use. */
const REJECTED_MEMORY_MS = 3_600_000;
const MAX_REJECTED = 65_536;
/** Longer nonces are told apart by their first bytes and a hash of the whole. */
export const MAX_NONCE_LENGTH = 128;

/** A plain challenge that waits for its REGISTER with credentials. One object for all nonces of one response. */
export class Challenge {
  readonly aor: string;
  /** Where it went, as an Endpoint has it. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly atMs: number;
  readonly handshakeStartMs: number;
  /** Answered, or no longer to be judged because something we needed was lost. */
  done = false;
  next: Challenge | undefined = undefined;

  constructor(exchange: Exchange, atMs: number) {
    const { a, b, c, d } = exchange.phone;
    this.aor = exchange.aor;
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    this.atMs = atMs;
    this.handshakeStartMs = exchange.handshakeStartMs;
  }
}

/** What became of one nonce with one AOR. */
class Use {
  readonly aor: string;
  accepted = false;
  /** When the handshake began in which this AOR was given the nonce. */
  handshakeStartMs = 0;
  /** The plain challenge of this AOR with this nonce; further ones, oldest first, where there were more. */
  challenge: Challenge | undefined = undefined;
  more: Challenge[] | undefined = undefined;

  constructor(aor: string) {
    this.aor = aor;
  }

  open(challenge: Challenge): void {
    if (challenge === this.challenge || this.more?.includes(challenge) === true) return;
    if (this.challenge === undefined || this.challenge.done) this.challenge = challenge;
    else if (this.more === undefined) this.more = [challenge];
    else this.more.push(challenge);
  }

  /** Takes the oldest challenge that is still open. */
  takeOpen(): Challenge | undefined {
    while (this.challenge !== undefined) {
      const { challenge } = this;
      this.challenge = this.more?.shift();
      if (!challenge.done) return challenge;
    }
    return undefined;
  }

  giveUp(): void {
    for (let open = this.takeOpen(); open !== undefined; open = this.takeOpen()) open.done = true;
  }
}

/**
 * One nonce as it was issued. Registrars whose nonce is made from the time alone issue the same one to
 * every phone that asks in the same second, so what became of it is kept per AOR.
 */
class Issue {
  issuedAtMs: number;
  /** The address that it was issued to; meaningless where it went to several. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  shared = false;
  /** The AOR that it was first issued to; further ones are in a table of their own. */
  readonly use: Use;

  constructor({ aor, phone }: Exchange, nowMs: number) {
    this.issuedAtMs = nowMs;
    this.a = phone.a;
    this.b = phone.b;
    this.c = phone.c;
    this.d = phone.d;
    this.use = new Use(aor);
  }

  wentTo({ a, b, c, d }: Endpoint): boolean {
    return this.d === d && this.c === c && this.b === b && this.a === a;
  }
}

/**
 * The nonces lately seen in challenges, and those that were rejected. Challenge and retry are matched by
 * nonce, because some phones change Call-ID and From tag in between.
 */
export class Nonces {
  private readonly issues: Generations<Issue>;
  /** By nonce and AOR: AORs other than the one that a nonce was first issued to. */
  private readonly otherUses: Generations<Use>;
  /** By nonce and AOR: when it was last turned down. */
  private readonly rejected: LRUCache<string, number>;
  /** With how many AORs a nonce was: of nearly all that is none, and asking this takes no text of its own. */
  private readonly rejections = new Map<string, number>();
  private nowMs = 0;

  /** `onEvict` is told of each nonce that had to go while it could still matter. */
  constructor(max: number, onEvict: () => void) {
    const giveUp = (use: Use): void => {
      use.giveUp();
      onEvict();
    };
    this.issues = new Generations<Issue>(max, MEMORY_MS, ({ use }) => giveUp(use));
    this.otherUses = new Generations<Use>(max, MEMORY_MS, giveUp);
    this.rejected = new LRUCache<string, number>({
      max: Math.min(max, MAX_REJECTED),
      dispose: (atMs, key, reason) => {
        if (reason !== 'set') this.noteRejection(nonceOf(key), -1);
        if (reason === 'evict' && this.nowMs - atMs < REJECTED_MEMORY_MS) onEvict();
      },
    });
  }

  /** A challenge that answers `exchange` carried this nonce. */
  issue(nonce: string, exchange: Exchange, nowMs: number): void {
    this.nowMs = nowMs;
    let issue = this.issues.get(nonce);
    if (issue === undefined) issue = new Issue(exchange, nowMs);
    else if (!issue.wentTo(exchange.phone)) issue.shared = true;
    issue.issuedAtMs = nowMs;
    this.issues.set(nonce, issue);
    const use = this.useFor(nonce, exchange.aor, issue);
    use.handshakeStartMs = exchange.handshakeStartMs;
    use.accepted = false;
    if (exchange.challenge !== undefined) use.open(exchange.challenge);
  }

  private useFor(nonce: string, aor: string, issue: Issue): Use {
    if (issue.use.aor === aor) return issue.use;
    const key = keyOf(nonce, aor);
    const use = this.otherUses.get(key) ?? new Use(aor);
    this.otherUses.set(key, use);
    return use;
  }

  private useOf(nonce: string, aor: string, issue: Issue | undefined): Use | undefined {
    if (issue === undefined) return undefined;
    return issue.use.aor === aor ? issue.use : this.otherUses.get(keyOf(nonce, aor));
  }

  /**
   * A REGISTER for `aor` answers this nonce: its oldest open challenge is answered. When the handshake began
   * that goes on with it; undefined where none does, because nobody was seen issuing the nonce to this AOR,
   * or what it was issued for is over: accepted, turned down, or too long ago.
   */
  answer(nonce: string, aor: string, nowMs: number): number | undefined {
    const issue = this.issues.get(nonce);
    const use = this.useOf(nonce, aor, issue);
    if (use === undefined || issue === undefined) return undefined;
    const open = use.takeOpen();
    if (open !== undefined) {
      open.done = true;
      return open.handshakeStartMs;
    }
    const isOver = use.accepted || nowMs - issue.issuedAtMs > ABANDONED_MS || this.isRejected(nonce, aor);
    return isOver ? undefined : use.handshakeStartMs;
  }

  private isRejected(nonce: string, aor: string): boolean {
    return this.rejections.has(nonce) && this.rejected.get(keyOf(nonce, aor)) !== undefined;
  }

  /** How a nonce stands with `aor` for a request sent at `sentAtMs`. */
  standing(nonce: string, aor: string, sentAtMs: number): Exclude<Credentials, 'none' | 'unknown'> {
    if (this.isRejected(nonce, aor)) return 'rejected';
    const issue = this.issues.get(nonce);
    if (issue === undefined || sentAtMs - issue.issuedAtMs > FRESH_MS) return 'old';
    return this.useOf(nonce, aor, issue)?.accepted === true ? 'old' : 'fresh';
  }

  /** True where the nonce was issued to this address and to no other: the source of the answer is then no forgery. */
  isProven(nonce: string, phone: Endpoint): boolean {
    const issue = this.issues.get(nonce);
    return issue !== undefined && !issue.shared && issue.wentTo(phone);
  }

  accept(nonce: string, aor: string): void {
    const use = this.useOf(nonce, aor, this.issues.get(nonce));
    if (use !== undefined) use.accepted = true;
  }

  reject(nonce: string, aor: string, nowMs: number): void {
    this.nowMs = nowMs;
    const key = keyOf(nonce, aor);
    if (!this.rejected.has(key)) this.noteRejection(nonce, 1);
    this.rejected.set(key, nowMs);
  }

  private noteRejection(nonce: string, by: 1 | -1): void {
    const count = (this.rejections.get(nonce) ?? 0) + by;
    if (count > 0) this.rejections.set(nonce, count);
    else this.rejections.delete(nonce);
  }

  /** Lets go of what is too old to matter. */
  forget(nowMs: number): void {
    this.nowMs = nowMs;
    this.issues.advance(nowMs);
    this.otherUses.advance(nowMs);
    for (;;) {
      const oldest = this.rejected.rkeys().next();
      const atMs = oldest.done === true ? undefined : this.rejected.peek(oldest.value);
      if (atMs === undefined || nowMs - atMs < REJECTED_MEMORY_MS) return;
      this.rejected.delete(oldest.value as string);
    }
  }
}

function keyOf(nonce: string, aor: string): string {
  return `${nonce}\n${aor}`;
}

/** An AOR has no line end; a nonce might. */
function nonceOf(key: string): string {
  return key.slice(0, key.lastIndexOf('\n'));
}

/** Plain challenges in the order in which they were seen, until they are answered or abandoned. */
export class OpenChallenges {
  private oldest: Challenge | undefined = undefined;
  private newest: Challenge | undefined = undefined;
  private size = 0;
  private readonly max: number;
  private readonly onEvict: () => void;

  constructor(max: number, onEvict: () => void) {
    this.max = max;
    this.onEvict = onEvict;
  }

  add(challenge: Challenge): void {
    if (this.size >= this.max && this.oldest !== undefined) {
      if (!this.oldest.done) this.onEvict();
      this.shift();
    }
    if (this.newest === undefined) this.oldest = challenge;
    else this.newest.next = challenge;
    this.newest = challenge;
    this.size++;
  }

  /** Takes out the challenges whose time is over; `onAbandoned` gets those that nobody answered. */
  advance(nowMs: number, onAbandoned: (challenge: Challenge) => void): void {
    while (this.oldest !== undefined && (this.oldest.done || nowMs - this.oldest.atMs >= ABANDONED_MS)) {
      const { oldest } = this;
      this.shift();
      if (oldest.done) continue;
      oldest.done = true;
      onAbandoned(oldest);
    }
  }

  /** Records were lost: whatever is open may have been answered unseen. */
  giveUp(): void {
    for (let open = this.oldest; open !== undefined; open = open.next) open.done = true;
    this.oldest = undefined;
    this.newest = undefined;
    this.size = 0;
  }

  private shift(): void {
    this.oldest = this.oldest?.next;
    if (this.oldest === undefined) this.newest = undefined;
    this.size--;
  }
}
