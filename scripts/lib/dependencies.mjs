import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { capture, say } from './command.mjs';
import { inRoot, ROOT } from './paths.mjs';

const LOCK = inRoot('package-lock.json');
const STAMP = inRoot('node_modules', '.rollcall-stamp');
const INSTALL_LIMIT_MS = 10 * 60_000;

const read = (/** @type {string} */ path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/** Native modules are built for a Node major and a platform. */
const environment = `node-${process.versions.node.split('.')[0]} ${process.platform}-${process.arch}`;

/** Same environment and same lock file: same node_modules. */
function wantedStamp() {
  return `${environment} ${createHash('sha256').update(readFileSync(LOCK)).digest('hex')}\n`;
}

/** Whether what the lock file names is all here, put there by somebody's own `npm ci` or `npm install`. */
function installedByHand() {
  const stamp = read(STAMP);
  if (stamp !== '' && !stamp.startsWith(environment)) return false;
  const have = JSON.parse(read(inRoot('node_modules', '.package-lock.json')) || '{}').packages ?? {};
  const want = Object.entries(JSON.parse(readFileSync(LOCK, 'utf8')).packages ?? {});
  return want.every(([path, { optional, version }]) => {
    if (path === '' || (optional && !have[path])) return true;
    return have[path]?.version === version && existsSync(inRoot(path));
  });
}

/** Installs the packages that package-lock.json names, unless they are here already. */
export function ensureDependencies() {
  if (read(STAMP) === wantedStamp()) return;
  if (!installedByHand()) {
    say('installing the packages that package-lock.json names (npm ci)');
    const flags = ['--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'];
    const done = capture(['npm', 'ci', ...flags], { cwd: ROOT, timeoutMs: INSTALL_LIMIT_MS });
    if (!done.ok) throw new Error(`npm ci failed:\n${done.output.trim()}`);
  }
  writeFileSync(STAMP, wantedStamp());
}
