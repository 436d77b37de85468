import { Endpoint } from '../sip/address.ts';
import { Message } from '../sip/message.ts';
import type { Method } from '../sip/methods.ts';
import { Edits } from '../sip/splice.ts';
import { Transaction } from '../sip/transaction.ts';
import type { LocalStatus, Outcome, Reason, Side } from './reasons.ts';

/** A received datagram: bytes [start, end), where it came from, and which of our sockets took it. */
export class Datagram {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly source = new Endpoint();
  /** Index into `Routes.sockets`. */
  socket = 0;
}

/** What the monitor gets a copy of, as we received it: a REGISTER that we send on, and the response to one. */
export type Tap = 'none' | 'register' | 'register_response';

/** An answer is written before its length is judged: it holds each line of the longest datagram at most once. */
export const MAX_REPLY_BYTES = 1 << 17;

/**
 * What to do with one datagram. Made once per worker and filled again by every `decide`; whoever sends
 * reads it before the next turn.
 *
 * - forwarded: send `message.bytes` [message.start, message.end) with `edits` applied
 * - answered: send `reply` [0, replyLength)
 * - absorbed, dropped: send nothing
 *
 * each to `target` (never a port of 0) from our socket number `socket`.
 */
export class Decision {
  outcome: Outcome = 'dropped';
  reason: Reason = 'garbage';
  from: Side = 'phone';
  /** False where the datagram was no SIP message: then method and status mean nothing. */
  isSip = false;
  method: Method = 'other';
  /** Status of a received response; 0 for requests. */
  status = 0;
  tap: Tap = 'none';
  /** That of a tapped REGISTER as we send it on, and of a tapped response; not known where our Via is of another form. */
  readonly transaction = new Transaction();
  socket = 0;
  readonly target = new Endpoint();
  readonly message = new Message();
  readonly edits = new Edits();
  readonly reply = new Uint8Array(MAX_REPLY_BYTES);
  replyLength = 0;
  replyStatus: LocalStatus | 0 = 0;
}
