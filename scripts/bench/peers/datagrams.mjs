// UDP sockets of a program that must not be slower than what it measures: many datagrams per system call, on memory that is
// laid out once. Linux on 64 bits, IPv4. System calls and layouts are those of src/net/linux.ts.
import * as linux from '../../../dist/src/net/linux.js';

export const BATCH = 64;
/** Longer datagrams are cut, and so found to be wrong. */
const RECEIVED_BYTES = 2048;
/** Taken from one socket before it is the others' turn. */
const MAX_BATCHES = 8;
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;

const SO_BINDTODEVICE = 25;
const IP_PKTINFO = 8;
/** struct mmsghdr: control 32, its length 40. */
const CONTROL_AT = 32;
const CONTROL_LENGTH_AT = 40;
/** struct cmsghdr (length 0, level 8, type 12) and struct in_pktinfo (interface 16, source address 20, 24), aligned. */
const CONTROL_BYTES = 32;
const PKTINFO_END = 28;

/** An IPv4 address as four bytes that are read as one word. */
export function ipWord(/** @type {string} */ ip) {
  const [a = 0, b = 0, c = 0, d = 0] = ip.split('.').map(Number);
  return a | (b << 8) | (c << 16) | (d << 24);
}

/** Bytes that the kernel reads and writes, seen as bytes and as words. */
class Memory {
  constructor(/** @type {number} */ size) {
    this.bytes = new Uint8Array(size);
    this.words = new Int32Array(this.bytes.buffer);
    this.address = linux.addressOf(this.bytes);
  }

  writeAddress(/** @type {number} */ at, /** @type {number} */ address) {
    this.words[at >>> 2] = address | 0;
    this.words[(at >>> 2) + 1] = (address / 0x1_0000_0000) | 0;
  }

  /** struct sockaddr_in. */
  writeName(/** @type {number} */ at, /** @type {number} */ ip, /** @type {number} */ port) {
    this.words[at >>> 2] = linux.AF_INET | ((port >>> 8) << 16) | ((port & 0xff) << 24);
    this.words[(at >>> 2) + 1] = ip;
  }
}

function failure(/** @type {string} */ what) {
  return new Error(`${what}: ${linux.errorName(linux.errno())}`);
}

/**
 * A socket on that port: of one address, or of all of them, and then it has no traffic but the loopback's.
 *
 * @param {string} ip
 * @param {number} port
 */
export function openSocket(ip, port) {
  const memory = new Memory(64);
  const fd = linux.socket(linux.AF_INET, linux.SOCK_DGRAM | linux.SOCK_CLOEXEC, 0);
  if (fd < 0) throw failure('socket');
  memory.bytes.set([0x6c, 0x6f, 0]);
  if (ip === '0.0.0.0' && linux.setsockopt(fd, linux.SOL_SOCKET, SO_BINDTODEVICE, memory.address, 3) < 0)
    throw failure('SO_BINDTODEVICE lo');
  memory.words[0] = RECEIVE_BUFFER_BYTES;
  for (const option of [linux.SO_RCVBUF, linux.SO_RCVBUFFORCE])
    linux.setsockopt(fd, linux.SOL_SOCKET, option, memory.address, 4);
  memory.writeName(0, ipWord(ip), port);
  if (linux.bind(fd, memory.address, linux.SOCKADDR_IN_BYTES) < 0) throw failure(`bind ${ip}:${port}`);
  return fd;
}

/** Message headers, each with an iovec and a socket address. */
function headersIn(/** @type {Memory} */ memory) {
  const iovecsAt = BATCH * linux.MMSGHDR_BYTES;
  const namesAt = iovecsAt + BATCH * linux.IOVEC_BYTES;
  const controlsAt = namesAt + BATCH * linux.SOCKADDR_BYTES;
  for (let i = 0; i < BATCH; i++) {
    const header = i * linux.MMSGHDR_BYTES;
    memory.writeAddress(header + linux.NAME_AT, memory.address + namesAt + i * linux.SOCKADDR_BYTES);
    memory.words[(header + linux.NAME_LENGTH_AT) >>> 2] = linux.SOCKADDR_IN_BYTES;
    memory.writeAddress(header + linux.IOV_AT, memory.address + iovecsAt + i * linux.IOVEC_BYTES);
    memory.words[(header + linux.IOV_LENGTH_AT) >>> 2] = 1;
  }
  return { iovecsAt, namesAt, controlsAt };
}

const MEMORY_BYTES = BATCH * (linux.MMSGHDR_BYTES + linux.IOVEC_BYTES + linux.SOCKADDR_BYTES + CONTROL_BYTES);

/** What goes out of one socket. */
export class Outlet {
  #memory = new Memory(MEMORY_BYTES);
  #at = headersIn(this.#memory);
  #queued = 0;

  /** @param {number} fd @param {{ choosesSource: boolean }} options whether each datagram names the address that it comes from */
  constructor(fd, { choosesSource }) {
    this.fd = fd;
    /** How many the kernel refused. */
    this.refused = 0;
    const memory = this.#memory;
    for (let i = 0; choosesSource && i < BATCH; i++) {
      const control = this.#at.controlsAt + i * CONTROL_BYTES;
      memory.writeAddress(i * linux.MMSGHDR_BYTES + CONTROL_AT, memory.address + control);
      memory.words[(i * linux.MMSGHDR_BYTES + CONTROL_LENGTH_AT) >>> 2] = CONTROL_BYTES;
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
    const iovec = this.#at.iovecsAt + i * linux.IOVEC_BYTES;
    memory.writeAddress(iovec, address);
    memory.words[(iovec + 8) >>> 2] = length;
    memory.writeName(this.#at.namesAt + i * linux.SOCKADDR_BYTES, ip, port);
    memory.words[(this.#at.controlsAt + i * CONTROL_BYTES + 20) >>> 2] = source;
  }

  flush() {
    const count = this.#queued;
    this.#queued = 0;
    for (let at = 0; at < count; ) {
      const sent = linux.sendmmsg(
        this.fd,
        this.#memory.address + at * linux.MMSGHDR_BYTES,
        count - at,
        linux.MSG_DONTWAIT,
      );
      at += Math.max(sent, 1);
      if (sent <= 0) this.refused++;
    }
  }
}

/** What comes in at one socket, a batch at a time, at the beginning of an array. */
export class Inlet {
  static BYTES = BATCH * RECEIVED_BYTES;
  #memory = new Memory(MEMORY_BYTES);
  #at = headersIn(this.#memory);

  /**
   * @param {number} fd
   * @param {number} address of the array
   * @param {number} offset where its room begins
   */
  constructor(fd, address, offset) {
    this.fd = fd;
    this.offset = offset;
    for (let i = 0; i < BATCH; i++) {
      const iovec = this.#at.iovecsAt + i * linux.IOVEC_BYTES;
      this.#memory.writeAddress(iovec, address + offset + i * RECEIVED_BYTES);
      this.#memory.words[(iovec + 8) >>> 2] = RECEIVED_BYTES;
    }
  }

  /** How many there were; never waits. */
  receive() {
    return Math.max(linux.recvmmsg(this.fd, this.#memory.address, BATCH, linux.MSG_DONTWAIT, 0), 0);
  }

  startOf(/** @type {number} */ i) {
    return this.offset + i * RECEIVED_BYTES;
  }

  lengthOf(/** @type {number} */ i) {
    return this.#memory.words[(i * linux.MMSGHDR_BYTES + linux.MESSAGE_LENGTH_AT) >>> 2] ?? 0;
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
      const count = this.receive();
      if (count === 0) break;
      const nowMs = performance.now();
      for (let i = 0; i < count; i++) {
        const start = this.startOf(i);
        take(start, start + this.lengthOf(i), i, nowMs);
      }
      endBatch?.();
      all += count;
      if (count < BATCH) break;
    }
    return all;
  }

  /** The sender of a datagram. */
  ipOf(/** @type {number} */ i) {
    return this.#memory.words[((this.#at.namesAt + i * linux.SOCKADDR_BYTES) >>> 2) + 1] ?? 0;
  }

  portOf(/** @type {number} */ i) {
    const name = this.#at.namesAt + i * linux.SOCKADDR_BYTES;
    return ((this.#memory.bytes[name + 2] ?? 0) << 8) | (this.#memory.bytes[name + 3] ?? 0);
  }
}

/** Waits for one of some sockets. */
export class Waiter {
  #memory = new Memory(64 * linux.POLLFD_BYTES);
  #count;

  constructor(/** @type {number[]} */ fds) {
    this.#count = fds.length;
    for (const [i, fd] of fds.entries()) this.#memory.words.set([fd, linux.POLLIN], 2 * i);
  }

  wait(/** @type {number} */ timeoutMs) {
    linux.poll(this.#memory.address, this.#count, timeoutMs);
  }
}

export const { addressOf } = linux;
