import { parse, Message } from '../sip/message.ts';
import type { BindingView } from './binding-view.ts';
import { MonitorCounts } from './counts.ts';
import type { Event } from './events.ts';
import type { Pattern, SeriesFamily, StormCause } from './lists.ts';
import { DEFAULT_MONITOR_OPTIONS, type MonitorOptions } from './options.ts';
import type { Tapped } from './tapped.ts';
import type { MonitorView } from './view.ts';

/**
 * What is learned from the REGISTER traffic: a pure function of the tapped datagrams and of the time that
 * comes with them. Give it every datagram in order (`observe`), and the time now and then (`advance`, at
 * least once a second, so that timeouts and expiries are told when nothing is tapped). Times are monotonic
 * milliseconds of one origin; one that lies before an earlier one counts as that earlier one.
 */
export class Monitor implements MonitorView {
  readonly counts = new MonitorCounts();
  private readonly options: MonitorOptions;
  private readonly emit: (event: Event) => void;
  private readonly message = new Message();
  private nowMs = Number.NEGATIVE_INFINITY;

  constructor(options: Partial<MonitorOptions>, emit: (event: Event) => void) {
    this.options = { ...DEFAULT_MONITOR_OPTIONS, ...options };
    this.emit = emit;
  }

  /** Takes one datagram; keeps nothing of `tapped` beyond the call. Never throws, whatever the bytes are. */
  observe(tapped: Tapped): void {
    this.advance(tapped.atMs);
    if (!parse(tapped.bytes, tapped.start, tapped.end, this.message)) return;
  }

  /** Lets time pass: timeouts, expiries, windows that end. Steps of any size are fine. */
  advance(nowMs: number): void {
    this.nowMs = Math.max(this.nowMs, nowMs);
  }

  /** `records` tapped datagrams never reached us: for a while absence proves nothing. */
  noteTapLoss(records: number, nowMs: number): void {
    this.advance(nowMs);
    this.emit({ kind: 'notice', atMs: this.nowMs, notice: 'tap_loss', aor: '', detail: `${records} records` });
  }

  get inFlight(): number {
    return 0;
  }

  get warmingUp(): boolean {
    return true;
  }

  get aorsByContacts(): readonly [number, number, number, number] {
    return [0, 0, 0, 0];
  }

  series(_family: SeriesFamily): Iterable<readonly [aor: string, count: number]> {
    return [];
  }

  seriesBudget(_family: SeriesFamily): number {
    return this.options.aorLabels === 'none' ? 0 : this.options.aorSeries;
  }

  seriesUsed(_family: SeriesFamily): number {
    return 0;
  }

  seriesEvictions(_family: SeriesFamily): number {
    return 0;
  }

  registered(): Iterable<readonly [aor: string, registered: 0 | 1]> {
    return [];
  }

  suspiciousNow(_pattern: Pattern): number {
    return 0;
  }

  get storm(): StormCause | undefined {
    return undefined;
  }

  get stormRecoveredRatio(): number {
    return 1;
  }

  /** The live bindings of an AOR (canonical, `24001@iptlab.com`); empty where there are none. */
  bindingsOf(_aor: string): readonly BindingView[] {
    return [];
  }

  /** Every AOR with at least one live binding. */
  aors(): Iterable<string> {
    return [];
  }
}
