import type { Endpoint } from '../../sip/address.ts';
import type { Family } from './batched-memory.ts';
import type { Fill } from './transport.ts';
import { BATCH, HEADROOM_BYTES, SLOT_BYTES } from './transport.ts';

/** Who takes what was received. A batch is `startBatch`, `take` for each datagram, at most BATCH per socket, `endBatch`. */
export interface Sink {
  /** Filled before each `take`: where the datagram came from. */
  readonly source: Endpoint;
  startBatch(): void;
  /** A datagram of so many bytes, HEADROOM_BYTES behind the position where its slot begins, for the socket in that place. */
  take(place: number, slot: number, length: number): void;
  /** Behind it, nobody looks at the slots any more. */
  endBatch(fill: Fill): void;
  /** In place of a datagram a socket told an error, by its number. */
  failed(place: number, code: number): void;
  /** What became of the message that was posted under this number: 0, it was sent; else the error's number. */
  posted(number: number, code: number): void;
}

/** How datagrams come from the kernel's sockets into slots of the arena. Sockets have places, from 0 on without a gap. */
export interface Intake {
  /** From now on what this socket gets is received. False where the kernel refuses. */
  add(place: number, fd: number, family: Family): boolean;
  /** Gives `sink` what the socket in the last place holds, and receives nothing from it any more. It may be closed then. */
  remove(place: number, sink: Sink): void;
  /** So many messages may be posted now; 0 where the intake does not send, or not now. */
  readonly room: number;
  /**
   * Sends, with the next look, the message of the struct msghdr at this address; it and what it leads to stay untouched
   * until the sink is told of it, which is before that look brings anything. Answers its number, below MAX_POSTS.
   */
  post(fd: number, message: number): number;
  /** One look, having waited for the first datagram if told so, but not for longer than TURN_MS; answers how many there were. */
  receive(how: 'wait' | 'take', sink: Sink): number;
  close(): void;
}

/** Slots in the arena, in rows of BATCH. */
export class Slots {
  readonly bytes: Uint8Array;
  private readonly offset: number;
  private readonly address: number;

  /** `address`: of the arena's first byte, `offset` bytes behind that of `bytes`. */
  constructor(bytes: Uint8Array, offset: number, address: number) {
    this.bytes = bytes;
    this.offset = offset;
    this.address = address;
  }

  /** Position of a slot in `bytes`. */
  at(row: number, slot: number): number {
    return this.offset + (row * BATCH + slot) * SLOT_BYTES;
  }

  /** Where the kernel may write a datagram. */
  payloadAddress(row: number, slot: number): number {
    return this.address + (row * BATCH + slot) * SLOT_BYTES + HEADROOM_BYTES;
  }
}

/** Messages that a look may take along. With more of them sendmmsg is as cheap. */
export const MAX_POSTS = 8;

/** More than a receive buffer holds. */
export const MAX_LAST_BATCHES = 1024;
