import type { Event } from '../monitor/events.ts';
import type { Change, Result } from '../monitor/lists.ts';
import { CHANGES, RESULTS } from '../monitor/lists.ts';
import type { MonitorView } from '../monitor/view.ts';
import type { Verdict } from './registrar.ts';

/** What the demo's terminal says, as text: nothing here writes, waits or looks at a clock. */

/** Escape sequences, or nothing where nobody would see colours. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly alarm: (text: string) => string;
  readonly quiet: (text: string) => string;
}

export const PLAIN: Paint = { strong: String, alarm: String, quiet: String };
export const COLOURED: Paint = {
  strong: (text) => `\x1b[1m${text}\x1b[0m`,
  alarm: (text) => `\x1b[31m${text}\x1b[0m`,
  quiet: (text) => `\x1b[2m${text}\x1b[0m`,
};

/** Totals that a row shows, read from the monitor as /metrics reads them. */
export interface Totals {
  readonly registers: number;
  readonly contacts: number;
  readonly results: Readonly<Record<Result, number>>;
  readonly changes: Readonly<Record<Change, number>>;
  /** The AOR with the most authentication failures; undefined while there are none. */
  readonly worst: { readonly aor: string; readonly failures: number } | undefined;
}

export function totalsOf(monitor: MonitorView): Totals {
  const results = Object.fromEntries(RESULTS.map((result) => [result, 0])) as Record<Result, number>;
  const changes = Object.fromEntries(CHANGES.map((change) => [change, 0])) as Record<Change, number>;
  let contacts = 0;
  for (const domain of monitor.counts.domains.values()) {
    for (const [i, result] of RESULTS.entries()) results[result] += domain.results[i]!;
    for (const [i, change] of CHANGES.entries()) changes[change] += domain.changes[i]!;
    contacts += domain.bindings;
  }
  let worst: Totals['worst'];
  for (const [aor, failures] of monitor.series('auth_failures')) {
    if (failures > (worst?.failures ?? 0)) worst = { aor, failures };
  }
  const registers = monitor.counts.attempts.reduce((sum, count) => sum + count, 0);
  return { registers, contacts, results, changes, worst };
}

interface Column {
  readonly title: string;
  readonly width: number;
}

const COLUMNS: readonly Column[] = [
  { title: 'time', width: 6 },
  { title: 'contacts', width: 8 },
  { title: 'REG/s', width: 5 },
  { title: 'challenged', width: 10 },
  { title: 'stale', width: 5 },
  { title: 'auth failures', width: 13 },
  { title: 'came', width: 5 },
  { title: 'went', width: 4 },
  { title: 'lapsed', width: 6 },
];

function cells(texts: readonly string[]): string {
  return texts.map((text, i) => text.padStart(COLUMNS[i]?.width ?? 0)).join('  ');
}

export function tableHead(): string {
  return cells(COLUMNS.map(({ title }) => title));
}

/** One line of totals since the start; REG/s is over the time since `before`. */
export function tableRow(elapsedSec: number, now: Totals, before: Totals, sinceSec: number): string {
  const rate = sinceSec > 0 ? (now.registers - before.registers) / sinceSec : 0;
  const { results, changes, worst } = now;
  const most = worst === undefined ? '' : `  most: ${worst.aor.split('@')[0]} (${worst.failures})`;
  const row = cells([
    `${Math.round(elapsedSec)} s`,
    String(now.contacts),
    rate.toFixed(1),
    String(results.challenged),
    String(results.stale),
    String(results.auth_failure),
    String(changes.added + changes.learned),
    String(changes.removed),
    String(changes.expired),
  ]);
  return `${row}${most}`;
}

/** What an event deserves to be said of it in a demo; undefined for the many that the table counts. */
export function eventLine(event: Event): string | undefined {
  switch (event.kind) {
    case 'storm':
      return `Rollcall: storm ${event.phase}, cause ${event.cause}: ${event.detail}`;
    case 'suspicion':
      return `Rollcall: suspicion of ${event.pattern} ${subject(event)}: ${event.detail}`;
    default:
      return undefined;
  }
}

function subject({ aor, source }: { readonly aor: string; readonly source: string }): string {
  return aor === '' ? `from ${source}` : `on ${aor}`;
}

/** What the monitor calls what the registrar knows. */
const COMPARED: readonly (readonly [Result, Verdict])[] = [
  ['ok', 'ok'],
  ['challenged', 'challenged'],
  ['stale', 'stale'],
  ['auth_failure', 'wrong_password'],
  ['unknown_user', 'unknown_user'],
  ['interval_too_brief', 'too_brief'],
];

/** What was counted beside what happened. */
export function comparison(totals: Totals, verdicts: Readonly<Record<Verdict, number>>): readonly string[] {
  const lines = COMPARED.map(([result, verdict]) => {
    const counted = totals.results[result];
    const sign = counted === verdicts[verdict] ? '=' : '≠';
    return `  ${result.padEnd(18)} ${String(counted).padStart(7)} ${sign} ${verdicts[verdict]}`;
  });
  return ['  counted by Rollcall      = known to the PBX', ...lines];
}
