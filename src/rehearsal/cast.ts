import type { Numbers } from './speech.ts';
import { Speech } from './speech.ts';

/**
 * What a phone does: it refreshes, asks without credentials, answers the challenge with the right or with a wrong
 * password, leaves, comes back with another Call-ID, and asks whether we are there.
 */
export type Step = 'refresh' | 'first' | 'retry' | 'wrong' | 'leave' | 'again' | 'options';

export interface Play extends Numbers {
  readonly step: Step;
}

/** What is said: by the phone, and behind the Vias of what reaches the registrar by that one. */
export interface Lines {
  readonly request: Speech;
  readonly status: Speech;
  readonly answer: Speech;
}

/** Phones with the last part of their address from here on, so many of them. */
export const FIRST_HOST = 100;
export const HOSTS = 100;
/** Those who refresh; each newcomer has a number above them. */
const REGULARS = 1000;
/** Serial numbers count from here, a second time once half is played. */
const FIRST_SERIAL = 1_000_000_000;
/** As in the life of a registrar, most are refreshes. Nothing divides both its length and REGULARS: so everybody does everything. */
const ROUND: readonly Step[] = [
  ...(['refresh', 'refresh', 'first', 'refresh', 'refresh', 'options', 'refresh', 'first'] as const),
  ...(['refresh', 'refresh', 'leave', 'refresh', 'first', 'refresh', 'again', 'refresh', 'refresh'] as const),
];

/**
 * Who says what next. A first REGISTER has its second one, the answer to the challenge, right behind it; one in three is
 * wrong. After `total` transactions it is over.
 */
export class Cast {
  private readonly total: number;
  private played = 0;
  private serial = FIRST_SERIAL;
  private newcomers = 0;
  private readonly challenged: Play[] = [];

  constructor(total: number) {
    this.total = total;
  }

  /** Transactions that are still to be played. */
  get left(): number {
    return this.total - this.played;
  }

  get isFirstHalf(): boolean {
    return this.played < this.total >> 1;
  }

  next(): Play {
    const { played } = this;
    this.played++;
    // Whoever has been restarted begins anew, all of its phones at once.
    this.serial = played === this.total >> 1 ? FIRST_SERIAL : this.serial + 1;
    const { serial } = this;
    const waiting = this.challenged.shift();
    if (waiting !== undefined) return { ...waiting, serial };
    const step = ROUND[played % ROUND.length]!;
    const user = step === 'first' ? REGULARS + this.newcomers++ : played % REGULARS;
    const play = { step, user, serial, nonce: serial, host: FIRST_HOST + (user % HOSTS) };
    if (step === 'first') this.challenged.push({ ...play, step: user % 3 === 0 ? 'wrong' : 'retry' });
    return play;
  }
}

const DOMAIN = 'rehearsal.invalid';
const HEX = '0123456789abcdef0123456789abcdef';
const ISSUED = `${HEX}nnnnnnnnnn`;
const OK = new Speech(['SIP/2.0 200 OK']);
const CHALLENGED = new Speech(['SIP/2.0 401 Unauthorized']);
const FORBIDDEN = new Speech(['SIP/2.0 403 Forbidden']);
const END = ['Content-Length: 0', ''];

/** Phones are not all of one make: they write the same things differently, and some have a NAT before them. */
interface Make {
  readonly viaParams: string;
  readonly name: string;
  readonly contactParams: (expiresSec: number) => string;
  readonly lines: (expiresSec: number) => readonly string[];
  readonly credentialsEnd: string;
  /** What its registrar says to a wrong password. */
  readonly refusal: 'forbidden' | 'challenged';
}

const MAKES: readonly Make[] = [
  {
    viaParams: ';rport',
    name: '"Phone uuuuuuu" ',
    contactParams: () => '',
    lines: (expiresSec) => [`Expires: ${expiresSec}`, 'User-Agent: Desk Phone 1.0', 'Supported: path'],
    credentialsEnd: ', cnonce="0a4f113b", qop=auth, nc=00000001',
    refusal: 'forbidden',
  },
  {
    viaParams: '',
    name: '',
    contactParams: (expiresSec) => `;q=1;expires=${expiresSec}`,
    lines: () => ['Allow: INVITE, ACK, CANCEL, BYE, NOTIFY', 'User-Agent: Other/2'],
    credentialsEnd: '',
    refusal: 'challenged',
  },
];

/** What phones of each make say. `host`: where they are, as it stands in a URI, with `hhh` for what tells them apart. */
export function linesFor(host: string): readonly Readonly<Record<Step, Lines>>[] {
  return MAKES.map((make) => linesOf(make, host));
}

function linesOf(make: Make, host: string): Readonly<Record<Step, Lines>> {
  const contact = `Contact: <sip:uuuuuuu@${host}:5060;line=1>`;
  const identity = (call: string) => [
    `From: ${make.name}<sip:uuuuuuu@${DOMAIN}>;tag=ssssssssss`,
    `To: ${make.name}<sip:uuuuuuu@${DOMAIN}>`,
    `Call-ID: ${call}-uuuuuuu@${host}`,
  ];
  const head = (method: string, call: string) => [
    `${method} sip:${DOMAIN} SIP/2.0`,
    `Via: SIP/2.0/UDP ${host}:5060;branch=z9hG4bKssssssssss${make.viaParams}`,
    'Max-Forwards: 70',
    ...identity(call),
    `CSeq: ssssssssss ${method}`,
  ];
  const register = (call: string, expiresSec: number, more: readonly string[]) => {
    const own = [`${contact}${make.contactParams(expiresSec)}`, ...make.lines(expiresSec)];
    return new Speech([...head('REGISTER', call), ...own, ...more, ...END]);
  };
  const credentials = (nonce: string) => [
    `Authorization: Digest username="uuuuuuu", realm="${DOMAIN}", nonce="${nonce}", uri="sip:${DOMAIN}", response="${HEX}", algorithm=MD5${make.credentialsEnd}`,
  ];
  const answer = (method: string, call: string, more: readonly string[] = []) =>
    new Speech([...identity(call), `CSeq: ssssssssss ${method}`, ...more, ...END]);
  const challenge = [
    `WWW-Authenticate: Digest realm="${DOMAIN}", nonce="${ISSUED}", algorithm=MD5, qop="auth"`,
  ];
  const granted = [`${contact};expires=3600`];

  const answered = register('home', 3600, credentials(ISSUED));
  const challenged = answer('REGISTER', 'home', challenge);
  return {
    refresh: said(register('home', 3600, credentials(HEX)), OK, answer('REGISTER', 'home', granted)),
    first: said(register('home', 3600, []), CHALLENGED, challenged),
    retry: said(answered, OK, answer('REGISTER', 'home', granted)),
    wrong:
      make.refusal === 'forbidden'
        ? said(answered, FORBIDDEN, answer('REGISTER', 'home'))
        : said(answered, CHALLENGED, challenged),
    leave: said(register('home', 0, credentials(HEX)), OK, answer('REGISTER', 'home')),
    again: said(register('again', 3600, credentials(HEX)), OK, answer('REGISTER', 'again', granted)),
    options: said(new Speech([...head('OPTIONS', 'home'), ...END]), OK, answer('OPTIONS', 'home')),
  };
}

function said(request: Speech, status: Speech, answer: Speech): Lines {
  return { request, status, answer };
}
