import { Endpoint } from './address.ts';

/** The value of a branch of ours, behind the cookie: 128 bits as four words, which stand there in hex. */
export const BRANCH_WORDS = 4;

/**
 * The transaction under which we send a request on (RFC 3261 §17.2.3): branch and sent-by of our Via, and the
 * sequence number. The method is not part of it.
 */
export class Transaction {
  readonly branch = new Int32Array(BRANCH_WORDS);
  readonly sentBy = new Endpoint();
  cseq = 0;

  copyFrom(other: Transaction): this {
    this.branch.set(other.branch);
    this.sentBy.copyFrom(other.sentBy);
    this.cseq = other.cseq;
    return this;
  }
}
