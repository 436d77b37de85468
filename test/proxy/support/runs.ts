import type { Parameters } from 'fast-check';

/**
 * How long the properties search: `PROPERTY_RUNS=200000` makes every one of them that long, from another seed
 * each time unless `PROPERTY_SEED` gives one. Without it they take some seconds and the same way every time.
 */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 0);
const SEED = process.env.PROPERTY_SEED;
const EVERYDAY_SEED = 5060;

export function runs<T>(usual: number): Parameters<T> {
  const seed = SEED === undefined ? undefined : Number(SEED);
  if (RUNS > 0) return { numRuns: RUNS, ...(seed !== undefined && { seed }) };
  return { numRuns: usual, seed: seed ?? EVERYDAY_SEED };
}
