import type { Tapped } from './monitor/tapped.ts';
import { monotonicMs } from './net/clock.ts';
import type { RingReader } from './net/ring/reader.ts';
import type { StepAside } from './net/step-aside.ts';

/** What the drain feeds: the monitor. */
export interface Observer {
  observe(tapped: Tapped): void;
  advance(nowMs: number): void;
  /** Records are missing, that of this time and those before it but for what was observed. */
  noteTapLoss(records: number, untilMs: number): void;
}

export interface TapDrainParts {
  readonly reader: RingReader;
  readonly observer: Observer;
  readonly tapped: Tapped;
  /** Records so far that never came into the ring; only grows. The ring tells of them, too, as soon as a record comes behind them. */
  readonly dropped: () => number;
  /** Batches so far behind which a good part of a receive buffer was full (`Fill`); only grows. */
  readonly queuedBatches: () => number;
  /** Both threads have one CPU: a turn of this one keeps the other one waiting. */
  readonly sharesCpu: boolean;
  /** Where they do, and the other one does not take the CPU by itself: lets it have it, if it wants it. */
  readonly stepAside: StepAside | undefined;
  /** The monitor threw: a defect of ours, which costs that record and nothing else. */
  readonly onFault: (error: unknown) => void;
}

/** One slice: then whoever asks for /metrics gets a turn. */
const MAX_SLICE_RECORDS = 1000;
const MAX_SLICE_MS = 5;
/** Room is given back so often that the ring does not fill up under a long slice. */
const RELEASE_EVERY = 32;
/**
 * Records between two offers of the CPU: some 60 µs of work, which is as long as the other thread waits then. An offer is a
 * system call, and comes back to colder caches: one for each record doubled what a record costs.
 */
export const STEP_ASIDE_EVERY = 32;
/**
 * Records that one wake-up is for: to find the caches cold costs as much as ten of them, and what has waited too long is
 * in no cache any more. So the pause follows the traffic.
 */
export const RECORDS_PER_TURN = 150;
/** The same where so many take longer than QUIET_MS to come: no cache keeps them for so long, so only wake-ups count. */
export const RECORDS_PER_QUIET_TURN = 1000;
const QUIET_MS = 12;
const SHORTEST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 150;
const FIRST_PAUSE_MS = 20;
const IDLE_MS = 100;
/** Whoever has to come back sooner has no time to step aside: the ring would never be empty, and start over. */
const EASY_PAUSE_MS = 5;
/** Between two looks while datagrams queue up: who is slow, or has half of a CPU, takes a batch in it, too. */
const PRESSED_PAUSE_MS = 9;
/** Up to this share of the ring is there to wait in while they do. */
const WAITING_SHARE = 0.9;
/** A slice where it is used up and both threads have to share a CPU: for each record taken now, datagrams may be lost. */
const PRESSED_SLICE_MS = 1;
/** A record is published up to a batch's length after the time that it carries. */
const PUBLISH_SLACK_MS = 100;

/**
 * Moves what was tapped from the ring to the monitor, in slices, beside everything else. Where both threads have to share
 * a CPU each slice keeps datagrams waiting: so it steps aside every few records, and while datagrams queue up it lets the
 * forwarding thread go first, and records wait in the ring, as long as that has room. Where it has none, little is taken: rather records
 * get lost than packets.
 */
export class TapDrain {
  private readonly parts: TapDrainParts;
  /** Of the records that were lost the observer knows so many, all that were lost before what it has observed. */
  private toldLost = 0;
  private droppedBefore = 0;
  private queuedBefore = 0;
  private readonly pace = new Pace();
  /** Since the ring was empty. */
  private seen = 0;
  private timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  constructor(parts: TapDrainParts) {
    this.parts = parts;
  }

  start(): void {
    this.timer = setTimeout(() => this.turn(), IDLE_MS);
  }

  /** Takes what is there, and ends. */
  stop(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer as NodeJS.Timeout);
    clearImmediate(this.timer as NodeJS.Immediate);
    this.timer = undefined;
    this.slice(MAX_SLICE_MS);
  }

  private turn(): void {
    const pauseMs = this.isPressed() ? this.pressedTurn() : this.ordinaryTurn();
    this.timer = pauseMs > 0 ? setTimeout(() => this.turn(), pauseMs) : setImmediate(() => this.turn());
  }

  private isPressed(): boolean {
    const queued = this.parts.queuedBatches();
    const isPressed = queued > this.queuedBefore;
    this.queuedBefore = queued;
    return isPressed;
  }

  /** The pause that is due then; 0 where there is more to take. */
  private ordinaryTurn(): number {
    if (!this.slice(MAX_SLICE_MS)) {
      this.pace.hurry();
      return 0;
    }
    const pauseMs = this.pace.pauseMs(this.seen);
    this.seen = 0;
    return pauseMs;
  }

  private pressedTurn(): number {
    if (this.hasWaitingRoom() && !this.isLosing()) return PRESSED_PAUSE_MS;
    if (!this.parts.sharesCpu) return this.ordinaryTurn();
    this.slice(PRESSED_SLICE_MS);
    return PRESSED_PAUSE_MS;
  }

  private hasWaitingRoom(): boolean {
    const { reader } = this.parts;
    return reader.backlogBytes < reader.capacityBytes * WAITING_SHARE;
  }

  /** Since the last look: the ring, once it is full, takes nothing until there is much more room in it. */
  private isLosing(): boolean {
    const dropped = this.parts.dropped();
    const isLosing = dropped > this.droppedBefore;
    this.droppedBefore = dropped;
    return isLosing;
  }

  /** True where it found the ring empty. */
  private slice(mostMs: number): boolean {
    const { reader, observer, dropped } = this.parts;
    const startMs = monotonicMs();
    const lost = dropped();
    const isEmpty = this.take(startMs, mostMs);
    reader.release();
    if (!isEmpty) return false;
    // Behind these no record came that could have told of them.
    this.tellLoss(lost, startMs);
    // While records wait, their own times drive the monitor's: a clock ahead of them would invent timeouts.
    this.guard(() => observer.advance(startMs - PUBLISH_SLACK_MS));
    return true;
  }

  /** All that were lost up to this time, or to the record that has it. */
  private tellLoss(lost: number, untilMs: number): void {
    const untold = lost - this.toldLost;
    if (untold <= 0) return;
    this.toldLost = lost;
    this.guard(() => this.parts.observer.noteTapLoss(untold, untilMs));
  }

  /**
   * Shows the monitor as many records as a slice may have; true where it found no more. It is a loop and nothing else:
   * V8 compiles it while it runs, and would have to give up at each end of it what stands behind it and was not reached then.
   */
  private take(startMs: number, mostMs: number): boolean {
    const { reader, tapped } = this.parts;
    const stepAside = this.pace.isEasy ? this.parts.stepAside : undefined;
    let taken = 0;
    while (reader.next(tapped)) {
      if (reader.missed > this.toldLost) this.tellLoss(reader.missed, tapped.atMs);
      this.observe();
      this.seen++;
      taken++;
      if (stepAside !== undefined && taken % STEP_ASIDE_EVERY === 0) stepAside();
      if (taken === MAX_SLICE_RECORDS) return false;
      if (taken % RELEASE_EVERY !== 0) continue;
      reader.release();
      if (monotonicMs() - startMs > mostMs) return false;
    }
    return true;
  }

  private observe(): void {
    try {
      this.parts.observer.observe(this.parts.tapped);
    } catch (error) {
      this.parts.onFault(error);
    }
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.parts.onFault(error);
    }
  }
}

/** How long to wait for the next records. */
export class Pace {
  private last = FIRST_PAUSE_MS;

  /** There is more than one slice can take. */
  hurry(): void {
    this.last = SHORTEST_PAUSE_MS;
  }

  /** There is time between the turns. */
  get isEasy(): boolean {
    return this.last >= EASY_PAUSE_MS;
  }

  /** After a pause at whose end so many records were there: one in which as many come as a turn is for. */
  pauseMs(seen: number): number {
    if (seen === 0) return IDLE_MS;
    const perRecordMs = this.last / seen;
    const isQuiet = perRecordMs * RECORDS_PER_TURN > QUIET_MS;
    const wanted = perRecordMs * (isQuiet ? RECORDS_PER_QUIET_TURN : RECORDS_PER_TURN);
    this.last = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, wanted));
    return this.last;
  }
}
