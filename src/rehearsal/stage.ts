import type { RingPlace } from '../net/ring/memory.ts';
import { ringFootprint } from '../net/ring/memory.ts';
import { arenaBytes } from '../net/transport/transport.ts';

/** The memory that a rehearsal plays in: a ring for its tap, then requests, then answers, then the arena of its transport. */

/** Datagrams at a time. */
export const BATCH = 16;
/** Of memory for one datagram, headroom included. */
export const SLOT_BYTES = 4096;
const RING_BYTES = 1024 * 1024;
const ROW_BYTES = BATCH * SLOT_BYTES;

/** With so many sockets. Of the arena next to nothing is touched. */
export function rehearsalBytes(sockets: number): number {
  return ringFootprint(RING_BYTES) + 2 * ROW_BYTES + arenaBytes(sockets);
}

/** In the memory that the kernel works on, from `offset` on, a multiple of 64. */
export interface Stage {
  readonly buffer: SharedArrayBuffer;
  readonly offset: number;
}

/** Forwarding writes it, and a monitor reads it. */
export function rehearsalRing({ buffer, offset }: Stage): RingPlace {
  return { buffer, offset, capacityBytes: RING_BYTES };
}

export function requestsAt({ offset }: Stage): number {
  return offset + ringFootprint(RING_BYTES);
}

export function answersAt(stage: Stage): number {
  return requestsAt(stage) + ROW_BYTES;
}

export function arenaAt(stage: Stage): number {
  return answersAt(stage) + ROW_BYTES;
}
