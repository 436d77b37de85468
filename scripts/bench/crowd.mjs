// A thousand phones for `replay.mjs`, each of which says what it says in words of its own, and what its registrar answers.

export const PHONES = 1000;
/** Digits that are written anew each time stand for the serial number of a request. */
const SERIAL = '1000000000';
/** Digits in a nonce that was just issued, likewise. */
const ISSUED = '2000000000';

const END = ['Content-Length: 0', '\r\n'];

/**
 * What a phone sends: a refresh, a first REGISTER without credentials, the two that may answer its challenge, and an
 * OPTIONS.
 * @typedef {'refresh' | 'first' | 'retry' | 'wrong' | 'options'} Step
 * @typedef {{ step: Step, serial: number, nonce: string }} Sent
 */

/** A text whose serial numbers can be written anew. */
class Template {
  constructor(/** @type {string[]} */ lines) {
    const text = lines.join('\r\n');
    this.bytes = Buffer.from(text, 'latin1');
    this.places = placesOf(text, SERIAL);
    this.issued = placesOf(text, ISSUED);
  }

  /** The same bytes each time. */
  number(/** @type {Sent} */ { serial, nonce }) {
    for (const place of this.places) this.bytes.write(`${serial}`, place, 'latin1');
    for (const place of this.issued) this.bytes.write(nonce, place, 'latin1');
    return this.bytes;
  }
}

/** @param {string} text @param {string} word */
function placesOf(text, word) {
  return [...text.matchAll(new RegExp(word, 'g'))].map(({ index }) => index);
}

/** What a phone says, and what it is told. */
class Phone {
  constructor(/** @type {number} */ number) {
    const extension = 100_000 + number;
    const ip = `127.1.${number >> 8}.${number & 255}`;
    const hex = Array.from({ length: 32 }, (_, i) => ((number * 7 + i * 5) & 15).toString(16)).join('');
    const identity = [
      `From: "Phone ${extension}" <sip:${extension}@example.com>;tag=${SERIAL}`,
      `To: "Phone ${extension}" <sip:${extension}@example.com>`,
      `Call-ID: ${hex.slice(3)}@${ip}`,
    ];
    const contact = `<sip:${extension}@${ip}:5060;line=${hex.slice(8, 16)}>`;
    const first = (/** @type {string} */ method) => [
      `${method} sip:example.com SIP/2.0`,
      `Via: SIP/2.0/UDP ${ip}:5060;branch=z9hG4bK${SERIAL};rport`,
      'Max-Forwards: 70',
      ...identity,
      `CSeq: ${SERIAL} ${method}`,
    ];
    const register = (/** @type {string | undefined} */ nonce) => [
      ...first('REGISTER'),
      `User-Agent: Desk Phone 9.${number % 7}.1`,
      `Contact: ${contact};+sip.instance="<urn:uuid:00000000-0000-1000-8000-${extension}ab00ff>"`,
      'Expires: 3600',
      'Supported: path, replaces',
      ...(nonce === undefined
        ? []
        : [
            `Authorization: Digest username="${extension}", realm="example.com", nonce="${nonce}", uri="sip:example.com", response="${hex}", algorithm=MD5, cnonce="0a4f113b", qop=auth, nc=00000001`,
          ]),
      ...END,
    ];
    const answer = (/** @type {string} */ method, /** @type {string[]} */ lines) => [
      ...[...identity, `CSeq: ${SERIAL} ${method}`],
      'Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE',
      ...lines,
      ...END,
    ];
    const granted = new Template(
      answer('REGISTER', [`Contact: ${contact};expires=3600`, 'Date: Sun, 29 Nov 2026 12:00:00 GMT']),
    );
    const challenged = new Template(
      answer('REGISTER', [
        `WWW-Authenticate: Digest realm="example.com", nonce="${hex.slice(10)}${ISSUED}", algorithm=MD5, qop="auth"`,
      ]),
    );
    const answered = new Template(register(`${hex.slice(10)}${ISSUED}`));
    const isForbidden = number % 2 === 1;
    this.source = `${ip}:5060`;
    /** @type {Record<Step, Template>} */
    this.requests = {
      refresh: new Template(register(hex)),
      first: new Template(register(undefined)),
      retry: answered,
      wrong: answered,
      options: new Template([...first('OPTIONS'), ...END]),
    };
    /** @type {Record<Step, readonly [status: string, Template]>} */
    this.answers = {
      refresh: ['200 OK', granted],
      first: ['401 Unauthorized', challenged],
      retry: ['200 OK', granted],
      wrong: isForbidden
        ? ['403 Forbidden', new Template(answer('REGISTER', []))]
        : ['401 Unauthorized', challenged],
      options: ['200 OK', new Template(answer('OPTIONS', []))],
    };
  }
}

/** Who sends what next. Two crowds of one kind send the same. */
export class Crowd {
  constructor(/** @type {boolean} */ isMixed) {
    this.isMixed = isMixed;
    this.serial = Number(SERIAL);
    this.phones = Array.from({ length: PHONES }, (_, number) => new Phone(number));
    /** @type {{ phone: Phone, step: Step, nonce: string }[]} Challenges that are to be answered. */
    this.challenged = [];
  }

  /** @returns {{ phone: Phone, sent: Sent }} */
  next() {
    const serial = ++this.serial;
    const answer = this.challenged.shift();
    if (answer !== undefined) {
      return { phone: answer.phone, sent: { serial, step: answer.step, nonce: answer.nonce } };
    }
    const phone = this.phones[serial % PHONES];
    if (phone === undefined) throw new Error('no phone');
    const roll = this.isMixed ? (Math.imul(serial, 0x9e3779b1) >>> 8) % 100 : 0;
    const step = roll < 80 ? 'refresh' : roll < 95 ? 'first' : 'options';
    const nonce = `${2 * Number(SERIAL) + (serial % Number(SERIAL))}`;
    if (step === 'first') this.challenged.push({ phone, step: roll < 90 ? 'retry' : 'wrong', nonce });
    return { phone, sent: { step, serial, nonce } };
  }
}
