import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from './repo-root.ts';

/** The command as the package ships it, under a `dist`. */
export const commandIn = (dist: string): string => join(dist, 'bin', 'rollcall.js');

/** Of the same compilation as this file where there is one, or the checkout's. */
export function commandPath(): string {
  const beside = commandIn(join(import.meta.dirname, '..', '..'));
  return existsSync(beside) ? beside : commandIn(join(REPO_ROOT, 'dist'));
}
