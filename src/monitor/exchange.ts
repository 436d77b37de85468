import { Endpoint } from '../sip/address.ts';
import type { AorName } from './aor.ts';
import type { Binding } from './binding.ts';
import type { ExchangeKey } from './exchange-key.ts';
import type { AttemptKind } from './lists.ts';
import { NonceKey } from './nonce-key.ts';
import { SettledKeys } from './settled-keys.ts';

/** RFC 3261 §17.1.2.2 timer F: 64 × T1, when a client gives up. */
export const TIMEOUT_MS = 32_000;
/** §17.2.2 timer J: how long copies of a settled transaction may still come. */
export const SETTLED_MEMORY_MS = 32_000;
/** Contacts of one message that are read; the rest of a longer list is not. */
export const MAX_CONTACTS = 32;
/** Authorization and Proxy-Authorization headers of one request that are read. */
export const MAX_CREDENTIALS = 4;

/** A Contact of a REGISTER. Texts are kept, not spans: it outlives its datagram. */
export class RequestedContact {
  /** The URI without our `rollcall` parameter. */
  uri = '';
  /** `+sip.instance`, lower case, or empty. */
  instance = '';
  regId = 0;
  /** Of the header parameters but `expires`. */
  paramsHash = 0;
  /** Its own `expires`, else the Expires header's, else NOT_STATED. */
  requestedExpiresSec = 0;
}

/**
 * `in_flight`: no final response yet. `timed_out`: told as timeout; a late final still feeds the ledger.
 * `answered`: has its result, which is being judged. `over`: that is done, and its facts are forgotten; whatever comes now
 * is a copy, and may carry a nonce.
 */
export type ExchangePhase = 'in_flight' | 'timed_out' | 'answered' | 'over';

/** One REGISTER transaction as it was seen. Objects are used again: hold one no longer than its table does. */
export class Exchange implements AorName {
  /** Its ExchangeKey; `cseq` is part of that, too. */
  branchA = 0;
  branchB = 0;
  branchC = 0;
  branchD = 0;
  sentByA = 0;
  sentByB = 0;
  sentByC = 0;
  sentByD = 0;
  portAndKinds = 0;
  hash = 0;
  phase: ExchangePhase = 'in_flight';
  /** False where a response came and its request never did. */
  hasRequest = true;
  firstAtMs = 0;
  settledAtMs = 0;

  aor = '';
  host = '';
  aorA = 0;
  aorB = 0;
  kind: AttemptKind = 'initial';
  readonly phone = new Endpoint();
  userAgent = '';
  /** Hash of the Call-ID, 64 bits in two halves. */
  callIdA = 0;
  callIdB = 0;
  cseq = 0;
  /** The nonces that were answered, so many of them; 0 = no credentials. */
  readonly nonces: NonceKey[] = [new NonceKey()];
  nonceCount = 0;
  /** When the handshake that this belongs to began: its own first copy, or the REGISTER that was challenged. */
  handshakeStartMs = 0;
  /** Its number, where the answer was a plain challenge: copies of it may carry other nonces. */
  challenge: number | undefined = undefined;

  /** `Contact: *` with `Expires: 0`. */
  removesAll = false;
  readonly contacts: RequestedContact[] = [new RequestedContact()];
  contactCount = 0;

  /** Fingerprint of the request. */
  saidA = 0;
  saidB = 0;
  /** Nothing is odd about the request: another one with the same fingerprint need not be read. */
  isPlain = false;
  /** The binding whose last REGISTER said the same. */
  repeated: Binding | undefined = undefined;

  /** The table's own links. */
  nextInBucket: Exchange | undefined = undefined;
  older: Exchange | undefined = undefined;
  newer: Exchange | undefined = undefined;

  get hasCredentials(): boolean {
    return this.nonceCount > 0;
  }

  setAor({ aor, aorA, aorB, host }: AorName): void {
    this.aor = aor;
    this.host = host;
    this.aorA = aorA;
    this.aorB = aorB;
  }

  /** Makes the next nonce; the same object for the next exchange that has this one's place. */
  addNonce(): NonceKey {
    if (this.nonces.length === this.nonceCount) this.nonces.push(new NonceKey());
    return this.nonces[this.nonceCount++]!;
  }

  /** The contact with this number; made when first needed. */
  contactAt(index: number): RequestedContact {
    while (this.contacts.length <= index) this.contacts.push(new RequestedContact());
    return this.contacts[index]!;
  }
}

/** Exchanges in the order in which they entered. */
class Queue {
  oldest: Exchange | undefined = undefined;
  newest: Exchange | undefined = undefined;
  size = 0;

  push(exchange: Exchange): void {
    exchange.older = this.newest;
    exchange.newer = undefined;
    if (this.newest === undefined) this.oldest = exchange;
    else this.newest.newer = exchange;
    this.newest = exchange;
    this.size++;
  }

  remove(exchange: Exchange): void {
    if (exchange.older === undefined) this.oldest = exchange.newer;
    else exchange.older.newer = exchange.newer;
    if (exchange.newer === undefined) this.newest = exchange.older;
    else exchange.newer.older = exchange.older;
    exchange.older = undefined;
    exchange.newer = undefined;
    this.size--;
  }
}

/**
 * The exchanges of the last minute, found by their key. They live by age, not by use: queues give timeouts and forgetting
 * without a timer each, and what must go when the table is full is always the oldest settled one. That is why this is not
 * an LRU cache. Three of them: in flight; timed out, whose answer may still come, or just being judged; and of those that
 * are over no more than the keys. Finding compares all numbers of the key: `hash` alone decides nothing.
 */
export class ExchangeTable {
  private readonly max: number;
  private buckets = bucketsOf(FIRST_BUCKETS);
  private readonly inFlight = new Queue();
  private readonly settled = new Queue();
  /** Forgotten ones wait here to be used again. */
  private readonly spare: Exchange[] = [];
  /** Of those that are over. */
  private readonly over = new SettledKeys();
  /** Stands for each of them. */
  private readonly anyOver = new Exchange();
  private readonly onEvict: () => void;

  /** `onEvict` is told of each exchange that had to go before its time. */
  constructor(max: number, onEvict: () => void) {
    this.max = Math.max(max, 1);
    this.onEvict = onEvict;
    this.anyOver.phase = 'over';
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  /** Of an exchange that is over its phase, `handshakeStartMs` and `challenge` are all that is known; all share one object. */
  find(key: ExchangeKey): Exchange | undefined {
    let exchange = this.buckets[key.hash & (this.buckets.length - 1)];
    while (exchange !== undefined) {
      if (exchange.hash === key.hash && isKeyOf(key, exchange)) return exchange;
      exchange = exchange.nextInBucket;
    }
    const over = this.over.find(key);
    if (over === undefined) return undefined;
    this.anyOver.handshakeStartMs = over.handshakeStartMs;
    this.anyOver.challenge = over.challenge;
    return this.anyOver;
  }

  /** A new exchange in flight under this key, which must not be in the table; its facts are for the caller to fill. */
  add(key: ExchangeKey, atMs: number): Exchange {
    if (this.inFlight.size + this.settled.size + this.over.size >= this.max) this.evict(atMs);
    const count = this.inFlight.size + this.settled.size;
    if (count >= this.buckets.length && count < MAX_BUCKETS) this.grow();
    const exchange = this.spare.pop() ?? new Exchange();
    copyKey(key, exchange);
    exchange.phase = 'in_flight';
    exchange.hasRequest = true;
    exchange.firstAtMs = atMs;
    exchange.handshakeStartMs = atMs;
    exchange.challenge = undefined;
    exchange.removesAll = false;
    exchange.contactCount = 0;
    exchange.nonceCount = 0;
    exchange.isPlain = false;
    this.link(exchange);
    this.inFlight.push(exchange);
    return exchange;
  }

  private link(exchange: Exchange): void {
    const { buckets } = this;
    const place = exchange.hash & (buckets.length - 1);
    exchange.nextInBucket = buckets[place];
    buckets[place] = exchange;
  }

  /** Twice the buckets. Most of the time few exchanges are here: then all buckets stay near at hand. */
  private grow(): void {
    this.buckets = bucketsOf(this.buckets.length * 2);
    for (const { oldest } of [this.inFlight, this.settled]) {
      for (let exchange = oldest; exchange !== undefined; exchange = exchange.newer) this.link(exchange);
    }
  }

  /** Its result is told; copies are known for another SETTLED_MEMORY_MS. */
  settle(exchange: Exchange, phase: 'timed_out' | 'answered', nowMs: number): void {
    const wasInFlight = exchange.phase === 'in_flight';
    exchange.phase = phase;
    if (!wasInFlight) return;
    exchange.settledAtMs = nowMs;
    this.inFlight.remove(exchange);
    this.settled.push(exchange);
  }

  /** Nothing more is wanted of an exchange that was just settled but to know its copies. */
  close(exchange: Exchange, nowMs: number): void {
    if (exchange.phase !== 'answered') return;
    this.over.add(exchange, nowMs);
    this.drop(exchange, this.settled);
  }

  /** The exchange that has waited longest, if it has waited TIMEOUT_MS. */
  overdue(nowMs: number): Exchange | undefined {
    const { oldest } = this.inFlight;
    return oldest !== undefined && nowMs - oldest.firstAtMs >= TIMEOUT_MS ? oldest : undefined;
  }

  forgetSettled(nowMs: number): void {
    let { oldest } = this.settled;
    while (oldest !== undefined && nowMs - oldest.settledAtMs >= SETTLED_MEMORY_MS) {
      this.drop(oldest, this.settled);
      oldest = this.settled.oldest;
    }
    while (this.over.ageOfOldestMs(nowMs) >= SETTLED_MEMORY_MS) this.over.forgetOldest();
  }

  private evict(nowMs: number): void {
    const { oldest } = this.settled;
    const isOverOldest = oldest === undefined || this.over.ageOfOldestMs(nowMs) >= nowMs - oldest.settledAtMs;
    if (this.over.size > 0 && isOverOldest) {
      this.over.forgetOldest();
      this.onEvict();
      return;
    }
    const queue = this.settled.oldest === undefined ? this.inFlight : this.settled;
    if (queue.oldest === undefined) return;
    this.drop(queue.oldest, queue);
    this.onEvict();
  }

  private drop(exchange: Exchange, queue: Queue): void {
    queue.remove(exchange);
    const place = exchange.hash & (this.buckets.length - 1);
    let before = this.buckets[place];
    if (before === exchange) {
      this.buckets[place] = exchange.nextInBucket;
    } else {
      while (before !== undefined && before.nextInBucket !== exchange) before = before.nextInBucket;
      if (before !== undefined) before.nextInBucket = exchange.nextInBucket;
    }
    exchange.nextInBucket = undefined;
    exchange.repeated = undefined;
    if (this.spare.length < MAX_SPARE) this.spare.push(exchange);
  }
}

function isKeyOf({ branch, host, portAndKinds, cseq }: ExchangeKey, exchange: Exchange): boolean {
  return (
    exchange.branchA === branch[0] &&
    exchange.branchB === branch[1] &&
    exchange.branchC === branch[2] &&
    exchange.branchD === branch[3] &&
    exchange.sentByA === host.a &&
    exchange.sentByB === host.b &&
    exchange.sentByC === host.c &&
    exchange.sentByD === host.d &&
    exchange.portAndKinds === portAndKinds &&
    exchange.cseq === cseq
  );
}

function copyKey({ branch, host, portAndKinds, cseq, hash }: ExchangeKey, exchange: Exchange): void {
  exchange.branchA = branch[0]!;
  exchange.branchB = branch[1]!;
  exchange.branchC = branch[2]!;
  exchange.branchD = branch[3]!;
  exchange.sentByA = host.a;
  exchange.sentByB = host.b;
  exchange.sentByC = host.c;
  exchange.sentByD = host.d;
  exchange.portAndKinds = portAndKinds;
  exchange.cseq = cseq;
  exchange.hash = hash;
}

/** Enough for the busiest minute to need no new objects; the rest is given back to the heap. */
const MAX_SPARE = 65_536;
const FIRST_BUCKETS = 1024;
const MAX_BUCKETS = 1 << 20;

/** `count` must be a power of two. */
function bucketsOf(count: number): (Exchange | undefined)[] {
  return new Array<Exchange | undefined>(count).fill(undefined);
}
