import { AorReader } from './aor.ts';
import type { BindingView } from './binding-view.ts';
import type { MonitorCounts } from './counts.ts';
import type { Event } from './events.ts';
import type { Pattern, SeriesFamily, StormCause } from './lists.ts';
import type { MonitorOptions } from './options.ts';
import { DEFAULT_MONITOR_OPTIONS } from './options.ts';
import { Parts } from './parts.ts';
import { Registrations } from './registrations.ts';
import { viewOf } from './report.ts';
import { RingOrder } from './ring-order.ts';
import type { Tapped } from './tapped.ts';
import type { MonitorView } from './view.ts';

/** Timers are looked at no more often than this while datagrams come in; `advance` always looks. */
const TICK_MS = 100;

/**
 * What is learned from the REGISTER traffic: a pure function of the tapped datagrams and of the time that
 * comes with them. Give it every datagram in order (`observe`), and the time now and then (`advance`, at
 * least once a second, so that timeouts and expiries are told when nothing is tapped). Times are monotonic
 * milliseconds of one origin; one that lies before an earlier one counts as that earlier one.
 */
export class Monitor implements MonitorView {
  private readonly parts: Parts;
  private readonly registrations: Registrations;
  private readonly order = new RingOrder();
  /** The inventory's AORs, canonical. */
  private readonly inventory: ReadonlySet<string>;
  private readonly label: (aor: string) => string;
  private tickMs = Number.NEGATIVE_INFINITY;
  private wasWarmingUp = true;

  constructor(options: Partial<MonitorOptions>, emit: (event: Event) => void) {
    const all: MonitorOptions = { ...DEFAULT_MONITOR_OPTIONS, ...options };
    const reader = new AorReader(all.aorDomain, all.exchangeHashKey);
    this.label = all.aorLabels === 'hash' ? all.hashAor : (aor) => aor;
    this.parts = new Parts(all, this.label, emit);
    this.registrations = new Registrations(this.parts, reader, all.exchangeHashKey);
    this.inventory = inventoryOf(all, reader);
  }

  /** Takes one datagram; keeps nothing of `tapped` beyond the call. Never throws, whatever the bytes are. */
  observe(tapped: Tapped): void {
    const { order, registrations } = this;
    if (order.isOpen && (order.isDue(tapped.atMs) || !order.hasRoomFor(tapped))) this.release(tapped);
    if (!registrations.read(tapped)) return;
    const role = registrations.role();
    if ((order.isOpen || role === 'early_response') && order.hasRoomFor(tapped)) {
      order.hold(tapped, registrations.key.text, role);
      if (order.isWhole) this.giveOut(tapped.atMs);
      return;
    }
    this.take(tapped);
  }

  /** What was read last. */
  private take(tapped: Tapped): void {
    this.passTime(tapped.atMs);
    this.registrations.take(tapped);
  }

  /** Makes room for one more: whoever still waits then has waited enough. */
  private release(tapped: Tapped): void {
    const { order } = this;
    this.giveOut(tapped.atMs);
    if (!order.hasRoomFor(tapped)) this.giveOut(Number.POSITIVE_INFINITY);
  }

  /** Held records whose time has come, in the order in which they happened. */
  private giveOut(nowMs: number): void {
    const { order, registrations } = this;
    for (const tapped of order.take(nowMs)) if (registrations.read(tapped)) this.take(tapped);
  }

  /** Lets time pass: timeouts, expiries, windows that end. Steps of any size are fine. */
  advance(nowMs: number): void {
    const { order } = this;
    if (order.isDue(nowMs)) this.giveOut(nowMs);
    // Those that are waited for happened earlier, nobody knows when: until they are there it stays as late as it is.
    if (!order.isOpen) this.letPass(nowMs);
  }

  private letPass(nowMs: number): void {
    const { parts } = this;
    if (nowMs > parts.nowMs) parts.nowMs = nowMs;
    this.tickMs = parts.nowMs + TICK_MS;
    parts.knowledge.start(parts.nowMs);
    this.registrations.advance();
    parts.ledger.advance(parts.nowMs);
    parts.suspicion.advance(parts.nowMs);
    parts.storm.advance(parts.nowMs);
    this.noteWarmUp();
  }

  /**
   * `records` tapped datagrams, between the last that was observed and this time, never reached us: for a while absence proves
   * nothing. Told before time goes on to what comes next, so that nothing counts as unanswered whose answer may be among them.
   */
  noteTapLoss(records: number, untilMs: number): void {
    this.giveOut(Number.POSITIVE_INFINITY);
    if (records <= 0) return;
    const { challenges, implicitStales, knowledge, notices } = this.parts;
    knowledge.noteLoss(Math.max(untilMs, this.parts.nowMs));
    challenges.giveUp();
    implicitStales.giveUp();
    notices.tell('tap_loss', '', `${records} records were lost`, this.parts.nowMs);
  }

  private passTime(atMs: number): void {
    if (atMs > this.parts.nowMs) this.parts.nowMs = atMs;
    if (this.parts.nowMs >= this.tickMs) this.letPass(this.parts.nowMs);
  }

  private noteWarmUp(): void {
    const isWarmingUp = this.warmingUp;
    if (this.wasWarmingUp && !isWarmingUp) {
      this.parts.notices.tell('warming_up_over', '', 'absence proves something now', this.parts.nowMs);
    }
    this.wasWarmingUp = isWarmingUp;
  }

  get counts(): MonitorCounts {
    return this.parts.counts;
  }

  get inFlight(): number {
    return this.parts.exchanges.inFlightCount;
  }

  get warmingUp(): boolean {
    return this.parts.knowledge.isWarmingUp(this.parts.nowMs);
  }

  get aorsByContacts(): readonly [number, number, number, number] {
    return this.parts.ledger.aorsByContacts;
  }

  series(family: SeriesFamily): Iterable<readonly [aor: string, count: number]> {
    return this.parts.series.countersOf(family);
  }

  seriesBudget(_family: SeriesFamily): number {
    return this.parts.series.budget;
  }

  seriesUsed(family: SeriesFamily): number {
    return this.parts.series.usedOf(family);
  }

  seriesEvictions(family: SeriesFamily): number {
    return this.parts.series.evictionsOf(family);
  }

  *registered(): Iterable<readonly [aor: string, registered: 0 | 1]> {
    for (const aor of this.inventory) {
      yield [this.label(aor), this.parts.ledger.isRegistered(aor) ? 1 : 0];
    }
  }

  suspiciousNow(pattern: Pattern): number {
    return this.parts.suspicion.countNow(pattern);
  }

  get storm(): StormCause | undefined {
    return this.parts.storm.cause;
  }

  get stormRecoveredRatio(): number {
    return this.parts.storm.recoveredRatio;
  }

  /** The live bindings of an AOR (canonical, `24001@iptlab.com`); empty where there are none. */
  bindingsOf(aor: string): readonly BindingView[] {
    const views: BindingView[] = [];
    for (let known = this.parts.ledger.entryOf(aor)?.first; known !== undefined; known = known.nextOfAor) {
      if (known.state === 'live') views.push(viewOf(known));
    }
    return views;
  }

  /** Every AOR with at least one live binding. */
  aors(): Iterable<string> {
    return this.parts.ledger.registeredAors();
  }
}

/** With labels switched off, the inventory too has no series. */
function inventoryOf(options: MonitorOptions, reader: AorReader): ReadonlySet<string> {
  const written = options.aorLabels === 'none' ? [] : options.inventory;
  return new Set(written.map((aor) => reader.canonical(aor)).filter((aor) => aor !== undefined));
}
