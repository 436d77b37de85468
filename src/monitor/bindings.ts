import { LRUCache } from 'lru-cache';
import type { AorEntry } from './aor-entry.ts';
import { Binding } from './binding.ts';
import { ExpiryWheel } from './expiry-wheel.ts';
import type { Change } from './lists.ts';
import { Repeats } from './repeats.ts';

/** Bindings of one AOR that are kept; registrars allow far fewer. Past it the one that is due first goes. */
export const MAX_BINDINGS_PER_AOR = 64;

const MICRO = 1_000_000;
/** AORs that are looked at for one that goes: a bound on the time that a new one may take. */
const MAX_SECOND_CHANCES = 1000;

/** What the table tells the monitor around it. */
export interface BindingHooks {
  changed(change: Change, binding: Binding): void;
  /** An AOR or a binding had to go because of our limits. */
  evicted(): void;
  /** An AOR has no bindings any more. */
  gone(entry: AorEntry): void;
  /** True where records were lost since then: what did not come may have come unseen. */
  hasLostSince(atMs: number): boolean;
}

/**
 * The bindings that there are, by AOR and by when they are due. Gauges change with each binding that comes
 * or goes, here and nowhere else, and are never estimated: they can't drift.
 */
export class Bindings {
  /** How many AORs have 1, 2, 3, and 4 or more live bindings. */
  readonly aorsByContacts: [number, number, number, number] = [0, 0, 0, 0];
  /** REGISTERs per second that the bindings need together, in millionths. */
  expectedLoadMicro = 0;
  nowMs = 0;
  private readonly entries: LRUCache<string, AorEntry>;
  private readonly wheel = new ExpiryWheel();
  readonly repeats = new Repeats();
  private readonly hooks: BindingHooks;

  constructor(maxAors: number, hooks: BindingHooks) {
    this.hooks = hooks;
    this.entries = new LRUCache<string, AorEntry>({
      max: Math.max(1, maxAors),
      dispose: (entry, _aor, reason) => {
        if (reason === 'evict') this.evict(entry);
      },
    });
  }

  /** The entry of an AOR, without a sign of use. */
  peek(aor: string): AorEntry | undefined {
    return this.entries.peek(aor);
  }

  /** The entry of an AOR that is heard of again. */
  use(aor: string): AorEntry | undefined {
    return this.entries.get(aor);
  }

  /** Before one must go: the first in turn goes to the end of it if it was heard of in the meantime. */
  private giveSecondChances(): void {
    for (let given = 0; given < MAX_SECOND_CHANCES; given++) {
      const oldest = this.entries.rkeys().next();
      const entry = oldest.done === true ? undefined : this.entries.peek(oldest.value);
      if (entry === undefined || !entry.wasUsed) return;
      entry.wasUsed = false;
      this.entries.get(entry.aor);
    }
  }

  *all(): Iterable<AorEntry> {
    yield* this.entries.values();
  }

  /** AORs with at least one live binding. */
  get registeredCount(): number {
    const [one, two, three, more] = this.aorsByContacts;
    return one + two + three + more;
  }

  /** Tells `expired` for every binding whose grant and grace are over, and its excuse where it has one. */
  advance(nowMs: number): void {
    this.nowMs = nowMs;
    this.wheel.advance(nowMs, this.lapse);
  }

  private readonly lapse = (binding: Binding): void => {
    if (!this.isExcused(binding)) this.drop(binding, 'expired');
  };

  /**
   * Where records were lost since it was last confirmed, its phone may have refreshed it unseen: then it is there until the phone
   * would have had to come once more, and not longer, or a drip of losses would keep everybody for good.
   */
  private isExcused(binding: Binding): boolean {
    if (!this.hooks.hasLostSince(binding.confirmedAtMs)) return false;
    binding.excuseMs = binding.grantedExpiresSec * 1000;
    if (binding.dueMs <= this.nowMs) return false;
    this.wheel.remove(binding);
    this.wheel.place(binding);
    return true;
  }

  /** Exactness: what is over by now is told before anything new is. */
  dropLapsed(entry: AorEntry): void {
    let binding = entry.first;
    while (binding !== undefined) {
      const next: Binding | undefined = binding.nextOfAor;
      if (binding.dueMs <= this.nowMs) this.lapse(binding);
      binding = next;
    }
  }

  /** Makes the table know an entry that got bindings. */
  keep(entry: AorEntry): void {
    if (entry.first === undefined || this.entries.peek(entry.aor) === entry) return;
    if (this.entries.size === this.entries.max) this.giveSecondChances();
    this.entries.set(entry.aor, entry);
  }

  /** A new live binding of this AOR, its fields still empty; `grant` gives it its time. */
  enter(entry: AorEntry): Binding {
    this.makeRoom(entry);
    const binding = new Binding(entry);
    binding.nextOfAor = entry.first;
    entry.first = binding;
    this.count(entry, 1);
    return binding;
  }

  private makeRoom(entry: AorEntry): void {
    let count = 0;
    let soonest = entry.first;
    for (let binding = entry.first; binding !== undefined; binding = binding.nextOfAor) {
      count++;
      if (soonest !== undefined && binding.dueMs < soonest.dueMs) soonest = binding;
    }
    if (count < MAX_BINDINGS_PER_AOR || soonest === undefined) return;
    this.drop(soonest, undefined);
    this.hooks.evicted();
  }

  /** `legs`: REGISTERs that its last registration took. */
  grant(binding: Binding, grantedSec: number, legs: number): void {
    binding.grantedExpiresSec = grantedSec;
    binding.expiresAtMs = this.nowMs + grantedSec * 1000;
    binding.excuseMs = 0;
    this.expectedLoadMicro -= binding.loadMicro;
    binding.loadMicro = Math.round((legs * 2 * MICRO) / grantedSec);
    this.expectedLoadMicro += binding.loadMicro;
    this.wheel.place(binding);
  }

  /** Another end of its grant than was thought. */
  correct(binding: Binding, expiresAtMs: number): void {
    binding.expiresAtMs = expiresAtMs;
    binding.excuseMs = 0;
    this.wheel.place(binding);
  }

  /** Told as removed, but remembered until its grant ends. */
  miss(binding: Binding): void {
    binding.state = 'missing';
    this.count(binding.owner, -1);
    this.wheel.place(binding);
    this.hooks.changed('removed', binding);
  }

  /** A missing one is live again. */
  revive(binding: Binding): void {
    binding.state = 'live';
    this.count(binding.owner, 1);
  }

  /** Takes a binding out, and tells `change` of one that was live. */
  drop(binding: Binding, change: Change | undefined): void {
    const { owner, state } = binding;
    if (state === 'gone') return;
    if (state === 'live') this.count(owner, -1);
    this.leave(binding);
    if (owner.first === binding) owner.first = binding.nextOfAor;
    for (let other = owner.first; other !== undefined; other = other.nextOfAor) {
      if (other.nextOfAor === binding) other.nextOfAor = binding.nextOfAor;
    }
    if (owner.first === undefined && this.entries.peek(owner.aor) === owner) {
      this.entries.delete(owner.aor);
      this.hooks.gone(owner);
    }
    if (change !== undefined && state === 'live') this.hooks.changed(change, binding);
  }

  private leave(binding: Binding): void {
    binding.state = 'gone';
    this.wheel.remove(binding);
    this.repeats.remove(binding);
    this.expectedLoadMicro -= binding.loadMicro;
    binding.loadMicro = 0;
  }

  /** Pushed out by our limit: gauges follow, and nothing is told of the phones. */
  private evict(entry: AorEntry): void {
    for (let binding = entry.first; binding !== undefined; binding = binding.nextOfAor) {
      if (binding.state === 'live') this.count(entry, -1);
      this.leave(binding);
    }
    entry.first = undefined;
    this.hooks.evicted();
  }

  /** One live binding more or less. */
  private count(entry: AorEntry, by: 1 | -1): void {
    this.shelve(entry.liveCount, -1);
    entry.liveCount += by;
    this.shelve(entry.liveCount, 1);
    entry.domain.bindings += by;
    if (by === 1 && entry.liveCount === 1) entry.domain.aors++;
    if (by === -1 && entry.liveCount === 0) entry.domain.aors--;
  }

  private shelve(contacts: number, by: 1 | -1): void {
    if (contacts > 0) this.aorsByContacts[Math.min(contacts, 4) - 1]! += by;
  }
}
