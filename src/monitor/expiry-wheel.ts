import type { Binding } from './binding.ts';

/** Seconds per turn, a power of two; what is due later than a turn stays in its slot for the next one. */
const SLOTS = 8192;
const SLOT_MS = 1000;

/**
 * Bindings by the second in which they are due. A refresh moves nothing: when a slot comes round, what has
 * been put off in the meantime is placed anew. Driven by the time that is passed in, in steps of any size.
 */
export class ExpiryWheel {
  private readonly slots = new Array<Binding | undefined>(SLOTS).fill(undefined);
  /** The second up to which everything due has been handed out. */
  private doneSec = Number.NaN;

  /** Enters a binding, or moves it where it is now due before the slot that it stands in. */
  place(binding: Binding): void {
    const slot = this.slotFor(binding);
    if (binding.slot >= 0) {
      if (binding.slot === slot || !this.isSooner(slot, binding.slot)) return;
      this.remove(binding);
    }
    const head = this.slots[slot];
    binding.slot = slot;
    binding.before = undefined;
    binding.behind = head;
    if (head !== undefined) head.before = binding;
    this.slots[slot] = binding;
  }

  remove(binding: Binding): void {
    if (binding.slot < 0) return;
    if (binding.before === undefined) this.slots[binding.slot] = binding.behind;
    else binding.before.behind = binding.behind;
    if (binding.behind !== undefined) binding.behind.before = binding.before;
    binding.before = undefined;
    binding.behind = undefined;
    binding.slot = -1;
  }

  /** Hands out every binding that is due by now; `onDue` must remove it from the wheel or put it off. */
  advance(nowMs: number, onDue: (binding: Binding) => void): void {
    const nowSec = Math.floor(nowMs / SLOT_MS);
    const fromSec = Number.isNaN(this.doneSec) ? nowSec - SLOTS + 1 : this.doneSec;
    this.drainSeconds(Math.max(fromSec, nowSec - SLOTS + 1), nowSec, nowMs, onDue);
    this.doneSec = nowSec;
  }

  /**
   * A function of its own, with nothing behind the loop: what V8 compiles while it goes all the way round, the first time,
   * knows of nothing behind it, and would be thrown back there at each later call.
   */
  private drainSeconds(
    firstSec: number,
    lastSec: number,
    nowMs: number,
    onDue: (binding: Binding) => void,
  ): void {
    for (let sec = firstSec; sec <= lastSec; sec++) this.drain(mod(sec), nowMs, onDue);
  }

  private drain(slot: number, nowMs: number, onDue: (binding: Binding) => void): void {
    let binding = this.slots[slot];
    while (binding !== undefined) {
      const { behind } = binding;
      if (binding.dueMs <= nowMs) {
        onDue(binding);
      } else if (this.slotFor(binding) !== slot) {
        this.remove(binding);
        this.place(binding);
      }
      binding = behind;
    }
  }

  /** What is overdue goes where it is found next, not a turn later. */
  private slotFor(binding: Binding): number {
    const dueSec = Math.floor(binding.dueMs / SLOT_MS);
    return mod(dueSec < this.doneSec ? this.doneSec : dueSec);
  }

  /** Whether slot `a` comes round before slot `b`. */
  private isSooner(a: number, b: number): boolean {
    const doneSlot = Number.isNaN(this.doneSec) ? 0 : mod(this.doneSec);
    return mod(a - doneSlot) < mod(b - doneSlot);
  }
}

/** The remainder, never negative; SLOTS being a power of two, one operation on integers. */
function mod(value: number): number {
  return value & (SLOTS - 1);
}
