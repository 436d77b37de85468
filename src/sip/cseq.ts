import { decimal, isDigit, isToken, NOT_A_NUMBER, skipSpace } from './bytes.ts';

/** The digits of a sequence number and the method behind it, as CSeq has them. */
export class CSeq {
  numberStart = 0;
  numberEnd = 0;
  /** Below 2^31 (§8.1.1.5). */
  number = 0;
  methodStart = 0;
  methodEnd = 0;
}

const MAX_CSEQ = 2_147_483_647;

/** CSeq = 1*DIGIT LWS Method (§20.16); false where it is not that. */
export function readCSeq(bytes: Uint8Array, start: number, end: number, into: CSeq): boolean {
  let at = start;
  while (at < end && isDigit(bytes[at]!)) at++;
  into.numberStart = start;
  into.numberEnd = at;
  into.number = decimal(bytes, start, at);
  into.methodStart = skipSpace(bytes, at, end);
  into.methodEnd = end;
  if (into.number === NOT_A_NUMBER || into.number > MAX_CSEQ) return false;
  return into.methodStart > at && isToken(bytes, into.methodStart, end);
}
