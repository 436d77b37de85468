import { Endpoint } from './address.ts';
import { kernel } from './kernel/kernel.ts';
import { MAGIC_COOKIE } from './via.ts';

/** The value of a branch of ours, behind the cookie: 128 bits as four words, which stand there in hex. */
export const BRANCH_WORDS = 4;
/** Bytes of a branch of ours. */
export const OWN_BRANCH_LENGTH = MAGIC_COOKIE.length + BRANCH_WORDS * 8;

/**
 * The transaction under which we send a request on (RFC 3261 §17.2.3), as our Via in it and in its responses says:
 * branch, sent-by, and the sequence number. The method is not part of it.
 */
export class Transaction {
  readonly branch = new Int32Array(BRANCH_WORDS);
  readonly sentBy = new Endpoint();
  cseq = 0;

  /** A sent-by without a port, which none of ours is, stands for a transaction that is not known. */
  get isKnown(): boolean {
    return this.sentBy.port !== 0;
  }

  copyFrom(other: Transaction): this {
    this.branch.set(other.branch);
    this.sentBy.copyFrom(other.sentBy);
    this.cseq = other.cseq;
    return this;
  }
}

/** The value of a branch, if it is of our form: the cookie and 32 digits in lower case; false where it is not. */
export function readOwnBranch(bytes: Uint8Array, start: number, end: number, branch: Int32Array): boolean {
  if (end - start !== OWN_BRANCH_LENGTH) return false;
  if (!kernel.ownBranch(kernel.placeOf(bytes, start, end), OWN_BRANCH_LENGTH)) return false;
  const { resultWord, words } = kernel;
  branch[0] = words[resultWord]!;
  branch[1] = words[resultWord + 1]!;
  branch[2] = words[resultWord + 2]!;
  branch[3] = words[resultWord + 3]!;
  return true;
}
