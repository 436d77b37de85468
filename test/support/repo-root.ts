import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A folder of a checkout, and of nothing else that this code may have been compiled into. */
const isCheckout = (folder: string): boolean =>
  existsSync(join(folder, 'biome.json')) && existsSync(join(folder, 'scripts', 'test.mjs'));

function findRoot(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (isCheckout(folder)) return folder;
  }
  if (isCheckout(process.cwd())) return process.cwd();
  throw new Error('compiled outside of the checkout: run the tests from its root folder');
}

/** The root folder of the checkout: what is not compiled (configurations, scenarios, scripts) is read from there. */
export const REPO_ROOT = findRoot();
