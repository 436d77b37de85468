import type { AttemptKind } from '../../src/monitor/lists.ts';

/**
 * What the model knows and the wire may not say. Facts travel beside the bytes through the simulated network; the
 * proxy hands them on without looking, and neither it nor the monitor ever reads them. The truth is made of them
 * alone: it never parses a message.
 */

/** One Contact of a REGISTER. */
export interface ContactFacts {
  /** Equal for two contacts exactly where the model says that they are one and the same binding of the phone. */
  readonly contactId: string;
  readonly isRemoval: boolean;
  /** Goes up when the phone changes what it says about this contact (its q value). */
  readonly version: number;
  /** Which of its spellings of the URI the phone uses; equal ones by §19.1.4. */
  readonly spelling: number;
}

export interface CredentialFacts {
  readonly nonce: string;
  /** The transaction whose challenge brought the nonce. */
  readonly challengedIn: number;
  readonly passwordIsRight: boolean;
}

/** One REGISTER transaction, the same object for all of its copies. */
export interface TransactionFacts {
  readonly id: number;
  readonly aor: string;
  readonly userIsKnown: boolean;
  readonly attempt: AttemptKind;
  readonly credentials: CredentialFacts | undefined;
  readonly contacts: readonly ContactFacts[];
  /** `Contact: *` with `Expires: 0`. */
  readonly removesAll: boolean;
  /** What the phone asks for, of each contact or of all; undefined = it leaves it to the registrar. */
  readonly requestedSec: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  readonly userAgent: string;
  readonly instance: string | undefined;
}

/** Why the registrar answered as it did: what really was the matter. */
export type Verdict =
  | 'accepted'
  | 'no_credentials'
  | 'wrong_password'
  | 'unknown_user'
  | 'nonce_expired'
  | 'nonce_unknown'
  | 'contact_limit'
  | 'too_brief'
  | 'mode'
  | 'refused';

/** A binding as a 200 tells it. */
export interface ListedFacts {
  readonly contactId: string;
  readonly toldSec: number;
  /** False where only the Expires header of the whole response says it, which is about the request's own contacts. */
  readonly isStated: boolean;
}

export interface ReplyFacts {
  readonly status: number;
  readonly verdict: Verdict;
  readonly isStaleSaid: boolean;
  /** The nonces of its challenges. */
  readonly nonces: readonly string[];
  /** Of a 200: every binding it shows, the request's own with their grants among them; removed ones that are merely echoed left out. */
  readonly listed: readonly ListedFacts[];
  readonly minExpiresSec: number | undefined;
  readonly retryAfterSec: number | undefined;
}

export interface RequestAbout {
  readonly kind: 'request';
  readonly transaction: TransactionFacts;
}

export interface ResponseAbout {
  readonly kind: 'response';
  readonly transaction: TransactionFacts;
  readonly reply: ReplyFacts;
}

export type About = RequestAbout | ResponseAbout;
