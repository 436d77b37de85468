import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import type { Lab } from '../support/lab.ts';
import { readyPart } from '../support/parts.ts';
import { waitUntil } from '../support/wait-until.ts';

const LIMIT_MS = 60_000;

export interface GuessingOptions {
  readonly target: string;
  readonly user: string;
  /** Passwords from and to, all digits; the user's name is tried besides. */
  readonly from: number;
  readonly to: number;
  /** Whether all guesses answer one challenge. */
  readonly nonces: 'fresh' | 'one for all';
  /** A port of its own for each that runs at the same time. */
  readonly localPort: number;
}

export interface Guessing {
  /** How many passwords were tried, by its own log. */
  readonly guesses: number;
  readonly found: string | undefined;
}

/** Runs sipvicious' svcrack on a user until it has found the password or has none left to try. */
export async function guess(lab: Lab, options: GuessingOptions): Promise<Guessing> {
  const { target, user, from, to, nonces, localPort } = options;
  const part = readyPart('sipvicious');
  const program = lab.start({
    name: `svcrack ${user}`,
    env: part.env,
    command: [
      'python3',
      join(REPO_ROOT, 'test', 'interop', 'parts', 'sipvicious', 'svcrack.py'),
      ...['-u', user, '-r', `${from}-${to}`, '--domain', 'lab.test', '-P', `${localPort}`],
      // -t: how long it waits for an answer before it goes on; -vv: every guess in its log.
      ...['-t', '0.03', '-vv', ...(nonces === 'fresh' ? [] : ['-n'])],
      target,
    ],
  });
  // Having tried all, it listens for ten seconds more.
  const isDone = (): true | undefined =>
    /no more passwords|The password for/.test(program.output()) || !program.running() ? true : undefined;
  await waitUntil('the end of svcrack', isDone, { withinMs: LIMIT_MS, everyMs: 100 });
  const log = program.output();
  await program.stop();
  if (/Unhandled exception/.test(log)) throw new Error(program.lastWords());
  return {
    guesses: [...log.matchAll(/:trying (?!to )\S+/g)].length,
    found: /The password for \S+ is (\S+)/.exec(log)?.[1],
  };
}
