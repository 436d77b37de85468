import { join, resolve } from 'node:path';

/** The repository's root folder. */
export const ROOT = resolve(import.meta.dirname, '..', '..');

/** What is costly to fetch and may be thrown away: the real parts of the interop tests. */
export const CACHE = resolve(process.env.ROLLCALL_TEST_CACHE || join(ROOT, '.cache'));

/** @param {...string} names */
export const inRoot = (...names) => join(ROOT, ...names);
