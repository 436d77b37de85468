import type { Change } from '../../../src/monitor/lists.ts';
import type { ListedContact } from './wire.ts';

/** How long after the end of its grant a binding is still told as there: specified, not measured. */
const GRACE_MS = 10_000;
/** Differences of grants that are none: registrars cut to whole seconds. */
const TOLERANCE_SEC = 2;
/**
 * So near to the end of a grant, or of the grace behind it, one can't say what comes first: Rollcall reads an answer when
 * it passes, the phone when its process gets to it.
 */
const BORDER_MS = 500;

/** What an accepted REGISTER said of its phone. */
export interface Registered {
  readonly contact: string;
  /** The device's name for itself (RFC 5626 §4.1), or empty. */
  readonly instance: string;
  readonly grantedSec: number;
  readonly callId: string;
  /** IP:PORT that it was sent from. */
  readonly source: string;
  readonly userAgent: string;
}

interface TrueBinding extends Registered {
  readonly expiresAtMs: number;
}

export interface TrueView {
  readonly aor: string;
  readonly contact: string;
  readonly expiresAtMs: number;
}

/**
 * The bindings as the phones together know them: each knows what it asked for, what it was granted, and what
 * else the registrar listed. Contacts are equal where they are written alike: these phones write theirs in one way.
 */
export class TrueBindings {
  /** Cases that could have gone either way, because they came about when a grant or its grace ended. */
  borders = 0;
  private readonly byAor = new Map<string, Map<string, TrueBinding>>();
  /** When a binding was told as expired, for registrars that clean up late. */
  private readonly lapsed = new Map<string, number>();
  /** When the grace of those ended that are not there since, by AOR and contact. */
  private readonly graceEnds = new Map<string, Map<string, number>>();
  private readonly tell: (change: Change, aor: string) => void;

  constructor(tell: (change: Change, aor: string) => void) {
    this.tell = tell;
  }

  advance(nowMs: number): void {
    for (const [aor, bindings] of this.byAor) {
      for (const [contact, binding] of bindings) {
        const graceEndsMs = binding.expiresAtMs + GRACE_MS;
        if (nowMs < graceEndsMs) continue;
        const ends = this.graceEnds.get(aor) ?? new Map<string, number>();
        this.graceEnds.set(aor, ends.set(contact, graceEndsMs));
        this.drop(aor, contact, 'expired', nowMs);
      }
    }
  }

  /** A 200 to a REGISTER that asked for a contact. `whenNew`: what a contact that was not there is told as. */
  accept(aor: string, now: Registered, whenNew: 'added' | 'learned', nowMs: number): void {
    this.advance(nowMs);
    this.noteGraces(aor, nowMs, now.contact);
    const known = this.byAor.get(aor)?.get(now.contact) ?? this.sameDevice(aor, now.instance);
    if (known !== undefined) this.byAor.get(aor)?.delete(known.contact);
    this.tell(known === undefined ? whenNew : changeOf(known, now), aor);
    this.put(aor, { ...now, expiresAtMs: nowMs + now.grantedSec * 1000 });
  }

  remove(aor: string, contact: string, nowMs: number): void {
    this.advance(nowMs);
    this.noteGraces(aor, nowMs, contact);
    if (this.byAor.get(aor)?.has(contact)) this.drop(aor, contact, 'removed', nowMs);
  }

  removeAll(aor: string, nowMs: number): void {
    this.advance(nowMs);
    this.noteGraces(aor, nowMs);
    for (const contact of this.byAor.get(aor)?.keys() ?? []) this.drop(aor, contact, 'removed', nowMs);
  }

  /**
   * The list of a 200: what is in it and was not known, what ends at another time than was thought (chan_sip tells one
   * who merely asks of ten seconds more), and what is known and not in it. `expires=0` says nothing of a binding in its
   * last second. A contact that a NAT's rebinding has put there twice lives as long as the longer of the two.
   */
  takeList(aor: string, list: readonly ListedContact[], nowMs: number): void {
    for (const { uri, expiresSec = 0, instance } of list) {
      const isShorter = list.some((other) => other.uri === uri && (other.expiresSec ?? 0) > expiresSec);
      if (expiresSec === 0 || isShorter) continue;
      this.noteGraces(aor, nowMs, uri);
      const known = this.byAor.get(aor)?.get(uri);
      const expiresAtMs = nowMs + expiresSec * 1000;
      if (known !== undefined) {
        const isOther = Math.abs(known.expiresAtMs - expiresAtMs) > TOLERANCE_SEC * 1000;
        if (isOther) this.put(aor, { ...known, expiresAtMs });
        continue;
      }
      const nobody = { instance, callId: '', source: '', userAgent: '' };
      this.put(aor, {
        contact: uri,
        grantedSec: expiresSec,
        expiresAtMs,
        ...nobody,
      });
      this.tell('learned', aor);
    }
    for (const [contact, binding] of this.byAor.get(aor) ?? []) {
      if (list.some(({ uri }) => uri === contact)) continue;
      // Its grant decides, not the list. We and Rollcall read it some milliseconds apart.
      const overdueMs = nowMs + TOLERANCE_SEC * 1000 - binding.expiresAtMs;
      if (Math.abs(overdueMs) < BORDER_MS) this.borders++;
      const hasLapsed = overdueMs >= 0;
      this.drop(aor, contact, hasLapsed ? 'expired' : 'removed', nowMs);
    }
  }

  /** Milliseconds until the end of its grant; undefined where it is not there. */
  leftMs(aor: string, contact: string, nowMs: number): number | undefined {
    const binding = this.byAor.get(aor)?.get(contact);
    return binding && binding.expiresAtMs - nowMs;
  }

  /** Whether it was let go as expired after this time. */
  hasLapsedSince(aor: string, contact: string, sinceMs: number): boolean {
    return (this.lapsed.get(`${aor} ${contact}`) ?? Number.NEGATIVE_INFINITY) >= sinceMs;
  }

  all(): TrueView[] {
    return [...this.byAor].flatMap(([aor, bindings]) =>
      [...bindings.values()].map(({ contact, expiresAtMs }) => ({ aor, contact, expiresAtMs })),
    );
  }

  /** How many AORs have 1, 2, 3, and 4 or more bindings. */
  aorsByContacts(): readonly [number, number, number, number] {
    const counts: [number, number, number, number] = [0, 0, 0, 0];
    for (const { size } of this.byAor.values()) if (size > 0) counts[Math.min(size, 4) - 1]!++;
    return counts;
  }

  /**
   * An answer about a contact (or all of an AOR's) that is read just when the grace of its binding ends finds it there
   * or expired, on either side.
   */
  private noteGraces(aor: string, nowMs: number, only?: string): void {
    const ends = [...(this.graceEnds.get(aor) ?? [])];
    for (const [contact, { expiresAtMs }] of this.byAor.get(aor) ?? []) {
      ends.push([contact, expiresAtMs + GRACE_MS]);
    }
    for (const [contact, endsMs] of ends) {
      const isAsked = only === undefined || only === contact;
      if (isAsked && Math.abs(nowMs - endsMs) < BORDER_MS) this.borders++;
    }
  }

  /** The binding that a device goes on from, whatever its address was. */
  private sameDevice(aor: string, instance: string): TrueBinding | undefined {
    if (instance === '') return undefined;
    const own = [...(this.byAor.get(aor)?.values() ?? [])].filter((binding) => binding.instance === instance);
    // What it registered last stands last; what was only listed is not what it goes on from.
    return own.findLast(({ source }) => source !== '') ?? own[0];
  }

  private put(aor: string, binding: TrueBinding): void {
    const bindings = this.byAor.get(aor) ?? new Map<string, TrueBinding>();
    bindings.set(binding.contact, binding);
    this.byAor.set(aor, bindings);
    this.lapsed.delete(`${aor} ${binding.contact}`);
    this.graceEnds.get(aor)?.delete(binding.contact);
  }

  private drop(aor: string, contact: string, change: 'removed' | 'expired', nowMs: number): void {
    this.byAor.get(aor)?.delete(contact);
    if (change === 'expired') this.lapsed.set(`${aor} ${contact}`, nowMs);
    this.tell(change, aor);
  }
}

/** The first that fits, in the order that the metric is documented with. */
function changeOf(before: Registered, now: Registered): Change {
  const host = (source: string): string => source.slice(0, source.lastIndexOf(':'));
  // Known from a list alone, there is nothing to compare with.
  if (before.source === '') return 'refreshed';
  if (before.userAgent !== now.userAgent) return 'replaced';
  if (host(before.source) !== host(now.source)) return 'moved';
  const cameUpAgain = before.callId !== now.callId && before.contact !== now.contact;
  if (before.source !== now.source) return cameUpAgain ? 'restarted' : 'nat_rebind';
  if (before.callId !== now.callId) return 'restarted';
  return Math.abs(before.grantedSec - now.grantedSec) > TOLERANCE_SEC ? 'changed' : 'refreshed';
}
