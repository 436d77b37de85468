import { LRUCache } from 'lru-cache';
import type { Endpoint } from '../sip/address.ts';
import { ActivePatterns } from './active.ts';
import type { AorName } from './aor.ts';
import type { AorEntry } from './aor-entry.ts';
import type { MonitorCounts } from './counts.ts';
import { Doubts } from './doubts.ts';
import type { EventGate } from './event-gate.ts';
import type { Exchange } from './exchange.ts';
import { HostTexts } from './host-texts.ts';
import type { Ledger } from './ledger.ts';
import type { Pattern, Result } from './lists.ts';
import { PATTERNS } from './lists.ts';
import type { AbandonedChallenge } from './open-challenges.ts';
import { FailingAor, FailingSource } from './suspects.ts';
import type { SuspicionThresholds } from './thresholds.ts';
import { TightLoops } from './tight-loops.ts';
import type { Credentials, Proof } from './verdict.ts';
import { isAuthFailure } from './verdict.ts';

/** User agents that are attack tools by their own word, in lower case: Kamailio's default drop list. */
const SCANNERS = ['friendly-scanner', 'sipvicious', 'sipcli', 'pplsip', 'vaxsipuseragent'];
/** User agents whose class is remembered. */
const MAX_USER_AGENTS = 4096;
/** A run of failures that paused this long is over. */
const RUN_MEMORY_MS = 3_600_000;
/** Who loops has one too many in every minute; less than two lie between those of one minute and of the next. */
const TIGHT_LOOP_MEMORY_MS = 120_000;

/** What of the monitor's parts the suspicion needs. */
export interface SuspicionParts {
  readonly counts: MonitorCounts;
  readonly gate: EventGate;
  readonly ledger: Ledger;
  /** An address or an AOR had to go because of our limit. */
  evicted(): void;
}

/** Who tries passwords, looks for extensions, or has lost its mind. It names them; it never blocks. */
export class Suspicion {
  private readonly thresholds: SuspicionThresholds;
  private readonly parts: SuspicionParts;
  private readonly active = new ActivePatterns();
  private readonly aors: LRUCache<string, FailingAor>;
  private readonly sources: LRUCache<string, FailingSource>;
  private readonly loops: TightLoops;
  /** Of AORs that were probed, which all that fail are, too: a success is news of no other. */
  private readonly doubts = new Doubts();
  private readonly isScanner = new Map<string, boolean>();
  private readonly hosts = new HostTexts();
  private nowMs = 0;

  constructor(thresholds: SuspicionThresholds, maxSources: number, parts: SuspicionParts) {
    this.thresholds = thresholds;
    this.parts = parts;
    this.loops = new TightLoops(thresholds.tightLoopPerMin);
    const dispose = (_value: object, _key: string, reason: string): void => {
      if (reason === 'evict') parts.evicted();
    };
    const max = Math.max(1, maxSources);
    this.aors = new LRUCache<string, FailingAor>({ max, dispose });
    this.sources = new LRUCache<string, FailingSource>({ max, dispose });
  }

  countNow(pattern: Pattern): number {
    return this.active.count(pattern);
  }

  advance(nowMs: number): void {
    this.nowMs = nowMs;
    this.active.advance(nowMs);
  }

  /** The first copy of a REGISTER, whose AOR has this entry, if it is known. */
  onRequest(exchange: Exchange, entry: AorEntry | undefined, nowMs: number): void {
    this.nowMs = nowMs;
    const { phone, repeated } = exchange;
    if (this.looksLikeScanner(exchange.userAgent)) {
      const source = this.hosts.textOf(phone);
      const untilMs = nowMs + this.thresholds.scannerWindowSec * 1000;
      if (this.noteMatch('scanner', '', source, untilMs)) {
        this.tell('scanner', '', source, 'unproven', 'its User-Agent is that of a scanner');
      }
    }
    if (repeated?.isAtHost(phone)) this.loops.noteRepeat(repeated, nowMs, this.onLoop);
    else this.loops.note(exchange, entry, nowMs, this.onLoop);
  }

  private readonly onLoop = (aor: string, source: string): void => {
    if (!this.noteMatch('tight_loop', aor, source, this.nowMs + TIGHT_LOOP_MEMORY_MS)) return;
    const detail = `more than ${this.thresholds.tightLoopPerMin} REGISTERs a minute`;
    this.tell('tight_loop', aor, source, 'unproven', detail);
  };

  /** A final response that is no 2xx. */
  onRefusal(exchange: Exchange, result: Result, credentials: Credentials, proof: Proof, nowMs: number): void {
    this.nowMs = nowMs;
    const isFailure = isAuthFailure(result, credentials);
    if (!isFailure && result !== 'unknown_user' && result !== 'forbidden') return;
    const source = this.hosts.textOf(exchange.phone);
    const failing = this.failingSource(source);
    if (isFailure) this.onFailure(exchange, source, failing, proof);
    this.onProbe(exchange, source, failing);
  }

  /** A challenge that nobody answered: what a search for extensions leaves where unknown ones are challenged too. */
  onAbandoned(challenge: AbandonedChallenge, nowMs: number): void {
    this.nowMs = nowMs;
    const source = this.hosts.textOf(challenge.phone);
    this.onProbe(challenge, source, this.failingSource(source));
  }

  private onFailure(exchange: Exchange, source: string, failingSource: FailingSource, proof: Proof): void {
    const { nowMs, thresholds } = this;
    const { aor } = exchange;
    const windowMs = thresholds.failureWindowSec * 1000;
    const failing = this.failingAor(aor);
    failing.failures.add(nowMs);
    failing.sources.add(source, nowMs);
    const run = failing.runOf(source, nowMs, RUN_MEMORY_MS);
    run.failures++;
    run.lastMs = nowMs;
    run.isKnown ||= this.isRegisteredFrom(aor, exchange.phone);
    const { firstMs } = failing.failures;
    const isBruteForce = firstMs !== undefined && nowMs - firstMs <= windowMs;
    if (isBruteForce && this.noteMatch('brute_force', aor, '', firstMs + windowMs)) {
      const detail = `${thresholds.bruteForceFailures} failures within ${inSeconds(nowMs - firstMs)}`;
      this.tell('brute_force', aor, source, proof, detail);
    }
    const sources = failing.sources.countSince(nowMs - windowMs);
    const isDistributed = sources > thresholds.distributedSources;
    if (isDistributed && this.noteMatch('distributed', aor, '', nowMs + windowMs)) {
      this.tell('distributed', aor, '', 'unproven', `failures from ${sources} sources`);
    }
    this.onFailureOfSource(source, failingSource, aor, proof);
  }

  private onFailureOfSource(source: string, failing: FailingSource, aor: string, proof: Proof): void {
    const { nowMs, thresholds } = this;
    const windowMs = thresholds.failureWindowSec * 1000;
    failing.failures.add(nowMs);
    failing.failed.add(aor, nowMs);
    const { firstMs } = failing.failures;
    if (firstMs === undefined || nowMs - firstMs > windowMs) return;
    const aors = failing.failed.countSince(nowMs - windowMs);
    if (aors < thresholds.sprayAors || !this.noteMatch('spray', '', source, firstMs + windowMs)) return;
    const detail = `${thresholds.sprayFailures} failures on ${aors} AORs within ${inSeconds(nowMs - firstMs)}`;
    this.tell('spray', '', source, proof, detail);
  }

  private onProbe(
    { aor, aorA }: Pick<AorName, 'aor' | 'aorA'>,
    source: string,
    { probed }: FailingSource,
  ): void {
    const { nowMs, thresholds } = this;
    const windowMs = thresholds.enumerationWindowSec * 1000;
    probed.add(aor, nowMs);
    this.doubts.add(aorA);
    const aors = probed.countSince(nowMs - windowMs);
    if (aors <= thresholds.enumerationAors || !this.noteMatch('enumeration', '', source, nowMs + windowMs))
      return;
    this.tell('enumeration', '', source, 'unproven', `nowhere with ${aors} AORs and more`);
  }

  /** A 2xx. */
  onOk(exchange: Exchange, proof: Proof, nowMs: number): void {
    this.nowMs = nowMs;
    const { aor, aorA, phone, repeated } = exchange;
    // The newest of all first: it is at hand, the AOR's own is in no cache.
    const { newest } = this.doubts;
    if (newest === 0 || repeated?.isCleared(newest, phone)) return;
    const doubt = this.doubts.latestOf(aorA);
    const isNews = doubt > 0 && !repeated?.isCleared(doubt, phone);
    repeated?.clear(newest, phone);
    if (!isNews) return;
    const failing = this.aors.peek(aor);
    const source = this.hosts.textOf(phone);
    this.sources.peek(source)?.probed.delete(aor);
    const run = failing?.runs.get(source);
    if (failing === undefined || run === undefined) return;
    failing.runs.delete(source);
    if (run.failures < this.thresholds.compromiseFailures || this.nowMs - run.lastMs > RUN_MEMORY_MS) return;
    if (run.isKnown || this.isRegisteredFrom(aor, phone)) return;
    this.parts.counts.compromiseSuspected++;
    const detail = `${run.failures} failures, then a success from an address that never had this AOR`;
    this.emit('compromise', aor, source, proof, detail);
  }

  private isRegisteredFrom(aor: string, phone: Endpoint): boolean {
    for (let known = this.parts.ledger.entryOf(aor)?.first; known !== undefined; known = known.nextOfAor) {
      if (known.port !== 0 && known.isAtHost(phone)) return true;
    }
    return false;
  }

  private looksLikeScanner(userAgent: string): boolean {
    const known = this.isScanner.get(userAgent);
    if (known !== undefined) return known;
    if (this.isScanner.size >= MAX_USER_AGENTS) this.isScanner.clear();
    const folded = userAgent.toLowerCase();
    const is = SCANNERS.some((name) => folded.includes(name));
    this.isScanner.set(userAgent, is);
    return is;
  }

  private failingAor(aor: string): FailingAor {
    let failing = this.aors.get(aor);
    if (failing === undefined) {
      failing = new FailingAor(this.thresholds.bruteForceFailures);
      this.aors.set(aor, failing);
    }
    return failing;
  }

  private failingSource(source: string): FailingSource {
    let failing = this.sources.get(source);
    if (failing === undefined) {
      failing = new FailingSource(this.thresholds.sprayFailures);
      this.sources.set(source, failing);
    }
    return failing;
  }

  /** An AOR, a source, or the pair of them matches a pattern. True when they begin to, not again while it goes on. */
  private noteMatch(pattern: Pattern, aor: string, source: string, untilMs: number): boolean {
    const isPair = aor !== '' && source !== '';
    return this.active.note(pattern, isPair ? `${source} ${aor}` : aor || source, untilMs, this.nowMs);
  }

  private tell(pattern: Pattern, aor: string, source: string, proof: Proof, detail: string): void {
    this.parts.counts.suspiciousEvents[PATTERNS.indexOf(pattern)]!++;
    this.emit(pattern, aor, source, proof, detail);
  }

  private emit(
    pattern: Pattern | 'compromise',
    aor: string,
    source: string,
    proof: Proof,
    detail: string,
  ): void {
    if (!this.parts.gate.isOpen(this.nowMs)) return;
    const atMs = this.nowMs;
    this.parts.gate.tell({
      kind: 'suspicion',
      atMs,
      pattern,
      aor,
      source,
      sourceProven: proof === 'proven',
      detail,
    });
  }
}

function inSeconds(ms: number): string {
  return `${Math.ceil(ms / 1000)} s`;
}
