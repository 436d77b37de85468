/** RFC 5118: IPv6. */
import assert from 'node:assert/strict';
import { register, request, responseTo, startLine } from '../support/messages.ts';
import { pass, routesOf } from '../support/passing.ts';
import type { Forward, HardCase } from './hard-case.ts';
import { HEARD, hops, messageOf, refused, SOMEONE, toRegistrar, UNHEARD } from './hard-case.ts';

const PHONE = '[2001:db8::9:1]:5060';
const VIA = 'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111';
const STAMP = ';received=2001:db8::9:1';

/** A registrar at the address that the two messages of §4.3 and §4.4 spell in their own ways. */
const reachable = {
  registrarNets: ['2001:db8::/32'],
  registrar: '[2001:db8::8]:5060',
  us: ['[2001:db8::7]:5060'],
};

const withoutDelim = messageOf('rfc5118/via-received-param-no-delim');
const withDelim = messageOf('rfc5118/via-received-param-with-delim');

/** A BYE to a Request-URI inside `--registrar-net`, which is followed. */
function followed(uri: string): string {
  return pass(request({ method: 'BYE', uri }), SOMEONE, routesOf(reachable)).target;
}

function ownReceivedReplaced(before: string, after: string): Forward {
  return { does: 'forwarded', to: '10.0.1.8:5060', changes: [[before, after], hops(70)] };
}

/** Content-Length names fewer bytes than there are: the RFC counted without CR. */
function cutBy(path: string, bytes: number, via: string, stamp: string): Forward {
  const tail = messageOf(path).slice(-30);
  return {
    does: 'forwarded',
    to: '10.0.1.8:5060',
    changes: [[via, via + stamp], hops(70), [tail, tail.slice(0, -bytes)]],
  };
}

export const IPV6: readonly HardCase[] = [
  {
    row: 36,
    name: 'ipv6-bad',
    section: 'RFC 5118 §4.2',
    about: 'the bare address `sip:2001:db8::10` as Request-URI',
    input: messageOf('rfc5118/ipv6-bad'),
    source: PHONE,
    parse: 'message',
    forward: refused(400, 'request_uri', PHONE),
    monitor: UNHEARD,
  },
  {
    row: 37,
    name: 'port-ambiguous',
    section: 'RFC 5118 §4.3',
    about: '`[2001:db8::10:5070]`: 5070 is part of the address',
    input: messageOf('rfc5118/port-ambiguous'),
    source: PHONE,
    parse: 'message',
    forward: toRegistrar(VIA, hops(70), STAMP),
    proves: () => assert.equal(followed('sip:[2001:db8::10:5070]'), '[2001:db8::10:5070]:5060'),
    says: 'host only, port 5060',
    monitor: HEARD,
  },
  {
    row: 37,
    name: 'port-unambiguous',
    section: 'RFC 5118 §4.4',
    about: '`[2001:db8::10]:5070`: 5070 is the port',
    input: messageOf('rfc5118/port-unambiguous'),
    source: PHONE,
    parse: 'message',
    forward: toRegistrar(VIA, hops(70), STAMP),
    proves: () => assert.equal(followed('sip:[2001:db8::10]:5070'), '[2001:db8::10]:5070'),
    says: 'port 5070',
    monitor: HEARD,
  },
  {
    row: 38,
    name: 'via-received-param-with-delim',
    section: 'RFC 5118 §4.5',
    about: '`received=[2001:db8::9:255]`',
    input: withDelim,
    source: PHONE,
    parse: 'message',
    forward: ownReceivedReplaced(
      'Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111',
      `${VIA}${STAMP}`,
    ),
    says: 'replaced by what we saw; in a response to us it is read',
    proves: (verdict) => readInResponse(verdict.sent, `[${PHONE.slice(1, -6)}]`),
    monitor: UNHEARD,
  },
  {
    row: 38,
    name: 'via-received-param-no-delim',
    section: 'RFC 5118 §4.5',
    about: '`received=2001:db8::9:255`',
    input: withoutDelim,
    source: PHONE,
    parse: 'message',
    forward: ownReceivedReplaced(
      'Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3',
      'Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3;received=2001:db8::9:1',
    ),
    says: 'replaced by what we saw; in a response to us it is read',
    proves: (verdict) => readInResponse(verdict.sent, PHONE.slice(1, -6)),
    monitor: UNHEARD,
  },
  {
    row: 39,
    name: 'ipv4-mapped-ipv6',
    section: 'RFC 5118 §4.9',
    about: 'sent-by `::ffff:192.0.2.10`, source 192.0.2.10 (Content-Length repaired)',
    input: messageOf('repaired/ipv4-mapped-ipv6'),
    source: '192.0.2.10:19823',
    parse: 'message',
    forward: toRegistrar(
      'Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
      hops(70),
      ';received=192.0.2.10',
    ),
    says: 'the same address: no NAT, so no rport',
    monitor: UNHEARD,
  },
  {
    row: 39,
    name: 'sent-by ::ffff:10.0.0.1',
    section: 'RFC 5118 §4.9',
    about: 'the same in a REGISTER from another port, in the default mode',
    input: register('<sip:100@[::ffff:10.0.0.1]>', {
      vias: ['SIP/2.0/UDP [::ffff:10.0.0.1]:5062;branch=z9hG4bKa'],
    }),
    source: '10.0.0.1:40000',
    parse: 'message',
    forward: toRegistrar(
      'Via: SIP/2.0/UDP [::ffff:10.0.0.1]:5062;branch=z9hG4bKa',
      hops(70),
      ';received=10.0.0.1',
    ),
    says: 'and a reply goes to the sent-by’s port',
    proves: (verdict) => {
      const back = pass(responseTo(verdict.sent, '200 OK'), '10.0.1.8:5060', routesOf());
      assert.equal(back.target, '10.0.0.1:5062');
    },
    monitor: HEARD,
  },
  {
    row: 0,
    name: 'ipv4-mapped-ipv6, as in the RFC',
    section: 'RFC 5118 §4.9',
    about: 'the same with the Content-Length that the RFC prints, 9 too small',
    input: messageOf('rfc5118/ipv4-mapped-ipv6'),
    source: '192.0.2.10:19823',
    parse: 'message',
    forward: cutBy(
      'rfc5118/ipv4-mapped-ipv6',
      9,
      'Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
      ';received=192.0.2.10',
    ),
    says: 'cut off where the Content-Length says',
    monitor: UNHEARD,
  },
  {
    row: 0,
    name: 'ipv6-good',
    section: 'RFC 5118 §4.1',
    about: 'references in Request-URI, Via and Contact',
    input: messageOf('rfc5118/ipv6-good'),
    source: PHONE,
    parse: 'message',
    forward: toRegistrar(VIA, hops(70), STAMP),
    monitor: HEARD,
  },
  {
    row: 0,
    name: 'ipv6-in-sdp',
    section: 'RFC 5118 §4.6',
    about: 'Content-Length as the RFC prints it, 17 too large',
    input: messageOf('rfc5118/ipv6-in-sdp'),
    source: '[2001:db8::20]:5060',
    parse: 'content_length',
    forward: refused(400, 'content_length', '[2001:db8::20]:5060'),
    monitor: UNHEARD,
  },
  {
    row: 0,
    name: 'ipv6-in-sdp, repaired',
    section: 'RFC 5118 §4.6',
    about: 'IPv6 in the SDP',
    input: messageOf('repaired/ipv6-in-sdp'),
    source: '[2001:db8::20]:5060',
    parse: 'message',
    forward: toRegistrar(
      'Via: SIP/2.0/UDP [2001:db8::20];branch=z9hG4bKas3-111',
      hops(70),
      ';received=2001:db8::20',
    ),
    says: 'the body byte for byte',
    monitor: UNHEARD,
  },
  {
    row: 0,
    name: 'mult-ip-in-header',
    section: 'RFC 5118 §4.7',
    about: 'Vias of both families, an IPv4 received on an IPv6 sent-by',
    input: messageOf('rfc5118/mult-ip-in-header'),
    source: PHONE,
    parse: 'message',
    forward: toRegistrar('Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111', hops(70), STAMP),
    monitor: UNHEARD,
  },
  {
    row: 0,
    name: 'mult-ip-in-sdp',
    section: 'RFC 5118 §4.8',
    about: 'one stream in each family; Content-Length as the RFC prints it, 8 too small',
    input: messageOf('rfc5118/mult-ip-in-sdp'),
    source: PHONE,
    parse: 'message',
    forward: cutBy('rfc5118/mult-ip-in-sdp', 8, VIA, STAMP),
    says: 'cut off where the Content-Length says',
    monitor: UNHEARD,
  },
  {
    row: 0,
    name: 'mult-ip-in-sdp, repaired',
    section: 'RFC 5118 §4.8',
    about: 'the same with the right Content-Length',
    input: messageOf('repaired/mult-ip-in-sdp'),
    source: PHONE,
    parse: 'message',
    forward: toRegistrar(VIA, hops(70), STAMP),
    says: 'the body byte for byte',
    monitor: UNHEARD,
  },
  {
    row: 0,
    name: 'ipv6-bug-abnf-3-colons',
    section: 'RFC 5118 §4.10',
    about: '`[2001:db8:::192.0.2.1]`, after a fault in RFC 3261’s grammar',
    input: messageOf('rfc5118/ipv6-bug-abnf-3-colons'),
    source: SOMEONE,
    parse: 'message',
    forward: toRegistrar('Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111', hops(70)),
    says: 'as it is; it is no address that we would send to',
    proves: (verdict) => {
      assert.equal(startLine(verdict.sent), 'OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0');
      assert.equal(followed('sip:user@[2001:db8:::192.0.2.1]'), reachable.registrar);
    },
    monitor: UNHEARD,
  },
  {
    row: 0,
    name: 'ipv6-correct-abnf-2-colons',
    section: 'RFC 5118 §4.10',
    about: '`[2001:db8::192.0.2.1]`',
    input: messageOf('rfc5118/ipv6-correct-abnf-2-colons'),
    source: SOMEONE,
    parse: 'message',
    forward: toRegistrar('Via: SIP/2.0/UDP lab1.east.example.com;branch=z9hG4bKas3-111', hops(70)),
    proves: () => assert.equal(followed('sip:user@[2001:db8::192.0.2.1]'), '[2001:db8::c000:201]:5060'),
    monitor: UNHEARD,
  },
];

/** A registrar may echo our `received` in brackets: the response finds its way all the same. */
function readInResponse(sent: string, spelling: string): void {
  const response = responseTo(sent, '200 OK').replace(/received=[^;\r]*/, `received=${spelling}`);
  const verdict = pass(response, '10.0.1.8:5060', routesOf());
  assert.deepEqual([verdict.outcome, verdict.target], ['forwarded', PHONE], verdict.reason);
}
