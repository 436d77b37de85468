import { Endpoint } from '../sip/address.ts';
import type { Message } from '../sip/message.ts';
import type { Transaction } from '../sip/transaction.ts';

/**
 * A copy of a datagram that passed, as it was received: a REGISTER, or a response to one. Where its transaction is known, only
 * those header lines of it that tell of registrations may have come (`REGISTRATION_HEADERS`). One object is filled again for each; nothing
 * may keep it beyond its turn.
 */
export class Tapped {
  /** Monotonic time in milliseconds, the same origin in every thread. */
  atMs = 0;
  kind: 'request' | 'response' = 'request';
  /** The phone's side: where the REGISTER came from, or where the response went to. */
  readonly phone = new Endpoint();
  /** The registrar's side: where the REGISTER was sent, or where the response came from. */
  readonly registrar = new Endpoint();
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** What was read of the bytes already; undefined where that is still to be done. */
  message: Message | undefined = undefined;
  /** As our Via has it; undefined where that is the top one, and is to be read. */
  transaction: Transaction | undefined = undefined;
}
