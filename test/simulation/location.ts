import type { ContactFacts, TransactionFacts } from './facts.ts';
import { tokenOf } from './messages.ts';
import type { Profile } from './profiles.ts';

/** A binding as the registrar keeps it: this is what really exists. */
export interface Kept {
  readonly key: string;
  readonly contactId: string;
  readonly uri: string;
  readonly instance: string | undefined;
  readonly callId: string;
  readonly cseq: number;
  readonly sinceMs: number;
  readonly grantedSec: number;
  readonly modifiedMs: number;
  readonly expiresAtMs: number;
}

export type Stored = 'stored' | 'contact_limit' | 'bad_cseq';

/** Kamailio takes the same CSeq once more within this time as the copy that it is (usrloc's cseq_delay). */
const SAME_CSEQ_MS = 20_000;

/** The registrar's table of bindings. */
export class Location {
  private readonly profile: Profile;
  private readonly table = new Map<string, Kept[]>();

  constructor(profile: Profile) {
    this.profile = profile;
  }

  forgetAll(): void {
    this.table.clear();
  }

  of(aor: string, nowMs: number): readonly Kept[] {
    const all = this.table.get(aor) ?? [];
    const alive = all.filter((kept) => kept.expiresAtMs + this.profile.lingerSec * 1000 > nowMs);
    if (alive.length !== all.length) this.table.set(aor, alive);
    return alive;
  }

  aors(): Iterable<string> {
    return this.table.keys();
  }

  removeAll(aor: string): void {
    this.table.set(aor, []);
  }

  remove(
    aor: string,
    contact: ContactFacts,
    uri: string,
    transaction: TransactionFacts,
    nowMs: number,
  ): void {
    const key = this.keyOf(contact, uri, transaction);
    this.table.set(
      aor,
      this.of(aor, nowMs).filter((kept) => kept.key !== key),
    );
  }

  store(
    contact: ContactFacts,
    uri: string,
    transaction: TransactionFacts,
    grantedSec: number,
    nowMs: number,
  ): Stored {
    const { aor, callId, cseq, instance } = transaction;
    const key = this.keyOf(contact, uri, transaction);
    const others = this.of(aor, nowMs).filter((kept) => kept.key !== key);
    const before = this.of(aor, nowMs).find((kept) => kept.key === key);
    if (this.profile.checksCseq && before?.callId === callId) {
      if (cseq < before.cseq) return 'bad_cseq';
      if (cseq === before.cseq) return nowMs - before.modifiedMs < SAME_CSEQ_MS ? 'stored' : 'bad_cseq';
    }
    if (this.profile.contactsKept === 'one') others.length = 0;
    if (before === undefined && others.length >= this.profile.contactLimit) {
      if (this.profile.atLimit !== 'drop_oldest') return 'contact_limit';
      others.shift();
    }
    others.push({
      key,
      contactId: contact.contactId,
      uri,
      instance,
      callId,
      cseq,
      sinceMs: before?.sinceMs ?? nowMs,
      grantedSec,
      modifiedMs: nowMs,
      expiresAtMs: nowMs + grantedSec * 1000,
    });
    this.table.set(aor, others);
    return 'stored';
  }

  /**
   * What a registrar with §19.1.4 takes for one and the same: the model's identity, but both-sided unknown
   * parameters must be equal, and the proxy's token is one.
   */
  private keyOf(contact: ContactFacts, uri: string, transaction: TransactionFacts): string {
    if (this.profile.matchesInstance && transaction.instance !== undefined)
      return `${contact.contactId} by instance`;
    return this.profile.compares === 'bytes' ? uri : `${contact.contactId} ${tokenOf(uri)}`;
  }
}
