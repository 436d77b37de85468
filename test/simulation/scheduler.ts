/** Something that was planned; `cancel` takes it back. */
export interface Planned {
  cancel(): void;
}

interface Entry extends Planned {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/** A run that makes more than this is a fault of the simulation, not a long run. */
const MAX_EVENTS = 3_000_000;

/**
 * Fake time: a heap of what happens when. Time moves only by running what is next; happenings of one moment run in
 * the order in which they were planned.
 */
export class Scheduler {
  /** Monotonic milliseconds since the start of the run. */
  nowMs = 0;
  private readonly heap: Entry[] = [];
  private planned = 0;
  private ran = 0;

  at(atMs: number, run: () => void): Planned {
    const entry: Entry = {
      atMs: Math.max(atMs, this.nowMs),
      order: this.planned++,
      run,
      cancel: () => {
        entry.run = undefined;
      },
    };
    this.push(entry);
    return entry;
  }

  in(delayMs: number, run: () => void): Planned {
    return this.at(this.nowMs + delayMs, run);
  }

  /** Runs everything up to and including this moment. */
  runUntil(untilMs: number): void {
    for (;;) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.pop();
      if (next.run === undefined) continue;
      if (++this.ran > MAX_EVENTS) throw new Error(`the simulation makes no end: ${MAX_EVENTS} events`);
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = untilMs;
  }

  get eventsRun(): number {
    return this.ran;
  }

  private push(entry: Entry): void {
    const heap = this.heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  private pop(): void {
    const heap = this.heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
