import type { Datagram } from '../../proxy/decision.ts';
import type { LocalSocket } from '../../proxy/routes.ts';
import type { Endpoint } from '../../sip/address.ts';
import { endpointText } from '../../sip/address.ts';

export type TransportKind = 'uring' | 'batched' | 'portable';

/** The longest UDP payload that a slot must hold (IPv6 without jumbograms: 65,535 less the UDP header). */
export const MAX_PAYLOAD_BYTES = 65_527;

/** Payload bytes that a socket may hold for us while we are busy: what a storm of phones needs. */
export const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;

/**
 * The forwarding side as a transport sees it. A batch is `startBatch`, one `take` per datagram, `endBatch`;
 * between a datagram's `take` and the end of its batch the receiver may call `Transport.send`. Whether the
 * kernel took what was sent is told by `sent` or `failed`: by the batched transport before `endBatch`, with io_uring
 * TURN_MS later at most, by the portable one when it learns it.
 */
export interface Receiver {
  /** Filled by the transport before each `take`: bytes, start, end, source, socket. */
  readonly datagram: Datagram;
  startBatch(): void;
  /** The datagram may be edited in place and grow down to position `lowest`. */
  take(lowest: number): void;
  sent(tag: number): void;
  failed(tag: number): void;
  /** The registrar's host answered that nobody listens there (ICMP), where the transport can know. */
  registrarUnreachable(): void;
  endBatch(fill: Fill): void;
}

/** `queued`: a socket brought as many datagrams as fit, and a 32nd of its receive buffer, or more, waits behind them. */
export type Fill = 'queued' | 'part';

/** Between two batches: wait for the next one, or for NAP_MS at most because there is something else to do, or stop. */
export type Turn = 'wait' | 'nap' | 'stop';

/** Everything that differs between ways to move datagrams. Sockets are bound when one is handed out. */
export interface Transport {
  readonly kind: TransportKind;
  /** Bytes of receive buffer that the kernel granted, per socket; the kernel counts its own overhead in. */
  readonly receiveBufferBytes: readonly number[];
  /**
   * Sends bytes [start, end) from our socket `socket` to `target`. Bytes of the datagram being taken stay
   * where they are until they are sent; anything else is copied before this returns.
   */
  send(bytes: Uint8Array, start: number, end: number, socket: number, target: Endpoint, tag: number): void;
  /** Tells which exchange deserves a socket of its own. Answers with the error's name where the kernel refused it. */
  faceRegistrar(socket: number, registrar: Endpoint): string | undefined;
  /**
   * Receives until `turn`, called between batches and at least every TURN_MS, answers 'stop'; then takes
   * what the sockets hold already, and closes them.
   */
  run(receiver: Receiver, turn: () => Turn): Promise<void>;
  /** Gives up sockets that never ran. */
  close(): void;
}

/** A transport through which nothing goes: what is sent stays where it is until it is taken back. There is room for one BATCH to each socket. */
export interface DryTransport extends Transport {
  /** Shows what was sent since the last time, in the order in which each socket was given it. */
  takeBack(show: Show): void;
}

/** Bytes [start, end) of the arena's memory, and the tag that they were sent with. */
export type Show = (start: number, end: number, tag: number) => void;

export const NAP_MS = 1;

/** How long a control message may wait for an idle transport. */
export const TURN_MS = 100;

/** What is still in the sockets at the end is forwarded, but no longer than this. */
export const MAX_DRAIN_MS = 250;

/** A transport that can't be had on this machine; the message says why. */
export class TransportMissing extends Error {
  override readonly name = 'TransportMissing';
}

/** A socket that can't be had; the message says what to do. */
export class BindError extends Error {
  override readonly name = 'BindError';
  readonly code: string;

  constructor(address: Endpoint, code: string) {
    super(`--listen ${endpointText(address)}: ${cureOf(address, code)}`);
    this.code = code;
  }
}

function cureOf(address: Endpoint, code: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another program has that UDP port already; find it with \`ss -lunp 'sport = :${address.port}'\`, stop it, or give --listen another port`;
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address (see `ip address`); give --listen one of its own, or, for one that keepalived moves, set net.ipv4.ip_nonlocal_bind=1';
    case 'EACCES':
      return 'not allowed to listen there; ports below 1024 need the capability CAP_NET_BIND_SERVICE, so grant it, or give --listen a higher port';
    case 'EAFNOSUPPORT':
      return 'this kernel does not have that address family; give --listen an address of the other one';
    default:
      return `can't listen there (${code}); give --listen another address`;
  }
}

/** Datagrams in one batch: 16 bring nearly all that batching brings, 64 the rest. */
export const BATCH = 64;
/** Room before a received datagram, for what is added to it: our Via above all. */
export const HEADROOM_BYTES = 1024;
/** A multiple of neither a page nor a power of two: slots must not share the same lines of the cache. */
export const SLOT_BYTES = HEADROOM_BYTES + 65_536 + 64;
/** For what is sent from elsewhere: answers of our own, and messages that outgrew their slot. */
export const SCRATCH_BYTES = 1024 * 1024;

/** A row of slots for batches, one for each of so many sockets of ours, and for the one that faces the registrar. */
export function arenaBytes(sockets: number): number {
  return (sockets + 2) * BATCH * SLOT_BYTES + SCRATCH_BYTES;
}

/** Memory that datagrams are received into; shared with the tap's ring, so that a copy needs no detour. */
export interface Arena {
  /** The whole shared memory, the very array that the ring's writer uses. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

export interface TransportOptions {
  readonly sockets: readonly LocalSocket[];
  readonly receiveBufferBytes: number;
}
