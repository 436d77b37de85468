import type { Endpoint } from '../../sip/address.ts';
import {
  AF_INET,
  AF_INET6,
  addressOf,
  IOV_AT,
  IOV_LENGTH_AT,
  IOVEC_BYTES,
  MMSGHDR_BYTES,
  NAME_AT,
  NAME_LENGTH_AT,
  SOCKADDR_BYTES,
  SOCKADDR_IN_BYTES,
  SOCKADDR_IN6_BYTES,
} from '../linux.ts';
import { BATCH } from './transport.ts';

/** At most 32 sockets, and one more that faces the registrar. */
export const MAX_CHANNELS = 33;

/** Byte layout of the control memory; everything 8-byte aligned. */
export const QUEUE_BYTES = BATCH * (MMSGHDR_BYTES + IOVEC_BYTES + SOCKADDR_BYTES);
export const EVENTS_AT = MAX_CHANNELS * QUEUE_BYTES + QUEUE_BYTES;
export const OPTION_AT = EVENTS_AT + MAX_CHANNELS * 16;
const CONTROL_BYTES = OPTION_AT + 64;

/** Memory that the kernel reads and writes beside the datagrams themselves. */
export class ControlMemory {
  readonly bytes = new Uint8Array(CONTROL_BYTES);
  readonly words = new Int32Array(this.bytes.buffer);
  readonly address = addressOf(this.bytes);

  writeAddress(at: number, address: number): void {
    this.words[at >>> 2] = address | 0;
    this.words[(at >>> 2) + 1] = (address / 0x1_0000_0000) | 0;
  }

  readAddress(at: number): number {
    return (this.words[at >>> 2]! >>> 0) + this.words[(at >>> 2) + 1]! * 0x1_0000_0000;
  }

  /** struct sockaddr_in or sockaddr_in6 at `at`; answers its length. */
  writeSocketAddress(at: number, endpoint: Endpoint, family: Family): number {
    const { bytes, words } = this;
    bytes[at] = family === 'ipv4' ? AF_INET : AF_INET6;
    bytes[at + 1] = 0;
    bytes[at + 2] = endpoint.port >>> 8;
    bytes[at + 3] = endpoint.port & 0xff;
    const word = at >>> 2;
    if (family === 'ipv4') {
      words[word + 1] = swapped(endpoint.d);
      return SOCKADDR_IN_BYTES;
    }
    words[word + 1] = 0;
    words[word + 2] = swapped(endpoint.a);
    words[word + 3] = swapped(endpoint.b);
    words[word + 4] = swapped(endpoint.c);
    words[word + 5] = swapped(endpoint.d);
    words[word + 6] = 0;
    return SOCKADDR_IN6_BYTES;
  }

  readSocketAddress(at: number, family: Family, into: Endpoint): void {
    readSocketAddress(this.bytes, this.words, at, family, into);
  }
}

/** Reads struct sockaddr_in or sockaddr_in6 at position `at`, a multiple of 4, of memory seen as bytes and as words. */
export function readSocketAddress(
  bytes: Uint8Array,
  words: Int32Array,
  at: number,
  family: Family,
  into: Endpoint,
): void {
  into.port = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  const word = at >>> 2;
  if (family === 'ipv4') {
    into.setIpv4(swapped(words[word + 1]!));
    return;
  }
  into.a = swapped(words[word + 2]!);
  into.b = swapped(words[word + 3]!);
  into.c = swapped(words[word + 4]!);
  into.d = swapped(words[word + 5]!);
}

export type Family = 'ipv4' | 'ipv6';

/** Network byte order, on the little-endian machines that these layouts are for. */
function swapped(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

/** 64 message headers with their iovecs and addresses, at `at` in the control memory. */
export class MessageVector {
  readonly address: number;
  readonly headersAt: number;
  readonly iovecsAt: number;
  readonly namesAt: number;

  constructor(memory: ControlMemory, at: number) {
    this.headersAt = at;
    this.iovecsAt = at + BATCH * MMSGHDR_BYTES;
    this.namesAt = this.iovecsAt + BATCH * IOVEC_BYTES;
    this.address = memory.address + at;
    for (let i = 0; i < BATCH; i++) {
      const header = this.headersAt + i * MMSGHDR_BYTES;
      memory.writeAddress(header + NAME_AT, memory.address + this.namesAt + i * SOCKADDR_BYTES);
      memory.words[(header + NAME_LENGTH_AT) >>> 2] = SOCKADDR_BYTES;
      memory.writeAddress(header + IOV_AT, memory.address + this.iovecsAt + i * IOVEC_BYTES);
      memory.words[(header + IOV_LENGTH_AT) >>> 2] = 1;
    }
  }
}

export function familyOf(address: Endpoint): Family {
  return address.isIpv4 ? 'ipv4' : 'ipv6';
}
