/**
 * The two ladders that the project began with, step by step through `decide`: what goes out is written down
 * here line by line. Our Via's hash values are those of the test secret (computed with OpenSSL's SIPHASH, too).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Routes } from '../../src/proxy/routes.ts';
import { fixture } from '../support/fixtures.ts';
import type { Verdict } from './support/passing.ts';
import { bytesOf, latin1, lines, pass, routesOf } from './support/passing.ts';

const SES_PHONE = '10.0.13.244:5060';
const ASTERISK_PHONE = '10.0.14.250:5060';
const REGISTRAR = '10.0.1.8:5060';

const ALLOW = ['NOTIFY', 'REFER', 'OPTIONS', 'INVITE', 'ACK', 'CANCEL', 'BYE'].map(
  (method) => `Allow: ${method}`,
);

const OUR_VIA = {
  sesF1:
    'Via: SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bKa813c55614d14f19eabc3a6cadc2848f' +
    ';s=0;m=81f469e90bb49fd2;l=b0b48271b36d8061',
  sesF3:
    'Via: SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bK239ed8669a25f578f0fa098cf403d84f' +
    ';s=0;m=81f469e90bb49fd2;l=396f40289f373a1f',
  asteriskF1:
    'Via: SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bK28e558a57374f43ee79a845b6f8684e1' +
    ';s=0;m=8e35efd6a3b4e95d;l=e162f2a8d4654d59',
  asteriskF3:
    'Via: SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bKf6024f7428e745010b82358271099e98' +
    ';s=0;m=8e35efd6a3b4e95d;l=795baba1e5d0e8ca',
} as const;

const SES_F1 = lines(
  'REGISTER sip:iptlab.com SIP/2.0',
  OUR_VIA.sesF1,
  'Via: SIP/2.0/UDP 10.0.13.244;branch=z9hG4bK2e8f4cae1;received=10.0.13.244',
  'Max-Forwards: 69',
  'Content-Length: 0',
  'To: Karen Filippelli 24001 <sip:24001@iptlab.com>',
  'From: Karen Filippelli 24001 <sip:24001@iptlab.com>;tag=69db898e3431cfa',
  'Call-ID: bd70c8844106327501446a65cc257abe@10.0.13.244',
  'CSeq: 1820884953 REGISTER',
  'Contact: Karen Filippelli 24001 <sip:24001@10.0.13.244>;expires=360',
  ...ALLOW,
  'User-Agent: Elite 1.0 Brcm Callctrl/1.5.1.0 MxSF/v3.2.6.26',
);

const SES_F3 = lines(
  'REGISTER sip:iptlab.com SIP/2.0',
  OUR_VIA.sesF3,
  'Via: SIP/2.0/UDP 10.0.13.244;branch=z9hG4bKd9332f9b3;received=10.0.13.244',
  'Max-Forwards: 69',
  'Content-Length: 0',
  'To: Karen Filippelli 24001 <sip:24001@iptlab.com>',
  'From: Karen Filippelli 24001 <sip:24001@iptlab.com>;tag=69db898e3431cfa',
  'Call-ID: bd70c8844106327501446a65cc257abe@10.0.13.244',
  'CSeq: 1820884954 REGISTER',
  'Contact: Karen Filippelli 24001 <sip:24001@10.0.13.244>;expires=360',
  ...ALLOW,
  'Authorization:Digest response="2a144ebfdd56c7c0f6e4fa2045cb85ad",username="24001",realm="iptlab.com",' +
    ' nonce="MTIxNDIzMjQ0NTpTREZTZXJ2ZXJTZWNyZXRLZXk6NjI4Nzc4MzYx",algorithm=MD5,uri="sip:iptlab.com"',
  'User-Agent: Elite 1.0 Brcm Callctrl/1.5.1.0 MxSF/v3.2.6.26',
);

const ASTERISK_F1 = lines(
  'REGISTER sip:iptlab.com SIP/2.0',
  OUR_VIA.asteriskF1,
  'Via: SIP/2.0/UDP 10.0.14.250:5060;branch=z9hG4bK5433d84ee;received=10.0.14.250',
  'Max-Forwards: 69',
  'Content-Length: 0',
  'To: 60002 <sip:60002@iptlab.com>',
  'From: 60002 <sip:60002@iptlab.com>;tag=66bf526da0aac2b',
  'Call-ID: df00b54215201d55fbdd1b1b4a8ae355@10.0.14.250',
  'CSeq: 395083480 REGISTER',
  'Route: <sip:10.0.5.110;lr>',
  'Contact: 60002 <sip:60002@10.0.14.250:5060>;expires=3600',
  ...ALLOW,
  'User-Agent: Avaya SIP R2.2 Endpoint Brcm Callctrl/1.5.1.0 MxSF/v3.2.6.26',
);

const ASTERISK_F3 = lines(
  'REGISTER sip:iptlab.com SIP/2.0',
  OUR_VIA.asteriskF3,
  'Via: SIP/2.0/UDP 10.0.14.250:5060;branch=z9hG4bKef4c470fd;received=10.0.14.250',
  'Max-Forwards: 69',
  'Content-Length: 0',
  'To: 60002 <sip:60002@iptlab.com>',
  'From: 60002 <sip:60002@iptlab.com>;tag=66bf526da0aac2b',
  'Call-ID: df00b54215201d55fbdd1b1b4a8ae355@10.0.14.250',
  'CSeq: 395083481 REGISTER',
  'Route: <sip:10.0.5.110;lr>',
  'Contact: 60002 <sip:60002@10.0.14.250:5060>;expires=3600',
  ...ALLOW,
  'Authorization:Digest response="3e55292c9bb7ad83200f52e0c8612b59",username="60002",realm="iptlab.com",' +
    ' nonce="3963cd8c",algorithm=MD5,uri="sip:iptlab.com"',
  'User-Agent: Avaya SIP R2.2 Endpoint Brcm Callctrl/1.5.1.0 MxSF/v3.2.6.26',
);

const outside = routesOf();
/** The address that the Asterisk phone's Route names is ours. */
const named = routesOf({ us: ['10.0.5.110:5060'] });

/** A step's message as its file has it. */
function step(name: string): string {
  return latin1(fixture(`seed/${name}.sip`));
}

function assertForwarded(verdict: Verdict, target: string, tap: Verdict['tap'], sent: string): void {
  const { outcome, reason } = verdict;
  assert.deepEqual(
    { outcome, reason, target: verdict.target, socket: verdict.socket, tap: verdict.tap },
    { outcome: 'forwarded', reason: tap === 'register' ? 'request' : 'response', target, socket: 0, tap },
  );
  assert.equal(verdict.sent, sent);
}

/** A seed response as a registrar sends it that answers what we sent: our Via above the phone's. */
function throughUs(response: string, ourVia: string): string {
  return response.replace('\r\nVia:', `\r\n${ourVia}\r\nVia:`);
}

/** What a request with the same Via has as its own line. */
function onOtherAddress(sent: string, routes: Routes): string {
  assert.equal(routes, named);
  return sent.replace('UDP 10.0.1.7:5060', 'UDP 10.0.5.110:5060');
}

test('SES F1, the first REGISTER: our Via, the phone’s stamped, one hop less', () => {
  assertForwarded(pass(step('ses-f1-register'), SES_PHONE, outside), REGISTRAR, 'register', SES_F1);
});

test('SES F2, the challenge: our Via gone, every other byte as the file has it', () => {
  const challenge = step('ses-f2-401');
  const verdict = pass(throughUs(challenge, OUR_VIA.sesF1), REGISTRAR, outside);
  assertForwarded(verdict, SES_PHONE, 'register_response', challenge);
});

test('SES F3, the REGISTER with credentials: Authorization untouched', () => {
  const verdict = pass(step('ses-f3-register-credentials'), SES_PHONE, outside);
  assertForwarded(verdict, REGISTRAR, 'register', SES_F3);
});

test('SES F4, the success: our Via gone, every other byte as the file has it', () => {
  const success = step('ses-f4-200');
  const verdict = pass(throughUs(success, OUR_VIA.sesF3), REGISTRAR, outside);
  assertForwarded(verdict, SES_PHONE, 'register_response', success);
});

test('Asterisk F1 with 10.0.5.110 foreign: its Route stays and goes to our registrar', () => {
  const verdict = pass(step('asterisk-f1-register'), ASTERISK_PHONE, outside);
  assertForwarded(verdict, REGISTRAR, 'register', ASTERISK_F1);
});

test('Asterisk F3 with 10.0.5.110 foreign: its Route stays', () => {
  const verdict = pass(step('asterisk-f3-register-credentials'), ASTERISK_PHONE, outside);
  assertForwarded(verdict, REGISTRAR, 'register', ASTERISK_F3);
});

test('Asterisk F1 and F3 with 10.0.5.110 ours: the Route is taken out with its line, all else is the same', () => {
  for (const [name, sent] of [
    ['asterisk-f1-register', ASTERISK_F1],
    ['asterisk-f3-register-credentials', ASTERISK_F3],
  ] as const) {
    const expected = onOtherAddress(sent, named).replace('Route: <sip:10.0.5.110;lr>\r\n', '');
    assertForwarded(pass(step(name), ASTERISK_PHONE, named), REGISTRAR, 'register', expected);
  }
});

test('Asterisk F2 and F4: our Via gone, every other byte as the file has it', () => {
  for (const [name, ourVia] of [
    ['asterisk-f2-401', OUR_VIA.asteriskF1],
    ['asterisk-f4-200', OUR_VIA.asteriskF3],
  ] as const) {
    const response = step(name);
    const outsideVerdict = pass(throughUs(response, ourVia), REGISTRAR, outside);
    assertForwarded(outsideVerdict, ASTERISK_PHONE, 'register_response', response);
    const namedVerdict = pass(throughUs(response, onOtherAddress(ourVia, named)), REGISTRAR, named);
    assertForwarded(namedVerdict, ASTERISK_PHONE, 'register_response', response);
  }
});

test('a registrar that echoes the Vias in the order in which it got them is answered alike', () => {
  const stamped = SES_F1.split('\r\n')[2]!;
  const challenge = step('ses-f2-401').replace(/Via: .*/, stamped);
  const verdict = pass(throughUs(challenge, OUR_VIA.sesF1), REGISTRAR, outside);
  assertForwarded(verdict, SES_PHONE, 'register_response', challenge);
});

test('the default mode changes the Contact and nothing else, and its 200 changes it back', () => {
  const alias = routesOf({ contactMode: 'alias' });
  const sent = pass(step('ses-f3-register-credentials'), SES_PHONE, alias).sent;
  const contact =
    'Contact: Karen Filippelli 24001 <sip:24001@10.0.13.244;rollcall=2gg0k00dug9s9fb2l13fqmcevbcjo>;expires=360';
  assert.equal(sent, SES_F3.replace(/Contact: .*/, contact));
  const success = step('ses-f4-200');
  const asked = throughUs(success.replace(/Contact: .*/, contact), OUR_VIA.sesF3);
  assertForwarded(pass(asked, REGISTRAR, alias), SES_PHONE, 'register_response', success);
});

test('the ladders are the files byte for byte: nothing above was adapted to what we do', () => {
  const undo = (sent: string): string =>
    sent
      .replace(/^Via: SIP\/2\.0\/UDP 10\.0\.1\.7.*\r\n/m, '')
      .replace(/;received=10\.0\.\d+\.\d+/, '')
      .replace('Max-Forwards: 69', 'Max-Forwards: 70');
  assert.equal(undo(SES_F1), step('ses-f1-register'));
  assert.equal(undo(SES_F3), step('ses-f3-register-credentials'));
  assert.equal(undo(ASTERISK_F1), step('asterisk-f1-register'));
  assert.equal(undo(ASTERISK_F3), step('asterisk-f3-register-credentials'));
  assert.equal(bytesOf(step('ses-f1-register')).length, 560);
});
