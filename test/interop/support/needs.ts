import { partsOf } from './parts.ts';

/**
 * The options of a `describe` or `it` that uses real programs: `describe('…', needs('kamailio', 'sipp'), …)`.
 * Where one is missing the tests are skipped with the reason, but with CI=true that is an error: there a test
 * that does not run must not look like one that passed.
 *
 * The names must be written out in the call: scripts/test.mjs reads them there to know what to fetch.
 */
export function needs(...ids: readonly string[]): { skip: string | false } {
  const missing = partsOf(ids).filter((part) => !part.ok);
  if (missing.length === 0) return { skip: false };
  const reason = missing.map((part) => `${part.id} is missing: ${part.reason}`).join('; ');
  if (process.env.CI === 'true') throw new Error(`${reason}; with CI=true every part must be here`);
  return { skip: reason };
}
