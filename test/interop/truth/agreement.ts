import { setTimeout as sleep } from 'node:timers/promises';
import type { Rollcall } from '../support/rollcall.ts';
import type { LedgerBinding } from '../support/rollcall-ledger.ts';
import { ledgerOf } from '../support/rollcall-ledger.ts';
import { differences, told } from './told.ts';
import type { Truth } from './truth.ts';

/** A binding as a registrar tells it. */
export interface TheirBinding {
  readonly aor: string;
  /** As the phone wrote it. */
  readonly contact: string;
  /** undefined where the registrar does not say. */
  readonly expiresInSec: number | undefined;
}

export interface Reference {
  readonly bindings: () => Promise<TheirBinding[]>;
  /** For how long the registrar goes on telling of bindings that have ended. */
  readonly lingersMs: number;
  /** By how much a binding may end later with the registrar than it tells its phone. */
  readonly extraSec: number;
}

/** Seconds that two tellings of one expiry may differ by. */
const TOLERANCE_SEC = 2;
const WITHIN_MS = 12_000;
const EVERY_MS = 60;
/** What was read over a longer time than this is no reading of one moment; a shorter one counts as so much doubt. */
const MOMENT_MS = 3_000;

const keyOf = ({ aor, contact }: { readonly aor: string; readonly contact: string }): string =>
  `${aor} ${contact}`;

/** Counts, as soon as they are equal: the monitor reads the tap some milliseconds after the phones have their answers. */
async function countsApart(truth: Truth, rollcall: Rollcall): Promise<string[]> {
  truth.advance(performance.now());
  const before = truth.expected();
  const actual = await told(rollcall);
  truth.advance(performance.now());
  const after = truth.expected();
  if (differences(before, after).length > 0) return ['the phones are not quiet'];
  return withoutBorders(truth, differences(after, actual));
}

/** What came about just when a grant or its grace ended may have gone the other way; it is counted how often that was possible. */
function withoutBorders(truth: Truth, lines: string[]): string[] {
  const isChange = (line: string): boolean => line.startsWith('changes ');
  if (truth.bindings.borders === 0 || !lines.every(isChange)) return lines;
  return lines.length <= 4 * truth.bindings.borders ? [] : lines;
}

/** Where our ledger and the phones' knowledge differ: not at all, the grace after a grant included. */
function apartFromTruth(truth: Truth, ours: readonly LedgerBinding[]): string[] {
  truth.advance(performance.now());
  const right = new Set(truth.bindings.all().map(keyOf));
  const have = new Set(ours.map(keyOf));
  return [
    ...[...right].filter((key) => !have.has(key)).map((key) => `missing in our ledger: ${key}`),
    ...[...have].filter((key) => !right.has(key)).map((key) => `too much in our ledger: ${key}`),
  ];
}

/**
 * Where our ledger and the registrar's differ. Ours keeps a binding for a grace after its end, in case its refresh
 * is under way; a registrar does so not at all, or for as long as it lingers. So all that has time left must be in
 * both, with the same end but for the time that reading them took; what has none may be in either.
 */
function apartFromRegistrar(
  truth: Truth,
  { lingersMs, extraSec }: Reference,
  ours: readonly LedgerBinding[],
  theirs: readonly TheirBinding[],
  tookSec: number,
): string[] {
  const toleranceSec = TOLERANCE_SEC + tookSec;
  const apart: string[] = [];
  const byKey = new Map(ours.map((binding) => [keyOf(binding), binding]));
  for (const binding of theirs) {
    const own = byKey.get(keyOf(binding));
    byKey.delete(keyOf(binding));
    const { aor, contact, expiresInSec } = binding;
    if (own === undefined) {
      const sinceMs = performance.now() - lingersMs;
      const isLeftover = truth.bindings.hasLapsedSince(aor, contact, sinceMs) || truth.isUnseen(aor, contact);
      if (!isLeftover) apart.push(`the registrar has ${keyOf(binding)} for ${expiresInSec} s, we do not`);
    } else if (expiresInSec !== undefined) {
      const laterSec = expiresInSec - own.expiresInSec;
      const isOver = own.expiresInSec <= 0 && expiresInSec <= extraSec;
      if (!isOver && (laterSec < -toleranceSec || laterSec > extraSec + toleranceSec))
        apart.push(`${keyOf(binding)}: ${own.expiresInSec} s by us, ${expiresInSec} s by the registrar`);
    }
  }
  for (const [key, { expiresInSec }] of byKey) {
    if (expiresInSec > toleranceSec)
      apart.push(`we have ${key} for ${expiresInSec} s, the registrar does not`);
  }
  return apart;
}

async function ledgersApart(truth: Truth, rollcall: Rollcall, reference: Reference): Promise<string[]> {
  const startMs = performance.now();
  const [ours, theirs] = await Promise.all([ledgerOf(rollcall), reference.bindings()]);
  const tookMs = performance.now() - startMs;
  if (tookMs > MOMENT_MS) return ['the two ledgers could not be read at one moment'];
  return [
    ...apartFromTruth(truth, ours),
    ...apartFromRegistrar(truth, reference, ours, theirs, tookMs / 1000),
  ];
}

/**
 * Holds all that Rollcall tells against what the phones know, and its ledger against the registrar's. Tries for some
 * seconds, because what is under way must arrive and what lapses at this very moment must have lapsed everywhere.
 * Gives what differed to the last; nothing where all agreed.
 */
export async function disagreements(
  truth: Truth,
  rollcall: Rollcall,
  reference: Reference,
): Promise<string[]> {
  const deadlineMs = performance.now() + WITHIN_MS;
  for (;;) {
    const apart = await countsApart(truth, rollcall);
    if (apart.length === 0) apart.push(...(await ledgersApart(truth, rollcall, reference)));
    if (apart.length === 0 || performance.now() > deadlineMs) return apart;
    await sleep(EVERY_MS);
  }
}
