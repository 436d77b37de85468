import {
  close,
  EAGAIN,
  EINTR,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_DATA_AT,
  EPOLL_EVENT_BYTES,
  EPOLLIN,
  epollControl,
  epollCreate,
  epollWait,
  errno,
  getsockopt,
  IOVEC_BYTES,
  MEMINFO_BYTES,
  MESSAGE_LENGTH_AT,
  MMSGHDR_BYTES,
  MSG_DONTWAIT,
  NAME_LENGTH_AT,
  recvmmsg,
  SO_MEMINFO,
  SOCKADDR_BYTES,
  SOL_SOCKET,
} from '../linux.ts';
import type { ControlMemory, Family } from './batched-memory.ts';
import { EVENTS_AT, MAX_CHANNELS, MessageVector, OPTION_AT, QUEUE_BYTES } from './batched-memory.ts';
import type { Intake, Sink, Slots } from './intake.ts';
import { MAX_LAST_BATCHES } from './intake.ts';
import { BATCH, HEADROOM_BYTES, SLOT_BYTES, TURN_MS } from './transport.ts';

/** So much of a receive buffer waits behind a batch: some 450 REGISTERs of 16 MiB, which take 2 ms. */
const QUEUED_SHARE = 1 / 32;
/** Behind what getsockopt writes: how long it may be. */
const LENGTH_AT = OPTION_AT + MEMINFO_BYTES;

/** Reads a batch from one socket, with recvmmsg. */
export class BatchReader {
  private readonly memory: ControlMemory;
  private readonly slots: Slots;
  private readonly vector: MessageVector;

  /** Into the first row of slots. */
  constructor(memory: ControlMemory, slots: Slots) {
    this.memory = memory;
    this.slots = slots;
    this.vector = new MessageVector(memory, MAX_CHANNELS * QUEUE_BYTES);
    for (let i = 0; i < BATCH; i++) {
      const iovec = this.vector.iovecsAt + i * IOVEC_BYTES;
      memory.writeAddress(iovec, slots.payloadAddress(0, i));
      memory.words[(iovec + 8) >>> 2] = SLOT_BYTES - HEADROOM_BYTES;
    }
  }

  /** Answers how many there were; never waits. */
  read(place: number, fd: number, family: Family, sink: Sink): number {
    const { memory, vector, slots } = this;
    const count = recvmmsg(fd, vector.address, BATCH, MSG_DONTWAIT, 0);
    if (count <= 0) {
      if (count < 0) tellError(place, sink);
      return 0;
    }
    sink.startBatch();
    for (let i = 0; i < count; i++) {
      const header = (vector.headersAt + i * MMSGHDR_BYTES) >>> 2;
      memory.readSocketAddress(vector.namesAt + i * SOCKADDR_BYTES, family, sink.source);
      memory.words[header + (NAME_LENGTH_AT >>> 2)] = SOCKADDR_BYTES;
      sink.take(place, slots.at(0, i), memory.words[header + (MESSAGE_LENGTH_AT >>> 2)]!);
    }
    sink.endBatch(count === BATCH && this.isQueued(fd) ? 'queued' : 'part');
    return count;
  }

  /** One call for a whole batch. Where the kernel can't tell, it is taken for granted. */
  private isQueued(fd: number): boolean {
    const { address, words } = this.memory;
    words[LENGTH_AT >>> 2] = MEMINFO_BYTES;
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, address + OPTION_AT, address + LENGTH_AT) < 0) return true;
    return words[OPTION_AT >>> 2]! >= words[(OPTION_AT >>> 2) + 1]! * QUEUED_SHARE;
  }
}

function tellError(place: number, sink: Sink): void {
  const code = errno();
  if (code !== EAGAIN && code !== EINTR) sink.failed(place, code);
}

/** Asks epoll which sockets have something, and takes a batch from each: works with every Linux. */
export class EpollIntake implements Intake {
  private readonly memory: ControlMemory;
  private readonly reader: BatchReader;
  private readonly epoll = epollCreate(EPOLL_CLOEXEC);
  private readonly sockets: { readonly fd: number; readonly family: Family }[] = [];
  readonly room = 0;

  constructor(memory: ControlMemory, slots: Slots) {
    this.memory = memory;
    this.reader = new BatchReader(memory, slots);
  }

  add(place: number, fd: number, family: Family): boolean {
    const { memory } = this;
    memory.words[OPTION_AT >>> 2] = EPOLLIN;
    memory.words[(OPTION_AT + EPOLL_DATA_AT) >>> 2] = place;
    if (epollControl(this.epoll, EPOLL_CTL_ADD, fd, memory.address + OPTION_AT) < 0) return false;
    this.sockets[place] = { fd, family };
    return true;
  }

  remove(place: number, sink: Sink): void {
    const { fd, family } = this.sockets[place]!;
    for (let i = 0; i < MAX_LAST_BATCHES && this.reader.read(place, fd, family, sink) > 0; i++);
    epollControl(this.epoll, EPOLL_CTL_DEL, fd, this.memory.address + OPTION_AT);
    this.sockets.pop();
  }

  post(): number {
    throw new Error('epoll sends nothing');
  }

  receive(how: 'wait' | 'take', sink: Sink): number {
    const { memory, sockets, reader } = this;
    const timeoutMs = how === 'wait' ? TURN_MS : 0;
    const ready = epollWait(this.epoll, memory.address + EVENTS_AT, MAX_CHANNELS, timeoutMs);
    let taken = 0;
    for (let i = 0; i < ready; i++) {
      const place = memory.words[(EVENTS_AT + i * EPOLL_EVENT_BYTES + EPOLL_DATA_AT) >>> 2]!;
      const { fd, family } = sockets[place]!;
      taken += reader.read(place, fd, family, sink);
    }
    return taken;
  }

  close(): void {
    close(this.epoll);
  }
}
