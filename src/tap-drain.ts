import type { Tapped } from './monitor/tapped.ts';
import { monotonicMs } from './net/clock.ts';
import type { RingReader } from './net/ring.ts';

/** What the drain feeds: the monitor. */
export interface Observer {
  observe(tapped: Tapped): void;
  advance(nowMs: number): void;
  noteTapLoss(records: number, nowMs: number): void;
}

export interface TapDrainParts {
  readonly reader: RingReader;
  readonly observer: Observer;
  readonly tapped: Tapped;
  /** Records refused so far because the ring was full; only grows. */
  readonly dropped: () => number;
  /** Batches so far that were as long as a batch gets, which is when more datagrams waited than it holds; only grows. */
  readonly fullBatches: () => number;
  /** The monitor threw: a defect of ours, which costs that record and nothing else. */
  readonly onFault: (error: unknown) => void;
}

/** One slice: then whoever asks for /metrics gets a turn. */
const MAX_SLICE_RECORDS = 1000;
const MAX_SLICE_MS = 5;
/** Room is given back so often that the ring does not fill up under a long slice. */
const RELEASE_EVERY = 64;
const BUSY_MS = 20;
/**
 * So many records in one slice are worth coming back sooner: they are still in a cache, and where both threads have to
 * share a CPU a short slice keeps no datagram waiting for long.
 */
const RUSH_RECORDS = 8;
const RUSH_MS = 2;
const IDLE_MS = 100;
/** So many full batches since the last look: datagrams queue up in the receive buffer. */
const PRESSED_BATCHES = 2;
/** Up to this share of the ring is there to wait in while they do. */
const WAITING_SHARE = 0.5;
/** A record is published up to a batch's length after the time that it carries. */
const PUBLISH_SLACK_MS = 100;

/**
 * Moves what was tapped from the ring to the monitor, in slices, beside everything else. Where both threads have to share
 * a CPU each slice keeps datagrams waiting: so while they queue up it lets the forwarding thread go first, and records
 * wait in the ring, as long as that has room.
 */
export class TapDrain {
  private readonly parts: TapDrainParts;
  private lostBefore = 0;
  private fullBefore = 0;
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
    this.slice();
  }

  private turn(): void {
    if (this.isPressed() && this.hasWaitingRoom()) {
      this.timer = setTimeout(() => this.turn(), RUSH_MS);
      return;
    }
    const { seen, isEmpty } = this.slice();
    if (!isEmpty) this.timer = setImmediate(() => this.turn());
    else this.timer = setTimeout(() => this.turn(), pauseMs(seen));
  }

  private isPressed(): boolean {
    const full = this.parts.fullBatches();
    const isPressed = full - this.fullBefore >= PRESSED_BATCHES;
    this.fullBefore = full;
    return isPressed;
  }

  private hasWaitingRoom(): boolean {
    const { reader } = this.parts;
    return reader.backlogBytes < reader.capacityBytes * WAITING_SHARE;
  }

  private slice(): { readonly seen: number; readonly isEmpty: boolean } {
    const { reader, tapped, dropped, observer } = this.parts;
    const startMs = monotonicMs();
    let seen = 0;
    let isEmpty = false;
    while (seen < MAX_SLICE_RECORDS) {
      if (!reader.next(tapped)) {
        isEmpty = true;
        break;
      }
      this.observe();
      seen++;
      if (seen % RELEASE_EVERY !== 0) continue;
      reader.release();
      if (monotonicMs() - startMs > MAX_SLICE_MS) break;
    }
    reader.release();
    const lost = dropped();
    if (lost > this.lostBefore) this.guard(() => observer.noteTapLoss(lost - this.lostBefore, tapped.atMs));
    this.lostBefore = lost;
    // While records wait, their own times drive the monitor's: a clock ahead of them would invent timeouts.
    if (isEmpty) this.guard(() => observer.advance(startMs - PUBLISH_SLACK_MS));
    return { seen, isEmpty };
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

function pauseMs(seen: number): number {
  if (seen === 0) return IDLE_MS;
  return seen < RUSH_RECORDS ? BUSY_MS : RUSH_MS;
}
