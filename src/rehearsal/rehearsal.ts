import { monotonicMs } from '../net/clock.ts';
import { COUNTERS_BYTES, ForwardingCounters } from '../net/counters.ts';
import type { Assignment, Decide } from '../net/forwarder.ts';
import { Forwarder } from '../net/forwarder.ts';
import { ReplyLimiter } from '../net/reply-limiter.ts';
import { RingWriter } from '../net/ring/writer.ts';
import { openDry } from '../net/transport/dry.ts';
import type { DryTransport, TransportKind } from '../net/transport/transport.ts';
import { arenaBytes, HEADROOM_BYTES } from '../net/transport/transport.ts';
import { Decision } from '../proxy/decision.ts';
import type { Endpoint } from '../sip/address.ts';
import { endpointFrom } from '../sip/address.ts';
import type { Lines, Play, Step } from './cast.ts';
import { Cast, FIRST_HOST, HOSTS, linesFor } from './cast.ts';
import type { Stage } from './stage.ts';
import { answersAt, arenaAt, BATCH, rehearsalRing, requestsAt, SLOT_BYTES } from './stage.ts';
import { Traffic } from './traffic.ts';

/** Transactions until the compiler has seen what there is to see, and done most of its work. */
export const REHEARSED_TRANSACTIONS = 100_000;
/** It plays for so long at a time. */
const SLICE_MS = 0.5;
/** Where phones leave it no time for so long, they were its rehearsal. */
const GIVE_UP_AFTER_MS = 10_000;

export interface RehearsalParts {
  readonly stage: Stage;
  /** As it is forwarded by, the very object: V8 tells apart two that were written in different places. */
  readonly assignment: Assignment;
  readonly durationBoundsSec: readonly number[];
  /** What it is for. */
  readonly transport: TransportKind;
  readonly decide: Decide;
  /** How many are played. */
  readonly transactions: number;
  /** Told when half of it is played. */
  readonly onIntermission: () => void;
  /** Told once, when it is over. */
  readonly onEnd: (transactions: number) => void;
}

/** A datagram on stage: bytes [start, end) of the memory. */
interface Placed {
  start: number;
  end: number;
}

/**
 * Phones that nobody has, and their registrar, register through a forwarder of their own, whose tap a monitor of its own
 * listens to, while there is nothing else to do. Nothing of it leaves, or reaches a metric. It is for the compiler: V8 makes
 * machine code of what has run for some seconds, and without a rehearsal those would be the first seconds of a storm, in which
 * each datagram costs two or three times as much. After a power cut all phones register at the moment in which we start.
 */
export class Rehearsal {
  private readonly parts: RehearsalParts;
  private readonly forwarder: Forwarder;
  private readonly transport: DryTransport;
  /** Another one's: now and then the kernel's memory was with somebody else, as it is when the first real datagram comes. */
  private readonly bystander = new Decision();
  private readonly tap: RingWriter;
  private readonly cast: Cast;
  private readonly lines: readonly Readonly<Record<Step, Lines>>[];
  private readonly phones: readonly Endpoint[];
  private readonly requestsAt: number;
  private readonly answersAt: number;
  private readonly sent: readonly Placed[] = Array.from({ length: BATCH }, () => ({ start: 0, end: 0 }));
  private sentCount = 0;
  private readonly startedAtMs = monotonicMs();
  private readonly traffic = new Traffic();
  private transactions = 0;
  isOver = false;

  constructor(parts: RehearsalParts) {
    const { assignment, decide, stage, transactions } = parts;
    const { routes } = assignment;
    this.cast = new Cast(transactions);
    this.parts = parts;
    this.tap = new RingWriter(rehearsalRing(stage));
    this.requestsAt = requestsAt(stage);
    this.answersAt = answersAt(stage);
    const { isIpv4 } = routes.registrar;
    this.lines = linesFor(isIpv4 ? '192.0.2.hhh' : '[2001:db8::hhh]');
    this.phones = Array.from({ length: HOSTS }, (_, i) => phoneAt(FIRST_HOST + i, isIpv4));
    const arena = {
      bytes: this.tap.bytes,
      offset: arenaAt(stage),
      length: arenaBytes(routes.sockets.length),
    };
    this.transport = openDry(parts.transport, routes.sockets, arena);
    this.forwarder = new Forwarder({
      transport: this.transport,
      decide,
      decision: new Decision(),
      assignment,
      counters: new ForwardingCounters(new SharedArrayBuffer(COUNTERS_BYTES), parts.durationBoundsSec),
      tap: this.tap,
      limiter: new ReplyLimiter(0, this.startedAtMs),
      reportBug: () => this.end(),
      reportShared: () => {},
    });
  }

  /**
   * Between two batches: plays some of it, if few of them come. `heardAtMs`: when the last real one came. Answers whether to come
   * back soon, or when the next one is there.
   */
  turn(heardAtMs: number): 'nap' | 'wait' {
    const nowMs = monotonicMs();
    const isQuiet = this.traffic.isQuiet(nowMs, heardAtMs);
    if (isQuiet === 'now') this.play(nowMs);
    if (this.cast.left === 0 || nowMs - this.startedAtMs > GIVE_UP_AFTER_MS) this.end();
    return isQuiet === 'no' || this.isOver ? 'wait' : 'nap';
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.transport.close();
    this.parts.onEnd(this.transactions);
  }

  private play(startMs: number): void {
    let nowMs = startMs;
    while (nowMs - startMs < SLICE_MS && this.cast.left > 0) {
      const wasFirstHalf = this.cast.isFirstHalf;
      this.scene();
      if (wasFirstHalf && !this.cast.isFirstHalf) this.parts.onIntermission();
      nowMs = monotonicMs();
    }
  }

  /** Some requests, and their answers. */
  private scene(): void {
    // At first each takes long, and whoever comes meanwhile has to wait.
    const length = Math.min(BATCH, this.cast.left, 1 + (this.transactions >> 6));
    this.bystander.message.reset(this.tap.bytes, this.requestsAt, this.requestsAt);
    this.bystander.edits.clear();
    const plays = Array.from({ length }, () => this.cast.next());
    this.batch(this.requestsAt, plays, (play, at) =>
      this.linesOf(play).request.write(this.tap.bytes, at, play),
    );
    if (this.sentCount < length) return;
    const forwarded = this.sent.map(({ start, end }) => ({ start, end }));
    this.batch(this.answersAt, plays, (play, at, i) => this.writeAnswer(play, forwarded[i]!, at));
    this.transactions += length;
  }

  private linesOf({ step, user }: Play): Lines {
    return this.lines[user % this.lines.length]![step];
  }

  /** Shows the forwarder a batch of datagrams, which `write` puts there; it answers where each ends. */
  private batch(
    slotsAt: number,
    plays: readonly Play[],
    write: (play: Play, at: number, i: number) => number,
  ): void {
    const { forwarder } = this;
    const { datagram } = forwarder;
    const { registrar, registrarSocket } = this.parts.assignment.routes;
    const isRequest = slotsAt === this.requestsAt;
    this.sentCount = 0;
    forwarder.startBatch();
    for (const [i, play] of plays.entries()) {
      const lowest = slotsAt + i * SLOT_BYTES;
      datagram.bytes = this.tap.bytes;
      datagram.start = lowest + HEADROOM_BYTES;
      datagram.end = write(play, datagram.start, i);
      datagram.socket = registrarSocket;
      datagram.source.copyFrom(isRequest ? this.phones[play.host - FIRST_HOST]! : registrar);
      forwarder.take(lowest);
    }
    forwarder.endBatch('part');
    this.transport.takeBack((start, end, tag) => this.keep(start, end, tag));
  }

  private keep(start: number, end: number, tag: number): void {
    const kept = this.sent[this.sentCount++]!;
    kept.start = start;
    kept.end = end;
    this.forwarder.sent(tag);
  }

  /** What the registrar says to what reached it: its Vias come back, the rest is known. */
  private writeAnswer(play: Play, forwarded: Placed, at: number): number {
    const { bytes } = this.tap;
    const { status, answer } = this.linesOf(play);
    const message = Buffer.from(bytes.buffer, forwarded.start, forwarded.end - forwarded.start);
    const viasAt = forwarded.start + message.indexOf('Via:');
    const viasEnd = forwarded.start + message.indexOf('Max-Forwards:');
    const afterStatus = status.write(bytes, at, play);
    bytes.copyWithin(afterStatus, viasAt, viasEnd);
    return answer.write(bytes, afterStatus + viasEnd - viasAt, play);
  }
}

/** Half of them are behind a NAT. Addresses for documentation (RFC 5737, RFC 3849): no phone has one. */
function phoneAt(host: number, isIpv4: boolean): Endpoint {
  const isBehindNat = host % 4 >= 2;
  const [inside, outside] = isIpv4 ? ['192.0.2.', '198.51.100.'] : ['2001:db8::', '2001:db8:1::'];
  const phone = endpointFrom(`${isBehindNat ? outside : inside}${host}`)!;
  phone.port = isBehindNat ? 40_000 + host : 5060;
  return phone;
}
