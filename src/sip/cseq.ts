import { isDigit, isToken, skipSpace, ZERO } from './bytes.ts';
import { kernel } from './kernel/kernel.ts';

/** The digits of a sequence number and the method behind it, as CSeq has them. */
export class CSeq {
  numberStart = 0;
  numberEnd = 0;
  /** Below 2^31 (§8.1.1.5). */
  number = 0;
  methodStart = 0;
  methodEnd = 0;
}

/** The limit of 2^31 is that of 32-bit integers; so much can be taken ten times. */
const MAX_TENTH = 214_748_364;

/** CSeq = 1*DIGIT LWS Method (§20.16); false where it is not that. */
export function readCSeq(bytes: Uint8Array, start: number, end: number, into: CSeq): boolean {
  return readUsual(bytes, start, end, into) || readAny(bytes, start, end, into);
}

/** With one space, as nearly everybody writes it, and in the memory where datagrams arrive. */
function readUsual(bytes: Uint8Array, start: number, end: number, into: CSeq): boolean {
  if (!kernel.holds(bytes) || !kernel.cseq(start, end)) return false;
  const { words, resultWord } = kernel;
  const numberEnd = words[resultWord]!;
  into.numberStart = start;
  into.numberEnd = numberEnd;
  into.number = words[resultWord + 1]!;
  into.methodStart = numberEnd + 1;
  into.methodEnd = end;
  return true;
}

function readAny(bytes: Uint8Array, start: number, end: number, into: CSeq): boolean {
  let at = start;
  let number = 0;
  while (at < end && isDigit(bytes[at]!)) {
    if (number > MAX_TENTH) return false;
    number = (Math.imul(number, 10) + bytes[at++]! - ZERO) | 0;
    if (number < 0) return false;
  }
  into.numberStart = start;
  into.numberEnd = at;
  into.number = number;
  into.methodStart = skipSpace(bytes, at, end);
  into.methodEnd = end;
  if (at === start) return false;
  return into.methodStart > at && isToken(bytes, into.methodStart, end);
}
