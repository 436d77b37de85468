/** CANCEL, ACK, tokens, restarts: rows 47 to 54, 60, 61. */
import assert from 'node:assert/strict';
import { createSigner } from '../../../src/secrets/signer.ts';
import { branchOf, fromPbx, PHONE, register, request, values } from '../support/messages.ts';
import { pass, routesOf, secretOf } from '../support/passing.ts';
import { afterRotation, rotated, tokenFor } from '../support/tokens.ts';
import type { HardCase } from './hard-case.ts';
import { dropped, HEARD, hops, refused, UNHEARD } from './hard-case.ts';

const PBX = '10.0.1.8:5060';
const NAT = '203.0.113.7:41234';
const OTHER_PHONE = '203.0.113.66:31337';
const IN_DIALOG = { to: '<sip:200@example.com>;tag=p1' } as const;
const VIA = 'SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone1';
const OF_WEAK_PHONE = 'SIP/2.0/UDP 192.168.1.50:5060;branch=z9hG4bK1';

const localAnswer = pass(request({ hops: 0 }), PHONE, routesOf()).sent;
const ourTag = /;tag=(rc[0-9a-f]{16})/.exec(localAnswer)![1]!;
const inviteBranch = branchOf(pass(request(), PHONE, routesOf()).sent);
const path = (flow: string): string => `Route: <sip:${tokenFor('path', flow)}@10.0.1.7:5060;lr>`;
const rr = (flow: string): string => `Route: <sip:${tokenFor('rr', flow)}@10.0.1.7:5060;lr>`;
const aliasUri = `sip:100@192.168.1.50;rollcall=${tokenFor('alias', NAT)}`;

export const DIALOGS: readonly HardCase[] = [
  {
    row: 47,
    name: 'ACK to our own 483',
    section: 'RFC 3261 §17.1.1.3',
    about: 'its To tag is the one that we made',
    input: request({ method: 'ACK', to: `<sip:200@example.com>;tag=${ourTag}` }),
    source: PHONE,
    parse: 'message',
    forward: { does: 'absorbed', reason: 'ack_to_local_response' },
    proves: () => {
      const other = request({ method: 'ACK', to: '<sip:200@example.com>;tag=rc0123456789abcdef' });
      assert.equal(pass(other, PHONE, routesOf()).outcome, 'forwarded', 'another’s tag of the same form');
    },
    monitor: UNHEARD,
  },
  {
    row: 48,
    name: 'ACK to a 2xx',
    section: 'RFC 3261 §13.2.2.4',
    about: 'a new branch, and a Route that is us',
    input: request({
      ...IN_DIALOG,
      method: 'ACK',
      vias: ['SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone2'],
      headers: ['Route: <sip:10.0.1.7;lr>'],
    }),
    source: PHONE,
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [
        ['branch=z9hG4bKphone2', 'branch=z9hG4bKphone2;received=10.0.9.9'],
        hops(70),
        ['Route: <sip:10.0.1.7;lr>\r\n', ''],
      ],
    },
    says: 'the Route popped, the branch another than the INVITE’s',
    proves: (verdict) => assert.notEqual(branchOf(verdict.sent), inviteBranch),
    monitor: UNHEARD,
  },
  {
    row: 49,
    name: 'CANCEL without the Route',
    section: 'RFC 3261 §9.1, §16.11',
    about: 'the INVITE had a Route, its CANCEL has none',
    input: request({ method: 'CANCEL' }),
    source: PHONE,
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [['branch=z9hG4bKphone1', 'branch=z9hG4bKphone1;received=10.0.9.9'], hops(70)],
    },
    says: 'the INVITE’s branch',
    proves: (verdict) => {
      const invite = pass(request({ headers: ['Route: <sip:10.0.5.110;lr>'] }), PHONE, routesOf()).sent;
      assert.equal(branchOf(verdict.sent), branchOf(invite));
    },
    monitor: UNHEARD,
  },
  {
    row: 50,
    name: 'two phones, one private address, one branch',
    section: 'RFC 3261 §8.1.1.7',
    about: 'weak phones behind two NATs',
    input: request({ vias: [OF_WEAK_PHONE], callId: 'a', from: '<sip:100@example.com>;tag=1' }),
    source: NAT,
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [['branch=z9hG4bK1', 'branch=z9hG4bK1;received=203.0.113.7;rport=41234'], hops(70)],
    },
    says: 'two branches',
    proves: (verdict) => {
      const other = request({ vias: [OF_WEAK_PHONE], callId: 'b', from: '<sip:101@example.com>;tag=2' });
      assert.notEqual(branchOf(pass(other, OTHER_PHONE, routesOf()).sent), branchOf(verdict.sent));
    },
    monitor: UNHEARD,
  },
  {
    row: 51,
    name: 'BYE after the NAT rebound',
    section: 'RFC 3261 §16.4',
    about: 'a phone’s BYE with our Record-Route token, from an address that is not the token’s',
    input: request({ ...IN_DIALOG, method: 'BYE', vias: [OF_WEAK_PHONE], headers: [rr(NAT)] }),
    source: '203.0.113.7:61000',
    setting: { contactMode: 'alias' },
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [
        ['branch=z9hG4bK1', 'branch=z9hG4bK1;received=203.0.113.7;rport=61000'],
        hops(70),
        [`${rr(NAT)}\r\n`, ''],
        // The new flow, in a dialog that is about to end.
        [
          'Via: SIP/2.0/UDP 192.168.1.50',
          `Record-Route: <sip:${tokenFor('rr', '203.0.113.7:61000')}@10.0.1.7:5060;lr>\r\nVia: SIP/2.0/UDP 192.168.1.50`,
        ],
      ],
    },
    says: 'to the PBX, not to the phone’s dead address',
    monitor: UNHEARD,
  },
  {
    row: 52,
    name: 'a phone with another phone’s path token',
    section: 'RFC 5626 §5.3',
    about: 'the token verifies, but phones are not given these',
    input: request({ headers: [path(NAT)] }),
    source: OTHER_PHONE,
    parse: 'message',
    forward: refused(403, 'bad_token', OTHER_PHONE),
    monitor: UNHEARD,
  },
  {
    row: 53,
    name: 'a token of a retired key',
    section: 'RFC 5626 §5.2',
    about: 'a call to a phone that registered before the last rotation but one',
    input: fromPbx({ uri: aliasUri }),
    source: PBX,
    setting: { signer: afterRotation },
    parse: 'message',
    forward: refused(403, 'bad_token', PBX),
    monitor: UNHEARD,
  },
  {
    row: 53,
    name: 'a token of the previous key',
    section: 'RFC 5626 §5.2',
    about: 'the same while the rotation lasts',
    input: fromPbx({ uri: aliasUri }),
    source: PBX,
    setting: { signer: rotated },
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: NAT,
      changes: [
        [aliasUri, 'sip:100@192.168.1.50'],
        ['branch=z9hG4bKpbx1', 'branch=z9hG4bKpbx1;received=10.0.1.8'],
        hops(70),
      ],
    },
    says: 'delivered, the token taken out',
    monitor: UNHEARD,
  },
  {
    row: 54,
    name: 'a phone that injects Path',
    section: 'RFC 3327 §5.1',
    about: '`Path: <sip:evil.example;lr>` in a REGISTER, in the default mode',
    input: register('<tel:100>', { headers: ['Path: <sip:evil.example;lr>'] }),
    source: PHONE,
    setting: { contactMode: 'alias' },
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [
        ['branch=z9hG4bKphone1', 'branch=z9hG4bKphone1;received=10.0.9.9'],
        hops(70),
        ['Path: <sip:evil.example;lr>\r\n', ''],
      ],
    },
    says: 'the Path removed (not in `direct`, which changes Via and hops only)',
    proves: () => {
      for (const contactMode of ['path', 'alias+path'] as const) {
        const input = register('<tel:100>', { headers: ['Path: <sip:evil.example;lr>'] });
        const { sent } = pass(input, PHONE, routesOf({ contactMode }));
        assert.equal(
          values(sent, 'Path').some((value) => value.includes('evil')),
          false,
          contactMode,
        );
      }
    },
    monitor: HEARD,
  },
  {
    row: 60,
    name: 'restart between INVITE and CANCEL',
    section: 'RFC 3261 §16.11',
    about: 'another process with the same secret',
    input: request({ method: 'CANCEL', vias: [VIA] }),
    source: PHONE,
    setting: { signer: createSigner([secretOf('first')]) },
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [['branch=z9hG4bKphone1', 'branch=z9hG4bKphone1;received=10.0.9.9'], hops(70)],
    },
    says: 'the same branch',
    proves: (verdict) => assert.equal(branchOf(verdict.sent), inviteBranch),
    monitor: UNHEARD,
  },
  {
    row: 61,
    name: 'INVITE of the PBX to us, without a token',
    section: 'RFC 3261 §16.5',
    about: '`INVITE sip:100@10.0.1.7`: the PBX rewrites Contacts and we are in `direct`',
    input: fromPbx({ uri: 'sip:100@10.0.1.7' }),
    source: PBX,
    parse: 'message',
    forward: refused(480, 'no_token', PBX),
    says: 'and counted',
    monitor: UNHEARD,
  },
  {
    row: 61,
    name: 'OPTIONS of the PBX to us, without a token',
    section: 'RFC 3261 §11',
    about: 'any final answer would mean that the phone is reachable',
    input: fromPbx({ method: 'OPTIONS', uri: 'sip:100@10.0.1.7' }),
    source: PBX,
    parse: 'message',
    forward: dropped('no_token'),
    says: 'and counted',
    monitor: UNHEARD,
  },
];
