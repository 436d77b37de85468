import type { DestinationStream, LevelWithSilent, Logger } from 'pino';
import { pino, stdTimeFunctions } from 'pino';
import type { Event } from './monitor/events.ts';
import { monotonicMs } from './net/clock.ts';

export type Log = Logger;

/** A reader that does not read costs us lines, never memory or time. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const STDOUT = 1;

export interface LogSink extends DestinationStream {
  flushSync?(): void;
}

/** JSON lines on standard output, wall time in ISO 8601. */
export function createLog(level: LevelWithSilent, sink: LogSink = standardOutput()): Log {
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, sink);
}

export function standardOutput(): LogSink {
  return pino.destination({ dest: STDOUT, sync: false, maxLength: MAX_BUFFERED_BYTES });
}

/** Lines of one kind per second, and so many at once. */
const LINES_PER_SECOND = 20;
const BURST_LINES = 100;

class Budget {
  private lines = BURST_LINES;
  private atMs = 0;
  withheld = 0;

  admits(nowMs: number): boolean {
    this.lines = Math.min(BURST_LINES, this.lines + ((nowMs - this.atMs) / 1000) * LINES_PER_SECOND);
    this.atMs = nowMs;
    if (this.lines < 1) {
      this.withheld++;
      return false;
    }
    this.lines--;
    return true;
  }
}

const URGENT: ReadonlySet<Event['kind']> = new Set(['suspicion', 'storm']);

/**
 * One line per event, kinds apart, so that a storm of one does not hide the others; what was held back is
 * counted in the next line of its kind. `at` is when it happened, by the wall clock.
 */
export class EventLog {
  private readonly log: Log;
  private readonly budgets = new Map<Event['kind'], Budget>();

  constructor(log: Log) {
    this.log = log;
  }

  write(event: Event): void {
    const nowMs = monotonicMs();
    const budget = this.budgetOf(event.kind);
    if (!budget.admits(nowMs)) return;
    const { atMs, kind, ...fields } = event;
    const at = new Date(Date.now() - (nowMs - atMs)).toISOString();
    const withheld = budget.withheld > 0 ? { withheld: budget.withheld } : {};
    budget.withheld = 0;
    this.log[URGENT.has(kind) ? 'warn' : 'info']({ event: kind, at, ...fields, ...withheld }, kind);
  }

  private budgetOf(kind: Event['kind']): Budget {
    const known = this.budgets.get(kind);
    if (known !== undefined) return known;
    const made = new Budget();
    this.budgets.set(kind, made);
    return made;
  }
}
