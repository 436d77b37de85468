import type { Address } from './address.ts';
import type { ReplyFacts, TransactionFacts } from './facts.ts';
import type { Network, Packet } from './network.ts';
import type { Planned, Scheduler } from './scheduler.ts';

/** RFC 3261 §17.1.2.2 over UDP: Timer E starts at T1 and doubles up to T2, Timer F ends it after 64 T1. */
const T1_MS = 500;
const T2_MS = 4000;
export const TIMER_F_MS = 64 * T1_MS;

export type Outcome = ReplyFacts | 'timeout';

interface Running {
  isProceeding: boolean;
  readonly done: (outcome: Outcome) => void;
  retransmit: Planned | undefined;
  readonly giveUp: Planned;
}

/** Non-INVITE client transactions: each sends the same bytes again until a final response comes or time is up. */
export class Client {
  private readonly scheduler: Scheduler;
  private readonly network: Network;
  private readonly proxy: Address;
  private readonly running = new Map<number, Running>();

  constructor(scheduler: Scheduler, network: Network, proxy: Address) {
    this.scheduler = scheduler;
    this.network = network;
    this.proxy = proxy;
  }

  /** `source` is asked anew for every copy: a NAT may have rebound in between. */
  start(
    bytes: Uint8Array,
    transaction: TransactionFacts,
    source: () => Address,
    done: (outcome: Outcome) => void,
  ): void {
    const giveUp = this.scheduler.in(TIMER_F_MS, () => this.finish(transaction.id, 'timeout'));
    const running: Running = { isProceeding: false, done, retransmit: undefined, giveUp };
    this.running.set(transaction.id, running);
    const send = (intervalMs: number): void => {
      this.network.send('access', {
        from: source(),
        to: this.proxy,
        bytes,
        about: { kind: 'request', transaction },
      });
      const next = running.isProceeding ? T2_MS : Math.min(intervalMs * 2, T2_MS);
      running.retransmit = this.scheduler.in(intervalMs, () => send(next));
    };
    send(T1_MS);
  }

  receive(packet: Packet): void {
    if (packet.about.kind !== 'response') return;
    const { transaction, reply } = packet.about;
    const running = this.running.get(transaction.id);
    if (running === undefined) return;
    if (reply.status < 200) running.isProceeding = true;
    else this.finish(transaction.id, reply);
  }

  /** The phone crashed: nothing goes out any more and nobody waits. */
  abandonAll(): void {
    for (const id of [...this.running.keys()]) this.remove(id);
  }

  private finish(id: number, outcome: Outcome): void {
    this.remove(id)?.done(outcome);
  }

  private remove(id: number): Running | undefined {
    const running = this.running.get(id);
    running?.retransmit?.cancel();
    running?.giveUp.cancel();
    this.running.delete(id);
    return running;
  }
}
