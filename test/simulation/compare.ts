import type { BindingView } from '../../src/monitor/binding-view.ts';
import type { MonitorCounts } from '../../src/monitor/counts.ts';
import { ATTEMPT_KINDS, CHANGES, RESULTS } from '../../src/monitor/lists.ts';
import type { Monitor } from '../../src/monitor/monitor.ts';
import type { Location } from './location.ts';
import type { Truth } from './truth.ts';
import type { Measured, TrueLedger } from './truth-ledger.ts';

/** What is compared of a monitor. */
export type Watched = Pick<
  Monitor,
  'counts' | 'inFlight' | 'warmingUp' | 'aorsByContacts' | 'series' | 'bindingsOf' | 'aors'
>;

/** The ledger's end of a grant and the truth's: a list tells whole seconds, and takes time to arrive. */
const EXPIRY_TOLERANCE_MS = 2000;
/** Near the end of a grant registrar and ledger may each be the first to forget. */
export const END_OF_GRANT_SLACK_MS = 16_000;

/** Of a sum of times; they are added up in different orders. */
const SUM_TOLERANCE = 0.001;

export type ContactNames = ReadonlyMap<string, string>;

/** Every difference between the monitor and what a perfect observer knows; both must have been advanced to the same moment. */
export function differences(monitor: Watched, truth: Truth, names: ContactNames): string[] {
  const out: string[] = [];
  const { counts } = monitor;
  const same = (what: string, seen: number, really: number): void => {
    if (seen !== really) out.push(`${what}: the monitor says ${seen}, the truth is ${really}`);
  };
  ATTEMPT_KINDS.forEach((kind, i) => {
    same(`attempts ${kind}`, counts.attempts[i]!, truth.attempts[kind]);
  });
  same('retransmissions', counts.retransmissions, truth.retransmissions);
  RESULTS.forEach((result, i) => {
    same(`results ${result}`, sumOver(counts, 'results', i), truth.results[result]);
  });
  const abandonedOff = Math.abs(counts.challengesAbandoned - truth.abandoned);
  if (abandonedOff > truth.abandonedSlack) {
    same('abandoned challenges', counts.challengesAbandoned, truth.abandoned);
  }
  same('in flight', monitor.inFlight, truth.inFlight);
  out.push(...seriesDifferences(monitor, 'auth_failures', truth.authFailuresOfAor));
  out.push(...seriesDifferences(monitor, 'challenges', truth.challengesOfAor));
  const measured = (what: string, seen: Measured, really: Measured, slackSec: number): void => {
    same(`count of ${what}`, seen.count, really.count);
    if (Math.abs(seen.sum - really.sum) > slackSec + SUM_TOLERANCE)
      same(`sum of ${what}`, seen.sum, really.sum);
  };
  measured('challenge seconds', counts.challengeSeconds, truth.challengeSeconds, 0);
  measured('final seconds', counts.finalSeconds, truth.finalSeconds, 0);
  if (truth.abandonedSlack === 0) {
    measured('handshake seconds', counts.handshakeSeconds, truth.handshakeSeconds, truth.handshakeSlackSec);
  }
  if (truth.isClear) {
    same('sum of grants', counts.grantedExpiresSeconds.sum, truth.ledger.grants.sum);
    same('count of grants', counts.grantedExpiresSeconds.count, truth.ledger.grants.count);
    if (truth.handshakeSlackSec === 0 && truth.abandonedSlack === 0) {
      measured('refresh ratios', counts.refreshRatio, truth.ledger.refreshRatios, 0);
    }
    CHANGES.forEach((change, i) => {
      same(`changes ${change}`, sumOver(counts, 'changes', i), truth.ledger.changes[change]);
    });
    out.push(...seriesDifferences(monitor, 'binding_changes', truth.ledger.changesOfAor));
  }
  out.push(...ledgerDifferences(monitor, truth, names));
  return out;
}

function seriesDifferences(
  monitor: Watched,
  family: Parameters<Watched['series']>[0],
  truth: ReadonlyMap<string, number>,
): string[] {
  const seen = new Map(monitor.series(family));
  const out: string[] = [];
  for (const [aor, count] of truth) {
    if (seen.get(aor) !== count)
      out.push(`${family} of ${aor}: the monitor says ${seen.get(aor)}, the truth is ${count}`);
  }
  for (const [aor, count] of seen) {
    if (!truth.has(aor)) out.push(`${family} of ${aor}: the monitor says ${count}, the truth is none`);
  }
  return out;
}

function ledgerDifferences(monitor: Watched, truth: Truth, names: ContactNames): string[] {
  const out: string[] = [];
  for (const aor of new Set([...monitor.aors(), ...truth.ledger.aors()])) {
    if (truth.murky.has(aor)) continue;
    const seen = bindingsByContact(monitor, aor, names, out);
    for (const binding of truth.ledger.of(aor)) {
      const view = seen.get(binding.contactId);
      seen.delete(binding.contactId);
      if (view === undefined) {
        out.push(`binding ${binding.contactId} of ${aor} exists, and the monitor has none`);
        continue;
      }
      const off = view.expiresAtMs - binding.expiresAtMs;
      if (Math.abs(off) > EXPIRY_TOLERANCE_MS) {
        out.push(`binding ${binding.contactId} of ${aor}: its grant ends ${off.toFixed(0)} ms off the truth`);
      }
    }
    for (const contactId of seen.keys()) out.push(`binding ${contactId} of ${aor} is the monitor's alone`);
  }
  return out;
}

function bindingsByContact(
  monitor: Watched,
  aor: string,
  names: ContactNames,
  out: string[],
): Map<string, BindingView> {
  const seen = new Map<string, BindingView>();
  for (const view of monitor.bindingsOf(aor)) {
    const contactId = names.get(view.contact);
    if (contactId === undefined)
      out.push(`binding ${view.contact} of ${aor}: no phone ever had this contact`);
    else if (seen.has(contactId)) out.push(`binding ${contactId} of ${aor} is in the monitor's ledger twice`);
    else seen.set(contactId, view);
  }
  return seen;
}

/** The monitor's ledger against the registrar's own table, where nothing is under way. */
export function registrarDifferences(
  monitor: Watched,
  location: Location,
  ledger: TrueLedger,
  names: ContactNames,
  nowMs: number,
): string[] {
  const out: string[] = [];
  for (const aor of new Set([...monitor.aors(), ...location.aors()])) {
    const seen = bindingsByContact(monitor, aor, names, out);
    const endings = new Map<string, number>();
    for (const { contactId, expiresAtMs } of location.of(aor, nowMs)) {
      endings.set(contactId, Math.max(expiresAtMs, endings.get(contactId) ?? 0));
    }
    for (const [contactId, expiresAtMs] of endings) {
      const isEnding = expiresAtMs - nowMs < END_OF_GRANT_SLACK_MS;
      if (!seen.has(contactId) && !isEnding)
        out.push(`the registrar has ${contactId} of ${aor}, the monitor has not`);
    }
    for (const [contactId, view] of seen) {
      const isEnding = view.expiresAtMs - nowMs < END_OF_GRANT_SLACK_MS;
      if (!endings.has(contactId) && !isEnding && !ledger.isInDoubt(aor, contactId))
        out.push(`the monitor has ${contactId} of ${aor}, the registrar has not`);
    }
  }
  return out;
}

/** What must hold at every moment, whatever was lost. `before` = the same monitor's counts earlier on. */
export function broken(monitor: Watched, before: Snapshot | undefined): string[] {
  const out: string[] = [];
  const now = snapshot(monitor);
  const { counts } = monitor;
  if (before !== undefined) {
    for (let i = 0; i < now.counters.length; i++) {
      if (now.counters[i]! < before.counters[i]!)
        out.push(`counter ${i} went back from ${before.counters[i]} to ${now.counters[i]}`);
    }
  }
  let bindings = 0;
  let aors = 0;
  for (const { bindings: b, aors: a } of counts.domains.values()) {
    if (b < 0 || a < 0) out.push(`a gauge is negative: ${b} bindings, ${a} AORs`);
    bindings += b;
    aors += a;
  }
  const byContacts = [0, 0, 0, 0];
  let listed = 0;
  for (const aor of monitor.aors()) {
    const count = monitor.bindingsOf(aor).length;
    listed += count;
    if (count > 0) byContacts[Math.min(count, 4) - 1]!++;
  }
  const expectedAors = byContacts.reduce((sum, n) => sum + n, 0);
  if (bindings !== listed) out.push(`the bindings gauge says ${bindings}, the ledger holds ${listed}`);
  if (aors !== expectedAors) out.push(`the AORs gauge says ${aors}, the ledger holds ${expectedAors}`);
  if (byContacts.join() !== monitor.aorsByContacts.join()) {
    out.push(`AORs by contacts: ${monitor.aorsByContacts.join()}, the ledger has ${byContacts.join()}`);
  }
  const came = sumChange(counts, 'added') + sumChange(counts, 'learned');
  const went = sumChange(counts, 'removed') + sumChange(counts, 'expired');
  if (came - went !== bindings)
    out.push(`${came} bindings came and ${went} went, and the gauge says ${bindings}`);
  const attempts = counts.attempts.reduce((sum, n) => sum + n, 0);
  const results = RESULTS.reduce((sum, _, i) => sum + sumOver(counts, 'results', i), 0);
  // An answer whose request was never seen is a result without an attempt; the other way round there is nothing.
  if (results + monitor.inFlight < attempts) {
    out.push(`${attempts} attempts, but ${results} results and ${monitor.inFlight} in flight`);
  }
  if (counts.evictions.some((n) => n !== 0))
    out.push(`evictions in a small world: ${counts.evictions.join()}`);
  return out;
}

/** Everything that may only grow. */
export interface Snapshot {
  readonly counters: readonly number[];
}

export function snapshot(monitor: Watched): Snapshot {
  const { counts } = monitor;
  return {
    counters: [
      ...counts.attempts,
      ...RESULTS.map((_, i) => sumOver(counts, 'results', i)),
      ...CHANGES.map((_, i) => sumOver(counts, 'changes', i)),
      counts.retransmissions,
      counts.challengesAbandoned,
      counts.challengeSeconds.count,
      counts.finalSeconds.count,
      counts.handshakeSeconds.count,
      counts.grantedExpiresSeconds.count,
      counts.refreshRatio.count,
      counts.compromiseSuspected,
      ...counts.suspiciousEvents,
    ],
  };
}

function sumOver(counts: MonitorCounts, what: 'results' | 'changes', index: number): number {
  let sum = 0;
  for (const domain of counts.domains.values()) sum += domain[what][index]!;
  return sum;
}

function sumChange(counts: MonitorCounts, change: (typeof CHANGES)[number]): number {
  return sumOver(counts, 'changes', CHANGES.indexOf(change));
}
