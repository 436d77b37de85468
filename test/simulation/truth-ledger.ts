import type { Change } from '../../src/monitor/lists.ts';
import { CHANGES } from '../../src/monitor/lists.ts';
import type { Address } from './address.ts';
import type { ContactFacts, ListedFacts, ReplyFacts, TransactionFacts } from './facts.ts';

/** What the phone was like when the registrar last took its word for a binding. */
interface Seen {
  readonly source: Address;
  readonly callId: string;
  readonly version: number;
  readonly spelling: number;
  readonly userAgent: string;
  readonly atMs: number;
}

/** A binding that an observer of the tap can know of. */
export interface TrueBinding {
  readonly aor: string;
  readonly contactId: string;
  /** End of the grant as it was told. */
  expiresAtMs: number;
  confirmedAtMs: number;
  toldSec: number;
  /** A list left it out that was asked for before it was last confirmed: which of the two came first nobody can tell. */
  isInDoubt: boolean;
  /** Undefined = known from a list only. */
  seen: Seen | undefined;
}

export interface LedgerRules {
  /** Whether absence from a 200 means that a binding is gone. */
  readonly lists: 'all' | 'own';
  /** How long a binding is kept beyond the end of its grant. */
  readonly graceMs: number;
}

/** Registrars cut to whole seconds: so far the end of a grant may be off. */
const TOLERANCE_MS = 2000;

/** Told seconds are whole, and an expiry may be told a moment late. */
const EXPIRY_GRAIN_MS = 3000;

/** What a 200 answers: the request's facts, and what was seen of it. */
export interface Answered {
  readonly transaction: TransactionFacts;
  readonly reply: ReplyFacts;
  readonly source: Address;
  /** First copy of the request. */
  readonly askedAtMs: number;
  readonly atMs: number;
  /** First copy of the REGISTER that this handshake began with. */
  readonly handshakeStartMs: number;
}

/** What a histogram should have taken in. */
export interface Measured {
  count: number;
  sum: number;
}

/**
 * The bindings that exist as far as the tap can tell, kept by the model's own identities: nothing here compares
 * URIs or reads messages.
 */
export class TrueLedger {
  readonly changes: Record<Change, number>;
  readonly changesOfAor = new Map<string, number>();
  readonly grants: Measured = { count: 0, sum: 0 };
  readonly refreshRatios: Measured = { count: 0, sum: 0 };
  private readonly rules: LedgerRules;
  private readonly table = new Map<string, Map<string, TrueBinding>>();
  private soonestMs = Number.POSITIVE_INFINITY;
  private lastExpiryMs = Number.NEGATIVE_INFINITY;

  constructor(rules: LedgerRules) {
    this.rules = rules;
    this.changes = Object.fromEntries(CHANGES.map((change) => [change, 0])) as Record<Change, number>;
  }

  of(aor: string): Iterable<TrueBinding> {
    return this.table.get(aor)?.values() ?? [];
  }

  *aors(): Iterable<string> {
    for (const [aor, bindings] of this.table) if (bindings.size > 0) yield aor;
  }

  *all(): Iterable<TrueBinding> {
    for (const bindings of this.table.values()) yield* bindings.values();
  }

  isInDoubt(aor: string, contactId: string): boolean {
    return this.find(aor, contactId)?.isInDoubt === true;
  }

  /** Bindings whose grant ended, and its grace, before this moment. */
  advance(nowMs: number): void {
    if (nowMs < this.soonestMs) return;
    this.soonestMs = Number.POSITIVE_INFINITY;
    for (const binding of this.all()) {
      const endMs = binding.expiresAtMs + this.rules.graceMs;
      if (endMs <= nowMs) {
        this.lastExpiryMs = Math.max(endMs, this.lastExpiryMs);
        this.drop(binding, 'expired');
      } else this.soonestMs = Math.min(this.soonestMs, endMs);
    }
  }

  isUndecidedAt(nowMs: number): boolean {
    if (nowMs - this.lastExpiryMs < EXPIRY_GRAIN_MS) return true;
    for (const binding of this.all()) {
      if (Math.abs(binding.expiresAtMs + this.rules.graceMs - nowMs) < EXPIRY_GRAIN_MS) return true;
    }
    return false;
  }

  /** `own`: what a contact that the request carried and nobody knew counts as. */
  accepted(answered: Answered, own: 'added' | 'learned'): void {
    const { transaction, reply } = answered;
    const carried = new Set<string>();
    if (transaction.removesAll) for (const binding of this.of(transaction.aor)) this.drop(binding, 'removed');
    for (const contact of transaction.contacts) {
      carried.add(contact.contactId);
      if (contact.isRemoval) {
        const binding = this.find(transaction.aor, contact.contactId);
        if (binding !== undefined) this.drop(binding, 'removed');
      } else this.confirm(answered, contact, own);
    }
    // Two entries of one contact are two registrations of it, from before and after its NAT rebound.
    const others = new Map<string, ListedFacts>();
    for (const listed of reply.listed) {
      if (carried.has(listed.contactId)) continue;
      const longest = others.get(listed.contactId);
      if (longest === undefined || longest.toldSec < listed.toldSec) others.set(listed.contactId, listed);
    }
    for (const listed of others.values()) this.mention(answered, listed);
    if (this.rules.lists === 'all') this.dropAbsent(answered, carried, others);
  }

  private confirm(answered: Answered, contact: ContactFacts, own: 'added' | 'learned'): void {
    const { transaction, reply, source, atMs } = answered;
    const told = reply.listed.filter((listed) => listed.contactId === contact.contactId);
    const toldSec = Math.max(0, ...told.map((listed) => listed.toldSec));
    const seen = {
      source,
      callId: transaction.callId,
      version: contact.version,
      spelling: contact.spelling,
      userAgent: transaction.userAgent,
      atMs,
    };
    this.grants.count++;
    this.grants.sum += toldSec;
    const before = this.find(transaction.aor, contact.contactId);
    if (before === undefined) {
      this.put(
        {
          aor: transaction.aor,
          contactId: contact.contactId,
          expiresAtMs: 0,
          confirmedAtMs: 0,
          isInDoubt: false,
          toldSec,
          seen,
        },
        atMs,
      );
      this.count(transaction.aor, own);
      return;
    }
    this.count(transaction.aor, changeOf(before, seen, toldSec));
    if (before.seen !== undefined) {
      const sinceMs = Math.max(answered.handshakeStartMs - before.seen.atMs, 0);
      this.refreshRatios.count++;
      this.refreshRatios.sum += sinceMs / 1000 / before.toldSec;
    }
    before.seen = seen;
    before.toldSec = toldSec;
    this.put(before, atMs);
  }

  /** A list shows a binding of another phone, or of this one under another contact. */
  private mention(answered: Answered, { contactId, toldSec, isStated }: ListedFacts): void {
    const { atMs, askedAtMs } = answered;
    const { aor } = answered.transaction;
    const before = this.find(aor, contactId);
    if (before !== undefined) {
      if (before.confirmedAtMs > askedAtMs) return;
      if (isStated && toldSec === 0) {
        // In its last second there is nothing new about it; with time left it was taken out.
        if (before.expiresAtMs > atMs + TOLERANCE_MS) this.drop(before, 'removed');
        return;
      }
      before.confirmedAtMs = atMs;
      before.isInDoubt = false;
      if (!isStated) return;
      // Seconds are told cut, and seconds old: a list that agrees so nearly has nothing new to say.
      if (Math.abs(atMs + toldSec * 1000 - before.expiresAtMs) <= TOLERANCE_MS) return;
      before.expiresAtMs = atMs + toldSec * 1000;
      this.soonestMs = Math.min(this.soonestMs, before.expiresAtMs + this.rules.graceMs);
      return;
    }
    if (toldSec === 0) return;
    this.put(
      { aor, contactId, expiresAtMs: 0, confirmedAtMs: 0, isInDoubt: false, toldSec, seen: undefined },
      atMs,
    );
    this.count(aor, 'learned');
  }

  /** A list that was asked for before a binding was last confirmed may be older than that binding. */
  private dropAbsent(
    answered: Answered,
    carried: ReadonlySet<string>,
    listed: ReadonlyMap<string, ListedFacts>,
  ): void {
    for (const binding of this.of(answered.transaction.aor)) {
      const isThere = carried.has(binding.contactId) || listed.has(binding.contactId);
      if (isThere) continue;
      if (binding.confirmedAtMs >= answered.askedAtMs) {
        binding.isInDoubt = true;
        continue;
      }
      // Missing from the list because its time was over is no removal.
      const isOver = binding.expiresAtMs <= answered.atMs + TOLERANCE_MS;
      this.drop(binding, isOver ? 'expired' : 'removed');
    }
  }

  private find(aor: string, contactId: string): TrueBinding | undefined {
    return this.table.get(aor)?.get(contactId);
  }

  private put(binding: TrueBinding, atMs: number): void {
    binding.expiresAtMs = atMs + binding.toldSec * 1000;
    binding.confirmedAtMs = atMs;
    binding.isInDoubt = false;
    this.soonestMs = Math.min(this.soonestMs, binding.expiresAtMs + this.rules.graceMs);
    let bindings = this.table.get(binding.aor);
    if (bindings === undefined) {
      bindings = new Map();
      this.table.set(binding.aor, bindings);
    }
    bindings.set(binding.contactId, binding);
  }

  private drop(binding: TrueBinding, change: Change): void {
    this.table.get(binding.aor)?.delete(binding.contactId);
    this.count(binding.aor, change);
  }

  private count(aor: string, change: Change): void {
    this.changes[change]++;
    // A plain refresh is no change of a binding.
    if (change === 'refreshed') return;
    this.changesOfAor.set(aor, (this.changesOfAor.get(aor) ?? 0) + 1);
  }
}

/** pjsip tells whole seconds that remain: two grants are the same within this. */
const GRANT_TOLERANCE_SEC = 2;

/** One change for each confirmation: the most telling one. */
function changeOf(before: TrueBinding, now: Seen, toldSec: number): Change {
  const { seen } = before;
  if (seen === undefined) return 'refreshed';
  if (seen.userAgent !== now.userAgent) return 'replaced';
  if (seen.source.ip !== now.source.ip) return 'moved';
  const isRespelled = seen.spelling !== now.spelling;
  const isNewCall = seen.callId !== now.callId;
  // A phone that comes up otherwise than it went down took the new port itself; else its NAT gave it one.
  if (seen.source.port !== now.source.port) return isNewCall && isRespelled ? 'restarted' : 'nat_rebind';
  if (isNewCall) return 'restarted';
  if (isRespelled || seen.version !== now.version) return 'changed';
  if (Math.abs(before.toldSec - toldSec) > GRANT_TOLERANCE_SEC) return 'changed';
  return 'refreshed';
}
