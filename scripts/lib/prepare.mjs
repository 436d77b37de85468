import { ensureBuild } from './build.mjs';
import { say } from './command.mjs';
import { ensureDependencies } from './dependencies.mjs';

/** Brings node_modules and dist/ up to date. @returns {boolean} whether they are; if not, it has said why */
export function prepare() {
  try {
    ensureDependencies();
    ensureBuild();
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}
