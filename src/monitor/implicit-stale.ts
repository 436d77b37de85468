/** Within this time a phone whose nonce had merely grown old has registered with a new one. */
export const RESOLVE_MS = 10_000;

/** The open implicit stales of one AOR since its last 2xx. */
interface Group {
  readonly aor: string;
  open: number;
  /** Made good, or given up. */
  closed: boolean;
}

interface Pending {
  readonly group: Group;
  readonly dueMs: number;
  next: Pending | undefined;
}

/**
 * A REGISTER that was told as implicit_stale stays told so: once per transaction. What it turned out to be
 * is told beside it, also once: `recovered` by a 2xx of its AOR within RESOLVE_MS, or `unresolved`.
 */
export class ImplicitStales {
  /** Each has something open, so there are no more of them than of what is open. */
  private readonly byAor = new Map<string, Group>();
  private readonly max: number;
  private readonly onEvict: () => void;
  private oldest: Pending | undefined = undefined;
  private newest: Pending | undefined = undefined;
  private size = 0;

  /** `onEvict` is told where an outcome will never be known because of our limit. */
  constructor(max: number, onEvict: () => void) {
    this.max = max;
    this.onEvict = onEvict;
  }

  add(aor: string, nowMs: number): void {
    if (this.size === this.max) {
      this.onEvict();
      return;
    }
    let group = this.byAor.get(aor);
    if (group === undefined) {
      group = { aor, open: 0, closed: false };
      this.byAor.set(aor, group);
    }
    group.open++;
    const pending: Pending = { group, dueMs: nowMs + RESOLVE_MS, next: undefined };
    if (this.newest === undefined) this.oldest = pending;
    else this.newest.next = pending;
    this.newest = pending;
    this.size++;
  }

  /** A 2xx for this AOR: how many it makes good. */
  recover(aor: string): number {
    if (this.byAor.size === 0) return 0;
    const group = this.byAor.get(aor);
    if (group === undefined) return 0;
    this.close(group);
    return group.open;
  }

  /** Closes what is overdue and calls `onUnresolved` for each. */
  advance(nowMs: number, onUnresolved: (aor: string) => void): void {
    while (this.oldest !== undefined && (this.oldest.group.closed || nowMs >= this.oldest.dueMs)) {
      const { group } = this.oldest;
      this.oldest = this.oldest.next;
      if (this.oldest === undefined) this.newest = undefined;
      this.size--;
      if (group.closed) continue;
      group.open--;
      if (group.open === 0) this.close(group);
      onUnresolved(group.aor);
    }
  }

  /** Records were lost: what is open may have been made good unseen. */
  giveUp(): void {
    for (const group of this.byAor.values()) this.close(group);
    this.advance(Number.NEGATIVE_INFINITY, () => {});
  }

  private close(group: Group): void {
    group.closed = true;
    this.byAor.delete(group.aor);
  }
}
