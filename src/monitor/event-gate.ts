import type { MonitorCounts } from './counts.ts';
import type { Event } from './events.ts';

/** Events told in one second at most: a storm must not become a storm of log lines. Counts stay exact. */
export const MAX_EVENTS_PER_SEC = 1000;

/** Lets events through, up to a number per second; what it holds back is counted. */
export class EventGate {
  private readonly emit: (event: Event) => void;
  private readonly counts: MonitorCounts;
  private second = Number.NaN;
  private told = 0;

  constructor(emit: (event: Event) => void, counts: MonitorCounts) {
    this.emit = emit;
    this.counts = counts;
  }

  /** Ask before making an event whose strings cost something. */
  isOpen(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.told = 0;
    }
    if (this.told < MAX_EVENTS_PER_SEC) return true;
    this.counts.eventsSuppressed++;
    return false;
  }

  tell(event: Event): void {
    this.told++;
    this.emit(event);
  }
}
