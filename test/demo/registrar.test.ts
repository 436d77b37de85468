import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readChallenge, writeCredentials } from '../../src/demo/credentials.ts';
import { headersOf, readReceived } from '../../src/demo/received.ts';
import type { RegistrarSettings } from '../../src/demo/registrar.ts';
import { DemoRegistrar } from '../../src/demo/registrar.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { ascii, text } from '../../src/sip/bytes.ts';
import { Header } from '../../src/sip/headers.ts';

const SETTINGS: RegistrarSettings = {
  domain: 'demo.test',
  passwords: new Map([
    ['2001', 'right'],
    ['2002', 'other'],
  ]),
  algorithms: ['MD5'],
  qop: 'auth',
  nonceLifetimeMs: 20_000,
  minExpiresSec: 10,
  maxExpiresSec: 60,
  defaultExpiresSec: 30,
  maxContacts: 2,
  unknownUsers: 'not_found',
  key: 'k1',
};
const SOURCE = endpointFrom('10.0.0.1:5099')!;
const ONE = '<sip:2001@10.0.0.1:5060>';
const TWO = '<sip:2001@10.0.0.2:5060>';

interface Said {
  readonly user?: string;
  readonly contacts?: readonly string[];
  readonly expires?: string;
  readonly callId?: string;
  readonly authorization?: string;
  readonly lines?: readonly string[];
  readonly atMs?: number;
}

/** A registrar with somebody who talks to it, one transaction after the other. */
class Talk {
  readonly registrar: DemoRegistrar;
  private cseq = 0;

  constructor(changes: Partial<RegistrarSettings> = {}) {
    this.registrar = new DemoRegistrar({ ...SETTINGS, ...changes });
  }

  request({ user = '2001', contacts = [], expires, callId = 'c1', authorization, lines = [] }: Said): string {
    this.cseq++;
    return [
      'REGISTER sip:demo.test SIP/2.0',
      `Via: SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bK${this.cseq}`,
      'Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKfirst',
      `From: <sip:${user}@demo.test>;tag=f`,
      `To: <sip:${user}@demo.test>`,
      `Call-ID: ${callId}`,
      `CSeq: ${this.cseq} REGISTER`,
      ...contacts.map((contact) => `Contact: ${contact}`),
      ...(expires === undefined ? [] : [`Expires: ${expires}`]),
      ...(authorization === undefined ? [] : [authorization]),
      ...lines,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');
  }

  /** The whole answer as text; empty where there is none. */
  say(request: string, atMs = 0): string {
    const answer = this.registrar.respond(ascii(request), SOURCE, atMs);
    return answer === undefined ? '' : text(answer, 0, answer.length);
  }

  /** Authorization for a nonce that this registrar gives out at `atMs`. */
  credentials({
    username = '2001',
    password = 'right',
    uri = 'sip:demo.test',
    atMs = 0,
    nonce = '',
  }): string {
    const challenge = readChallenge(
      headersOf(readReceived(ascii(this.say(this.request({}), atMs)))!, Header.WWW_AUTHENTICATE),
    );
    assert.ok(challenge);
    return writeCredentials({
      algorithm: challenge.algorithm,
      username,
      realm: challenge.realm,
      password,
      method: 'REGISTER',
      uri,
      nonce: nonce === '' ? challenge.nonce : nonce,
      qop: challenge.qop === 'auth' ? { nonceCount: '00000001', clientNonce: 'c' } : undefined,
    });
  }

  /** Status and Contact values of an authenticated REGISTER. */
  register(said: Said): readonly string[] {
    const { atMs = 0 } = said;
    const answer = this.say(this.request({ ...said, authorization: this.credentials({ atMs }) }), atMs);
    const contacts = headersOf(readReceived(ascii(answer))!, Header.CONTACT);
    return [answer.split(' ')[1]!, ...contacts];
  }
}

describe('the demo registrar', () => {
  it('answers along the Vias, fills an empty rport and tags its To', () => {
    const talk = new Talk();
    const lines = talk.say(talk.request({})).split('\r\n');
    assert.equal(lines[0], 'SIP/2.0 401 Unauthorized');
    assert.equal(lines[1], 'Via: SIP/2.0/UDP 10.0.0.1:5060;rport=5099;received=10.0.0.1;branch=z9hG4bK1');
    assert.equal(lines[2], 'Via: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKfirst');
    assert.equal(lines[3], 'From: <sip:2001@demo.test>;tag=f');
    assert.match(lines[4]!, /^To: <sip:2001@demo\.test>;tag=[0-9a-f]{12}$/);
    assert.deepEqual(lines.slice(5, 7), ['Call-ID: c1', 'CSeq: 1 REGISTER']);
    assert.match(
      lines[7]!,
      /^WWW-Authenticate: Digest realm="demo\.test", nonce="[^"]+", algorithm=MD5, qop="auth"$/,
    );
    assert.deepEqual(lines.slice(8), ['Content-Length: 0', '', '']);
  });

  it('grants, refreshes, lists what is left, and forgets in time', () => {
    const talk = new Talk();
    assert.deepEqual(talk.register({ contacts: [ONE], expires: '30' }), ['200', `${ONE};expires=30`]);
    assert.deepEqual(talk.register({ contacts: [TWO], atMs: 10_500 }), [
      '200',
      `${ONE};expires=20`,
      `${TWO};expires=30`,
    ]);
    assert.deepEqual(talk.register({ contacts: [`${ONE};expires=45`], atMs: 20_000 }), [
      '200',
      `${ONE};expires=45`,
      `${TWO};expires=21`,
    ]);
    assert.deepEqual(talk.register({ atMs: 40_499 }), ['200', `${ONE};expires=25`, `${TWO};expires=1`]);
    assert.deepEqual(talk.register({ atMs: 40_500 }), ['200', `${ONE};expires=25`]);
  });

  it('gives each Contact of a list its own expiry', () => {
    const talk = new Talk();
    const list = `${ONE};expires=20, "Two, II" ${TWO}`;
    assert.deepEqual(talk.register({ contacts: [list], expires: '40' }), [
      '200',
      `${ONE};expires=20`,
      `${TWO};expires=40`,
    ]);
  });

  it('grants no more than it wants to, and refuses less', () => {
    const talk = new Talk();
    assert.deepEqual(talk.register({ contacts: [ONE], expires: '3600' }), ['200', `${ONE};expires=60`]);
    const refused = talk.say(
      talk.request({ contacts: [ONE], expires: '9', authorization: talk.credentials({}) }),
    );
    assert.match(refused, /^SIP\/2\.0 423 Interval Too Brief\r\n.*\r\nMin-Expires: 10\r\n/s);
    assert.deepEqual(talk.register({}), ['200', `${ONE};expires=60`]);
  });

  it('removes one contact, or all of them', () => {
    const talk = new Talk();
    talk.register({ contacts: [`${ONE}, ${TWO}`] });
    assert.deepEqual(talk.register({ contacts: [`${TWO};expires=0`] }), ['200', `${ONE};expires=30`]);
    talk.register({ contacts: [TWO] });
    assert.deepEqual(talk.register({ contacts: ['*'], expires: '0' }), ['200']);
    assert.equal(talk.registrar.bindingsOf('2001@demo.test', 0).length, 0);
  });

  it('refuses a star that comes with anything else', () => {
    const talk = new Talk();
    assert.deepEqual(talk.register({ contacts: ['*'], expires: '3600' }), ['400']);
    assert.deepEqual(talk.register({ contacts: ['*'] }), ['400']);
    assert.deepEqual(talk.register({ contacts: ['*', ONE], expires: '0' }), ['400']);
  });

  it('has room for so many contacts, and takes all of a request or nothing', () => {
    const talk = new Talk();
    const three = '<sip:2001@10.0.0.3:5060>';
    assert.deepEqual(talk.register({ contacts: [`${ONE}, ${TWO}, ${three}`] }), ['403']);
    assert.deepEqual(talk.register({ contacts: [`${ONE}, ${TWO}`] }).length, 3);
    assert.deepEqual(talk.register({ contacts: [three] }), ['403']);
    assert.deepEqual(talk.register({ contacts: [ONE] })[0], '200');
  });

  it('tells a wrong password, a stale nonce, a foreign user and a stranger apart', () => {
    const talk = new Talk();
    const says = (authorization: string | undefined, user = '2001', atMs = 0) => {
      const request = talk.request({ user, contacts: [ONE], ...(authorization ? { authorization } : {}) });
      const answer = talk.say(request, atMs);
      return `${answer.split(' ')[1]}${answer.includes('stale=true') ? ' stale' : ''}`;
    };
    assert.equal(says(undefined), '401');
    assert.equal(says(talk.credentials({ password: 'wrong' })), '401');
    assert.equal(says(talk.credentials({ uri: 'sip:elsewhere.test' })), '401');
    assert.equal(says(talk.credentials({ atMs: 0 }), '2001', 20_001), '401 stale');
    assert.equal(says(talk.credentials({ nonce: 'made-up' })), '401 stale');
    assert.equal(says(talk.credentials({ password: 'wrong', nonce: 'made-up' })), '401');
    assert.equal(says(talk.credentials({ username: '2002', password: 'other' })), '403');
    assert.equal(says(undefined, '9999'), '404');
    assert.equal(says(talk.credentials({}), '2001', 20_000), '200');
    const { wrong_password, stale, forbidden, unknown_user, ok } = talk.registrar.verdicts;
    assert.deepEqual([wrong_password, stale, forbidden, unknown_user, ok], [3, 2, 1, 1, 1]);
    assert.deepEqual([...talk.registrar.wrongPasswords], [['2001@demo.test', 3]]);
  });

  it('can keep strangers in the dark', () => {
    const talk = new Talk({ unknownUsers: 'challenge' });
    assert.match(talk.say(talk.request({ user: '9999' })), /^SIP\/2\.0 401 /);
    assert.equal(talk.registrar.verdicts.unknown_user, 1);
  });

  it('offers two algorithms in two headers (RFC 8760)', () => {
    const talk = new Talk({ algorithms: ['SHA-256', 'MD5'], qop: 'none' });
    const challenges = headersOf(readReceived(ascii(talk.say(talk.request({}))))!, Header.WWW_AUTHENTICATE);
    assert.deepEqual(
      challenges.map((value) => value.split(', ').slice(2)),
      [['algorithm=SHA-256'], ['algorithm=MD5']],
    );
  });

  it('answers a repeated request with the very same bytes, and counts it once', () => {
    const talk = new Talk();
    const request = talk.request({ contacts: [ONE], authorization: talk.credentials({}) });
    const first = talk.say(request, 0);
    assert.equal(talk.say(request, 5_000), first);
    assert.match(first, /expires=30/);
    assert.deepEqual([talk.registrar.verdicts.ok, talk.registrar.verdicts.repeated], [1, 1]);
  });

  it('changes nothing for an older CSeq of the same Call-ID (RFC 3261 §10.3)', () => {
    const talk = new Talk();
    const old = talk.request({ contacts: [`${ONE};expires=0`], authorization: talk.credentials({}) });
    talk.register({ contacts: [ONE] });
    assert.match(talk.say(old), /^SIP\/2\.0 500 /);
    assert.equal(talk.registrar.bindingsOf('2001@demo.test', 0).length, 1);
  });

  it('refuses what it does not know, and is silent where no answer is due', () => {
    const talk = new Talk();
    const other = (method: string) => talk.request({}).replaceAll('REGISTER', method);
    assert.match(talk.say(other('OPTIONS')), /^SIP\/2\.0 200 OK\r\n.*\r\nAllow: REGISTER, OPTIONS\r\n/s);
    assert.match(talk.say(other('INVITE')), /^SIP\/2\.0 405 /);
    assert.match(
      talk.say(talk.request({ lines: ['Require: gruu'] })),
      /^SIP\/2\.0 420 .*\r\nUnsupported: gruu\r\n/s,
    );
    assert.equal(talk.say(other('ACK')), '');
    assert.equal(talk.say('\r\n\r\n'), '');
    assert.equal(talk.say('SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n\r\n'), '');
    assert.equal(talk.say(talk.request({}).replace('Call-ID', 'X')), '');
  });

  it('forgets everything in a restart but who may come in', () => {
    const talk = new Talk();
    const authorization = talk.credentials({});
    talk.register({ contacts: [ONE] });
    talk.registrar.restart(1_000, 2_000, 'k2');
    assert.equal(talk.say(talk.request({}), 2_999), '');
    assert.match(talk.say(talk.request({ authorization }), 3_000), /^SIP\/2\.0 401 .*stale=true/s);
    assert.deepEqual(talk.register({ atMs: 3_000 }), ['200']);
  });
});
