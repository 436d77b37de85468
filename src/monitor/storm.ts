import type { EventGate } from './event-gate.ts';
import type { Exchange } from './exchange.ts';
import type { Result, StormCause } from './lists.ts';
import type { StormThresholds } from './thresholds.ts';

/** The rate is that of the last so many whole seconds. */
export const RATE_WINDOW_SEC = 10;
/** AORs that lost their bindings in a storm and may be back later. */
const MAX_LOST = 100_000;
/** Bits of the counters of distinct AORs and sources, a power of two: good to some per cent up to this many of them. */
const BITS = 1 << 18;

/** A storm's cause by the numbers: what is few and what is many. */
const FEW_ATTEMPTS_PER_AOR = 8;
const MANY_ATTEMPTS_PER_AOR = 15;
const MANY_AORS_PER_SOURCE = 5;

/** How many distinct hashes there were, without keeping them (linear counting). */
class Distinct {
  private readonly bits = new Uint8Array(BITS / 8);
  private set = 0;

  add(hash: number): void {
    const bit = Math.imul(hash ^ (hash >>> 16), 0x9e3779b1) & (BITS - 1);
    const mask = 1 << (bit & 7);
    if ((this.bits[bit >> 3]! & mask) !== 0) return;
    this.bits[bit >> 3]! |= mask;
    this.set++;
  }

  get count(): number {
    const free = Math.max(1, BITS - this.set);
    return Math.round(-BITS * Math.log(free / BITS));
  }

  clear(): void {
    if (this.set > 0) this.bits.fill(0);
    this.set = 0;
  }
}

/** What a storm, or the time before it, was made of. */
class Evidence {
  attempts = 0;
  withCredentials = 0;
  ok = 0;
  challenged = 0;
  refused = 0;
  stale = 0;
  /** Timeouts, and failures of the registrar. */
  unanswered = 0;
  readonly aors = new Distinct();
  readonly sources = new Distinct();

  clear(): void {
    this.attempts = 0;
    this.withCredentials = 0;
    this.ok = 0;
    this.challenged = 0;
    this.refused = 0;
    this.stale = 0;
    this.unanswered = 0;
    this.aors.clear();
    this.sources.clear();
  }

  /** Who searches for extensions leaves his challenges unanswered. */
  private get wentNowhere(): number {
    return this.refused + Math.max(0, this.challenged - this.withCredentials);
  }

  get cause(): StormCause {
    const aors = Math.max(1, this.aors.count);
    const perAor = this.attempts / aors;
    const perSource = aors / Math.max(1, this.sources.count);
    const mostlyFails = this.wentNowhere > this.ok;
    if (mostlyFails && perSource >= MANY_AORS_PER_SOURCE) return 'attack';
    if (perAor >= MANY_ATTEMPTS_PER_AOR) return 'loop';
    return !mostlyFails && perAor <= FEW_ATTEMPTS_PER_AOR ? 'restart' : 'unknown';
  }

  get numbers(): string {
    const { attempts, ok, refused, stale, unanswered } = this;
    const who = `${attempts} attempts of ${this.aors.count} AORs from ${this.sources.count} sources`;
    return `${who}: ${ok} ok, ${refused} refused, ${stale} stale, ${unanswered} unanswered`;
  }
}

/** What the storm needs to know of the ledger. */
export interface StormView {
  /** AORs with bindings. */
  readonly registeredCount: number;
  /** REGISTERs per second that the bindings need, in millionths. */
  readonly expectedLoadMicro: number;
}

/**
 * Whether REGISTERs come much faster than the phones in the ledger need: a learned baseline would swallow a
 * storm that comes back every day, a sum over what was granted does not.
 */
export class Storm {
  private readonly thresholds: StormThresholds;
  private readonly ledger: StormView;
  private readonly gate: EventGate;
  private readonly perSec = new Float64Array(RATE_WINDOW_SEC);
  private second = Number.NaN;
  /** Of the storm; without one, of the rate window at most. */
  private readonly evidence = new Evidence();
  private evidenceSinceSec = Number.NaN;
  private isOn = false;
  private quietSinceSec = Number.NaN;
  /** Number of this storm; bindings compare with it. */
  private storms = 0;
  private known = 0;
  private back = 0;
  private readonly lost = new Set<string>();
  private readonly isWarmingUp: (nowMs: number) => boolean;

  constructor(
    thresholds: StormThresholds,
    ledger: StormView,
    gate: EventGate,
    isWarmingUp: (nowMs: number) => boolean,
  ) {
    this.thresholds = thresholds;
    this.ledger = ledger;
    this.gate = gate;
    this.isWarmingUp = isWarmingUp;
  }

  /** The cause as far as it can be told, while there is a storm. */
  get cause(): StormCause | undefined {
    return this.isOn ? this.evidence.cause : undefined;
  }

  /** Of the AORs known before the storm, the share that has registered in it; 1 without a storm. */
  get recoveredRatio(): number {
    return this.isOn && this.known > 0 ? Math.min(1, this.back / this.known) : 1;
  }

  /** A REGISTER from a phone: its first copy; `onCopy` is for further ones. */
  onAttempt(exchange: Exchange, nowMs: number): void {
    this.onCopy(nowMs);
    const { evidence } = this;
    const { a, b, c, d } = exchange.phone;
    evidence.attempts++;
    if (exchange.hasCredentials) evidence.withCredentials++;
    evidence.aors.add(exchange.aorA);
    evidence.sources.add(a ^ b ^ c ^ d);
  }

  onCopy(nowMs: number): void {
    this.turn(Math.floor(nowMs / 1000), nowMs);
    // As an integer: the remainder of doubles is a call into the C library.
    this.perSec[(this.second | 0) % RATE_WINDOW_SEC]!++;
  }

  onResult(result: Result): void {
    const { evidence } = this;
    switch (result) {
      case 'ok':
        evidence.ok++;
        break;
      case 'challenged':
        evidence.challenged++;
        break;
      case 'stale':
      case 'implicit_stale':
        evidence.stale++;
        break;
      case 'auth_failure':
      case 'forbidden':
      case 'unknown_user':
        evidence.refused++;
        break;
      case 'timeout':
      case 'server_failure':
        evidence.unanswered++;
        break;
    }
  }

  advance(nowMs: number): void {
    this.turn(Math.floor(nowMs / 1000), nowMs);
  }

  // --- recovery

  /** Which storm a new AOR was born in, or after: AORs of an earlier number were known before this storm. */
  get epoch(): number {
    return this.storms;
  }

  /** An AOR has registered. `bornIn` and `backIn` are epochs; answers the new `backIn`. */
  onRegistered(aor: string, bornIn: number, backIn: number): number {
    if (!this.isOn || backIn === this.storms) return backIn;
    // Asked first, because most have lost nobody: to look for a text is dear.
    if (bornIn === this.storms && !(this.lost.size > 0 && this.lost.delete(aor))) return backIn;
    this.back++;
    return this.storms;
  }

  /** An AOR has no bindings any more: should it come back, it is no new one. */
  onGone(aor: string, bornIn: number, backIn: number): void {
    const wasKnown = this.isOn && bornIn !== this.storms && backIn !== this.storms;
    if (wasKnown && this.lost.size < MAX_LOST) this.lost.add(aor);
  }

  // --- the rate

  private turn(second: number, nowMs: number): void {
    if (second === this.second) return;
    const elapsed = second - this.second;
    if (!(elapsed <= RATE_WINDOW_SEC)) this.perSec.fill(0);
    if (Number.isNaN(this.second)) {
      this.second = second;
      this.evidenceSinceSec = second;
      return;
    }
    this.judge(nowMs);
    for (let i = 1; i <= Math.min(elapsed, RATE_WINDOW_SEC); i++) {
      this.perSec[(this.second + i) % RATE_WINDOW_SEC] = 0;
    }
    this.second = second;
    if (!this.isOn && second - this.evidenceSinceSec >= RATE_WINDOW_SEC) {
      this.evidence.clear();
      this.evidenceSinceSec = second;
    }
  }

  private judge(nowMs: number): void {
    let sum = 0;
    for (const count of this.perSec) sum += count;
    const perSec = sum / RATE_WINDOW_SEC;
    const expectedPerSec = this.ledger.expectedLoadMicro / 1_000_000;
    const { factor, floorPerSec, quietSec } = this.thresholds;
    const limit = this.isWarmingUp(nowMs) ? floorPerSec : Math.max(floorPerSec, factor * expectedPerSec);
    const rates = `${perSec.toFixed(1)} REGISTERs a second, ${expectedPerSec.toFixed(1)} expected`;
    if (perSec > limit) {
      this.quietSinceSec = Number.NaN;
      if (!this.isOn) this.begin(rates, nowMs);
    } else if (this.isOn) {
      if (Number.isNaN(this.quietSinceSec)) this.quietSinceSec = this.second;
      const elapsedSec = Math.floor(nowMs / 1000) - this.quietSinceSec;
      if (elapsedSec >= quietSec) this.end(rates, nowMs);
    }
  }

  private begin(rates: string, nowMs: number): void {
    this.isOn = true;
    this.storms++;
    this.known = this.ledger.registeredCount;
    this.back = 0;
    this.lost.clear();
    this.tell('started', rates, nowMs);
  }

  private end(rates: string, nowMs: number): void {
    const recovered = `${Math.round(this.recoveredRatio * 100)} % of ${this.known} AORs are back`;
    this.tell('ended', `${recovered}; ${rates}`, nowMs);
    this.isOn = false;
    this.lost.clear();
    this.evidence.clear();
    this.evidenceSinceSec = this.second;
  }

  private tell(phase: 'started' | 'ended', rates: string, nowMs: number): void {
    if (!this.gate.isOpen(nowMs)) return;
    const { cause, numbers } = this.evidence;
    this.gate.tell({ kind: 'storm', atMs: nowMs, phase, cause, detail: `${rates}; ${numbers}` });
  }
}
