import type { Prng } from './prng.ts';

/** How a registrar behaves, as far as a monitor can be fooled by it. */
export interface Profile {
  readonly name: ProfileName;
  readonly serverHeader: string;
  readonly authentication: 'digest' | 'none';
  readonly challengeStatus: 401 | 407;
  /** Asterisk 22 offers SHA-256 and MD5 in two headers, each with a nonce. */
  readonly challengesPerReply: 1 | 2;
  /**
   * per_second: made of the time and a secret, so all challenges of one second are the same; unique: new each time;
   * per_call: kept with the Call-ID, forgotten with it; ses: the seed's base64 of the time and a number.
   */
  readonly nonces: 'per_second' | 'unique' | 'per_call' | 'ses';
  readonly nonceLifetimeSec: number;
  /** Whether an old nonce is looked at before the password: then a wrong password can be told as stale. */
  readonly checksFirst: 'nonce' | 'password';
  readonly saysStale: 'expired' | 'expired_or_unknown' | 'never';
  readonly wrongPassword: 403 | 'challenge';
  readonly unknownUser: 403 | 404 | 'challenge';
  /** Which bindings a 200 shows. */
  readonly lists: 'all' | 'own';
  readonly contactsKept: 'many' | 'one';
  /** What tells two bindings apart: the Contact URI's bytes, or RFC 3261 §19.1.4. */
  readonly compares: 'bytes' | 'uri';
  /** RFC 5626 §6: +sip.instance and reg-id take the place of the Contact URI. */
  readonly matchesInstance: boolean;
  readonly minExpiresSec: number;
  readonly maxExpiresSec: number;
  readonly defaultExpiresSec: number;
  readonly tooBrief: 'clamp' | 423;
  /** pjsip tells the whole seconds that remain: one less than it granted. */
  readonly toldLessSec: 0 | 1;
  /** It goes on listing a binding in its last second, with `expires=0`. */
  readonly listsLastSecond: boolean;
  readonly expiresHeader: boolean;
  readonly expiresParam: boolean;
  /** Time for which a binding lives on beyond its grant. */
  readonly lingerSec: number;
  readonly contactLines: 'one' | 'each';
  /** What a 200 to a removal shows of the removed contact. */
  readonly echoesRemoved: 'never' | 'expires_0' | 'as_before';
  readonly contactLimit: number;
  readonly atLimit: 403 | 503 | 'drop_oldest';
  readonly query: 200 | 400;
  /** A transaction layer answers a copy with the same bytes; without one each copy is handled anew. */
  readonly retransmissions: 'same_reply' | 'handled_again';
  readonly checksCseq: boolean;
  readonly dateHeader: boolean;
  readonly toTag: 'random' | 'branch';
  /** Puts received and rport on the Via that it answers to, as most do. */
  readonly stampsVia: boolean;
  readonly quotedContactParam: boolean;
}

export const PROFILE_NAMES = ['kamailio', 'chan_pjsip', 'chan_sip', 'freeswitch', 'ses'] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

/** No registrar of the model keeps more contacts of one AOR. */
const MANY_CONTACTS = 8;

const COMMON = {
  authentication: 'digest',
  challengeStatus: 401,
  challengesPerReply: 1,
  contactsKept: 'many',
  matchesInstance: false,
  tooBrief: 'clamp',
  toldLessSec: 0,
  listsLastSecond: false,
  expiresHeader: true,
  expiresParam: true,
  lingerSec: 0,
  contactLines: 'one',
  echoesRemoved: 'never',
  contactLimit: MANY_CONTACTS,
  atLimit: 'drop_oldest',
  query: 200,
  checksCseq: false,
  dateHeader: false,
  toTag: 'random',
  stampsVia: false,
  quotedContactParam: false,
} as const;

/** The behaviour of one registrar; what its operator may set either way is drawn. */
export function profile(name: ProfileName, prng: Prng): Profile {
  const expiry = {
    minExpiresSec: prng.pick([10, 30, 60]),
    maxExpiresSec: prng.pick([180, 240]),
    defaultExpiresSec: prng.pick([90, 120]),
  };
  switch (name) {
    case 'kamailio':
      return kamailio(prng, expiry);
    case 'chan_pjsip':
      return chanPjsip(prng, expiry);
    case 'chan_sip':
      return chanSip(expiry);
    case 'freeswitch':
      return freeswitch(prng, expiry);
    case 'ses':
      return ses(prng, expiry);
  }
}

type Expiry = Pick<Profile, 'minExpiresSec' | 'maxExpiresSec' | 'defaultExpiresSec'>;

function kamailio(prng: Prng, expiry: Expiry): Profile {
  const isLimited = prng.chance(0.3);
  return {
    ...COMMON,
    ...expiry,
    name: 'kamailio',
    serverHeader: 'Server: kamailio (5.6.3 (x86_64/linux))',
    authentication: prng.chance(0.1) ? 'none' : 'digest',
    challengeStatus: prng.chance(0.2) ? 407 : 401,
    nonces: 'per_second',
    nonceLifetimeSec: prng.pick([20, 60, 300]),
    checksFirst: 'nonce',
    saysStale: 'expired',
    wrongPassword: prng.chance(0.5) ? 403 : 'challenge',
    unknownUser: prng.pick([403, 404, 'challenge'] as const),
    lists: 'all',
    compares: 'bytes',
    matchesInstance: prng.chance(0.7),
    tooBrief: prng.chance(0.3) ? 423 : 'clamp',
    expiresHeader: false,
    contactLimit: isLimited ? 2 : MANY_CONTACTS,
    atLimit: 503,
    retransmissions: 'handled_again',
    checksCseq: true,
    stampsVia: true,
    quotedContactParam: prng.chance(0.3),
  };
}

function chanPjsip(prng: Prng, expiry: Expiry): Profile {
  return {
    ...COMMON,
    ...expiry,
    name: 'chan_pjsip',
    serverHeader: 'Server: Asterisk PBX 22.10.0',
    challengesPerReply: prng.chance(0.4) ? 2 : 1,
    nonces: 'unique',
    nonceLifetimeSec: 32,
    checksFirst: 'password',
    saysStale: 'expired_or_unknown',
    wrongPassword: 'challenge',
    unknownUser: 'challenge',
    lists: 'all',
    compares: 'uri',
    toldLessSec: 1,
    listsLastSecond: true,
    contactLines: 'each',
    contactLimit: prng.chance(0.3) ? 2 : MANY_CONTACTS,
    atLimit: prng.chance(0.5) ? 403 : 'drop_oldest',
    retransmissions: 'same_reply',
    dateHeader: true,
    toTag: 'branch',
    stampsVia: true,
  };
}

function chanSip(expiry: Expiry): Profile {
  return {
    ...COMMON,
    ...expiry,
    name: 'chan_sip',
    serverHeader: 'Server: Asterisk PBX 16.28.0~dfsg-0+deb11u4',
    nonces: 'per_call',
    nonceLifetimeSec: 32,
    checksFirst: 'password',
    saysStale: 'expired',
    wrongPassword: 403,
    unknownUser: 403,
    lists: 'all',
    contactsKept: 'one',
    compares: 'uri',
    lingerSec: 10,
    retransmissions: 'same_reply',
    dateHeader: true,
  };
}

function freeswitch(prng: Prng, expiry: Expiry): Profile {
  return {
    ...COMMON,
    ...expiry,
    name: 'freeswitch',
    serverHeader: 'User-Agent: FreeSWITCH-mod_sofia/1.10.11-release',
    nonces: 'unique',
    nonceLifetimeSec: 60,
    checksFirst: 'nonce',
    saysStale: 'expired_or_unknown',
    wrongPassword: 403,
    unknownUser: 403,
    lists: 'own',
    compares: 'uri',
    echoesRemoved: prng.pick(['expires_0', 'as_before'] as const),
    expiresHeader: false,
    query: 400,
    retransmissions: 'same_reply',
    dateHeader: true,
  };
}

function ses(prng: Prng, expiry: Expiry): Profile {
  const expiresParam = prng.chance(0.7);
  return {
    ...COMMON,
    ...expiry,
    name: 'ses',
    serverHeader: 'Server: Avaya SIP Enablement Services',
    nonces: 'ses',
    nonceLifetimeSec: prng.pick([30, 120]),
    checksFirst: 'password',
    saysStale: 'never',
    wrongPassword: 'challenge',
    unknownUser: 404,
    lists: 'all',
    compares: 'uri',
    expiresParam,
    expiresHeader: !expiresParam,
    retransmissions: prng.chance(0.5) ? 'same_reply' : 'handled_again',
    dateHeader: true,
  };
}
