import { DIALOGS } from './dialogs.ts';
import type { HardCase } from './hard-case.ts';
import { IPV6 } from './ipv6.ts';
import { REGISTRATIONS } from './registrations.ts';
import { SEED_ROWS } from './seed-rows.ts';
import { TORTURE_INVALID } from './torture-invalid.ts';
import { TORTURE_MEANING } from './torture-meaning.ts';
import { TORTURE_VALID } from './torture-valid.ts';
import { VIAS } from './vias.ts';

/** Rows of the table of hard cases: each has at least one case. */
export const ROWS = 62;

const unordered = [
  ...TORTURE_VALID,
  ...TORTURE_INVALID,
  ...TORTURE_MEANING,
  ...IPV6,
  ...VIAS,
  ...SEED_ROWS,
  ...DIALOGS,
  ...REGISTRATIONS,
];

/** By row; those without one last. */
export const HARD_CASES: readonly HardCase[] = unordered.toSorted(
  (a, b) => (a.row || ROWS + 1) - (b.row || ROWS + 1),
);
