import type { LocalSocket } from '../../proxy/routes.ts';
import { Endpoint } from '../../sip/address.ts';
import {
  addressOf,
  close,
  EAGAIN,
  ECONNREFUSED,
  EINTR,
  errno,
  errorName,
  IOVEC_BYTES,
  MMSGHDR_BYTES,
  MSG_DONTWAIT,
  NAME_LENGTH_AT,
  SOCKADDR_BYTES,
  sendmmsg,
} from '../linux.ts';
import type { Family } from './batched-memory.ts';
import { ControlMemory, familyOf, MessageVector, QUEUE_BYTES } from './batched-memory.ts';
import { EpollIntake } from './epoll-intake.ts';
import type { Intake, Sink } from './intake.ts';
import { MAX_POSTS, Slots } from './intake.ts';
import type { Arena, DryTransport, Fill, Receiver, Show, TransportOptions, Turn } from './transport.ts';
import { BATCH, BindError, HEADROOM_BYTES, MAX_DRAIN_MS, NAP_MS, SCRATCH_BYTES } from './transport.ts';
import { UdpSockets } from './udp-sockets.ts';
import { missing } from './uring.ts';
import { UringIntake } from './uring-intake.ts';

/**
 * Linux: up to 64 datagrams per system call, on memory that is laid out once. A datagram is received some way into its
 * slot, edited there, and sent from there. They are received with epoll and recvmmsg, or (`uring`) with io_uring, for which
 * TransportMissing is thrown where the kernel does not have it; they are sent with sendmmsg, or, a few at a time, by the call
 * that looks for the next ones.
 */
export function openBatched(
  kind: 'uring' | 'batched',
  options: TransportOptions,
  arena: Arena,
): DryTransport {
  return new BatchedTransport(kind, options, arena);
}

/** How long a full send buffer may hold us up before what does not fit is dropped. */
const SEND_WAIT_MS = 10;

/** One kernel socket and what waits to be sent through it. */
interface Channel {
  readonly fd: number;
  /** Ours, as the routes number them. */
  readonly socket: number;
  readonly family: Family;
  readonly queue: MessageVector;
  readonly tags: Int32Array;
  queued: number;
  /** Set where the socket is connected to it: then messages carry no address. */
  peer: Endpoint | undefined;
}

class BatchedTransport implements DryTransport, Sink {
  readonly kind: 'uring' | 'batched';
  readonly receiveBufferBytes: readonly number[];
  private readonly memory = new ControlMemory();
  private readonly sockets: UdpSockets;
  /** The memory that datagrams lie in. */
  private readonly bytes: Uint8Array;
  private readonly arenaAddress: number;
  private readonly scratchAt: number;
  private scratchUsed = 0;
  private readonly intake: Intake;
  private readonly options: TransportOptions;
  private readonly channels: Channel[] = [];
  /** Whose messages are posted, by their numbers, and where in its queue they are. */
  private readonly posters = new Array<Channel | undefined>(MAX_POSTS).fill(undefined);
  private readonly postedAt = new Int32Array(MAX_POSTS);
  private facing: Channel | undefined;
  private receiver: Receiver | undefined;

  constructor(kind: 'uring' | 'batched', options: TransportOptions, arena: Arena) {
    this.kind = kind;
    this.options = options;
    this.bytes = arena.bytes;
    this.sockets = new UdpSockets(this.memory, options.receiveBufferBytes);
    this.arenaAddress = addressOf(arena.bytes);
    this.scratchAt = arena.offset + arena.length - SCRATCH_BYTES;
    const slots = new Slots(arena.bytes, arena.offset, this.arenaAddress + arena.offset);
    this.intake =
      kind === 'uring' ? new UringIntake(this.memory, slots) : new EpollIntake(this.memory, slots);
    try {
      for (const local of options.sockets) this.listen(local);
    } catch (error) {
      this.close();
      throw error;
    }
    this.receiveBufferBytes = this.channels.map(({ fd }) => this.sockets.receiveBufferOf(fd));
  }

  // ------------------------------------------------------------------ sockets

  private listen(local: LocalSocket): void {
    const fd = this.sockets.open(local);
    if (this.addChannel(local, fd) !== undefined) return;
    // The ring may be had where there is no room for its buffers, within a narrow limit of locked memory.
    const error =
      this.kind === 'uring' ? missing('io_uring_register') : new BindError(local.bound, errorName(errno()));
    close(fd);
    throw error;
  }

  /** Undefined where the kernel refuses: then the socket is still the caller's. */
  private addChannel({ index, bound }: LocalSocket, fd: number): Channel | undefined {
    const { memory } = this;
    const place = this.channels.length;
    const family = familyOf(bound);
    if (!this.intake.add(place, fd, family)) return undefined;
    const channel: Channel = {
      fd,
      socket: index,
      family,
      queue: new MessageVector(memory, place * QUEUE_BYTES),
      tags: new Int32Array(BATCH),
      queued: 0,
      peer: undefined,
    };
    this.channels.push(channel);
    return channel;
  }

  // ------------------------------------------------------------------ the registrar's own socket

  /**
   * A second socket on the same address, connected to the registrar: the kernel then needs no route lookup
   * per datagram, sorts the registrar's answers to it by itself, and tells ICMP errors at once. And its answers have
   * a receive buffer of their own: in a storm, what the registrar has done already is not lost behind the phones'
   * requests. Without it everything else works all the same, so a refusal ends nothing.
   */
  faceRegistrar(socketIndex: number, registrar: Endpoint): string | undefined {
    const { facing } = this;
    if (facing?.socket === socketIndex && facing.peer?.sameAs(registrar)) return undefined;
    const local = this.options.sockets[socketIndex];
    if (facing !== undefined) this.dropFacing(facing);
    if (local === undefined || local.bound.isIpv4 !== registrar.isIpv4 || registrar.port === 0)
      return undefined;
    try {
      this.facing = this.openFacing(local, registrar);
      return undefined;
    } catch (error) {
      if (error instanceof BindError) return error.code;
      throw error;
    }
  }

  private openFacing(local: LocalSocket, registrar: Endpoint): Channel {
    const fd = this.sockets.openBeside(this.channels[local.index]!.fd, local, registrar);
    const channel = this.addChannel(local, fd);
    if (channel === undefined) {
      const error = new BindError(local.bound, errorName(errno()));
      close(fd);
      throw error;
    }
    channel.peer = new Endpoint().copyFrom(registrar);
    return channel;
  }

  /** What it holds already is forwarded; from now on the listening socket gets what comes from there. */
  private dropFacing(facing: Channel): void {
    this.intake.remove(this.channels.length - 1, this);
    close(facing.fd);
    this.channels.pop();
    this.facing = undefined;
  }

  // ------------------------------------------------------------------ the loop

  async run(receiver: Receiver, turn: () => Turn): Promise<void> {
    this.receiver = receiver;
    for (let next = turn(); next !== 'stop'; next = turn()) {
      if (next === 'nap') this.nap();
      else this.intake.receive('wait', this);
    }
    const giveUpAt = performance.now() + MAX_DRAIN_MS;
    while (this.intake.receive('take', this) > 0 && performance.now() < giveUpAt);
    this.close();
  }

  private nap(): void {
    // It sends what is posted, too.
    if (this.intake.receive('take', this) > 0) return;
    this.sockets.waitForDatagram(this.channels, NAP_MS);
    this.intake.receive('take', this);
  }

  get source(): Endpoint {
    return this.receiver!.datagram.source;
  }

  startBatch(): void {
    this.receiver!.startBatch();
  }

  take(place: number, slot: number, length: number): void {
    const receiver = this.receiver!;
    const { datagram } = receiver;
    datagram.bytes = this.bytes;
    datagram.start = slot + HEADROOM_BYTES;
    datagram.end = datagram.start + length;
    datagram.socket = this.channels[place]!.socket;
    receiver.take(slot);
  }

  endBatch(fill: Fill): void {
    const { channels } = this;
    for (let i = 0; i < channels.length; i++) {
      const channel = channels[i]!;
      if (channel.queued === 0) continue;
      if (channel.queued <= this.intake.room) this.post(channel);
      else this.flush(channel);
    }
    this.scratchUsed = 0;
    this.receiver!.endBatch(fill);
  }

  failed(_place: number, code: number): void {
    if (code === ECONNREFUSED) this.receiver!.registrarUnreachable();
  }

  send(
    bytes: Uint8Array,
    start: number,
    end: number,
    socketIndex: number,
    target: Endpoint,
    tag: number,
  ): void {
    const from = bytes === this.bytes ? start : this.copyToScratch(bytes, start, end);
    const channel = this.channelFor(socketIndex, target);
    if (channel.queued === BATCH) this.flush(channel);
    const { memory } = this;
    const { queue } = channel;
    const i = channel.queued++;
    channel.tags[i] = tag;
    const iovec = queue.iovecsAt + i * IOVEC_BYTES;
    memory.writeAddress(iovec, this.arenaAddress + from);
    memory.words[(iovec + 8) >>> 2] = end - start;
    const nameLength =
      channel.peer === undefined
        ? memory.writeSocketAddress(queue.namesAt + i * SOCKADDR_BYTES, target, channel.family)
        : 0;
    memory.words[(queue.headersAt + i * MMSGHDR_BYTES + NAME_LENGTH_AT) >>> 2] = nameLength;
  }

  takeBack(show: Show): void {
    for (const channel of this.channels) {
      for (let i = 0; i < channel.queued; i++) {
        const iovec = channel.queue.iovecsAt + i * IOVEC_BYTES;
        // A whole number to V8, too, as are all positions: the difference of addresses is none to it.
        const start = (this.memory.readAddress(iovec) - this.arenaAddress) | 0;
        show(start, start + this.memory.words[(iovec + 8) >>> 2]!, channel.tags[i]!);
      }
      channel.queued = 0;
    }
    this.scratchUsed = 0;
  }

  private channelFor(socketIndex: number, target: Endpoint): Channel {
    const { facing } = this;
    if (facing?.peer !== undefined && facing.socket === socketIndex && facing.peer.sameAs(target))
      return facing;
    return this.channels[socketIndex]!;
  }

  private copyToScratch(bytes: Uint8Array, start: number, end: number): number {
    if (this.scratchUsed + end - start > SCRATCH_BYTES) this.flushAll();
    const at = this.scratchAt + this.scratchUsed;
    this.bytes.set(bytes.subarray(start, end), at);
    this.scratchUsed += end - start;
    return at;
  }

  private flushAll(): void {
    const { channels } = this;
    for (let i = 0; i < channels.length; i++) if (channels[i]!.queued > 0) this.flush(channels[i]!);
    this.scratchUsed = 0;
  }

  /** A few messages are sent by the system call that looks for the next ones. */
  private post(channel: Channel): void {
    const { fd, queue, queued } = channel;
    for (let at = 0; at < queued; at++) {
      const number = this.intake.post(fd, queue.address + at * MMSGHDR_BYTES);
      this.posters[number] = channel;
      this.postedAt[number] = at;
    }
    channel.queued = 0;
  }

  posted(number: number, code: number): void {
    const receiver = this.receiver!;
    const channel = this.posters[number]!;
    const at = this.postedAt[number]!;
    if (code === 0) receiver.sent(channel.tags[at]!);
    // It may meet the error that one posted behind it has left, and so it has two more attempts.
    else if (this.isPassing(channel, code)) this.sendQueued(channel, at, at + 1);
    else receiver.failed(channel.tags[at]!);
  }

  private flush(channel: Channel): void {
    const count = channel.queued;
    channel.queued = 0;
    this.sendQueued(channel, 0, count);
  }

  /**
   * Hands messages of the queue to the kernel. sendmmsg stops at the first message that fails: it is retried once where
   * the failure need not be its own (a pending ICMP error, a full buffer, a signal), and skipped otherwise.
   */
  private sendQueued(channel: Channel, from: number, to: number): void {
    const receiver = this.receiver!;
    const { queue, tags } = channel;
    let at = from;
    let mayRetry = true;
    while (at < to) {
      const sent = sendmmsg(channel.fd, queue.address + at * MMSGHDR_BYTES, to - at, MSG_DONTWAIT);
      if (sent > 0) {
        for (const end = at + sent; at < end; at++) receiver.sent(tags[at]!);
        mayRetry = true;
      } else if (mayRetry && this.isPassing(channel, errno())) {
        mayRetry = false;
      } else {
        receiver.failed(tags[at++]!);
        mayRetry = true;
      }
    }
  }

  /** True where a send failed for a reason that another attempt may not meet. */
  private isPassing(channel: Channel, code: number): boolean {
    if (code === EINTR) return true;
    if (code === ECONNREFUSED) {
      this.receiver!.registrarUnreachable();
      return true;
    }
    if (code === EAGAIN) return this.sockets.waitForRoom(channel.fd, SEND_WAIT_MS);
    // On a connected socket it may be what an ICMP error left behind for whoever comes next.
    return channel.peer !== undefined;
  }

  close(): void {
    this.intake.close();
    for (const { fd } of this.channels) close(fd);
    this.channels.length = 0;
    this.receiver = undefined;
  }
}
