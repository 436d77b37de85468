import type { Endpoint } from '../sip/address.ts';

/** A simulated party without socket and clock: whoever runs it brings both. */
export interface Phone {
  /** When it wants to be asked again. */
  readonly nextAtMs: number;
  /** What it sends now, if anything. */
  tick(nowMs: number): Uint8Array | undefined;
  /** What it sends at once in answer to a datagram, if anything. */
  receive(bytes: Uint8Array, nowMs: number): Uint8Array | undefined;
  /** Makes it register again at this time, as after a restart of the PBX; one that is away doesn't notice. */
  registerAgain(atMs: number): void;
}

/** Makes a phone, once it is known which address it has and what time it is. */
export type PhoneMaker = (local: Endpoint, nowMs: number) => Phone;
