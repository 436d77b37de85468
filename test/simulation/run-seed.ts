import type { Event } from '../../src/monitor/events.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import type { Pinned } from './scenario.ts';
import { drawScenario } from './scenario.ts';
import type { MakeMonitor, MonitorSettings, Report } from './world.ts';
import { World } from './world.ts';

const makeMonitor: MakeMonitor = (settings: MonitorSettings, emit: (event: Event) => void) =>
  new Monitor({ registrarLists: settings.registrarLists }, emit);

const EXPIRY_GRACE_MS = 10_000;

/** One seed, one run, the same each time. `trace` gets a line for whatever happens. */
export function runSeed(seed: number, pinned: Pinned = {}, trace?: (line: string) => void): Report {
  const scenario = drawScenario(seed, pinned);
  return new World(scenario, makeMonitor, EXPIRY_GRACE_MS, trace).run();
}
