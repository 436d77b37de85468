import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { capture, say } from './command.mjs';
import { inRoot, ROOT } from './paths.mjs';

const LOCK = inRoot('package-lock.json');
const STAMP = inRoot('node_modules', '.rollcall-stamp');
const INSTALL_LIMIT_MS = 10 * 60_000;

/** Same lock file and same Node: same node_modules. The major counts because native modules are built for it. */
function wantedStamp() {
  const hash = createHash('sha256').update(readFileSync(LOCK)).digest('hex');
  return `${hash} node-${process.versions.node.split('.')[0]} ${process.platform}-${process.arch}\n`;
}

const read = (/** @type {string} */ path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined);

/** Whether somebody's own `npm ci` or `npm install` has put there just what the lock file names. */
function installedByHand() {
  const installed = read(inRoot('node_modules', '.package-lock.json'));
  if (!installed || existsSync(STAMP)) return false;
  const have = JSON.parse(installed).packages ?? {};
  const want = Object.entries(JSON.parse(readFileSync(LOCK, 'utf8')).packages ?? {});
  return want.every(
    ([path, entry]) => path === '' || entry.optional || have[path]?.version === entry.version,
  );
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
