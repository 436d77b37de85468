import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Generous: what is waited for comes at once, on a machine that has the time. */
const LIMIT_MS = 20_000;

/** Waits until `holds` does; fails, with `what` was expected, when it never does. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + LIMIT_MS;
  while (!holds()) {
    assert.ok(performance.now() < giveUpAt, `waited in vain for ${what}`);
    await sleep(10);
  }
}
