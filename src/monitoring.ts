import { createHmac, randomFillSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { Config } from './config.ts';
import type { ForwardingThread, Rehearsed } from './forwarding/thread.ts';
import type { Log } from './log.ts';
import { EventLog } from './log.ts';
import type { Event } from './monitor/events.ts';
import { Monitor } from './monitor/monitor.ts';
import type { MonitorOptions } from './monitor/options.ts';
import { Tapped } from './monitor/tapped.ts';
import { monotonicMs } from './net/clock.ts';
import type { CpuPriorityKind } from './net/cpu-priority.ts';
import type { StepAside } from './net/step-aside.ts';
import { openStepAside } from './net/step-aside.ts';
import { TapDrain } from './tap-drain.ts';

export interface MonitoringParts {
  readonly config: Config;
  /** Expected AORs, as written. */
  readonly inventory: readonly string[];
  readonly secret: Uint8Array;
  readonly forwarding: ForwardingThread;
  readonly log: Log;
  /** Every event, after it was logged. */
  readonly onEvent: ((event: Event) => void) | undefined;
}

/** The monitor, what brings it the tapped datagrams, and others like it, which hear a rehearsal. */
export class Monitoring {
  readonly monitor: Monitor;
  private readonly parts: MonitoringParts;
  private readonly options: Partial<MonitorOptions>;
  private readonly stepAside: StepAside | undefined;
  private readonly drain: TapDrain;
  private listener: TapDrain | undefined;

  /** Resolves when it listens. */
  static async start(parts: MonitoringParts): Promise<Monitoring> {
    const { priority } = await parts.forwarding.bound;
    return new Monitoring(parts, await stepAsideBeside(priority.cpuPriority));
  }

  private constructor(parts: MonitoringParts, stepAside: StepAside | undefined) {
    const { config, inventory, secret, forwarding, log, onEvent } = parts;
    this.parts = parts;
    this.stepAside = stepAside;
    this.options = {
      maxAors: config.maxAors,
      maxSources: config.maxSources,
      exchangeHashKey: randomFillSync(new Int32Array(4)),
      aorSeries: config.aorSeries,
      aorLabels: config.aorLabels,
      hashAor: aorHash(secret),
      aorDomain: config.aorDomain,
      registrarLists: config.registrarLists,
      inventory,
    };
    const events = new EventLog(log);
    this.monitor = new Monitor(this.options, (event) => {
      events.write(event);
      onEvent?.(event);
    });
    const faults = new FaultLog(log);
    this.drain = new TapDrain({
      reader: forwarding.tap,
      observer: this.monitor,
      tapped: new Tapped(),
      dropped: () => forwarding.counters.single('tapDropped') + forwarding.counters.single('tapFailed'),
      queuedBatches: () => forwarding.counters.single('queuedBatches'),
      sharesCpu: SHARES_CPU,
      stepAside,
      onFault: (error) => faults.tell(error),
    });
    this.drain.start();
  }

  /**
   * Lets a rehearsal be played, where there is to be one. A monitor that nobody asks hears it until the intermission, and
   * another one after it: what has always been one object's the compiler takes for constant, and it would have to think again
   * when the real monitor comes.
   */
  rehearse(): void {
    const { forwarding, log } = this.parts;
    const rehearsed = forwarding.rehearse();
    if (rehearsed === undefined) return;
    const startedAtMs = monotonicMs();
    this.listen(rehearsed);
    rehearsed.intermission.then(() => this.listen(rehearsed));
    rehearsed.end.then((transactions) => {
      this.leave();
      log.info({ transactions, tookMs: Math.round(monotonicMs() - startedAtMs) }, 'rehearsed');
    });
  }

  private listen({ tap }: Rehearsed): void {
    this.leave();
    this.listener = new TapDrain({
      reader: tap,
      observer: new Monitor({ ...this.options, inventory: [] }, () => {}),
      tapped: new Tapped(),
      dropped: () => 0,
      queuedBatches: () => 0,
      sharesCpu: SHARES_CPU,
      stepAside: this.stepAside,
      onFault: () => {},
    });
    this.listener.start();
  }

  private leave(): void {
    this.listener?.stop();
    this.listener = undefined;
  }

  /** Age of the oldest tapped datagram that waits. */
  get delaySec(): number {
    const atMs = this.parts.forwarding.tap.oldestAtMs;
    return atMs === undefined ? 0 : Math.max(0, monotonicMs() - atMs) / 1000;
  }

  /** Takes what is there, and ends. */
  stop(): void {
    this.leave();
    this.drain.stop();
  }
}

/** There is one CPU for forwarding and monitoring. */
const SHARES_CPU = availableParallelism() === 1;

/** Whoever is real-time takes the CPU and need not be offered it. */
async function stepAsideBeside(forwarding: CpuPriorityKind): Promise<StepAside | undefined> {
  if (!SHARES_CPU || forwarding === 'realtime') return undefined;
  return openStepAside();
}

const FAULT_EVERY_MS = 10_000;

/** A monitor that throws on every datagram must not flood the log. */
class FaultLog {
  private readonly log: Log;
  private toldAtMs = Number.NEGATIVE_INFINITY;
  private withheld = 0;

  constructor(log: Log) {
    this.log = log;
  }

  tell(error: unknown): void {
    const nowMs = monotonicMs();
    if (nowMs - this.toldAtMs < FAULT_EVERY_MS) {
      this.withheld++;
      return;
    }
    this.toldAtMs = nowMs;
    this.log.error(
      { err: error, withheld: this.withheld },
      'a defect of ours in the monitor; forwarding goes on',
    );
    this.withheld = 0;
  }
}

const HASH_DIGITS = 16;

/** Keyed, because a plain hash of an extension number can be looked up in a table of all of them. */
function aorHash(secret: Uint8Array): (aor: string) => string {
  return (aor) =>
    createHmac('sha256', secret).update(`aor-label v1 ${aor}`).digest('hex').slice(0, HASH_DIGITS);
}
