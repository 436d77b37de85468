import type { LocalSocket } from '../proxy/routes.ts';
import { Endpoint } from '../sip/address.ts';
import type { Family } from './batched-memory.ts';
import {
  ControlMemory,
  EVENTS_AT,
  familyOf,
  MAX_CHANNELS,
  MessageVector,
  OPTION_AT,
  QUEUE_BYTES,
} from './batched-memory.ts';
import {
  AF_INET,
  AF_INET6,
  addressOf,
  bind,
  close,
  connect,
  EAGAIN,
  ECONNREFUSED,
  EINTR,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_DATA_AT,
  EPOLL_EVENT_BYTES,
  EPOLLIN,
  epollControl,
  epollCreate,
  epollWait,
  errno,
  errorName,
  getsockopt,
  IOVEC_BYTES,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DONT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  MESSAGE_LENGTH_AT,
  MMSGHDR_BYTES,
  MSG_DONTWAIT,
  NAME_LENGTH_AT,
  POLLOUT,
  poll,
  recvmmsg,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCKADDR_BYTES,
  SOL_SOCKET,
  sendmmsg,
  setsockopt,
  socket,
} from './linux.ts';
import { takeShortSlices } from './short-slices.ts';
import type { Arena, Receiver, Transport, TransportOptions } from './transport.ts';
import {
  BATCH,
  BindError,
  HEADROOM_BYTES,
  MAX_DRAIN_MS,
  SCRATCH_BYTES,
  SLOT_BYTES,
  TURN_MS,
} from './transport.ts';

/**
 * Linux: recvmmsg and sendmmsg, up to 64 datagrams per system call, on memory that is laid out once. A
 * datagram is received some way into its slot, edited there, and sent from there.
 */
export function openBatched(options: TransportOptions, arena: Arena): Transport {
  return new BatchedTransport(options, arena);
}

/** More than a receive buffer holds. */
const MAX_LAST_BATCHES = 1024;
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

class BatchedTransport implements Transport {
  readonly kind = 'batched';
  readonly receiveBufferBytes: readonly number[];
  private readonly memory = new ControlMemory();
  private readonly arena: Arena;
  private readonly arenaAddress: number;
  private readonly scratchAt: number;
  private scratchUsed = 0;
  private readonly incoming: MessageVector;
  private readonly epoll: number;
  private readonly options: TransportOptions;
  private readonly channels: Channel[] = [];
  private facing: Channel | undefined;
  private receiver: Receiver | undefined;

  constructor(options: TransportOptions, arena: Arena) {
    this.options = options;
    this.arena = arena;
    this.arenaAddress = addressOf(arena.bytes);
    this.scratchAt = arena.offset + BATCH * SLOT_BYTES;
    this.incoming = new MessageVector(this.memory, MAX_CHANNELS * QUEUE_BYTES);
    for (let i = 0; i < BATCH; i++) {
      const iovec = this.incoming.iovecsAt + i * IOVEC_BYTES;
      this.memory.writeAddress(iovec, this.arenaAddress + this.slotAt(i) + HEADROOM_BYTES);
      this.memory.words[(iovec + 8) >>> 2] = SLOT_BYTES - HEADROOM_BYTES;
    }
    this.epoll = epollCreate(EPOLL_CLOEXEC);
    try {
      for (const local of options.sockets) this.addChannel(local, this.openSocket(local));
    } catch (error) {
      this.close();
      throw error;
    }
    this.receiveBufferBytes = this.channels.map(({ fd }) => this.option(fd, SO_RCVBUF));
  }

  private slotAt(slot: number): number {
    return this.arena.offset + slot * SLOT_BYTES;
  }

  // ------------------------------------------------------------------ sockets

  /** A socket of the right family with a large receive buffer; not bound yet. */
  private newSocket({ bound }: LocalSocket): number {
    const fd = socket(bound.isIpv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new BindError(bound, errorName(errno()));
    if (!bound.isIpv4) this.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // SIP outgrows a path's MTU now and then: routers may fragment it, where ICMP does not come back.
    else this.setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    const bytes = this.options.receiveBufferBytes;
    if (this.setOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0) {
      this.setOption(fd, SOL_SOCKET, SO_RCVBUF, bytes);
    }
    return fd;
  }

  private openSocket(local: LocalSocket): number {
    const fd = this.newSocket(local);
    if (this.bindTo(fd, local.bound) < 0) {
      const code = errorName(errno());
      close(fd);
      throw new BindError(local.bound, code);
    }
    return fd;
  }

  private bindTo(fd: number, address: Endpoint): number {
    const length = this.memory.writeSocketAddress(OPTION_AT, address, familyOf(address));
    return bind(fd, this.memory.address + OPTION_AT, length);
  }

  private setOption(fd: number, level: number, option: number, value: number): number {
    this.memory.words[OPTION_AT >>> 2] = value;
    return setsockopt(fd, level, option, this.memory.address + OPTION_AT, 4);
  }

  private option(fd: number, option: number): number {
    const { memory } = this;
    memory.words[(OPTION_AT + 8) >>> 2] = 4;
    getsockopt(fd, SOL_SOCKET, option, memory.address + OPTION_AT, memory.address + OPTION_AT + 8);
    return memory.words[OPTION_AT >>> 2]!;
  }

  private addChannel({ index, bound }: LocalSocket, fd: number): Channel {
    const { memory } = this;
    const place = this.channels.length;
    const channel: Channel = {
      fd,
      socket: index,
      family: familyOf(bound),
      queue: new MessageVector(memory, place * QUEUE_BYTES),
      tags: new Int32Array(BATCH),
      queued: 0,
      peer: undefined,
    };
    this.channels.push(channel);
    memory.words[OPTION_AT >>> 2] = EPOLLIN;
    memory.words[(OPTION_AT + EPOLL_DATA_AT) >>> 2] = place;
    if (epollControl(this.epoll, EPOLL_CTL_ADD, fd, memory.address + OPTION_AT) < 0) {
      throw new BindError(bound, errorName(errno()));
    }
    return channel;
  }

  // ------------------------------------------------------------------ the registrar's own socket

  /**
   * A second socket on the same address, connected to the registrar: the kernel then needs no route lookup
   * per datagram, sorts the registrar's answers to it by itself, and tells ICMP errors at once. And its answers have
   * a receive buffer of their own: in a storm, what the registrar has done already is not lost behind the phones'
   * requests. Without it everything works all the same, so a refusal is no error.
   */
  faceRegistrar(socketIndex: number, registrar: Endpoint): void {
    const { facing } = this;
    if (facing?.socket === socketIndex && facing.peer?.sameAs(registrar)) return;
    const local = this.options.sockets[socketIndex];
    if (facing !== undefined) this.dropFacing(facing);
    if (local === undefined || local.bound.isIpv4 !== registrar.isIpv4 || registrar.port === 0) return;
    const fd = this.bindBeside(local);
    if (fd < 0) return;
    const length = this.memory.writeSocketAddress(OPTION_AT, registrar, familyOf(registrar));
    if (connect(fd, this.memory.address + OPTION_AT, length) < 0) {
      close(fd);
      return;
    }
    this.facing = this.addChannel(local, fd);
    this.facing.peer = new Endpoint().copyFrom(registrar);
  }

  /**
   * Two sockets may share an address while both say so. They stop saying it at once, else a second Rollcall
   * could be started on the same address and would take all traffic without a word.
   */
  private bindBeside(local: LocalSocket): number {
    const main = this.channels[local.index]!.fd;
    const fd = this.newSocket(local);
    this.setOption(main, SOL_SOCKET, SO_REUSEADDR, 1);
    this.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const bound = this.bindTo(fd, local.bound);
    this.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    this.setOption(main, SOL_SOCKET, SO_REUSEADDR, 0);
    if (bound === 0) return fd;
    close(fd);
    return -1;
  }

  /** What it holds already is forwarded; from now on the listening socket gets what comes from there. */
  private dropFacing(facing: Channel): void {
    for (let batch = 0; batch < MAX_LAST_BATCHES && this.receiveBatch(facing) > 0; ) batch++;
    close(facing.fd);
    this.channels.pop();
    this.facing = undefined;
  }

  // ------------------------------------------------------------------ the loop

  async run(receiver: Receiver, turn: () => 'go on' | 'stop'): Promise<void> {
    this.receiver = receiver;
    takeShortSlices();
    while (turn() === 'go on') this.receive(TURN_MS);
    const giveUpAt = performance.now() + MAX_DRAIN_MS;
    while (this.receive(0) > 0 && performance.now() < giveUpAt);
    this.close();
  }

  /** Waits for datagrams, takes a batch from every socket that has some; answers how many there were. */
  private receive(timeoutMs: number): number {
    const { memory, channels } = this;
    const ready = epollWait(this.epoll, memory.address + EVENTS_AT, MAX_CHANNELS, timeoutMs);
    let taken = 0;
    for (let i = 0; i < ready; i++) {
      const place = memory.words[(EVENTS_AT + i * EPOLL_EVENT_BYTES + EPOLL_DATA_AT) >>> 2]!;
      taken += this.receiveBatch(channels[place]!);
    }
    return taken;
  }

  private receiveBatch(channel: Channel): number {
    const { receiver, memory, incoming, arena } = this;
    if (receiver === undefined) return 0;
    const count = recvmmsg(channel.fd, incoming.address, BATCH, MSG_DONTWAIT, 0);
    if (count <= 0) {
      if (count < 0 && errno() === ECONNREFUSED) receiver.registrarUnreachable();
      return 0;
    }
    const { datagram } = receiver;
    receiver.startBatch();
    for (let i = 0; i < count; i++) {
      const header = (incoming.headersAt + i * MMSGHDR_BYTES) >>> 2;
      const slot = this.slotAt(i);
      datagram.bytes = arena.bytes;
      datagram.start = slot + HEADROOM_BYTES;
      datagram.end = datagram.start + memory.words[header + (MESSAGE_LENGTH_AT >>> 2)]!;
      datagram.socket = channel.socket;
      memory.readSocketAddress(incoming.namesAt + i * SOCKADDR_BYTES, channel.family, datagram.source);
      memory.words[header + (NAME_LENGTH_AT >>> 2)] = SOCKADDR_BYTES;
      receiver.take(slot);
    }
    this.flushAll();
    receiver.endBatch();
    return count;
  }

  send(
    bytes: Uint8Array,
    start: number,
    end: number,
    socketIndex: number,
    target: Endpoint,
    tag: number,
  ): void {
    const from = bytes === this.arena.bytes ? start : this.copyToScratch(bytes, start, end);
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

  private channelFor(socketIndex: number, target: Endpoint): Channel {
    const { facing } = this;
    if (facing?.peer !== undefined && facing.socket === socketIndex && facing.peer.sameAs(target))
      return facing;
    return this.channels[socketIndex]!;
  }

  private copyToScratch(bytes: Uint8Array, start: number, end: number): number {
    if (this.scratchUsed + end - start > SCRATCH_BYTES) this.flushAll();
    const at = this.scratchAt + this.scratchUsed;
    this.arena.bytes.set(bytes.subarray(start, end), at);
    this.scratchUsed += end - start;
    return at;
  }

  private flushAll(): void {
    const { channels } = this;
    for (let i = 0; i < channels.length; i++) if (channels[i]!.queued > 0) this.flush(channels[i]!);
    this.scratchUsed = 0;
  }

  /**
   * Hands the queue to the kernel. sendmmsg stops at the first message that fails: it is retried once where
   * the failure need not be its own (a pending ICMP error, a full buffer, a signal), and skipped otherwise.
   */
  private flush(channel: Channel): void {
    const receiver = this.receiver!;
    const { queue, tags } = channel;
    const count = channel.queued;
    channel.queued = 0;
    let at = 0;
    let mayRetry = true;
    while (at < count) {
      const sent = sendmmsg(channel.fd, queue.address + at * MMSGHDR_BYTES, count - at, MSG_DONTWAIT);
      if (sent > 0) {
        for (const end = at + sent; at < end; at++) receiver.sent(tags[at]!);
        mayRetry = true;
      } else if (mayRetry && this.isPassing(channel)) {
        mayRetry = false;
      } else {
        receiver.failed(tags[at++]!);
        mayRetry = true;
      }
    }
  }

  /** True where the last send failed for a reason that another attempt may not meet. */
  private isPassing(channel: Channel): boolean {
    const code = errno();
    if (code === EINTR) return true;
    if (code === ECONNREFUSED) {
      this.receiver!.registrarUnreachable();
      return true;
    }
    if (code === EAGAIN) return this.waitForRoom(channel.fd);
    // On a connected socket it may be what an ICMP error left behind for whoever comes next.
    return channel.peer !== undefined;
  }

  private waitForRoom(fd: number): boolean {
    const { memory } = this;
    memory.words[OPTION_AT >>> 2] = fd;
    memory.words[(OPTION_AT + 4) >>> 2] = POLLOUT;
    return poll(memory.address + OPTION_AT, 1, SEND_WAIT_MS) > 0;
  }

  close(): void {
    for (const { fd } of this.channels) close(fd);
    this.channels.length = 0;
    close(this.epoll);
    this.receiver = undefined;
  }
}
