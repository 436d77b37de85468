import { writeFileSync } from 'node:fs';
import type { Lab } from './lab.ts';

export interface UserRange {
  /** The number of the first: 7 is u7. Default 0. */
  readonly first?: number;
  readonly count: number;
  /** Default: the right one. */
  readonly password?: 'right' | 'wrong';
  /** For the refresh scenario: how often each registers. */
  readonly rounds?: number;
}

/** Lines of a SIPp injection file: user, SIPp's keyword for the digest, rounds. Read in order, one line per call. */
export function usersFile(lab: Lab, { first = 0, count, password = 'right', rounds = 1 }: UserRange): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const number = first + index;
    const secret = password === 'right' ? `pw${number}` : 'wrong';
    return `u${number};[authentication username=u${number} password=${secret}];${rounds}`;
  });
  const path = lab.path('users.csv');
  writeFileSync(path, `SEQUENTIAL\n${lines.join('\n')}\n`);
  return path;
}
