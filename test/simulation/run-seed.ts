import { Monitor } from '../../src/monitor/monitor.ts';
import type { Pinned, Scenario } from './scenario.ts';
import { drawScenario } from './scenario.ts';
import type { MakeMonitor, Report } from './world.ts';
import { World } from './world.ts';

const makeMonitor: MakeMonitor = (settings, emit) => new Monitor(settings, emit);

/** One seed, one run, the same each time. `trace` gets a line for whatever happens. */
export function runSeed(seed: number, pinned: Pinned = {}, trace?: (line: string) => void): Report {
  return runScenario(drawScenario(seed, pinned), makeMonitor, trace);
}

export function runScenario(scenario: Scenario, make: MakeMonitor, trace?: (line: string) => void): Report {
  return new World(scenario, make, trace).run();
}
