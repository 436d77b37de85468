import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from './repo-root.ts';

/**
 * The command under `dist`: as the package ships it, or, in a copy without that (test:mutants plants its faults in the
 * modules), module by module.
 */
export function commandIn(dist: string): string {
  const bundled = join(dist, 'bin', 'rollcall.js');
  return existsSync(bundled) ? bundled : join(dist, 'src', 'cli', 'main.js');
}

/** The command of the same compilation as this file where there is one, or the checkout's. */
export function commandPath(): string {
  const beside = commandIn(join(import.meta.dirname, '..', '..'));
  return existsSync(beside) ? beside : commandIn(join(REPO_ROOT, 'dist'));
}
