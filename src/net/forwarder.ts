import type { Decision } from '../proxy/decision.ts';
import { Datagram } from '../proxy/decision.ts';
import type { Side } from '../proxy/reasons.ts';
import type { Routes } from '../proxy/routes.ts';
import type { Endpoint } from '../sip/address.ts';
import { MAX_DATAGRAM_BYTES } from '../sip/message.ts';
import { monotonicMs } from './clock.ts';
import type { ForwardingCounters } from './counters.ts';
import { CONGESTION_SAFE_BYTES, Health, Single } from './counters.ts';
import type { ReplyLimiter } from './reply-limiter.ts';
import type { RingWriter } from './ring/writer.ts';
import type { Fill, Receiver, Transport } from './transport/transport.ts';

export type Decide = (datagram: Datagram, routes: Routes, decision: Decision) => void;

/** What one configuration means for the worker. */
export interface Assignment {
  readonly routes: Routes;
  /** Registrars whose health is counted, standby included, in the operator's order. */
  readonly registrars: readonly Endpoint[];
}

export interface ForwarderParts {
  readonly transport: Transport;
  readonly decide: Decide;
  readonly decision: Decision;
  readonly assignment: Assignment;
  readonly counters: ForwardingCounters;
  readonly tap: RingWriter;
  readonly limiter: ReplyLimiter;
  /** A defect of ours, at most one a second: what was thrown, and how many were kept back since. */
  readonly reportBug: (error: unknown, withheld: number) => void;
  /** The registrar gets no socket of its own, and shares a receive buffer with the phones: the error's name. */
  readonly reportShared: (registrar: Endpoint, error: string) => void;
}

/** One datagram in so many tells how long its batch took. */
const SAMPLE_EVERY = 64;
const REPORT_EVERY_MS = 1000;
/** An edited message that did not fit its slot. */
const SCRATCH_BYTES = MAX_DATAGRAM_BYTES + 1;

/**
 * The loop's body: decide, edit, send, count, tap. It decides nothing itself, keeps nothing about a
 * datagram beyond its batch, and survives whatever `decide` throws.
 */
export class Forwarder implements Receiver {
  readonly datagram = new Datagram();
  private readonly parts: ForwarderParts;
  private readonly decision: Decision;
  private readonly counters: ForwardingCounters;
  private readonly tap: RingWriter;
  private readonly transport: Transport;
  private assignment: Assignment;
  private activePlace = -1;
  private readonly scratch = new Uint8Array(SCRATCH_BYTES);
  /** When the last batch came, by monotonicMs. */
  batchAtMs = 0;
  private untilSample = SAMPLE_EVERY;
  private sampling = false;
  private reportedAtMs = Number.NEGATIVE_INFINITY;
  private withheld = 0;
  private readonly failedCells: readonly [phone: number, registrar: number];

  constructor(parts: ForwarderParts) {
    this.parts = parts;
    this.decision = parts.decision;
    this.counters = parts.counters;
    this.tap = parts.tap;
    this.transport = parts.transport;
    this.assignment = parts.assignment;
    this.failedCells = [
      parts.counters.datagramCell('phone', 'dropped', 'send_failed'),
      parts.counters.datagramCell('registrar', 'dropped', 'send_failed'),
    ];
    this.assign(parts.assignment);
  }

  /** Between two batches. */
  assign(assignment: Assignment): void {
    const { registrar, registrarSocket } = assignment.routes;
    this.assignment = assignment;
    this.activePlace = assignment.registrars.findIndex((known) => known.sameAs(registrar));
    const refusal = this.transport.faceRegistrar(registrarSocket, registrar);
    if (refusal !== undefined) this.parts.reportShared(registrar, refusal);
  }

  /** What it works by now. */
  get assigned(): Assignment {
    return this.assignment;
  }

  startBatch(): void {
    this.batchAtMs = monotonicMs();
  }

  take(lowest: number): void {
    if (--this.untilSample === 0) {
      this.untilSample = SAMPLE_EVERY;
      this.sampling = true;
    }
    const { decision } = this;
    decision.from = 'phone';
    try {
      this.parts.decide(this.datagram, this.assignment.routes, decision);
      if (decision.outcome === 'forwarded') this.forward(lowest);
      else if (decision.outcome === 'answered') this.answer();
      else this.settle();
    } catch (error) {
      this.dropForBug(error);
      return;
    }
    this.countMessage();
  }

  private forward(lowest: number): void {
    const { decision, datagram } = this;
    const { message, edits } = decision;
    const length = message.end - message.start + edits.growth;
    if (edits.overflowed || length > MAX_DATAGRAM_BYTES)
      throw new Error('decide forwarded what does not fit');
    // Before anything is moved: what was read of it holds where it was received.
    if (decision.tap === 'register') this.offer('request', datagram.source, decision.target);
    else if (decision.tap === 'register_response') this.offer('response', decision.target, datagram.source);
    let bytes = message.bytes;
    let start = edits.applyInPlace(bytes, message.start, lowest);
    let end = message.end;
    if (start < 0) {
      end = edits.copyTo(bytes, message.start, message.end, this.scratch, 0);
      bytes = this.scratch;
      start = 0;
    }
    this.transport.send(bytes, start, end, decision.socket, decision.target, this.tag());
  }

  private answer(): void {
    const { decision } = this;
    if (!this.parts.limiter.admits(this.batchAtMs)) {
      decision.outcome = 'dropped';
      decision.reason = 'reply_limit';
      this.settle();
      return;
    }
    const { reply, replyLength, replyStatus } = decision;
    this.transport.send(reply, 0, replyLength, decision.socket, decision.target, this.tag());
    if (replyStatus !== 0) this.counters.answered(replyStatus);
  }

  /** An outcome without a send is certain at once. */
  private settle(): void {
    const { from, outcome, reason } = this.decision;
    this.counters.add(this.counters.datagramCell(from, outcome, reason));
  }

  /** What `sent` and `failed` need to know: the cell to count, and the side for a failure. */
  private tag(): number {
    const { from, outcome, reason } = this.decision;
    return this.counters.datagramCell(from, outcome, reason) * 2 + sideBit(from);
  }

  sent(tag: number): void {
    this.counters.add(tag >>> 1);
  }

  failed(tag: number): void {
    this.counters.add(this.failedCells[tag & 1]!);
  }

  registrarUnreachable(): void {
    if (this.activePlace >= 0) this.counters.health(this.activePlace, Health.refused);
  }

  private countMessage(): void {
    const { decision, datagram, counters } = this;
    if (decision.from === 'registrar') this.countSignOfLife();
    if (!decision.isSip) return;
    if (!decision.message.isRequest) {
      counters.response(decision.from, decision.method, decision.status);
      return;
    }
    counters.request(decision.from, decision.method);
    if (datagram.end - datagram.start > CONGESTION_SAFE_BYTES) counters.count(Single.oversizedRequests);
    const expectsAnswer = decision.outcome === 'forwarded' && decision.method !== 'ACK';
    if (expectsAnswer && this.activePlace >= 0 && decision.target.sameAs(this.assignment.routes.registrar)) {
      counters.health(this.activePlace, Health.sent);
    }
  }

  /** Whatever comes from a registrar's address shows that it lives. */
  private countSignOfLife(): void {
    const { registrars } = this.assignment;
    for (let i = 0; i < registrars.length; i++) {
      if (!registrars[i]!.sameAs(this.datagram.source)) continue;
      this.counters.health(i, Health.heard);
      return;
    }
  }

  /** A copy for the monitor. Whatever goes wrong here is counted, and no packet hears of it. */
  private offer(kind: 'request' | 'response', phone: Endpoint, registrar: Endpoint): void {
    const { message, transaction } = this.decision;
    try {
      const result = this.tap.offer(kind, this.batchAtMs, phone, registrar, message, transaction);
      this.counters.count(result === 'taken' ? Single.tapTaken : Single.tapDropped);
    } catch {
      this.tap.miss();
      this.counters.count(Single.tapFailed);
    }
  }

  endBatch(fill: Fill): void {
    this.tap.publish();
    if (fill === 'queued') this.counters.count(Single.queuedBatches);
    if (!this.sampling) return;
    this.sampling = false;
    this.counters.duration((monotonicMs() - this.batchAtMs) / 1000);
  }

  private dropForBug(error: unknown): void {
    const { counters, decision } = this;
    counters.add(counters.datagramCell(decision.from, 'dropped', 'bug'));
    counters.count(Single.bugs);
    if (this.batchAtMs - this.reportedAtMs < REPORT_EVERY_MS) {
      this.withheld++;
      return;
    }
    this.reportedAtMs = this.batchAtMs;
    this.parts.reportBug(error, this.withheld);
    this.withheld = 0;
  }
}

function sideBit(side: Side): 0 | 1 {
  return side === 'phone' ? 0 : 1;
}
