import { Endpoint } from '../sip/address.ts';
import { BRANCH_WORDS, readOwnBranch } from '../sip/transaction.ts';
import type { Via } from '../sip/via.ts';
import type { Decision } from './decision.ts';
import type { Routes } from './routes.ts';

/** Of a transaction that is not known. */
const NOWHERE = new Endpoint();

/** The monitor gets a copy of this REGISTER, which is sent on under `branch`. */
export function tapRegister(
  branch: Int32Array,
  sequenceNumber: number,
  { sockets }: Routes,
  decision: Decision,
): void {
  const { transaction } = decision;
  decision.tap = 'register';
  for (let word = 0; word < BRANCH_WORDS; word++) transaction.branch[word] = branch[word]!;
  transaction.sentBy.copyFrom(sockets[decision.socket]!.sentBy);
  transaction.cseq = sequenceNumber;
}

/** The same of a response. `departure`: the socket of ours that our Via names. */
export function tapResponse(
  ownVia: Via,
  sequenceNumber: number,
  departure: number,
  { sockets }: Routes,
  decision: Decision,
): void {
  const { message, transaction } = decision;
  const { branchStart, branchEnd } = ownVia;
  decision.tap = 'register_response';
  const isKnown = readOwnBranch(message.bytes, branchStart, branchEnd, transaction.branch);
  transaction.sentBy.copyFrom(isKnown ? sockets[departure]!.sentBy : NOWHERE);
  transaction.cseq = sequenceNumber;
}
