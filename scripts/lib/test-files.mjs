import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder } from './build.mjs';
import { inRoot } from './paths.mjs';

const INTEROP = 'dist/test/interop/';
/** Only `npm run test:long` runs these: traffic that is drawn anew each time gives no verdict on a change. */
const LONG = '.long.test.js';

/**
 * The compiled test files, apart by kind: interop tests use fixed addresses and real programs, so they run alone.
 *
 * @param {{ only: string[], unit: boolean, interop: boolean }} selection only: folders or files under test/
 */
export function selectTests({ only, unit, interop }) {
  const all = filesUnder(inRoot('dist'), ['test'])
    .filter((path) => path.endsWith('.test.js') && !path.endsWith(LONG))
    .map((path) => join('dist', path));
  const wanted = (/** @type {string} */ path) =>
    only.length === 0 ||
    only.some((name) => path.startsWith(`dist/test/${name.replace(/(\.test)?(\.[jt]s)?$/, '')}`));
  const chosen = all.filter(wanted);
  return {
    unit: unit ? chosen.filter((path) => !path.startsWith(INTEROP)) : [],
    interop: interop ? chosen.filter((path) => path.startsWith(INTEROP)) : [],
  };
}

/** The real parts that test files say they need, in calls of needs('…', '…'). */
export function partsNeeded(/** @type {string[]} */ files) {
  const calls = files.flatMap((path) => [
    ...readFileSync(inRoot(path), 'utf8').matchAll(/\bneeds\(([^()]*)\)/g),
  ]);
  const names = calls.flatMap(([, list]) => [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name));
  return [...new Set(names)].sort();
}
