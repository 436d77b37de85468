import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const ROOT = resolve(fileURLToPath(new URL('../..', import.meta.url)));

/** What is costly to fetch and may be thrown away: the real parts of the interop tests. */
export const CACHE = resolve(process.env.TEST_PARTS_CACHE || join(ROOT, '.cache'));

/** @param {...string} names */
export const inRoot = (...names) => join(ROOT, ...names);
