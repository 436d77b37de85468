import { readFileSync } from 'node:fs';
import { ensureBuild } from './build.mjs';
import { say } from './command.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { inRoot } from './paths.mjs';

/** Debian's own Node is too old, and what it would say of our sources tells nobody why. */
function checkNode() {
  const needed = JSON.parse(readFileSync(inRoot('package.json'), 'utf8')).engines.node.replace('>=', '');
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [neededMajor, neededMinor] = needed.split('.').map(Number);
  if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) return;
  throw new Error(`this is Node ${process.versions.node}, and Rollcall needs ${needed} or later`);
}

/** Brings node_modules and dist/ up to date. @returns {Promise<boolean>} whether they are; if not, it has said why */
export async function prepare() {
  try {
    checkNode();
    ensureDependencies();
    await ensureBuild();
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}
