import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture, say } from './command.mjs';
import { PARTS } from './part-catalog.mjs';
import { CACHE, inRoot } from './paths.mjs';

/*
 * Why folders, and not `apt-get install`: a test run must not leave daemons, users and files in /etc on the
 * machine of whoever runs it, nor start a registrar on port 5060 because a package thinks it should; it must not
 * wait for, or break, the machine's package database; it works without root for all but the chroot parts; two
 * runs cannot get in each other's way, since a part is unpacked aside and renamed into place; and to take it all
 * back one deletes a folder. A program that the machine already has is used as it is.
 */

const STAMP = '.part.json';
const FETCH_LIMIT_MS = 10 * 60_000;

/**
 * @typedef {{ id: string, ok: true, dir: string | undefined, chroot: boolean, env: Record<string, string> }} Ready
 * @typedef {{ id: string, ok: false, reason: string }} Missing
 */

const folderOf = (/** @type {string} */ id) => join(CACHE, 'parts', id);
const wanted = (/** @type {string} */ id) =>
  JSON.stringify([PARTS[id].from ?? 'own release', ...PARTS[id].packages]);
const isRoot = () => process.getuid?.() === 0;

/** What to add to the environment so that the programs in an unpacked folder find each other and their libraries. */
function overlayEnv(/** @type {string} */ dir) {
  const programs = ['usr/sbin', 'usr/bin', 'sbin', 'bin'].map((name) => join(dir, name)).filter(existsSync);
  const libraries = [];
  for (const base of [join(dir, 'usr/lib'), join(dir, 'lib')].filter(existsSync)) {
    const triplet = readdirSync(base).find((name) => name.includes('-linux-gnu'));
    if (!triplet) continue;
    const shared = join(base, triplet);
    // A package's private libraries lie one folder deeper, where only the installed program would look.
    const nested = readdirSync(shared, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    libraries.push(shared, ...nested.map((entry) => join(shared, entry.name)));
  }
  const python = join(dir, 'usr/lib/python3/dist-packages');
  return {
    PATH: [...programs, process.env.PATH ?? ''].join(delimiter),
    ...(libraries.length > 0 ? { LD_LIBRARY_PATH: libraries.join(delimiter) } : {}),
    ...(existsSync(python) ? { PYTHONPATH: python } : {}),
  };
}

/** @returns {Ready | Missing} whether a part runs, tried by running it */
export function tryPart(/** @type {string} */ id) {
  const part = PARTS[id];
  if (!part) return { id, ok: false, reason: `no part is called "${id}"` };
  const dir = folderOf(id);
  const unpacked = existsSync(join(dir, STAMP)) && readFileSync(join(dir, STAMP), 'utf8') === wanted(id);
  if (part.from) {
    if (!isRoot()) return { id, ok: false, reason: 'it runs by chroot, which needs root' };
    if (!unpacked) return { id, ok: false, reason: 'it has not been fetched' };
    return smoke(id, ['chroot', dir, ...part.smoke], { id, ok: true, dir, chroot: true, env: {} });
  }
  const own = !unpacked
    ? undefined
    : smoke(id, part.smoke, { id, ok: true, dir, chroot: false, env: overlayEnv(dir) });
  return own?.ok ? own : smoke(id, part.smoke, { id, ok: true, dir: undefined, chroot: false, env: {} });
}

function smoke(/** @type {string} */ id, /** @type {string[]} */ command, /** @type {Ready} */ ready) {
  const { output } = capture(command, { env: { ...process.env, ...ready.env } });
  if (PARTS[id].says.test(output)) return ready;
  const line = output.trim().split('\n').at(-1) ?? '';
  return { id, ok: /** @type {const} */ (false), reason: `\`${command.join(' ')}\` said: ${line}` };
}

/**
 * Makes sure that the parts run, fetching what is missing.
 *
 * @param {string[]} ids
 * @returns {(Ready | Missing)[]}
 */
export function ensureParts(ids) {
  mkdirSync(join(CACHE, 'parts'), { recursive: true });
  const state = mkdtempSync(join(CACHE, 'apt-'));
  try {
    return ids.map((id) => {
      const found = tryPart(id);
      return found.ok || !PARTS[id] || (PARTS[id].from && !isRoot()) ? found : fetchPart(id, state);
    });
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** @returns {Ready | Missing} */
function fetchPart(/** @type {string} */ id, /** @type {string} */ state) {
  const { packages, from, about } = PARTS[id];
  if (!capture(['apt-get', '--version']).ok)
    return { id, ok: false, reason: 'this machine has no apt-get to fetch it with' };
  say(`fetching ${id} (${about}) into ${folderOf(id)}`);
  const aside = mkdtempSync(join(CACHE, 'parts', `.${id}-`));
  try {
    const command = from
      ? [inRoot('test/interop/parts/debian-rootfs.sh'), from, aside, ...packages]
      : [inRoot('test/interop/parts/debian-overlay.sh'), state, aside, ...packages];
    const done = capture(['bash', ...command], { timeoutMs: FETCH_LIMIT_MS });
    if (!done.ok) return { id, ok: false, reason: `fetching it failed: ${lastLines(done.output)}` };
    writeFileSync(join(aside, STAMP), wanted(id));
    // Another run may have fetched it meanwhile, and be using it.
    const there = tryPart(id);
    if (there.ok) return there;
    rmSync(folderOf(id), { recursive: true, force: true });
    renameSync(aside, folderOf(id));
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
  return tryPart(id);
}

const lastLines = (/** @type {string} */ output) => output.trim().split('\n').slice(-4).join(' | ');
