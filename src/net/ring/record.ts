import type { Endpoint } from '../../sip/address.ts';
import { HEAD_WORDS, LINE_WORDS } from '../../sip/kernel/layout.ts';
import type { Message } from '../../sip/message.ts';
import type { Transaction } from '../../sip/transaction.ts';
import { BRANCH_WORDS } from '../../sip/transaction.ts';

/**
 * What lies in a ring, written by one side and read by the other. A record, 8-byte aligned: length i32, kind i32, atMs f64,
 * phone 5 × i32, registrar 5 × i32, lines i32, status i32, transaction 10 × i32, the index of so many lines, then the bytes: the
 * message, or a smaller one of its lines. And marks between records. Positions are words from the record's first one.
 */

export type RingKind = 'request' | 'response';

/** What a reader fills for each record; `bytes` and `message` lie in the ring's own memory and are valid until `release`. */
export interface RingRecord {
  atMs: number;
  kind: RingKind;
  readonly phone: Endpoint;
  readonly registrar: Endpoint;
  bytes: Uint8Array;
  start: number;
  end: number;
  /** As parsed by whoever offered it; undefined where it has too many lines to be told. */
  message: Message | undefined;
  /** As offered; undefined where it was not known. */
  transaction: Transaction | undefined;
}

/** In place of a kind: nothing more up to the ring's end. */
export const SKIP = -1;
/** In place of a kind, behind a number in place of a length: before the next record so many were refused. */
export const GAP = -2;
export const GAP_BYTES = 8;

export const KIND = 1;
export const PHONE = 4;
export const REGISTRAR = 9;
export const LINES = 14;
export const STATUS = 15;
export const TRANSACTION = 16;
const SENT_BY = TRANSACTION + BRANCH_WORDS;
const CSEQ = SENT_BY + 5;
export const INDEX = CSEQ + 1;
const INDEX_BYTES = INDEX * 4;
/** An index of more lines stays behind; no honest REGISTER has so many. */
export const MAX_LINES = 512;
/** In place of a number of lines: there is no index. */
export const NO_INDEX = -1;

/** Bytes before those of the message. */
export function headerBytes(lines: number): number {
  return lines === NO_INDEX ? INDEX_BYTES : INDEX_BYTES + (HEAD_WORDS + lines * LINE_WORDS) * 4;
}

export function padded(length: number): number {
  return (length + 7) & ~7;
}

export function writeEndpoint(words: Int32Array, at: number, endpoint: Endpoint): void {
  endpoint.putHost(words, at);
  words[at + 4] = endpoint.port;
}

export function readEndpoint(words: Int32Array, at: number, into: Endpoint): void {
  into.takeHost(words, at);
  into.port = words[at + 4]!;
}

export function writeTransaction(words: Int32Array, at: number, { branch, sentBy, cseq }: Transaction): void {
  for (let i = 0; i < BRANCH_WORDS; i++) words[at + i] = branch[i]!;
  writeEndpoint(words, at + SENT_BY - TRANSACTION, sentBy);
  words[at + CSEQ - TRANSACTION] = cseq;
}

export function readTransaction(words: Int32Array, at: number, into: Transaction): void {
  for (let i = 0; i < BRANCH_WORDS; i++) into.branch[i] = words[at + i]!;
  readEndpoint(words, at + SENT_BY - TRANSACTION, into.sentBy);
  into.cseq = words[at + CSEQ - TRANSACTION]!;
}
