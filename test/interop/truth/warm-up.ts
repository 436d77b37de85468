import { setTimeout as sleep } from 'node:timers/promises';
import { parseExposition, total } from '../support/exposition.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { waitUntil } from '../support/wait-until.ts';

/** What a registrar tells is what is left when it answers: where it was held up, a later grant may be this much longer. */
const LONGER_GRANT_MS = 3_000;

/** Resolves when Rollcall has been there for as long as any binding that it has seen lives. */
export async function warmedUp(rollcall: Rollcall): Promise<void> {
  const probe = async () => {
    const samples = parseExposition(await rollcall.metrics());
    return total(samples, 'rollcall_warming_up') === 0 ? true : undefined;
  };
  await waitUntil('the end of the warm-up', probe, { withinMs: 60_000, everyMs: 200 });
  await sleep(LONGER_GRANT_MS);
}
