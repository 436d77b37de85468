import { performance } from 'node:perf_hooks';

/**
 * Milliseconds of the process-wide monotonic clock. `performance.now()` counts from the start of its own
 * thread; moved onto process.hrtime's origin it reads the same in every thread, without garbage. The global
 * of that name is a getter, which compiled code asks anew each time.
 */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export function monotonicMs(): number {
  return performance.now() + OFFSET_MS;
}

const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/** Keeps the thread from doing anything; a tenth of a millisecond comes on top. */
export function sleep(ms: number): void {
  Atomics.wait(NOBODY, 0, 0, ms);
}
