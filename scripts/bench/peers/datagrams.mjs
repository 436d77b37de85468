// UDP sockets of a program that must not be slower than what it measures: many datagrams per system call, on memory that is
// laid out once, as in the batched transport. IPv4 alone; addresses are words, in the order in which they are sent.
import * as linux from '../../../dist/src/net/linux.js';
import {
  ControlMemory,
  MessageVector,
  OPTION_AT,
  QUEUE_BYTES,
} from '../../../dist/src/net/transport/batched-memory.js';
import { BATCH, RECEIVE_BUFFER_BYTES } from '../../../dist/src/net/transport/transport.js';

/** Longer datagrams are cut, and so found to be wrong. */
const RECEIVED_BYTES = 2048;
/** Taken from one socket before it is the others' turn. */
const MAX_BATCHES = 8;

const SO_BINDTODEVICE = 25;
const IP_PKTINFO = 8;
const LOOPBACK = Buffer.from('lo\0', 'latin1');
/** struct mmsghdr: control 32, its length 40. */
const CONTROL_AT = 32;
const CONTROL_LENGTH_AT = 40;
/** struct cmsghdr (length 0, level 8, type 12) and struct in_pktinfo (interface 16, source address 20, 24), aligned. */
const CONTROL_BYTES = 32;
const PKTINFO_END = 28;
const SOURCE_AT = 20;

/** Where the messages of a vector have theirs. */
const CONTROLS_AT = QUEUE_BYTES;

/** @typedef {{ ip: number, port: number }} Place */

/** @returns {Place} of an IPv4 address, a colon and a port */
export function placeOf(/** @type {string} */ text) {
  const [address = '', port] = text.split(':');
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return { ip: a | (b << 8) | (c << 16) | (d << 24), port: Number(port) };
}

/** struct sockaddr_in. @param {ControlMemory} memory @param {number} at @param {number} ip @param {number} port */
function writeName({ words }, at, ip, port) {
  words[at >>> 2] = linux.AF_INET | ((port >>> 8) << 16) | ((port & 0xff) << 24);
  words[(at >>> 2) + 1] = ip;
}

/** A socket with that port at that address, or at all of them, and then it has no traffic but the loopback's. */
export function openSocket(/** @type {Place} */ { ip, port }) {
  const memory = new ControlMemory();
  const option = memory.address + OPTION_AT;
  const failure = (/** @type {string} */ what) =>
    new Error(`port ${port}: ${what}: ${linux.errorName(linux.errno())}`);
  const fd = linux.socket(linux.AF_INET, linux.SOCK_DGRAM | linux.SOCK_CLOEXEC, 0);
  if (fd < 0) throw failure('socket');
  memory.bytes.set(LOOPBACK, OPTION_AT);
  if (ip === 0 && linux.setsockopt(fd, linux.SOL_SOCKET, SO_BINDTODEVICE, option, LOOPBACK.length) < 0)
    throw failure('SO_BINDTODEVICE');
  memory.words[OPTION_AT >>> 2] = RECEIVE_BUFFER_BYTES;
  for (const name of [linux.SO_RCVBUF, linux.SO_RCVBUFFORCE])
    linux.setsockopt(fd, linux.SOL_SOCKET, name, option, 4);
  writeName(memory, OPTION_AT, ip, port);
  if (linux.bind(fd, option, linux.SOCKADDR_IN_BYTES) < 0) throw failure('bind');
  return fd;
}

/** What goes out of one socket. */
export class Outlet {
  #memory = new ControlMemory();
  #vector = new MessageVector(this.#memory, 0);
  #queued = 0;

  /** @param {number} fd @param {{ choosesSource: boolean }} options whether each datagram names the address that it comes from */
  constructor(fd, { choosesSource }) {
    this.fd = fd;
    const memory = this.#memory;
    for (let i = 0; choosesSource && i < BATCH; i++) {
      const header = this.#vector.headersAt + i * linux.MMSGHDR_BYTES;
      const control = CONTROLS_AT + i * CONTROL_BYTES;
      memory.writeAddress(header + CONTROL_AT, memory.address + control);
      memory.words[(header + CONTROL_LENGTH_AT) >>> 2] = CONTROL_BYTES;
      memory.words.set([PKTINFO_END, 0, linux.IPPROTO_IP, IP_PKTINFO], control >>> 2);
    }
  }

  /**
   * Bytes at that address of memory, which stay what they are until they are sent.
   *
   * @param {number} address
   * @param {number} length
   * @param {number} ip
   * @param {number} port
   * @param {number} source
   */
  add(address, length, ip, port, source) {
    if (this.#queued === BATCH) this.flush();
    const i = this.#queued++;
    const memory = this.#memory;
    const iovec = this.#vector.iovecsAt + i * linux.IOVEC_BYTES;
    memory.writeAddress(iovec, address);
    memory.words[(iovec + 8) >>> 2] = length;
    writeName(memory, this.#vector.namesAt + i * linux.SOCKADDR_BYTES, ip, port);
    memory.words[(CONTROLS_AT + i * CONTROL_BYTES + SOURCE_AT) >>> 2] = source;
  }

  flush() {
    const count = this.#queued;
    this.#queued = 0;
    // What the kernel refuses gets lost, and is found to be.
    for (let at = 0; at < count; ) {
      const messages = this.#vector.address + at * linux.MMSGHDR_BYTES;
      at += Math.max(linux.sendmmsg(this.fd, messages, count - at, linux.MSG_DONTWAIT), 1);
    }
  }
}

/** What comes in at one socket, a batch at a time, at the beginning of an array. */
export class Inlet {
  static BYTES = BATCH * RECEIVED_BYTES;
  #memory = new ControlMemory();
  #vector = new MessageVector(this.#memory, 0);

  /**
   * @param {number} fd
   * @param {number} address of the array
   * @param {number} offset where its room begins
   */
  constructor(fd, address, offset) {
    this.fd = fd;
    this.offset = offset;
    for (let i = 0; i < BATCH; i++) {
      const iovec = this.#vector.iovecsAt + i * linux.IOVEC_BYTES;
      this.#memory.writeAddress(iovec, address + offset + i * RECEIVED_BYTES);
      this.#memory.words[(iovec + 8) >>> 2] = RECEIVED_BYTES;
    }
  }

  /**
   * Takes what is there, some batches at most; answers how many datagrams that were.
   *
   * @param {(start: number, end: number, i: number, nowMs: number) => void} take where it begins and ends, its place in the
   *   batch, and when that came
   * @param {() => void} [endBatch]
   */
  takeAll(take, endBatch) {
    let all = 0;
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const count = linux.recvmmsg(this.fd, this.#vector.address, BATCH, linux.MSG_DONTWAIT, 0);
      if (count <= 0) break;
      const nowMs = performance.now();
      for (let i = 0; i < count; i++) {
        const start = this.offset + i * RECEIVED_BYTES;
        const header = this.#vector.headersAt + i * linux.MMSGHDR_BYTES;
        const length = this.#memory.words[(header + linux.MESSAGE_LENGTH_AT) >>> 2] ?? 0;
        take(start, start + length, i, nowMs);
      }
      endBatch?.();
      all += count;
      if (count < BATCH) break;
    }
    return all;
  }

  /** The sender of a datagram. */
  ipOf(/** @type {number} */ i) {
    return this.#memory.words[((this.#vector.namesAt + i * linux.SOCKADDR_BYTES) >>> 2) + 1] ?? 0;
  }

  portOf(/** @type {number} */ i) {
    const name = this.#vector.namesAt + i * linux.SOCKADDR_BYTES;
    return ((this.#memory.bytes[name + 2] ?? 0) << 8) | (this.#memory.bytes[name + 3] ?? 0);
  }
}

/** Waits for one of some sockets. */
export class Waiter {
  #memory = new ControlMemory();
  #count;

  constructor(/** @type {number[]} */ fds) {
    this.#count = fds.length;
    for (const [i, fd] of fds.entries()) this.#memory.words.set([fd, linux.POLLIN], 2 * i);
  }

  wait(/** @type {number} */ timeoutMs) {
    linux.poll(this.#memory.address, this.#count, timeoutMs);
  }
}
