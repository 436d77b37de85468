import { CONTENT_CLASSES } from './content-classes.ts';
import type { Difference } from './difference.ts';
import { PASSING_CLASSES } from './passing-classes.ts';
import { REFUSAL_CLASSES } from './refusal-classes.ts';
import { RESPONSE_CLASSES } from './response-classes.ts';

/** A reason to differ: what the RFC says, or what we have decided where it leaves room or could do harm. */
export type Ground = 'rfc' | 'decision';

/** One way in which we differ from Kamailio, and why that is right. */
export interface DifferenceClass {
  readonly id: string;
  readonly title: string;
  readonly theirs: string;
  readonly ours: string;
  readonly ground: Ground;
  readonly why: string;
  /** Judged by the input and what came out; never by what our code says of itself. */
  readonly holds: (difference: Difference) => boolean;
}

/** The first that holds is the one. */
export const CLASSES: readonly DifferenceClass[] = [
  ...REFUSAL_CLASSES,
  ...PASSING_CLASSES,
  ...CONTENT_CLASSES,
  ...RESPONSE_CLASSES,
];

export function classify(difference: Difference): DifferenceClass | undefined {
  return CLASSES.find(({ holds }) => holds(difference));
}
