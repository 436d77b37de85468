import { runSeed } from './run-seed.ts';
import type { Pinned } from './scenario.ts';
import type { Report } from './world.ts';
import { FAILED } from './world.ts';

const MAX_LINES = 40;
const MAX_LINE_LENGTH = 260;

/** How to run one seed again, with everything that happens in it. */
export function rerunCommand(seed: number): string {
  return `SEED=${seed} npm run test:simulation`;
}

/** What led to a run's first failure: the run again, and of its trace what concerns the AOR that the failure names. */
export function shortTrace(report: Report, pinned: Pinned = {}): string[] {
  const lines: string[] = [];
  runSeed(report.seed, pinned, (line) => lines.push(line));
  const failedAt = lines.findIndex((line) => line.includes(FAILED));
  if (failedAt < 0) return ['the failure did not come again: the run is not a function of its seed'];
  const aor = / of (\S+@[\w.]+)/.exec(lines[failedAt]!)?.[1];
  const phones = new Set(
    lines.flatMap((line) => (aor !== undefined && line.includes(aor) ? (line.match(/phone\d+/g) ?? []) : [])),
  );
  const isAbout = (line: string): boolean =>
    aor === undefined ||
    line.includes(aor) ||
    line.includes('begins:') ||
    line.includes('ends:') ||
    [...phones].some((phone) => line.includes(`${phone} `));
  return lines
    .slice(0, failedAt + 1)
    .filter(isAbout)
    .slice(-MAX_LINES)
    .map((line) => line.slice(0, MAX_LINE_LENGTH));
}
