import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { passThrough, wasInterrupted } from './command.mjs';
import { inRoot, ROOT } from './paths.mjs';

/** A test file that has not ended by then hangs: it is killed and counted as failed. */
const FILE_LIMIT_MS = 15 * 60_000;

/** @typedef {{ passed: number, failed: number, skipped: number }} Totals */

/**
 * Runs compiled test files with node's test runner, each in a process of its own.
 *
 * @param {string[]} files relative to the root
 * @param {{ concurrency: number }} options how many files at a time
 * @returns {Promise<Totals>}
 */
export async function runTests(files, { concurrency }) {
  if (files.length === 0 || wasInterrupted()) return { passed: 0, failed: 0, skipped: 0 };
  const scratch = mkdtempSync(join(tmpdir(), 'rollcall-tests-'));
  const totalsFile = join(scratch, 'totals.json');
  try {
    const code = await passThrough(
      [
        process.execPath,
        '--test',
        `--test-concurrency=${concurrency}`,
        `--test-timeout=${FILE_LIMIT_MS}`,
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        `--test-reporter=${inRoot('scripts', 'lib', 'count-reporter.mjs')}`,
        `--test-reporter-destination=${totalsFile}`,
        ...files,
      ],
      { cwd: ROOT, env: testEnvironment() },
    );
    return withVerdict(readTotals(totalsFile), code);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** With CI=true the properties' seed is fixed: see property-seed.mjs. */
function testEnvironment() {
  if (process.env.CI !== 'true') return process.env;
  const seed = pathToFileURL(inRoot('scripts', 'lib', 'property-seed.mjs')).href;
  return { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${seed}`.trim() };
}

/** @returns {Totals} */
function readTotals(/** @type {string} */ path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}

/** The exit code has the last word: a failing hook, or a runner that was killed, is in no count. */
function withVerdict(/** @type {Totals} */ totals, /** @type {number} */ code) {
  return code === 0 || totals.failed > 0 ? totals : { ...totals, failed: 1 };
}

/** @param {Totals[]} runs @returns {Totals} */
export function sum(runs) {
  const add = (/** @type {keyof Totals} */ key) => runs.reduce((total, run) => total + run[key], 0);
  return { passed: add('passed'), failed: add('failed'), skipped: add('skipped') };
}
