import { ascii, decimal, NOT_A_NUMBER, writeBytes, writeDecimal } from '../sip/bytes.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import type { Edits } from '../sip/splice.ts';
import { writeEol } from './lines.ts';
import type { Reason } from './reasons.ts';

/** RFC 3261 §20.22: an integer in the range 0 to 255. */
const MAX_HOPS = 255;
const ABSENT_LINE = ascii('Max-Forwards: 70');

/** §16.3(3): zero may not go on; absent is not an error. */
export function checkMaxForwards(message: Message): Reason | undefined {
  const line = message.firstOf(Header.MAX_FORWARDS);
  if (line < 0) return undefined;
  const hops = decimal(message.bytes, message.valueStart(line), message.valueEnd(line));
  const isValid = hops !== NOT_A_NUMBER && hops <= MAX_HOPS && message.countOf(Header.MAX_FORWARDS) === 1;
  if (!isValid) return 'max_forwards_value';
  return hops === 0 ? 'zero_max_forwards' : undefined;
}

/** §16.6(3): one hop less; where there is none stated, 70 is added as a line of its own. */
export function takeOneHop(message: Message, edits: Edits): void {
  const line = message.firstOf(Header.MAX_FORWARDS);
  const at = edits.writeAt;
  if (line < 0) {
    const end = writeEol(edits.inserts, writeBytes(edits.inserts, at, ABSENT_LINE), message);
    edits.replace(message.headersStart, 0, end);
    return;
  }
  const start = message.valueStart(line);
  const length = message.valueEnd(line) - start;
  const hops = decimal(message.bytes, start, start + length);
  edits.replace(start, length, writeDecimal(edits.inserts, at, hops - 1));
}
