import type { LocalSocket } from '../../proxy/routes.ts';
import type { Endpoint } from '../../sip/address.ts';
import {
  AF_INET,
  AF_INET6,
  bind,
  close,
  connect,
  errno,
  errorName,
  getsockopt,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DONT,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  POLLFD_BYTES,
  POLLIN,
  POLLOUT,
  poll,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOL_SOCKET,
  setsockopt,
  socket,
} from '../linux.ts';
import type { ControlMemory } from './batched-memory.ts';
import { EVENTS_AT, familyOf, OPTION_AT } from './batched-memory.ts';
import { BindError } from './transport.ts';

/** Opens the kernel's sockets and sets their options. Where the kernel refuses one, BindError says what to do. */
export class UdpSockets {
  private readonly memory: ControlMemory;
  private readonly receiveBufferBytes: number;

  constructor(memory: ControlMemory, receiveBufferBytes: number) {
    this.memory = memory;
    this.receiveBufferBytes = receiveBufferBytes;
  }

  /** A socket on that address. */
  open(local: LocalSocket): number {
    const fd = this.create(local);
    return this.bind(fd, local) ? fd : this.giveUp(fd, local);
  }

  /**
   * Another one on the address of the socket `main`, connected to `peer`. Two sockets may share an address while both say
   * so. They stop saying it at once, else a second Rollcall could be started on the same address and would take all traffic
   * without a word.
   */
  openBeside(main: number, local: LocalSocket, peer: Endpoint): number {
    const fd = this.create(local);
    this.set(main, SOL_SOCKET, SO_REUSEADDR, 1);
    this.set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const isBound = this.bind(fd, local);
    this.set(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    this.set(main, SOL_SOCKET, SO_REUSEADDR, 0);
    return isBound && this.connect(fd, peer) ? fd : this.giveUp(fd, local);
  }

  /** A socket of the right family with a large receive buffer; not bound yet. */
  private create({ bound }: LocalSocket): number {
    const fd = socket(bound.isIpv4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) throw new BindError(bound, errorName(errno()));
    if (!bound.isIpv4) this.set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // SIP outgrows a path's MTU now and then: routers may fragment it, where ICMP does not come back.
    else this.set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
    if (this.set(fd, SOL_SOCKET, SO_RCVBUFFORCE, this.receiveBufferBytes) < 0) {
      this.set(fd, SOL_SOCKET, SO_RCVBUF, this.receiveBufferBytes);
    }
    return fd;
  }

  private bind(fd: number, { bound }: LocalSocket): boolean {
    return bind(fd, this.memory.address + OPTION_AT, this.write(bound)) === 0;
  }

  private connect(fd: number, peer: Endpoint): boolean {
    return connect(fd, this.memory.address + OPTION_AT, this.write(peer)) === 0;
  }

  /** The length of the address that it writes. */
  private write(address: Endpoint): number {
    return this.memory.writeSocketAddress(OPTION_AT, address, familyOf(address));
  }

  private set(fd: number, level: number, option: number, value: number): number {
    this.memory.words[OPTION_AT >>> 2] = value;
    return setsockopt(fd, level, option, this.memory.address + OPTION_AT, 4);
  }

  /** After a system call that failed. */
  private giveUp(fd: number, { bound }: LocalSocket): never {
    const error = new BindError(bound, errorName(errno()));
    close(fd);
    throw error;
  }

  /** What the kernel granted. */
  receiveBufferOf(fd: number): number {
    const { address, words } = this.memory;
    words[(OPTION_AT + 8) >>> 2] = 4;
    getsockopt(fd, SOL_SOCKET, SO_RCVBUF, address + OPTION_AT, address + OPTION_AT + 8);
    return words[OPTION_AT >>> 2]!;
  }

  /** Waits until one of these sockets has something, but no longer than that. */
  waitForDatagram(sockets: readonly { readonly fd: number }[], mostMs: number): void {
    const { address, words } = this.memory;
    for (let i = 0; i < sockets.length; i++) {
      const word = (EVENTS_AT + i * POLLFD_BYTES) >>> 2;
      words[word] = sockets[i]!.fd;
      words[word + 1] = POLLIN;
    }
    poll(address + EVENTS_AT, sockets.length, mostMs);
  }

  /** Waits until the send buffer has room; false where it has none in that time. */
  waitForRoom(fd: number, mostMs: number): boolean {
    const { address, words } = this.memory;
    words[OPTION_AT >>> 2] = fd;
    words[(OPTION_AT + 4) >>> 2] = POLLOUT;
    return poll(address + OPTION_AT, 1, mostMs) > 0;
  }
}
