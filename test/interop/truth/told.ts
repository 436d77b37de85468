import type { ExposedSample } from '../support/exposition.ts';
import { parseExposition, total } from '../support/exposition.ts';
import type { Rollcall } from '../support/rollcall.ts';
import type { Counts } from './truth.ts';

/** Metrics with one closed label beside the domain, by the name that the truth has for them. */
const BY_LABEL = [
  ['attempts', 'rollcall_register_attempts_total', 'kind'],
  ['results', 'rollcall_register_results_total', 'result'],
  ['changes', 'rollcall_binding_changes_total', 'change'],
  ['aors with', 'rollcall_aors_by_contacts', 'contacts'],
  ['failures of', 'rollcall_aor_auth_failures_total', 'aor'],
  ['challenges of', 'rollcall_aor_challenges_total', 'aor'],
  ['changes of', 'rollcall_aor_binding_changes_total', 'aor'],
] as const;

const PLAIN = [
  ['retransmissions', 'rollcall_register_retransmissions_total'],
  ['challenges abandoned', 'rollcall_challenges_abandoned_total'],
  ['in flight', 'rollcall_register_in_flight'],
  ['bindings', 'rollcall_bindings'],
  ['aors', 'rollcall_aors'],
] as const;

/** Must stay at nothing in any run of these tests. */
const MISHAPS = [
  'rollcall_tap_dropped_total',
  'rollcall_monitor_evictions_total',
  'rollcall_series_evictions_total',
  'rollcall_events_suppressed_total',
  'rollcall_local_responses_total',
] as const;

function toldIn(samples: readonly ExposedSample[]): Counts {
  const all = new Map<string, number>();
  for (const [prefix, name, label] of BY_LABEL) {
    for (const sample of samples) {
      if (sample.name !== name) continue;
      const key = `${prefix} ${sample.labels[label]}`;
      all.set(key, (all.get(key) ?? 0) + sample.value);
    }
  }
  for (const [key, name] of PLAIN) all.set(key, total(samples, name));
  all.set('sent', total(samples, 'rollcall_datagrams_total', { from: 'phone', outcome: 'forwarded' }));
  for (const name of MISHAPS) all.set(name, total(samples, name));
  all.set('dropped', total(samples, 'rollcall_datagrams_total', { outcome: 'dropped' }));
  return Object.fromEntries([...all].filter(([, value]) => value !== 0));
}

/** All that Rollcall tells of registrations, what is 0 left out; names as in Truth.expected. */
export async function told(rollcall: Rollcall): Promise<Counts> {
  return toldIn(parseExposition(await rollcall.metrics()));
}

/** What differs, one line each. */
export function differences(expected: Counts, actual: Counts): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
  return names
    .filter((name) => (expected[name] ?? 0) !== (actual[name] ?? 0))
    .map((name) => `${name}: ${expected[name] ?? 0} is right, ${actual[name] ?? 0} is told`);
}
