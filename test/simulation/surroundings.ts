import type { Address } from './address.ts';
import type { Network } from './network.ts';
import type { Scheduler } from './scheduler.ts';

/** What phones and attackers find around them. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly proxy: Address;
  readonly challengeStatus: 401 | 407;
  readonly expiresChoices: readonly number[];
  /** Which contact of the model a Contact URI is, for whoever compares. */
  readonly contactUris: Map<string, string>;
  nextId(): number;
  /** True towards the end of a run: nothing new happens any more, phones only keep registered. */
  isQuiet(): boolean;
  /** One line of the trace; the text is made only where somebody reads it. */
  note(text: () => string): void;
}
