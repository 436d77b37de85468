import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from './program.ts';

export interface WaitOptions {
  readonly withinMs: number;
  readonly everyMs?: number;
  /** Whom one waits for: when it has ended there is nothing to wait for, and its last lines are in the error. */
  readonly program?: Program;
}

/**
 * Asks again and again until the probe gives something other than `undefined`, which is the result.
 * A probe that throws counts as "not yet"; its message is in the error when time is up.
 */
export async function waitUntil<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  { withinMs, everyMs = 25, program }: WaitOptions,
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  let trouble = '';
  do {
    try {
      const found = await probe();
      if (found !== undefined) return found;
      trouble = '';
    } catch (error) {
      trouble = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (program && !program.running()) break;
    await sleep(everyMs);
  } while (performance.now() < deadlineMs);
  const lastWords = program ? `\n${program.lastWords()}` : '';
  throw new Error(`waited up to ${withinMs} ms in vain for ${what}${trouble}${lastWords}`);
}
