import {
  addressOf,
  close,
  errno,
  errorName,
  MAP_SHARED_POPULATE,
  MSG_DONTWAIT,
  mmap,
  PROT_READ_WRITE,
  uringEnter,
  uringRegister,
  uringSetup,
  wordsAt,
} from '../linux.ts';
import { TransportMissing } from './transport.ts';

/**
 * A ring of io_uring (man 7 io_uring), for one thread, with nothing but what datagrams need: requests written into one
 * queue, completions read from another, both in memory that is shared with the kernel, and one system call that hands
 * over the ones and waits for the others. The kernel works on requests in that call alone (IORING_SETUP_DEFER_TASKRUN,
 * Linux 6.1), so nothing changes under our hands between two of them.
 */

/** Requests that may be written between two system calls. */
const REQUESTS = 128;
/** Completions that fit: all buffers of all sockets, and what ends with them. */
const COMPLETIONS = 4096;

const IORING_SETUP_CQSIZE = 1 << 3;
const IORING_SETUP_SINGLE_ISSUER = 1 << 12;
const IORING_SETUP_DEFER_TASKRUN = 1 << 13;
const IORING_OFF_SQES = 0x1000_0000;
const IORING_ENTER_GETEVENTS = 1;
const IORING_OP_SENDMSG = 9;
const IORING_OP_RECVMSG = 10;
const IORING_OP_TIMEOUT = 11;
const IORING_RECV_MULTISHOT = 1 << 1;
const IOSQE_BUFFER_SELECT = 1 << 5;
const IOSQE_CQE_SKIP_SUCCESS = 1 << 6;
const IORING_REGISTER_PBUF_RING = 22;
const IORING_UNREGISTER_PBUF_RING = 23;
const IORING_REGISTER_SYNC_CANCEL = 24;
/** Of a completion: it brings a buffer; more will come of the same request. */
export const IORING_CQE_F_BUFFER = 1;
export const IORING_CQE_F_MORE = 2;

/** struct io_uring_params: entries 0 and 4, flags 8; then the offsets of either queue's fields. */
const PARAMS_BYTES = 120;
const SQ_OFFSETS = 40 >>> 2;
const CQ_OFFSETS = 80 >>> 2;
const [HEAD, TAIL, MASK, ARRAY, CQES] = [0, 1, 2, 6, 5] as const;

/** struct io_uring_sqe, and struct io_uring_cqe, in words. */
const SQE_WORDS = 16;
const CQE_WORDS = 4;
/** struct io_uring_sync_cancel_reg. */
const CANCEL_BYTES = 64;
const CANCEL_LIMIT_NS = 50_000_000;
/** struct io_uring_buf_reg. */
const BUFFER_REGISTRATION_BYTES = 40;
const PAGE = 4096;

export class Uring {
  private readonly fd: number;
  private readonly words: Int32Array;
  private readonly requests: Int32Array;
  private readonly requestTail: number;
  private readonly requestMask: number;
  private readonly headWord: number;
  private readonly tailWord: number;
  private readonly completionsAt: number;
  private readonly completionMask: number;
  private written: number;
  private pending = 0;
  private head: number;
  private tail: number;
  /** Memory for what system calls read: it must not move, so it is not small. */
  private readonly scratch = new Uint8Array(PAGE);
  private readonly scratchWords = new Int32Array(this.scratch.buffer);
  private readonly scratchAddress = addressOf(this.scratch);

  /** Throws TransportMissing where the kernel, or whoever guards it, does not have it. */
  constructor() {
    const params = this.scratchWords;
    params.fill(0);
    params[2] = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    params[1] = COMPLETIONS;
    this.fd = uringSetup(REQUESTS, this.scratchAddress);
    if (this.fd < 0) throw missing('io_uring_setup');
    const offsets = params.slice(0, PARAMS_BYTES >>> 2);
    const of = (queue: number, field: number) => offsets[queue + field]! >>> 2;
    const queueBytes = Math.max(
      offsets[SQ_OFFSETS + ARRAY]! + offsets[0]! * 4,
      offsets[CQ_OFFSETS + CQES]! + offsets[1]! * CQE_WORDS * 4,
    );
    this.words = this.map(queueBytes, 0);
    this.requests = this.map(offsets[0]! * SQE_WORDS * 4, IORING_OFF_SQES);
    this.requestTail = of(SQ_OFFSETS, TAIL);
    this.requestMask = this.words[of(SQ_OFFSETS, MASK)]!;
    this.headWord = of(CQ_OFFSETS, HEAD);
    this.tailWord = of(CQ_OFFSETS, TAIL);
    this.completionsAt = of(CQ_OFFSETS, CQES);
    this.completionMask = this.words[of(CQ_OFFSETS, MASK)]!;
    const array = of(SQ_OFFSETS, ARRAY);
    for (let i = 0; i < offsets[0]!; i++) this.words[array + i] = i;
    this.written = this.words[this.requestTail]!;
    this.head = this.words[this.headWord]!;
    this.tail = this.head;
  }

  /** Stays mapped until the process ends: whoever holds the array may look at it. */
  private map(bytes: number, offset: number): Int32Array {
    const address = mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED_POPULATE, this.fd, offset);
    if (address <= 0) {
      const error = missing('mmap');
      close(this.fd);
      throw error;
    }
    return wordsAt(address, bytes);
  }

  /** A request to receive from a socket, with `header` at this address, again and again, into buffers of this group. */
  requestReceive(fd: number, header: number, group: number, id: number): void {
    const at = this.request(id);
    const { requests } = this;
    requests[at] = IORING_OP_RECVMSG | (IOSQE_BUFFER_SELECT << 8) | (IORING_RECV_MULTISHOT << 16);
    requests[at + 1] = fd;
    this.putAddress(requests, at + 4, header);
    requests[at + 6] = 1;
    requests[at + 10] = group;
  }

  /** A request to send the message of this struct msghdr, when it is handed over. It completes only where that fails. */
  requestSend(fd: number, message: number, id: number): void {
    const at = this.request(id);
    const { requests } = this;
    requests[at] = IORING_OP_SENDMSG | (IOSQE_CQE_SKIP_SUCCESS << 8);
    requests[at + 1] = fd;
    this.putAddress(requests, at + 4, message);
    requests[at + 6] = 1;
    requests[at + 7] = MSG_DONTWAIT;
  }

  /** A request that completes after the time that stands, as a struct __kernel_timespec, at this address. */
  requestTimeout(time: number, id: number): void {
    const at = this.request(id);
    const { requests } = this;
    requests[at] = IORING_OP_TIMEOUT;
    requests[at + 1] = -1;
    this.putAddress(requests, at + 4, time);
    requests[at + 6] = 1;
  }

  private request(id: number): number {
    if (this.pending === REQUESTS) this.enter('take');
    const at = (this.written & this.requestMask) * SQE_WORDS;
    this.requests.fill(0, at, at + SQE_WORDS);
    this.requests[at + 8] = id;
    this.written = (this.written + 1) | 0;
    this.pending++;
    return at;
  }

  private putAddress(words: Int32Array, at: number, address: number): void {
    words[at] = address | 0;
    words[at + 1] = (address / 0x1_0000_0000) | 0;
  }

  /** Hands over what was requested, and lets the kernel work; comes back when there is a completion, or at once. */
  enter(how: 'wait' | 'take'): void {
    Atomics.store(this.words, this.requestTail, this.written);
    const submitted = uringEnter(this.fd, this.pending, how === 'wait' ? 1 : 0, IORING_ENTER_GETEVENTS);
    if (submitted > 0) this.pending -= submitted;
    this.tail = Atomics.load(this.words, this.tailWord);
  }

  /** True where the kernel has taken all that was requested. */
  get isHandedOver(): boolean {
    return this.pending === 0;
  }

  /** Completions that were not taken; `id`, `result` and `flags` speak of the first of them. */
  get waiting(): number {
    return (this.tail - this.head) | 0;
  }

  get id(): number {
    return this.idOf(0);
  }

  get result(): number {
    return this.resultOf(0);
  }

  /** Of the completion that so many others stand before. */
  idOf(place: number): number {
    return this.words[this.completionsAt + ((this.head + place) & this.completionMask) * CQE_WORDS]!;
  }

  resultOf(place: number): number {
    return this.words[this.completionsAt + ((this.head + place) & this.completionMask) * CQE_WORDS + 2]!;
  }

  get flags(): number {
    return this.words[this.completionsAt + (this.head & this.completionMask) * CQE_WORDS + 3]!;
  }

  /** Goes on to the next one. */
  complete(): void {
    this.head = (this.head + 1) | 0;
  }

  /** Gives the room of those taken back. */
  release(): void {
    Atomics.store(this.words, this.headWord, this.head);
  }

  /** Ends the request with this number, wherever it is, before it answers. Its last completions are still to come. */
  cancel(id: number): void {
    const { scratchWords } = this;
    scratchWords.fill(0, 0, CANCEL_BYTES >>> 2);
    scratchWords[0] = id;
    scratchWords[2] = -1;
    // It takes no time where a request waits for its socket; so nobody waits for longer than this, whatever happens.
    scratchWords[6] = CANCEL_LIMIT_NS;
    uringRegister(this.fd, IORING_REGISTER_SYNC_CANCEL, this.scratchAddress, 1);
  }

  /** Makes a ring of buffers known as a group. False where the kernel refuses. */
  registerBuffers(group: number, address: number, count: number): boolean {
    return this.buffers(IORING_REGISTER_PBUF_RING, group, address, count);
  }

  unregisterBuffers(group: number): boolean {
    return this.buffers(IORING_UNREGISTER_PBUF_RING, group, 0, 0);
  }

  private buffers(operation: number, group: number, address: number, count: number): boolean {
    const { scratchWords } = this;
    scratchWords.fill(0, 0, BUFFER_REGISTRATION_BYTES >>> 2);
    this.putAddress(scratchWords, 0, address);
    scratchWords[2] = count;
    scratchWords[3] = group;
    return uringRegister(this.fd, operation, this.scratchAddress, 1) >= 0;
  }

  close(): void {
    close(this.fd);
  }
}

/** Of a system call that has just failed. */
export function missing(call: string): TransportMissing {
  return new TransportMissing(`the kernel does not let us have io_uring (${call}: ${errorName(errno())})`);
}
