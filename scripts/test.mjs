#!/usr/bin/env node
// All checks: compile, lint, fetch the real parts, unit tests, interop tests.
//   npm test                               everything
//   npm test -- --unit | --interop         one kind alone
//   npm test -- --only sip,proxy/decide    test folders or files alone (no lint)
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { passThrough, say, wasInterrupted } from './lib/command.mjs';
import { ensureParts } from './lib/parts.mjs';
import { inRoot, ROOT } from './lib/paths.mjs';
import { prepare } from './lib/prepare.mjs';
import { partsNeeded, selectTests } from './lib/test-files.mjs';
import { runTests, sum } from './lib/test-run.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    unit: { type: 'boolean', default: false },
    interop: { type: 'boolean', default: false },
  },
});

/** One check among the others, so that the verdict's last line tells its failure, too. */
async function lint() {
  say('linting (biome)');
  const biome = inRoot('node_modules', '.bin', 'biome');
  const isClean = (await passThrough([biome, 'check', '--error-on-warnings', '.'], { cwd: ROOT })) === 0;
  return { passed: isClean ? 1 : 0, failed: isClean ? 0 : 1, skipped: 0 };
}

/** Says which parts cannot be had. Their tests skip, and fail where CI=true. */
function fetchParts(/** @type {string[]} */ files) {
  for (const part of ensureParts(partsNeeded(files))) {
    if (part.ok) continue;
    const uses = files.filter((file) => partsNeeded([file]).includes(part.id));
    say(`MISSING: ${part.id}: ${part.reason}\n  tests that need it: ${uses.join(', ')}`);
  }
}

async function main() {
  if (!(await prepare())) return 1;
  const only = options.only.split(',').filter(Boolean);
  const both = options.unit === options.interop;
  const files = selectTests({ only, unit: both || options.unit, interop: both || options.interop });
  if (files.unit.length + files.interop.length === 0) {
    say('no test file matches');
    return 1;
  }
  const linted = only.length > 0 ? [] : [await lint()];
  fetchParts([...files.unit, ...files.interop]);
  const unit = await runTests(files.unit, { concurrency: availableParallelism() });
  const interop = await runTests(files.interop, { concurrency: 1 });

  if (wasInterrupted()) return 130;
  const { passed, failed, skipped } = sum([...linted, unit, interop]);
  if (sum(linted).failed > 0) say('the lint run failed: see above');
  process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
  return failed === 0 && sum([unit, interop]).passed > 0 ? 0 : 1;
}

process.exitCode = await main();
