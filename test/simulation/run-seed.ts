import { Monitor } from '../../src/monitor/monitor.ts';
import type { Pinned, Scenario } from './scenario.ts';
import { drawScenario } from './scenario.ts';
import type { MakeMonitor, Report } from './world.ts';
import { World } from './world.ts';

/** A small world needs small tables, and no run may evict; making large ones for each run takes most of the time. */
const BOUNDS = { maxAors: 4096, maxSources: 4096, maxExchanges: 8192 };

export const makeMonitor: MakeMonitor = (settings, emit) => new Monitor({ ...settings, ...BOUNDS }, emit);

/** One seed, one run, the same each time. `trace` gets a line for whatever happens. */
export function runSeed(seed: number, pinned: Pinned = {}, trace?: (line: string) => void): Report {
  return runScenario(drawScenario(seed, pinned), makeMonitor, trace);
}

export function runScenario(scenario: Scenario, make: MakeMonitor, trace?: (line: string) => void): Report {
  return new World(scenario, make, trace).run();
}
