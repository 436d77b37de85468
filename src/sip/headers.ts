import { ascii, equalsFolded } from './bytes.ts';

/**
 * The header fields whose meaning someone in this house needs; every other name is OTHER and passes
 * unread. Small integers, because the header index of a message is an array of integers.
 */
export const Header = {
  OTHER: 0,
  VIA: 1,
  FROM: 2,
  TO: 3,
  CALL_ID: 4,
  CSEQ: 5,
  MAX_FORWARDS: 6,
  CONTENT_LENGTH: 7,
  CONTACT: 8,
  ROUTE: 9,
  RECORD_ROUTE: 10,
  PATH: 11,
  EXPIRES: 12,
  AUTHORIZATION: 13,
  PROXY_AUTHORIZATION: 14,
  WWW_AUTHENTICATE: 15,
  PROXY_AUTHENTICATE: 16,
  PROXY_REQUIRE: 17,
  REQUIRE: 18,
  SUPPORTED: 19,
  USER_AGENT: 20,
  SERVER: 21,
  MIN_EXPIRES: 22,
  RETRY_AFTER: 23,
  DATE: 24,
} as const;

/** All that says who registers what, for how long, and as whom: RFC 3261 §10 and §22, RFC 5626. A bit for each id. */
export const REGISTRATION_HEADERS = bitsOf(
  Header.FROM,
  Header.TO,
  Header.CALL_ID,
  Header.CSEQ,
  Header.CONTACT,
  Header.EXPIRES,
  Header.AUTHORIZATION,
  Header.PROXY_AUTHORIZATION,
  Header.WWW_AUTHENTICATE,
  Header.PROXY_AUTHENTICATE,
  Header.USER_AGENT,
  Header.MIN_EXPIRES,
  Header.RETRY_AFTER,
);

function bitsOf(...ids: readonly number[]): number {
  return ids.reduce((bits, id) => bits | (1 << id), 0);
}

export type HeaderId = (typeof Header)[keyof typeof Header];

/** Full names with their compact forms (RFC 3261 §7.3.3; the others' from their own RFCs at IANA). */
export const NAMES: readonly (readonly [HeaderId, ...string[]])[] = [
  [Header.VIA, 'via', 'v'],
  [Header.FROM, 'from', 'f'],
  [Header.TO, 'to', 't'],
  [Header.CALL_ID, 'call-id', 'i'],
  [Header.CSEQ, 'cseq'],
  [Header.MAX_FORWARDS, 'max-forwards'],
  [Header.CONTENT_LENGTH, 'content-length', 'l'],
  [Header.CONTACT, 'contact', 'm'],
  [Header.ROUTE, 'route'],
  [Header.RECORD_ROUTE, 'record-route'],
  [Header.PATH, 'path'],
  [Header.EXPIRES, 'expires'],
  [Header.AUTHORIZATION, 'authorization'],
  [Header.PROXY_AUTHORIZATION, 'proxy-authorization'],
  [Header.WWW_AUTHENTICATE, 'www-authenticate'],
  [Header.PROXY_AUTHENTICATE, 'proxy-authenticate'],
  [Header.PROXY_REQUIRE, 'proxy-require'],
  [Header.REQUIRE, 'require'],
  [Header.SUPPORTED, 'supported', 'k'],
  [Header.USER_AGENT, 'user-agent'],
  [Header.SERVER, 'server'],
  [Header.MIN_EXPIRES, 'min-expires'],
  [Header.RETRY_AFTER, 'retry-after'],
  [Header.DATE, 'date'],
];

/** Bytes of the longest of them. */
export const MAX_NAME_LENGTH = 19;

/** Ids and names by length. */
const BY_LENGTH: (readonly [HeaderId, Uint8Array])[][] = Array.from(
  { length: MAX_NAME_LENGTH + 1 },
  () => [],
);
for (const [id, ...names] of NAMES) for (const name of names) BY_LENGTH[name.length]!.push([id, ascii(name)]);

/** The id of the header whose name stands in the range, compact forms included; OTHER where none matches. */
export function headerId(bytes: Uint8Array, start: number, end: number): HeaderId {
  const length = end - start;
  if (length < 1 || length > MAX_NAME_LENGTH) return Header.OTHER;
  for (const [id, name] of BY_LENGTH[length]!) if (equalsFolded(bytes, start, end, name)) return id;
  return Header.OTHER;
}
