import { parseArgs } from 'node:util';
import { rerunCommand, shortTrace } from './explain.ts';
import { PROFILE_NAMES } from './profiles.ts';
import { runSeed } from './run-seed.ts';
import type { Pinned } from './scenario.ts';
import { Tally } from './tally.ts';

/**
 * Runs many seeds and says what came of them; exits with 1 where one failed.
 *
 *   npm run test:simulation -- --seeds 10000 --from 1 [--profile kamailio] [--level exact]
 *   SEED=123 npm run test:simulation        one seed, with everything that happens in it
 */
const MAX_EXPLAINED = 5;
const PROGRESS_EVERY = 500;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    profile: { type: 'string' },
    level: { type: 'string' },
  },
});

const profile = PROFILE_NAMES.find((name) => name === values.profile);
const level = (['exact', 'rough'] as const).find((name) => name === values.level);
const pinned: Pinned = { ...(profile && { profile }), ...(level && { level }) };

if (process.env.SEED === undefined) runMany(Number(values.from), Number(values.seeds));
else runVerbosely(Number(process.env.SEED));

function runVerbosely(seed: number): void {
  const report = runSeed(seed, pinned, (line) => console.log(line));
  console.log(`seed ${seed} (${report.title}): ${report.failures.length} failures`);
  for (const failure of report.failures) console.log(`  ${failure}`);
  if (report.failures.length > 0) process.exitCode = 1;
}

function runMany(from: number, seeds: number): void {
  const tally = new Tally();
  const startMs = performance.now();
  for (let seed = from; seed < from + seeds; seed++) {
    const report = runSeed(seed, pinned);
    tally.add(report);
    if (report.failures.length > 0) {
      console.log(`seed ${seed} FAILED (${report.title})`);
      for (const failure of report.failures) console.log(`  ${failure}`);
      if (tally.failed.length <= MAX_EXPLAINED) {
        for (const line of shortTrace(report, pinned)) console.log(`    ${line}`);
      }
      console.log(`  ${rerunCommand(seed)}`);
    }
    if (tally.runs % PROGRESS_EVERY === 0)
      console.error(`${tally.runs} of ${seeds}, ${tally.failed.length} failed`);
  }
  console.log(tally.summary());
  console.log(`${((performance.now() - startMs) / 1000).toFixed(1)} s`);
  if (tally.failed.length > 0) process.exitCode = 1;
}
