import { Endpoint } from '../sip/address.ts';

/**
 * A copy of a datagram that passed: a REGISTER as it was sent on (our Via on top), or a response to one as
 * it was received. One object is filled again for each; nothing may keep it beyond its turn.
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
}
