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

export type HeaderId = (typeof Header)[keyof typeof Header];

/** How many values `Header` has: the length of tables indexed by it. */
export const HEADER_COUNT = 25;

/** Full names with their compact forms (RFC 3261 §7.3.3; the others' from their own RFCs at IANA). */
const NAMES: readonly (readonly [HeaderId, ...string[]])[] = [
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

const LONGEST_NAME = 19;
/** Words that hold the longest name. */
export const NAME_WORDS = 5;
const LETTERS = 32;
const NO_NAME = 0;
const DASH = 0x2d;
/** Set in a lower-case letter, and not in its capital. */
const CASE_BIT = 0x20;

/**
 * The names as flat tables of words (four bytes each, the first one lowest), because this is asked for every line
 * of every message: the first candidate by length and first letter, then a chain of the few that share both. A
 * name is the same where its words are, once the bits that tell capitals apart are set; a dash has none.
 */
const ids: HeaderId[] = [Header.OTHER];
const firstCandidate = new Uint8Array((LONGEST_NAME + 1) * LETTERS);
const nextCandidate: number[] = [NO_NAME];
const literalWords: number[] = new Array(NAME_WORDS).fill(0);
const caseBits: number[] = new Array(NAME_WORDS).fill(0);
for (const [id, ...names] of NAMES) for (const name of names) addName(id, name);
const ID_OF = Uint8Array.from(ids);
const NEXT = Uint8Array.from(nextCandidate);
const LITERALS = Int32Array.from(literalWords);
const CASE_BITS = Int32Array.from(caseBits);

function addName(id: HeaderId, name: string): void {
  const cell = name.length * LETTERS + (name.charCodeAt(0) & (LETTERS - 1));
  nextCandidate.push(firstCandidate[cell]!);
  firstCandidate[cell] = ids.length;
  ids.push(id);
  for (let word = 0; word < NAME_WORDS; word++) {
    let literal = 0;
    let bits = 0;
    for (let i = word * 4; i < Math.min(word * 4 + 4, name.length); i++) {
      const code = name.charCodeAt(i);
      literal |= code << ((i & 3) * 8);
      if (code !== DASH) bits |= CASE_BIT << ((i & 3) * 8);
    }
    literalWords.push(literal);
    caseBits.push(bits);
  }
}

/**
 * The id of the header whose name of `length` bytes stands in `words`, compact forms included; OTHER where none
 * matches. What is behind the name in its last word does not count.
 */
export function headerIdOfWords(words: Int32Array, length: number): HeaderId {
  if (length < 1 || length > LONGEST_NAME) return Header.OTHER;
  const whole = length >> 2;
  const rest = (1 << ((length & 3) * 8)) - 1;
  let candidate = firstCandidate[length * LETTERS + (words[0]! & (LETTERS - 1))]!;
  while (candidate !== NO_NAME) {
    const at = candidate * NAME_WORDS;
    let differences = 0;
    for (let i = 0; i < whole; i++) differences |= (words[i]! | CASE_BITS[at + i]!) ^ LITERALS[at + i]!;
    if (rest !== 0) {
      differences |= ((words[whole]! & rest) | CASE_BITS[at + whole]!) ^ LITERALS[at + whole]!;
    }
    if (differences === 0) return ID_OF[candidate]! as HeaderId;
    candidate = NEXT[candidate]!;
  }
  return Header.OTHER;
}

const nameWords = new Int32Array(NAME_WORDS);

/** The same for a name that stands anywhere in a datagram. */
export function headerId(bytes: Uint8Array, start: number, end: number): HeaderId {
  const length = end - start;
  if (length < 1 || length > LONGEST_NAME) return Header.OTHER;
  nameWords.fill(0);
  for (let i = 0; i < length; i++) nameWords[i >> 2]! |= bytes[start + i]! << ((i & 3) * 8);
  return headerIdOfWords(nameWords, length);
}
