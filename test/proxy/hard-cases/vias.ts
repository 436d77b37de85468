/** Vias and stamps: rows 40, 41, 45, 46, 55, 56; loops: row 62. */
import assert from 'node:assert/strict';
import { fromPbx, PHONE, request, responseTo, values } from '../support/messages.ts';
import { pass, routesOf } from '../support/passing.ts';
import type { HardCase } from './hard-case.ts';
import { dropped, hops, refused, UNHEARD } from './hard-case.ts';

const PBX = '10.0.1.8:5060';
const invite = pass(request(), PHONE, routesOf()).sent;
const [ourVia, phoneVia] = values(invite, 'Via') as [string, string];
const genuine = responseTo(invite, '200 OK');
const inOneLine = genuine.replace(`Via: ${ourVia}\r\nVia: ${phoneVia}`, `v: ${ourVia}, ${phoneVia}`);
const forged = genuine.replace(
  /10\.0\.9\.9:5060;branch=[^;]*;received=10\.0\.9\.9/,
  '203.0.113.7;received=203.0.113.7',
);
const relayed = invite.replace('\r\nVia:', '\r\nVia: SIP/2.0/UDP 10.0.1.8;branch=z9hG4bKrelay\r\nVia:');

export const VIAS: readonly HardCase[] = [
  {
    row: 40,
    name: 'both Vias in one line',
    section: 'RFC 3261 §7.3.1, §16.11',
    about: '`v: SIP/2.0/UDP a, SIP/2.0/UDP b` in a response, `a` ours',
    input: inOneLine,
    source: PBX,
    parse: 'message',
    forward: { does: 'forwarded', to: PHONE, changes: [[`${ourVia}, `, '']] },
    says: '`v: SIP/2.0/UDP b` remains',
    monitor: UNHEARD,
  },
  {
    row: 41,
    name: 'blanks within a Via',
    section: 'RFC 3261 §25.1',
    about: '`SIP / 2.0 / UDP h : 4000`',
    input: request({ vias: ['SIP / 2.0 / UDP 10.0.9.9 : 4000;branch=z9hG4bKa'] }),
    source: '10.0.9.9:49170',
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [[' : 4000;branch=z9hG4bKa', ' : 4000;branch=z9hG4bKa;received=10.0.9.9'], hops(70)],
    },
    says: 'port 4000: that is where the answer goes',
    proves: (verdict) => {
      assert.equal(pass(responseTo(verdict.sent, '200 OK'), PBX, routesOf()).target, '10.0.9.9:4000');
    },
    monitor: UNHEARD,
  },
  {
    row: 45,
    name: 'forged response',
    section: 'RFC 3261 §18.1.2, RFC 3581 §4',
    about: 'our own Via with the check value of another, above a victim’s',
    input: forged,
    source: '203.0.113.66:5060',
    parse: 'message',
    forward: dropped('via_check'),
    says: 'and counted',
    proves: () =>
      assert.equal(pass(forged, PBX, routesOf()).reason, 'via_check', 'from the PBX’s address, too'),
    monitor: UNHEARD,
  },
  {
    row: 46,
    name: 'maddr in the sender’s Via',
    section: 'RFC 3261 §18.2.2',
    about: '`Via: …;maddr=203.0.113.7`',
    input: request({ vias: ['SIP/2.0/UDP 10.0.9.9;maddr=203.0.113.7;branch=z9hG4bKa'], hops: 0 }),
    source: '10.0.9.9:49170',
    parse: 'message',
    forward: refused(483, 'zero_max_forwards', PHONE),
    says: 'to the source’s address; a forwarded answer goes there, too',
    proves: () => {
      const { sent } = pass(
        request({ vias: ['SIP/2.0/UDP 10.0.9.9;maddr=203.0.113.7;branch=z9hG4bKa'] }),
        '10.0.9.9:49170',
        routesOf(),
      );
      assert.equal(pass(responseTo(sent, '200 OK'), PBX, routesOf()).target, PHONE);
    },
    monitor: UNHEARD,
  },
  {
    row: 55,
    name: 'rport prefilled',
    section: 'RFC 3581 §4',
    about: '`rport=5060` from source port 49170',
    input: request({ vias: ['SIP/2.0/UDP 10.0.9.9;rport=5060;branch=z9hG4bKa'] }),
    source: '10.0.9.9:49170',
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [[';rport=5060;branch=z9hG4bKa', ';rport=49170;branch=z9hG4bKa;received=10.0.9.9'], hops(70)],
    },
    says: 'set to the source port',
    monitor: UNHEARD,
  },
  {
    row: 56,
    name: 'keep',
    section: 'RFC 6223 §4',
    about: '`;keep` in the sender’s Via',
    input: request({ vias: ['SIP/2.0/UDP 10.0.9.9;keep;branch=z9hG4bKa'] }),
    source: PHONE,
    parse: 'message',
    forward: {
      does: 'forwarded',
      to: PBX,
      changes: [[';keep;branch=z9hG4bKa', ';keep;branch=z9hG4bKa;received=10.0.9.9'], hops(70)],
    },
    says: 'untouched: we promise nothing',
    monitor: UNHEARD,
  },
  {
    row: 62,
    name: 'our own packet looped',
    section: 'RFC 3261 §16.3(4)',
    about: 'the PBX relays our INVITE back to us unchanged',
    input: relayed,
    source: PBX,
    parse: 'message',
    forward: refused(482, 'loop', PBX),
    says: 'after one hop',
    proves: () => {
      const spiral = relayed.replace('INVITE sip:200@example.com', 'INVITE sip:200@10.0.9.9');
      assert.equal(pass(spiral, PBX, routesOf()).outcome, 'forwarded', 'another Request-URI is a spiral');
      assert.equal(pass(fromPbx(), '10.0.1.7:5060', routesOf()).reason, 'own_source', 'from our own address');
    },
    monitor: UNHEARD,
  },
];
