import { addressOf, ECANCELED, ENOBUFS, NAME_LENGTH_AT, SOCKADDR_BYTES } from '../linux.ts';
import type { ControlMemory, Family } from './batched-memory.ts';
import { MAX_CHANNELS, readSocketAddress } from './batched-memory.ts';
import { BufferRing } from './buffer-ring.ts';
import { BatchReader } from './epoll-intake.ts';
import type { Intake, Sink, Slots } from './intake.ts';
import { MAX_LAST_BATCHES, MAX_POSTS } from './intake.ts';
import { HEADROOM_BYTES, SLOT_BYTES, TURN_MS } from './transport.ts';
import { IORING_CQE_F_BUFFER, IORING_CQE_F_MORE, Uring } from './uring.ts';

/** Before the payload the kernel writes struct io_uring_recvmsg_out (payload length 8), and the source's address. */
const OUT_BYTES = 16;
const PAYLOAD_LENGTH_AT = 8;
const PREFIX_BYTES = OUT_BYTES + SOCKADDR_BYTES;
/** The number of a request: the place of its socket, and above that which request it is. */
const PLACE_MASK = 0xff;
const PLACE_BITS = 8;
/** No socket's: the timer's, and those of messages that are sent, with their number above it. */
const TIMER = 0xff;
const MESSAGE = 0xfe;
/** Behind the msghdr. struct __kernel_timespec: seconds 0, ns 8, of 64 bits each. */
const TIME_AT = 64;
const NANOSECONDS_AT = 8;
/** So often in a row the kernel may refuse to take requests over. */
const MAX_REFUSALS = 1000;
/** So many errors in each TURN_MS are answered by another request at once; with more, the socket rests until the next. */
const MAX_ERRORS = 64;

/**
 * As many as the kernel brings of one socket at a time in any case (MULTISHOT_MAX_RETRY). Whoever has more is read with
 * recvmmsg, which is cheaper then, and keeps the slots in the cache: buffers that are given back come last in their ring.
 */
const BUFFERS = 32;
/** And so on as long as it has so many at each look: to change between the two ways costs, too. */
const READ_ON_FROM = 8;

interface Source {
  readonly fd: number;
  readonly family: Family;
  readonly buffers: BufferRing;
  /** Of the request: its place, and above that what tells it from earlier ones in the same place. */
  readonly id: number;
  /** A request waits for its datagrams; it is read, because there were more than buffers; it waits for the next turn; it goes. */
  state: 'requested' | 'read' | 'resting' | 'leaving';
}

/**
 * One system call in which the thread sleeps, and which brings what all sockets received: where epoll needs two. Each
 * socket has buffers of its own, so that none takes from another what it needs; one that has more than fit into them is
 * read with recvmmsg until it has less.
 */
export class UringIntake implements Intake {
  private readonly slots: Slots;
  private readonly words: Int32Array;
  private readonly ring = new Uring();
  private readonly reader: BatchReader;
  private readonly sources: Source[] = [];
  /** Sources that are read. */
  private reading = 0;
  /** Places of the slots in use, and which of theirs. */
  private readonly used = new Int32Array(MAX_CHANNELS * BUFFERS);
  /** So many of them are not given back yet: what was received there is posted. */
  private owed = 0;
  /** Messages that go with the next look, and what became of each. */
  private posts = 0;
  private readonly outcomes = new Int32Array(MAX_POSTS);
  private added = 0;
  private errorsLeft = MAX_ERRORS;
  /** What requests point to: struct msghdr with room for a name, and the time of a turn. Not small, so it does not move. */
  private readonly fixed = new Uint8Array(4096);
  private readonly header: number;
  private readonly time: number;

  /** Throws TransportMissing. */
  constructor(memory: ControlMemory, slots: Slots) {
    this.slots = slots;
    this.reader = new BatchReader(memory, slots);
    this.words = new Int32Array(slots.bytes.buffer, 0, slots.bytes.byteLength >>> 2);
    const words = new Int32Array(this.fixed.buffer);
    this.header = addressOf(this.fixed);
    words[NAME_LENGTH_AT >>> 2] = SOCKADDR_BYTES;
    this.time = this.header + TIME_AT;
    words[(TIME_AT + NANOSECONDS_AT) >>> 2] = TURN_MS * 1e6;
    this.ring.requestTimeout(this.time, TIMER);
    this.ring.enter('take');
  }

  add(place: number, fd: number, family: Family): boolean {
    const { slots } = this;
    const length = SLOT_BYTES - HEADROOM_BYTES + PREFIX_BYTES;
    const addressOfBuffer = (slot: number) => slots.payloadAddress(groupOf(place), slot) - PREFIX_BYTES;
    const buffers = new BufferRing(BUFFERS, length, addressOfBuffer);
    if (!this.ring.registerBuffers(place, buffers.address, BUFFERS)) return false;
    const id = place | (++this.added << PLACE_BITS);
    const source: Source = { fd, family, buffers, id, state: 'requested' };
    this.sources[place] = source;
    this.request(source);
    this.ring.enter('take');
    return true;
  }

  private request(source: Source): void {
    const { fd, id } = source;
    source.state = 'requested';
    this.ring.requestReceive(fd, this.header, id & PLACE_MASK, id);
  }

  remove(place: number, sink: Sink): void {
    const source = this.sources[place]!;
    if (this.posts > 0) this.look('take', sink);
    // While it counts as one that is read, nothing is posted.
    if (source.state !== 'read') this.reading++;
    source.state = 'leaving';
    this.cancel([source]);
    this.complete(sink);
    this.sources.pop();
    this.ring.unregisterBuffers(place);
    for (let i = 0; i < MAX_LAST_BATCHES && this.read(place, source, sink) > 0; i++);
    this.reading--;
  }

  /** Ends requests. All that they still have to say is there then. */
  private cancel(sources: readonly Source[]): void {
    const { ring } = this;
    // What is only written down, and not handed over, can't be cancelled yet, and would hold its socket for good.
    ring.enter('take');
    for (const { id } of sources) ring.cancel(id);
    ring.enter('take');
  }

  /** While sockets are read, looks are rare, and recvmmsg needs the slots. */
  get room(): number {
    return this.reading > 0 ? 0 : MAX_POSTS - this.posts;
  }

  post(fd: number, message: number): number {
    const number = this.posts++;
    this.outcomes[number] = 0;
    this.ring.requestSend(fd, message, MESSAGE | (number << PLACE_BITS));
    return number;
  }

  /** Hands over what is requested, tells what became of what was posted, and learns what came. */
  private look(how: 'wait' | 'take', sink: Sink): void {
    const { ring } = this;
    ring.enter(how);
    if (this.posts === 0) return;
    for (let refusals = 0; !ring.isHandedOver; refusals++) {
      if (refusals === MAX_REFUSALS)
        throw new Error('io_uring takes no requests any more; --transport batched does without it');
      ring.enter('take');
    }
    this.tell(sink);
  }

  /** Messages are sent while they are handed over, and those that could not be complete then. */
  private tell(sink: Sink): void {
    const { outcomes, posts, ring } = this;
    for (let i = 0; i < ring.waiting; i++) {
      const id = ring.idOf(i);
      if ((id & PLACE_MASK) === MESSAGE) outcomes[id >>> PLACE_BITS] = -ring.resultOf(i);
    }
    this.posts = 0;
    for (let number = 0; number < posts; number++) sink.posted(number, outcomes[number]!);
    this.giveBack(this.owed);
    this.owed = 0;
  }

  receive(how: 'wait' | 'take', sink: Sink): number {
    const { sources } = this;
    if (this.reading === 0) this.look(how, sink);
    else if (this.reading < sources.length) this.look('take', sink);
    const taken = this.complete(sink);
    return this.reading === 0 ? taken : taken + this.readAll(sink);
  }

  /** What the sockets bring that have more than fits into their buffers. */
  private readAll(sink: Sink): number {
    const { sources } = this;
    let taken = 0;
    for (let place = 0; place < sources.length; place++) {
      const source = sources[place]!;
      if (source.state !== 'read') continue;
      const count = this.read(place, source, sink);
      taken += count;
      if (count >= READ_ON_FROM) continue;
      this.reading--;
      this.request(source);
    }
    return taken;
  }

  private read(place: number, { fd, family }: Source, sink: Sink): number {
    return this.reader.read(place, fd, family, sink);
  }

  /** Takes all completions that there are; answers how many of them were datagrams. */
  private complete(sink: Sink): number {
    if (this.ring.waiting === 0) return 0;
    const taken = this.batch(sink);
    this.ring.release();
    return taken;
  }

  private batch(sink: Sink): number {
    const { ring, used } = this;
    let count = 0;
    sink.startBatch();
    while (ring.waiting > 0) {
      const { id, flags, result } = ring;
      const source = this.sourceOf(id);
      if (source !== undefined && (flags & IORING_CQE_F_BUFFER) !== 0) {
        used[count] = this.take(id & PLACE_MASK, source, flags >>> 16, sink);
        count++;
      }
      if ((flags & IORING_CQE_F_MORE) === 0) {
        if (source !== undefined) this.goOn(source, result, sink);
        else if (id === TIMER) this.turn();
      }
      ring.complete();
    }
    // Fewer than a batch, whatever there is; the rest is read, and tells how many wait.
    sink.endBatch('part');
    if (this.posts === 0) this.giveBack(count);
    else this.owed = count;
    return count;
  }

  /** Whose request it was; undefined for the timer's, and where the socket was taken out. */
  private sourceOf(id: number): Source | undefined {
    const source = this.sources[id & PLACE_MASK];
    return source?.id === id ? source : undefined;
  }

  /** A datagram came in this slot; answers which of all slots it is. */
  private take(place: number, { family }: Source, slot: number, sink: Sink): number {
    const { slots, words } = this;
    const start = slots.at(groupOf(place), slot);
    const out = start + HEADROOM_BYTES - PREFIX_BYTES;
    readSocketAddress(slots.bytes, words, out + OUT_BYTES, family, sink.source);
    sink.take(place, start, words[(out + PAYLOAD_LENGTH_AT) >>> 2]!);
    return place * BUFFERS + slot;
  }

  /** A request had its last word: it ran out of buffers, or met an error. */
  private goOn(source: Source, result: number, sink: Sink): void {
    if (result === -ECANCELED || source.state === 'leaving') return;
    if (result === -ENOBUFS) {
      source.state = 'read';
      this.reading++;
      return;
    }
    if (result < 0) sink.failed(source.id & PLACE_MASK, -result);
    if (result < 0 && --this.errorsLeft < 0) source.state = 'resting';
    else this.request(source);
  }

  /** Every TURN_MS. */
  private turn(): void {
    this.ring.requestTimeout(this.time, TIMER);
    this.errorsLeft = MAX_ERRORS;
    for (const source of this.sources) if (source.state === 'resting') this.request(source);
  }

  private giveBack(count: number): void {
    const { used, sources } = this;
    for (let i = 0; i < count; i++) {
      const { buffers } = sources[Math.trunc(used[i]! / BUFFERS)]!;
      buffers.give(used[i]! % BUFFERS);
    }
    for (let i = 0; i < sources.length; i++) sources[i]!.buffers.publish();
  }

  /** The sockets are let go of before this comes back: another may be bound to the same address at once. */
  close(): void {
    this.cancel(this.sources);
    this.ring.close();
  }
}

/** Which of the arena's rows of slots a place has its buffers in: the first is the reader's. */
function groupOf(place: number): number {
  return place + 1;
}
