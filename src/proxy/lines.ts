import { CR, LF } from '../sip/bytes.ts';
import type { Message } from '../sip/message.ts';

/** Ends a line that we add as the message's own lines end; answers the position behind it. */
export function writeEol(out: Uint8Array, at: number, message: Message): number {
  let pos = at;
  if (message.eolLength === 2) out[pos++] = CR;
  out[pos++] = LF;
  return pos;
}
