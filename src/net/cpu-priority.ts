import {
  addressOf,
  CLOCK_THREAD_CPUTIME_ID,
  clockGettime,
  errno,
  errorName,
  SCHED_ATTR_BYTES,
  SCHED_FLAG_RESET_ON_FORK,
  SCHED_FLAGS_AT,
  SCHED_NICE_AT,
  SCHED_OTHER,
  SCHED_POLICY_AT,
  SCHED_PRIORITY_AT,
  SCHED_RR,
  SCHED_RUNTIME_AT,
  schedGetattr,
  schedSetattr,
  whyMissing,
} from './linux.ts';

export type CpuPriorityChoice = 'auto' | 'normal';
export type CpuPriorityKind = 'realtime' | 'normal';

/** What came of asking for it. */
export interface CpuPriorityGot {
  readonly cpuPriority: CpuPriorityKind;
  readonly why: string;
}

/** The shortest slice that Linux grants. */
export const SLICE_NS = 100_000;
/** Ahead of all that is not real-time, behind whoever asked for more. */
const LOWEST_REALTIME = 1;

/**
 * How soon the calling thread has the CPU when a datagram comes and others want it, too. Made, and looked at, in that thread.
 *
 * At least it asks for short slices. It gets no more of the CPU for that, but gets it sooner: who wakes up with a short
 * slice need not wait until the others have used up their long ones, some 3 ms each (EEVDF, Linux 6.12 or later; older
 * ones take no notice). Where the kernel grants it (to root, with CAP_SYS_NICE, or within a limit on real-time priorities),
 * `auto` takes the lowest real-time priority: then a datagram waits for nobody, neither the monitor nor the compiler nor
 * what else runs on the machine. A scheduling class or a nice value that the operator chose stays as it is.
 */
export class CpuPriority {
  readonly got: CpuPriorityGot;
  private readonly attributes = new SchedulingAttributes();
  private readonly clock = new ThreadClock();
  private readonly moderation = new Moderation();
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private isSuspended = false;

  constructor(choice: CpuPriorityChoice) {
    this.got = this.take(choice);
  }

  private take(choice: CpuPriorityChoice): CpuPriorityGot {
    const normal = (why: string): CpuPriorityGot => ({ cpuPriority: 'normal', why });
    const missing = whyMissing();
    if (missing !== undefined) return normal(missing);
    const { attributes } = this;
    if (!attributes.read()) return normal(refusal('sched_getattr'));
    if (attributes.policy !== SCHED_OTHER) return normal('its scheduling class was chosen by who started it');
    attributes.set('normal');
    if (choice === 'normal') return normal('asked for');
    if (attributes.nice !== 0) return normal('its nice value was chosen by who started it');
    if (!attributes.set('realtime')) return normal(`${refusal('sched_setattr')}; ${CURE}`);
    return { cpuPriority: 'realtime', why: 'granted; normal where the thread takes more than half of a CPU' };
  }

  /** Between two batches, at a time that was read anyway. Under a load that would leave the others little it is one among them again. */
  look(nowMs: number): void {
    if (nowMs - this.lookedAtMs < LOOK_EVERY_MS || this.got.cpuPriority === 'normal' || this.isSuspended)
      return;
    this.lookedAtMs = nowMs;
    const before = this.moderation.kind;
    const kind = this.moderation.look(nowMs, this.clock.cpuMs());
    if (kind !== before) this.attributes.set(kind);
  }

  /** The thread is normal, whatever its load: what it has to do is nothing that others should wait for. */
  suspend(): void {
    this.isSuspended = true;
    if (this.got.cpuPriority === 'realtime') this.attributes.set('normal');
  }

  /** And is again as its load says. */
  resume(): void {
    this.isSuspended = false;
    if (this.got.cpuPriority === 'realtime') this.attributes.set(this.moderation.kind);
  }
}

const CURE = 'LimitRTPRIO=1 in its systemd unit, or CAP_SYS_NICE, lets phones wait less for the CPU';

function refusal(call: string): string {
  return `the kernel does not grant real-time priority (${call}: ${errorName(errno())})`;
}

const LOOK_EVERY_MS = 50;
/** Real-time while it takes no more of a CPU than this: as much is there for everybody else, the monitor too. */
const FAIR_SHARE = 0.5;
/**
 * What it takes on top of its share it owes, and may owe up to so many ms: the compiled code is given up now and then, and a
 * hypervisor's pause looks like work. Who takes all of a CPU owes as much after a fifth of a second.
 */
const OVERDRAFT_MS = 100;
/** It owes no more than this, so that a quiet half second pays for the longest storm. */
const MOST_DEBT_MS = 250;

/** Says when a thread may be real-time, by the CPU that it takes: until it owes too much, and then when it owes nothing any more. */
export class Moderation {
  kind: CpuPriorityKind = 'realtime';
  private lookedAtMs = Number.NEGATIVE_INFINITY;
  private cpuMs = 0;
  private debtMs = 0;

  /** `cpuMs`: what the thread has taken so far. */
  look(nowMs: number, cpuMs: number): CpuPriorityKind {
    const share = (nowMs - this.lookedAtMs) * FAIR_SHARE;
    const debtMs = this.debtMs + (cpuMs - this.cpuMs) - share;
    this.debtMs = Math.min(MOST_DEBT_MS, Math.max(0, debtMs));
    this.lookedAtMs = nowMs;
    this.cpuMs = cpuMs;
    if (this.debtMs > OVERDRAFT_MS) this.kind = 'normal';
    else if (this.debtMs === 0) this.kind = 'realtime';
    return this.kind;
  }
}

/** Small arrays may be moved by the garbage collector (see addressOf). */
const FIXED_BYTES = 4096;

/** struct sched_attr of the calling thread. */
class SchedulingAttributes {
  private readonly view = new DataView(new ArrayBuffer(Math.max(SCHED_ATTR_BYTES, FIXED_BYTES)));

  private get address(): number {
    return addressOf(new Uint8Array(this.view.buffer));
  }

  read(): boolean {
    return schedGetattr(this.address) === 0;
  }

  get policy(): number {
    return this.view.getUint32(SCHED_POLICY_AT, true);
  }

  get nice(): number {
    return this.view.getInt32(SCHED_NICE_AT, true);
  }

  /** With the nice value that was read. False where the kernel refuses. */
  set(kind: CpuPriorityKind): boolean {
    const { view } = this;
    const isRealtime = kind === 'realtime';
    view.setUint32(SCHED_POLICY_AT, isRealtime ? SCHED_RR : SCHED_OTHER, true);
    // Who has it may not take it off without a privilege, so it stays.
    if (isRealtime) view.setBigUint64(SCHED_FLAGS_AT, SCHED_FLAG_RESET_ON_FORK, true);
    view.setUint32(SCHED_PRIORITY_AT, isRealtime ? LOWEST_REALTIME : 0, true);
    view.setBigUint64(SCHED_RUNTIME_AT, isRealtime ? 0n : BigInt(SLICE_NS), true);
    return schedSetattr(this.address) === 0;
  }
}

/** The CPU that the calling thread has taken. */
class ThreadClock {
  private readonly timespec = new BigInt64Array(FIXED_BYTES / 8);
  private readonly address = whyMissing() === undefined ? addressOf(new Uint8Array(this.timespec.buffer)) : 0;

  cpuMs(): number {
    clockGettime(CLOCK_THREAD_CPUTIME_ID, this.address);
    return Number(this.timespec[0]) * 1000 + Number(this.timespec[1]) / 1e6;
  }
}
