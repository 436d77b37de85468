import type { Endpoint } from '../../src/sip/address.ts';
import type { Transaction } from '../../src/sip/transaction.ts';
import type { Address } from './address.ts';
import type { About } from './facts.ts';
import type { Prng } from './prng.ts';
import type { Scheduler } from './scheduler.ts';

/** What the proxy tapped: the monitor gets the bytes and addresses, the truth the facts. */
export interface TapRecord {
  readonly kind: 'request' | 'response';
  readonly atMs: number;
  readonly phone: Endpoint;
  readonly registrar: Endpoint;
  readonly bytes: Uint8Array;
  readonly transaction: Transaction | undefined;
  readonly about: About;
  readonly source: Address;
}

/** Who reads the tap. */
export interface TapReader {
  /** In the order in which things happened, nothing left out that the monitor will see. */
  happened(record: TapRecord): void;
  /** In the order in which the rings are drained. */
  observed(record: TapRecord): void;
  lost(records: number): void;
}

/** With two rings a response may be drained before its request, by no more than this. */
export const DRAIN_MS = 20;

/**
 * The way from the proxy to the monitor. One ring keeps the order; with two, one of them holds what came from the
 * registrar and is drained first. While it is `overrun`, records are lost, and counted at the next drain.
 */
export class Tap {
  /** Share of records that don't fit. */
  overrun = 0;
  private readonly reader: TapReader;
  private readonly scheduler: Scheduler;
  private readonly prng: Prng;
  private readonly rings: 1 | 2;
  private readonly fromPhones: TapRecord[] = [];
  private readonly fromRegistrar: TapRecord[] = [];
  private lost = 0;
  private isDrainPlanned = false;

  constructor(reader: TapReader, scheduler: Scheduler, prng: Prng, rings: 1 | 2) {
    this.reader = reader;
    this.scheduler = scheduler;
    this.prng = prng;
    this.rings = rings;
  }

  offer(record: TapRecord): void {
    if (this.overrun > 0 && this.prng.chance(this.overrun)) {
      this.lost++;
      this.planDrain();
      return;
    }
    this.reader.happened(record);
    if (this.rings === 1) {
      this.reader.observed(record);
      return;
    }
    (record.kind === 'request' ? this.fromPhones : this.fromRegistrar).push(record);
    this.planDrain();
  }

  drain(): void {
    for (const record of this.fromRegistrar) this.reader.observed(record);
    for (const record of this.fromPhones) this.reader.observed(record);
    this.fromRegistrar.length = 0;
    this.fromPhones.length = 0;
    if (this.lost > 0) this.reader.lost(this.lost);
    this.lost = 0;
  }

  private planDrain(): void {
    if (this.isDrainPlanned) return;
    this.isDrainPlanned = true;
    this.scheduler.in(DRAIN_MS, () => {
      this.isDrainPlanned = false;
      this.drain();
    });
  }
}
