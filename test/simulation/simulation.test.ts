import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHANGES, RESULTS } from '../../src/monitor/lists.ts';
import type { Tapped } from '../../src/monitor/tapped.ts';
import { rerunCommand, shortTrace } from './explain.ts';
import { PROFILE_NAMES } from './profiles.ts';
import { makeMonitor, runScenario, runSeed } from './run-seed.ts';
import { drawScenario } from './scenario.ts';
import { Tally } from './tally.ts';
import type { Report } from './world.ts';

const SEEDS = 240;
const BLOCK = 30;
const LEAST_RUNS_OF_A_PROFILE = 30;

const tally = new Tally();

/** Fails with the seed, what differs, and what led to it. */
function assertTrue(report: Report): void {
  if (report.failures.length === 0) return;
  const lines = [
    `seed ${report.seed} (${report.title})`,
    ...report.failures,
    ...shortTrace(report),
    rerunCommand(report.seed),
  ];
  assert.fail(lines.join('\n'));
}

for (let first = 1; first <= SEEDS; first += BLOCK) {
  const last = Math.min(first + BLOCK - 1, SEEDS);
  test(`the monitor knows what the model knows: seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed++) {
      const report = runSeed(seed);
      tally.add(report);
      assertTrue(report);
    }
  });
}

test('the seeds above meet every registrar, every result and every change', () => {
  for (const name of PROFILE_NAMES) {
    const runs = tally.runsOf.get(name) ?? 0;
    assert.ok(runs >= LEAST_RUNS_OF_A_PROFILE, `${name}: ${runs} runs`);
  }
  for (const result of RESULTS)
    assert.ok((tally.results.get(result) ?? 0) > 0, `no REGISTER ended as ${result}`);
  for (const change of CHANGES)
    assert.ok((tally.changes.get(change) ?? 0) > 0, `no binding was ever ${change}`);
});

test('a seed is a run: twice the same', () => {
  const lines: string[][] = [[], []];
  const reports = lines.map((out) => runSeed(7, {}, (line) => out.push(line)));
  assert.deepEqual(reports[1], reports[0]);
  assert.deepEqual(lines[1], lines[0]);
  assert.ok(lines[0]!.length > 100);
});

test('the wall clock may step as it likes', () => {
  let stepped = 0;
  for (let seed = 1; stepped < 5; seed++) {
    const faults = drawScenario(seed).faults;
    // A registrar's nonces of one second are one: where a step falls decides which, and so what really happens.
    const hasSharedNonces = drawScenario(seed).profile.nonces === 'per_second';
    if (hasSharedNonces || !faults.some((fault) => fault.kind === 'wall_step')) continue;
    stepped++;
    const steady = runSeed(seed, { wallClock: 'steady' });
    assert.deepEqual(runSeed(seed).counters, steady.counters, `seed ${seed}`);
  }
});

const MISSED = 40;

test('a monitor that misses something, and does not say so, is found out', () => {
  const report = runScenario(drawScenario(3, { level: 'exact' }), (settings, emit) => {
    const monitor = makeMonitor(settings, emit);
    const observe = monitor.observe.bind(monitor);
    let seen = 0;
    monitor.observe = (tapped: Tapped) => {
      if (++seen % MISSED !== 0) observe(tapped);
    };
    return monitor;
  });
  assert.notEqual(report.failures.length, 0);
});
