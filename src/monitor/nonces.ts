import { LRUCache } from 'lru-cache';
import { Endpoint } from '../sip/address.ts';
import type { Exchange } from './exchange.ts';
import type { Credentials } from './verdict.ts';

/** An answer to a nonce this young is the answer to its challenge; to an older one it is a nonce reused. */
export const FRESH_MS = 30_000;
/** A challenge that no REGISTER with credentials followed within this time is abandoned. */
export const ABANDONED_MS = 32_000;
/** Past this age what was issued or accepted makes no difference any more. */
const MEMORY_MS = 64_000;
/** How long a nonce stays known as rejected after its last use. */
const REJECTED_MEMORY_MS = 3_600_000;
const MAX_REJECTED = 65_536;
/** Longer nonces are told apart by their first bytes and a hash of the whole. */
export const MAX_NONCE_LENGTH = 128;

/** A plain challenge that waits for its REGISTER with credentials. One object for all nonces of one response. */
export class Challenge {
  readonly aor: string;
  readonly phone = new Endpoint();
  readonly atMs: number;
  readonly handshakeStartMs: number;
  /** Answered, or no longer to be judged because something we needed was lost. */
  done = false;
  next: Challenge | undefined = undefined;

  constructor(aor: string, phone: Endpoint, atMs: number, handshakeStartMs: number) {
    this.aor = aor;
    this.phone.copyFrom(phone);
    this.atMs = atMs;
    this.handshakeStartMs = handshakeStartMs;
  }
}

/** What became of one nonce with one AOR. */
interface Use {
  readonly aor: string;
  accepted: boolean;
  /** When the handshake began in which this AOR was given the nonce. */
  handshakeStartMs: number;
  /** Plain challenges of this AOR with this nonce, oldest first. */
  challenges: Challenge[];
}

/**
 * One nonce as it was issued. Registrars whose nonce is made from the time alone issue the same one to
 * every phone that asks in the same second, so what became of it is kept per AOR.
 */
interface Issue {
  issuedAtMs: number;
  /** The address that it was issued to; meaningless where it went to several. */
  a: number;
  b: number;
  c: number;
  d: number;
  shared: boolean;
  /** The AOR that it was first issued to; further ones are in a table of their own. */
  readonly use: Use;
}

/**
 * The nonces lately seen in challenges, and those that were rejected. Challenge and retry are matched by
 * nonce, because some phones change Call-ID and From tag in between.
 */
export class Nonces {
  private readonly issues: LRUCache<string, Issue>;
  /** By nonce and AOR: AORs other than the one that a nonce was first issued to. */
  private readonly otherUses: LRUCache<string, { readonly issuedAtMs: number; readonly use: Use }>;
  /** By nonce and AOR: when it was last turned down. */
  private readonly rejected: LRUCache<string, number>;
  private readonly onEvict: () => void;
  private nowMs = 0;

  /** `onEvict` is told of each nonce that had to go while it could still matter. */
  constructor(max: number, onEvict: () => void) {
    this.onEvict = onEvict;
    this.issues = new LRUCache<string, Issue>({
      max,
      dispose: (issue, _nonce, reason) => {
        if (reason === 'evict') this.giveUp(issue.use, issue.issuedAtMs);
      },
    });
    this.otherUses = new LRUCache<string, { readonly issuedAtMs: number; readonly use: Use }>({
      max,
      dispose: ({ issuedAtMs, use }, _key, reason) => {
        if (reason === 'evict') this.giveUp(use, issuedAtMs);
      },
    });
    this.rejected = new LRUCache<string, number>({
      max: Math.min(max, MAX_REJECTED),
      dispose: (atMs, _key, reason) => {
        if (reason === 'evict' && this.nowMs - atMs < REJECTED_MEMORY_MS) this.onEvict();
      },
    });
  }

  /** A challenge that answers `exchange` carried this nonce. */
  issue(nonce: string, exchange: Exchange, nowMs: number): void {
    this.nowMs = nowMs;
    const { aor, challenge, phone } = exchange;
    const known = this.issues.get(nonce);
    const use = this.useFor(nonce, aor, known, nowMs);
    use.handshakeStartMs = exchange.handshakeStartMs;
    use.accepted = false;
    if (challenge !== undefined && !use.challenges.includes(challenge)) use.challenges.push(challenge);
    if (known === undefined) {
      const { a, b, c, d } = phone;
      this.issues.set(nonce, { issuedAtMs: nowMs, a, b, c, d, shared: false, use });
      return;
    }
    known.issuedAtMs = nowMs;
    known.shared ||= known.a !== phone.a || known.b !== phone.b || known.c !== phone.c || known.d !== phone.d;
  }

  private useFor(nonce: string, aor: string, known: Issue | undefined, nowMs: number): Use {
    const found = this.useOf(nonce, aor, known);
    if (found !== undefined) return found;
    const use: Use = { aor, accepted: false, handshakeStartMs: nowMs, challenges: [] };
    if (known !== undefined) this.otherUses.set(keyOf(nonce, aor), { issuedAtMs: nowMs, use });
    return use;
  }

  private useOf(nonce: string, aor: string, known: Issue | undefined): Use | undefined {
    if (known === undefined) return undefined;
    return known.use.aor === aor ? known.use : this.otherUses.peek(keyOf(nonce, aor))?.use;
  }

  /**
   * A REGISTER for `aor` answers this nonce: its oldest open challenge is answered. When the handshake began
   * that goes on with it; undefined where none does, because nobody was seen issuing the nonce to this AOR,
   * or what it was issued for is over: accepted, turned down, or too long ago.
   */
  answer(nonce: string, aor: string, nowMs: number): number | undefined {
    const issue = this.issues.peek(nonce);
    const use = this.useOf(nonce, aor, issue);
    if (use === undefined || issue === undefined) return undefined;
    let open = use.challenges.shift();
    while (open?.done === true) open = use.challenges.shift();
    if (open !== undefined) {
      open.done = true;
      return open.handshakeStartMs;
    }
    const isOver = use.accepted || nowMs - issue.issuedAtMs > ABANDONED_MS || this.isRejected(nonce, aor);
    return isOver ? undefined : use.handshakeStartMs;
  }

  private isRejected(nonce: string, aor: string): boolean {
    return this.rejected.size > 0 && this.rejected.get(keyOf(nonce, aor)) !== undefined;
  }

  /** How a nonce stands with `aor` for a request sent at `sentAtMs`. */
  standing(nonce: string, aor: string, sentAtMs: number): Exclude<Credentials, 'none' | 'unknown'> {
    if (this.isRejected(nonce, aor)) return 'rejected';
    const issue = this.issues.peek(nonce);
    if (issue === undefined || sentAtMs - issue.issuedAtMs > FRESH_MS) return 'old';
    return this.useOf(nonce, aor, issue)?.accepted === true ? 'old' : 'fresh';
  }

  /** True where the nonce was issued to this address and to no other: the source of the answer is then no forgery. */
  isProven(nonce: string, phone: Endpoint): boolean {
    const issue = this.issues.peek(nonce);
    if (issue === undefined || issue.shared) return false;
    return issue.a === phone.a && issue.b === phone.b && issue.c === phone.c && issue.d === phone.d;
  }

  accept(nonce: string, aor: string): void {
    const use = this.useOf(nonce, aor, this.issues.peek(nonce));
    if (use !== undefined) use.accepted = true;
  }

  reject(nonce: string, aor: string, nowMs: number): void {
    this.nowMs = nowMs;
    this.rejected.set(keyOf(nonce, aor), nowMs);
  }

  /** Lets go of what is too old to matter. */
  forget(nowMs: number): void {
    this.nowMs = nowMs;
    dropOldest(this.issues, (issue) => nowMs - issue.issuedAtMs >= MEMORY_MS);
    dropOldest(this.otherUses, ({ issuedAtMs }) => nowMs - issuedAtMs >= MEMORY_MS);
    dropOldest(this.rejected, (atMs) => nowMs - atMs >= REJECTED_MEMORY_MS);
  }

  /** An evicted nonce can't be answered any more: its challenges must not count as abandoned. */
  private giveUp(use: Use, issuedAtMs: number): void {
    for (const challenge of use.challenges) challenge.done = true;
    if (this.nowMs - issuedAtMs < MEMORY_MS) this.onEvict();
  }
}

function keyOf(nonce: string, aor: string): string {
  return `${nonce}\n${aor}`;
}

/** Deletes from the least recently used end while `isDead`. */
function dropOldest<V extends object | number>(
  table: LRUCache<string, V>,
  isDead: (value: V) => boolean,
): void {
  for (;;) {
    const oldest = table.rkeys().next();
    const value = oldest.done === true ? undefined : table.peek(oldest.value);
    if (value === undefined || !isDead(value)) return;
    table.delete(oldest.value as string);
  }
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
