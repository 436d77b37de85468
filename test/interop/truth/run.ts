import type { Life } from './life.ts';
import type { Truth } from './truth.ts';

/*
 * How long and with what chance these tests run:
 *   TRUTH_SEED=n   the same decisions again (the seed is printed with every run)
 *   LIFE_SEC=n     longer lives, as `npm run test:long` has them
 */
const given = (name: string): number | undefined => {
  const text = process.env[name] ?? '';
  return /^\d+$/.test(text) ? Number(text) : undefined;
};

const SEED = given('TRUTH_SEED') ?? Math.floor(Math.random() * 1_000_000);

/** The seed of one part of the run; part 0 is what TRUTH_SEED takes. */
export function seed(part: number): number {
  return SEED + part * 1_000_003;
}

export function lifeSec({ usual, longest }: { readonly usual: number; readonly longest: number }): number {
  return Math.min(given('LIFE_SEC') ?? usual, longest);
}

/** One line on what a life was made of. */
export function figures(truth: Truth, life: Life): string {
  const about = Object.entries(truth.expected()).filter(
    ([name]) =>
      /^(attempts|results|changes|retransmissions|challenges|sent)\b/.test(name) && !name.includes('@'),
  );
  const deeds = [...life.deeds].map(([deed, count]) => `${deed} ${count}`);
  const borders = truth.bindings.borders > 0 ? `; ${truth.bindings.borders} on a border` : '';
  return `${about.map(([name, count]) => `${name} ${count}`).join(', ')}; deeds: ${deeds.join(', ')}${borders}`;
}
