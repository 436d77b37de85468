// What the phones of `load.mjs` say, and what its registrar answers: messages of fixed length, in which numbers are written anew.

/** What a phone sends. `wrong`: credentials that the registrar refuses. @type {readonly Kind[]} */
export const KINDS = ['refresh', 'first', 'retry', 'wrong', 'options'];
/** Their places in KINDS, and behind them that of another answer to `wrong`. */
export const REFRESH = 0;
export const FIRST = 1;
export const RETRY = 2;
export const WRONG = 3;
export const OPTIONS = 4;
export const REFUSED = 5;
/** @typedef {'refresh' | 'first' | 'retry' | 'wrong' | 'options'} Kind */

/** A phone's address is 127.1.xxx.yyy, both numbers of three digits. */
export const FIRST_OCTET = 100;
export const OCTETS = 100;
export const FIRST_PORT = 25_060;

const PLACEHOLDERS = /** @type {const} */ ({
  extension: 'EEEEEEE',
  octetB: 'BBB',
  octetA: 'AAA',
  port: 'PPPPP',
  serial: 'SSSSSSSSS',
  slot: 'LLLLLL',
  nonce: 'NNNNNNNNN',
});

/** @typedef {Record<keyof typeof PLACEHOLDERS, number>} Numbers */

const IP = `127.1.${PLACEHOLDERS.octetB}.${PLACEHOLDERS.octetA}`;
const USER = `"Phone ${PLACEHOLDERS.extension}" <sip:${PLACEHOLDERS.extension}@example.com>`;
const NONCE = `5f0c2a7e19d84b36${PLACEHOLDERS.nonce}`;
const SENT_BY = `Via: SIP/2.0/UDP ${IP}:${PLACEHOLDERS.port}`;
const RECEIVED = `;received=${IP}`;
const BRANCH = ';branch=z9hG4bK-';
const ID = `${PLACEHOLDERS.slot}-${PLACEHOLDERS.serial}`;
/** As the registrar may see a phone's Via, behind a proxy that heeds RFC 3581. */
export const SEEN_VIAS = [
  `${SENT_BY}${BRANCH}${ID};rport=${PLACEHOLDERS.port}${RECEIVED}\r\n`,
  `${SENT_BY}${RECEIVED}${BRANCH}${ID};rport=${PLACEHOLDERS.port}\r\n`,
];

const id = { slot: 0, serial: 0 };

/** The numbers of a phone's Via, as it sent it or as one of these; good until the next call. */
export function idIn(/** @type {Uint8Array} */ bytes, /** @type {number} */ viaAt) {
  const behindSentBy = viaAt + SENT_BY.length;
  const isLater = bytes[behindSentBy + 1] === RECEIVED.charCodeAt(1);
  const at = behindSentBy + BRANCH.length + (isLater ? RECEIVED.length : 0);
  id.slot = readDigits(bytes, at, PLACEHOLDERS.slot.length);
  id.serial = readDigits(bytes, at + PLACEHOLDERS.slot.length + 1, PLACEHOLDERS.serial.length);
  return id;
}

const dialog = (/** @type {string} */ method) => [
  `From: ${USER};tag=4f1d${PLACEHOLDERS.extension}`,
  `To: ${USER}`,
  `Call-ID: 7c0e${PLACEHOLDERS.extension}a94b4f0d8e2c@${IP}`,
  `CSeq: ${PLACEHOLDERS.serial} ${method}`,
];

/** Start line, and all that stands above and below a message's Vias. */
const request = (/** @type {string} */ method, /** @type {string[]} */ lines) =>
  [
    `${method} sip:example.com SIP/2.0`,
    `${SENT_BY}${BRANCH}${ID};rport`,
    'Max-Forwards: 70',
    ...dialog(method),
    ...lines,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');

const register = (/** @type {string} */ response) =>
  request('REGISTER', [
    `Contact: <sip:${PLACEHOLDERS.extension}@${IP}:${PLACEHOLDERS.port};line=2cb8f1>;+sip.instance="<urn:uuid:0b7c3a10-5e1d-4c7a-9f00-00000${PLACEHOLDERS.extension}>"`,
    'Expires: 3600',
    ...(response === ''
      ? []
      : [
          `Authorization: Digest username="${PLACEHOLDERS.extension}", realm="example.com", nonce="${NONCE}", uri="sip:example.com", response="${response}", algorithm=MD5, cnonce="8d2f6a11", qop=auth, nc=00000001`,
        ]),
    'Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE',
    'Supported: path, replaces',
    'User-Agent: Desk Phone 4.2',
  ]);

/** @type {Record<Kind, string>} */
export const REQUESTS = {
  refresh: register('0f9c6f3dd1b24a0f9a7a51f0c2d4e6a8'),
  first: register(''),
  retry: register('6b1e54a3c8d94e07b2f09d3a7c5e1f24'),
  wrong: register('00000000000000000000000000000000'),
  options: request('OPTIONS', ['User-Agent: Desk Phone 4.2']),
};

const answer = (/** @type {string} */ method, /** @type {string[]} */ lines) =>
  [
    ...dialog(method).map((line) => (line.startsWith('To:') ? `${line};tag=9e77` : line)),
    ...lines,
    'Content-Length: 0',
    '\r\n',
  ].join('\r\n');
const challenge = answer('REGISTER', [
  `WWW-Authenticate: Digest realm="example.com", nonce="${NONCE}", algorithm=MD5, qop="auth"`,
]);
const granted = answer('REGISTER', [
  `Contact: <sip:${PLACEHOLDERS.extension}@${IP}:${PLACEHOLDERS.port};line=2cb8f1>;expires=3600`,
  'Date: Tue, 01 Dec 2026 12:00:00 GMT',
]);

/** Status line, and what follows the Vias. @type {Record<Kind | 'refused', readonly [string, string]>} */
export const ANSWERS = {
  refresh: ['SIP/2.0 200 OK\r\n', granted],
  first: ['SIP/2.0 401 Unauthorized\r\n', challenge],
  retry: ['SIP/2.0 200 OK\r\n', granted],
  wrong: ['SIP/2.0 401 Unauthorized\r\n', challenge],
  refused: ['SIP/2.0 403 Forbidden\r\n', answer('REGISTER', [])],
  options: ['SIP/2.0 200 OK\r\n', answer('OPTIONS', ['Allow: INVITE, ACK, CANCEL, BYE, OPTIONS'])],
};

/** A text in memory, to be copied to elsewhere in the same array, with its numbers. */
export class Template {
  /**
   * @param {Buffer} arena
   * @param {number} at
   * @param {string} text
   */
  constructor(arena, at, text) {
    this.arena = arena;
    this.at = at;
    this.length = arena.write(text, at, 'latin1');
    this.end = at + this.length;
    this.places = Object.entries(PLACEHOLDERS).map(([name, word]) => ({
      name: /** @type {keyof Numbers} */ (name),
      width: word.length,
      starts: Int32Array.from(text.matchAll(new RegExp(word, 'g')), ({ index }) => index),
    }));
  }

  /** Answers the message's length. */
  stamp(/** @type {number} */ to, /** @type {Numbers} */ numbers) {
    this.arena.copyWithin(to, this.at, this.end);
    for (const { name, width, starts } of this.places) {
      for (const start of starts) writeDigits(this.arena, to + start, width, numbers[name]);
    }
    return this.length;
  }
}

/** Right-aligned, with zeros before it. */
function writeDigits(
  /** @type {Uint8Array} */ bytes,
  /** @type {number} */ at,
  /** @type {number} */ width,
  /** @type {number} */ number,
) {
  for (let place = at + width - 1, rest = number | 0; place >= at; place--) {
    const next = (rest / 10) | 0;
    bytes[place] = 48 + rest - next * 10;
    rest = next;
  }
}

/** The number that stands there; anything but digits makes it one that nobody has. */
export function readDigits(
  /** @type {Uint8Array} */ bytes,
  /** @type {number} */ at,
  /** @type {number} */ width,
) {
  let number = 0;
  for (let place = at; place < at + width; place++) number = number * 10 + (bytes[place] ?? 0) - 48;
  return number;
}
