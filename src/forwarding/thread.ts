import { Worker } from 'node:worker_threads';
import { COUNTERS_BYTES, CounterReader } from '../net/counters.ts';
import type { CpuPriorityChoice, CpuPriorityGot } from '../net/cpu-priority.ts';
import { ringFootprint } from '../net/ring/memory.ts';
import { RingReader } from '../net/ring/reader.ts';
import type { TransportKind } from '../net/transport/transport.ts';
import { arenaBytes, RECEIVE_BUFFER_BYTES } from '../net/transport/transport.ts';
import type { Stage } from '../rehearsal/stage.ts';
import { rehearsalBytes, rehearsalRing } from '../rehearsal/stage.ts';
import { kernel } from '../sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../sip/kernel/layout.ts';
import { createSharedMemory } from '../sip/kernel/web-assembly.ts';
import type { ControlMessage, UnsignedAssignment, WorkerReport, WorkerSetup } from './protocol.ts';
import { memoryBytes, ringBytesFor } from './ring-size.ts';

export interface ForwardingOptions {
  readonly assignment: UnsignedAssignment;
  readonly secrets: readonly Uint8Array[];
  readonly transport: TransportKind | 'auto';
  readonly cpuPriority: CpuPriorityChoice;
  readonly rehearsal: 'on' | 'off';
  readonly maxLocalReplies: number;
  readonly durationBoundsSec: readonly number[];
  readonly onBug: (what: string, withheld: number) => void;
  /** A registrar has no socket of its own; the error's name. */
  readonly onShared: (registrar: string, error: string) => void;
  /** The worker's own module; another one is for tests of everything but the decision. */
  readonly module?: URL;
  readonly ringBytes?: number;
}

/** A worker that hangs is cut off in time for us to end within a second, what HTTP still answers included. */
const STOP_LIMIT_MS = 450;

/** As compiled. */
const WORKER = new URL('./worker.js', import.meta.url);

export interface Bound {
  readonly transport: TransportKind;
  readonly why: string;
  readonly receiveBufferBytes: readonly number[];
  readonly priority: CpuPriorityGot;
}

/** A rehearsal that is played. */
export interface Rehearsed {
  readonly tap: RingReader;
  /** Resolves when half of it is played. */
  readonly intermission: Promise<void>;
  /** Resolves when it is over, with the number of its transactions. */
  readonly end: Promise<number>;
}

/** The main thread's end of the forwarding worker. */
export class ForwardingThread {
  readonly counters: CounterReader;
  readonly tap: RingReader;
  /** Resolves when the sockets are bound; rejects with a sentence that says what to do. */
  readonly bound: Promise<Bound>;
  /** Resolves if the worker ends without having been told to. */
  readonly crashed: Promise<Error>;
  private readonly worker: Worker;
  private readonly stage: Stage | undefined;
  private readonly mailbox = new SharedArrayBuffer(4);
  private readonly ended: Promise<void>;
  private isStopping = false;

  constructor(options: ForwardingOptions) {
    const ringBytes = options.ringBytes ?? ringBytesFor(memoryBytes());
    const ring = { offset: 0, capacityBytes: ringBytes };
    const sockets = options.assignment.routes.sockets.length;
    const arena = { offset: ringFootprint(ringBytes), length: arenaBytes(sockets) };
    const stageAt = arena.offset + arena.length;
    const isRehearsed = options.rehearsal === 'on';
    const kernelAt = stageAt + (isRehearsed ? rehearsalBytes(sockets) : 0);
    const memory = createSharedMemory(kernelAt + 2 * KERNEL_BYTES);
    // What the tap brings is read where it lies.
    kernel.moveTo(memory, kernelAt + KERNEL_BYTES);
    const counters = new SharedArrayBuffer(COUNTERS_BYTES);
    this.counters = new CounterReader(counters, options.durationBoundsSec);
    this.tap = new RingReader({ buffer: memory.buffer, ...ring });
    this.stage = isRehearsed ? { buffer: memory.buffer, offset: stageAt } : undefined;
    const setup: WorkerSetup = {
      memory,
      ring,
      arena,
      kernelAt,
      counters,
      mailbox: this.mailbox,
      durationBoundsSec: options.durationBoundsSec,
      secrets: options.secrets,
      assignment: options.assignment,
      transport: options.transport,
      cpuPriority: options.cpuPriority,
      receiveBufferBytes: RECEIVE_BUFFER_BYTES,
      maxLocalReplies: options.maxLocalReplies,
    };
    this.worker = new Worker(options.module ?? WORKER, { workerData: setup });
    this.ended = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    this.crashed = this.watchForCrash();
    this.bound = this.watchForBinding(options);
    this.bound.catch(() => {});
  }

  private watchForCrash(): Promise<Error> {
    return new Promise((resolve) => {
      this.worker.once('error', resolve);
      this.worker.once('exit', (code) => {
        if (!this.isStopping) resolve(new Error(`the forwarding thread ended by itself (code ${code})`));
      });
    });
  }

  private watchForBinding({ onBug, onShared }: ForwardingOptions): Promise<Bound> {
    return new Promise((resolve, reject) => {
      this.crashed.then(reject);
      this.worker.on('message', (report: WorkerReport) => {
        if (report.kind === 'bound') resolve(report);
        else if (report.kind === 'bug') onBug(report.what, report.withheld);
        else if (report.kind === 'shared') onShared(report.registrar, report.error);
        else if (report.kind === 'unbindable') {
          this.isStopping = true;
          reject(new Error(report.message));
        }
      });
    });
  }

  /** Lets it play a rehearsal while nothing comes in; undefined where there is to be none. */
  rehearse(): Rehearsed | undefined {
    const { stage } = this;
    if (stage === undefined) return undefined;
    const rehearsed = {
      tap: new RingReader(rehearsalRing(stage)),
      intermission: this.reported('intermission').then(() => {}),
      end: this.reported('rehearsed').then(({ transactions }) => transactions),
    };
    this.post({ kind: 'rehearse', offset: stage.offset });
    return rehearsed;
  }

  /** The first report of a kind. */
  private reported<K extends WorkerReport['kind']>(kind: K): Promise<Extract<WorkerReport, { kind: K }>> {
    return new Promise((resolve) => {
      this.worker.on('message', (report: WorkerReport) => {
        if (report.kind === kind) resolve(report as Extract<WorkerReport, { kind: K }>);
      });
    });
  }

  assign(assignment: UnsignedAssignment): void {
    this.post({ kind: 'assign', assignment });
  }

  private post(message: ControlMessage): void {
    this.worker.postMessage(message);
    Atomics.add(new Int32Array(this.mailbox), 0, 1);
  }

  /** Lets it forward what its sockets hold, and ends it. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.post({ kind: 'stop' });
    const cut = setTimeout(() => void this.worker.terminate(), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(cut);
  }
}
