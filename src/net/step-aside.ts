import { monotonicMs, sleep } from './clock.ts';

/** Lets another thread that waits for this CPU have it, and comes back when that one has done its work. */
export type StepAside = () => void;

/** For so long, at most, whoever waits has to wait for a nap. */
const AWAKE_MS = 0.05;
/** Shorter ones last as long: so much is what the kernel adds to any. */
const NAP_MS = 0.05;

/** The system call where it can be had: 0.2 µs where nobody waits. Else naps, which cost their time where nobody does, too. */
export async function openStepAside(): Promise<StepAside> {
  const { schedYield, whyMissing } = await import('./linux.ts');
  return whyMissing() === undefined ? schedYield : napping(monotonicMs, sleep);
}

/** A nap at each call that finds it awake for more than AWAKE_MS. */
export function napping(nowMs: () => number, nap: (ms: number) => void): StepAside {
  let awakeMs = nowMs();
  return () => {
    if (nowMs() - awakeMs <= AWAKE_MS) return;
    nap(NAP_MS);
    awakeMs = nowMs();
  };
}
