import type { AttemptKind, Change, Result } from '../../../src/monitor/lists.ts';
import { TrueBindings } from './true-bindings.ts';
import type { Answer } from './wire.ts';

/** RFC 3261 §17.1.2.2 timer F. */
const TIMEOUT_MS = 32_000;
const ABANDONED_MS = 32_000;
/** An answer to a nonce this young is an answer to its challenge. */
const FRESH_MS = 30_000;
const DIARY_LINES = 40;

/** What a phone knows of a REGISTER that it sends. */
export interface Intent {
  readonly aor: string;
  /** `all`: the star; `none`: it asks who is there. */
  readonly what: 'own' | 'all' | 'none';
  readonly contact: string;
  /** As in Registered. */
  readonly instance: string;
  readonly expiresSec: number;
  readonly callId: string;
  readonly source: string;
  readonly userAgent: string;
  /** undefined: it carries no credentials. */
  readonly nonce: string | undefined;
}

export interface Attempt extends Intent {
  readonly firstAtMs: number;
  /** Whether the nonce was issued to this AOR lately and had neither served nor been refused. Without a nonce: false. */
  readonly isFresh: boolean;
  readonly wasRefused: boolean;
  result: Result | undefined;
}

/** One for all nonces of an answer. */
interface OpenChallenge {
  readonly atMs: number;
  isDone: boolean;
}

interface NonceStory {
  issuedAtMs: number;
  hasServed: boolean;
  wasRefused: boolean;
  /** Plain challenges with this nonce, the oldest first. */
  open: OpenChallenge[];
}

export type Counts = Readonly<Record<string, number>>;

/**
 * What really happened, as the phones know it: what each of them sent, and what it was answered. From this follows
 * what has to be counted, by the specified rules, without a look at any message on its way.
 */
export class Truth {
  readonly bindings: TrueBindings;
  /** While Rollcall has not been there for as long as bindings live, what it sees for the first time is not news. */
  whenNew: 'added' | 'learned' = 'learned';
  private readonly counts = new Map<string, number>();
  private readonly inFlight = new Set<Attempt>();
  private readonly nonces = new Map<string, NonceStory>();
  private nowMs = 0;
  private readonly lists: 'all' | 'own';
  /** What was sent and heard lately, by AOR: what to look at where something does not agree. */
  private readonly diary = new Map<string, string[]>();
  /** Contacts that were registered past Rollcall. */
  private readonly past = new Set<string>();

  /** @param lists what the registrar lists in a 200: every binding, or only the request's own */
  constructor(lists: 'all' | 'own') {
    this.lists = lists;
    this.bindings = new TrueBindings((change, aor) => this.tellChange(change, aor));
  }

  /** So many more of something, from a source of its own (SIPp). */
  add(name: string, count: number): void {
    if (count !== 0) this.counts.set(name, (this.counts.get(name) ?? 0) + count);
  }

  begin(intent: Intent, nowMs: number): Attempt {
    this.add(`attempts ${kindOf(intent)}`, 1);
    this.add('sent', 1);
    const story = this.storyOf(intent.aor, intent.nonce);
    const challenge = story?.open.find(({ isDone }) => !isDone);
    if (challenge !== undefined) challenge.isDone = true;
    const attempt: Attempt = {
      ...intent,
      firstAtMs: nowMs,
      isFresh: story !== undefined && !story.hasServed && nowMs - story.issuedAtMs <= FRESH_MS,
      wasRefused: story?.wasRefused ?? false,
      result: undefined,
    };
    this.inFlight.add(attempt);
    const { aor, what, contact, expiresSec, callId, source, nonce } = attempt;
    const about = { own: `${contact} for ${expiresSec} s`, all: '*', none: 'no contact' }[what];
    this.note(aor, `REGISTER ${about}, call ${callId}, from ${source}, nonce ${nonce ?? 'none'}`, nowMs);
    return attempt;
  }

  /** The last lines of what happened to an AOR. */
  diaryOf(aor: string): readonly string[] {
    return this.diary.get(aor) ?? [];
  }

  private note(aor: string, text: string, nowMs: number): void {
    const lines = this.diary.get(aor) ?? [];
    lines.push(`${(nowMs / 1000).toFixed(3)} ${aor} ${text}`);
    if (lines.length > DIARY_LINES) lines.shift();
    this.diary.set(aor, lines);
  }

  sentAgain(): void {
    this.add('retransmissions', 1);
    this.add('sent', 1);
  }

  /** The first final response to an attempt; later ones are for the phone to leave out. */
  answer(attempt: Attempt, answer: Answer, nowMs: number): void {
    this.advance(nowMs);
    const list = answer.contacts.map(({ uri, expiresSec }) => `${uri} ${expiresSec} s`);
    const nonces = answer.challenges.map(({ nonce, isStale }) => `${nonce}${isStale ? ' stale' : ''}`);
    this.note(
      attempt.aor,
      `${answer.status} to ${attempt.callId}: ${[...list, ...nonces].join(', ')}`,
      nowMs,
    );
    const isLate = attempt.result !== undefined;
    const result = resultOf(attempt, answer);
    if (!isLate) {
      this.inFlight.delete(attempt);
      attempt.result = result;
      this.tellResult(attempt, result);
    }
    const isChallenge = !isLate && result === 'challenged';
    this.followNonces(attempt, answer, result, isChallenge ? [{ atMs: nowMs, isDone: false }] : [], nowMs);
    if (result === 'ok') this.follow(attempt, answer, nowMs);
  }

  advance(nowMs: number): void {
    this.nowMs = nowMs;
    this.bindings.advance(nowMs);
    for (const attempt of this.inFlight) {
      if (nowMs - attempt.firstAtMs < TIMEOUT_MS) continue;
      this.inFlight.delete(attempt);
      attempt.result = 'timeout';
      this.add('results timeout', 1);
    }
    for (const story of this.nonces.values()) {
      for (const challenge of story.open) {
        if (challenge.isDone || nowMs - challenge.atMs < ABANDONED_MS) continue;
        challenge.isDone = true;
        this.add('challenges abandoned', 1);
      }
      story.open = story.open.filter(({ isDone }) => !isDone);
    }
  }

  /** A contact is registered with the registrar straight: we learn of it when it is listed. */
  registeredPast(aor: string, contact: string): void {
    this.past.add(`${aor} ${contact}`);
  }

  /** Whether a contact was registered past Rollcall, and never listed since or no more. */
  isUnseen(aor: string, contact: string): boolean {
    return this.past.has(`${aor} ${contact}`) && this.bindings.leftMs(aor, contact, 0) === undefined;
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  get openChallenges(): number {
    let count = 0;
    for (const { open } of this.nonces.values()) count += open.filter(({ isDone }) => !isDone).length;
    return count;
  }

  /** What Rollcall has to tell by now; names as in `told`. */
  expected(): Counts {
    const all = new Map(this.counts);
    const [one, two, three, more] = this.bindings.aorsByContacts();
    const gauges: readonly (readonly [string, number])[] = [
      ['in flight', this.inFlight.size],
      ['bindings', this.bindings.all().length],
      ['aors', one + two + three + more],
      ['aors with 1', one],
      ['aors with 2', two],
      ['aors with 3', three],
      ['aors with 4+', more],
    ];
    for (const [name, value] of gauges) all.set(name, (all.get(name) ?? 0) + value);
    return Object.fromEntries([...all].filter(([, value]) => value !== 0));
  }

  private tellChange(change: Change, aor: string): void {
    this.add(`changes ${change}`, 1);
    this.note(aor, `so it is ${change}`, this.nowMs);
    if (change !== 'refreshed') this.add(`changes of ${aor}`, 1);
  }

  private tellResult(attempt: Attempt, result: Result): void {
    this.add(`results ${result}`, 1);
    if (result === 'challenged') this.add(`challenges of ${attempt.aor}`, 1);
    const isFailure = result === 'auth_failure' || (result === 'forbidden' && attempt.nonce !== undefined);
    if (isFailure) this.add(`failures of ${attempt.aor}`, 1);
  }

  private followNonces(
    attempt: Attempt,
    answer: Answer,
    result: Result,
    challenge: readonly OpenChallenge[],
    nowMs: number,
  ): void {
    const { aor } = attempt;
    const used = attempt.nonce === undefined ? undefined : this.storyOf(aor, attempt.nonce, nowMs);
    if (used !== undefined && result === 'ok') used.hasServed = true;
    if (used !== undefined && ['auth_failure', 'implicit_stale', 'forbidden'].includes(result)) {
      used.wasRefused = true;
    }
    for (const { nonce } of answer.challenges) {
      const story = this.storyOf(aor, nonce, nowMs)!;
      story.issuedAtMs = nowMs;
      story.hasServed = false;
      story.open.push(...challenge);
    }
  }

  private storyOf(aor: string, nonce: string | undefined, makeAtMs?: number): NonceStory | undefined {
    if (nonce === undefined) return undefined;
    const key = `${aor} ${nonce}`;
    const known = this.nonces.get(key);
    if (known !== undefined || makeAtMs === undefined) return known;
    const issuedAtMs = Number.NEGATIVE_INFINITY;
    const story: NonceStory = { issuedAtMs, hasServed: false, wasRefused: false, open: [] };
    this.nonces.set(key, story);
    return story;
  }

  private follow(attempt: Attempt, answer: Answer, nowMs: number): void {
    const { aor, contact } = attempt;
    const { bindings } = this;
    if (attempt.what === 'all') {
      bindings.removeAll(aor, nowMs);
      return;
    }
    if (attempt.what === 'own' && attempt.expiresSec === 0) bindings.remove(aor, contact, nowMs);
    else if (attempt.what === 'own') {
      const { callId, source, userAgent, instance } = attempt;
      const grantedSec = grantIn(answer, contact) ?? attempt.expiresSec;
      bindings.accept(aor, { contact, instance, grantedSec, callId, source, userAgent }, this.whenNew, nowMs);
    }
    if (this.lists === 'all') bindings.takeList(aor, answer.contacts, nowMs);
  }
}

/** What an answer grants a contact. Behind a NAT that has rebound, a registrar may list it twice: the longer counts. */
export function grantIn(answer: Answer, contact: string): number | undefined {
  const own = answer.contacts
    .filter(({ uri }) => uri === contact)
    .flatMap(({ expiresSec }) => expiresSec ?? []);
  return own.length > 0 ? Math.max(...own) : answer.expiresSec;
}

function kindOf({ what, expiresSec, nonce }: Intent): AttemptKind {
  if (what === 'none') return 'query';
  if (what === 'all' || expiresSec === 0) return 'unregister';
  return nonce === undefined ? 'initial' : 'with_credentials';
}

/** The table of results, for one who knows what was sent. */
function resultOf(attempt: Attempt, { status, challenges }: Answer): Result {
  switch (status) {
    case 401:
    case 407:
      if (attempt.nonce === undefined) return 'challenged';
      if (challenges.some(({ isStale }) => isStale)) return 'stale';
      return attempt.isFresh || attempt.wasRefused ? 'auth_failure' : 'implicit_stale';
    case 403:
      return 'forbidden';
    case 404:
      return 'unknown_user';
    case 423:
      return 'interval_too_brief';
  }
  if (status < 300) return 'ok';
  return status >= 500 ? 'server_failure' : 'rejected_other';
}
