/** RFC 3261 §16.11 and §18.1.2: a response finds its way by our own Via, and by nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Routes } from '../../src/proxy/routes.ts';
import { createSigner } from '../../src/secrets/signer.ts';
import type { RequestParts } from './support/messages.ts';
import { fromPbx, PBX, PHONE, register, request, responseTo, values, viaParam } from './support/messages.ts';
import type { Verdict } from './support/passing.ts';
import { lines, pass, routesOf, secretOf } from './support/passing.ts';
import { afterRotation, rotated } from './support/tokens.ts';

const routes = routesOf();
const observe = routesOf({ viaCheck: 'observe' });

/** What we sent on for a request of the phone. */
function sentFor(parts: RequestParts = {}, source = PHONE, by: Routes = routes): string {
  const verdict = pass(request(parts), source, by);
  assert.equal(verdict.outcome, 'forwarded', verdict.reason);
  return verdict.sent;
}

function assertForwarded(verdict: Verdict, target: string, sent: string): void {
  assert.deepEqual(
    [verdict.outcome, verdict.reason, verdict.target, verdict.sent],
    ['forwarded', 'response', target, sent],
  );
}

function assertDropped(verdict: Verdict, reason: string): void {
  assert.deepEqual([verdict.outcome, verdict.reason, verdict.sent], ['dropped', reason, '']);
}

/** The response with its first line of that name taken out, CRLF included. */
function withoutOurVia(response: string): string {
  return response.replace(/Via: SIP\/2\.0\/UDP 10\.0\.1\.7:5060[^\r]*\r\n/, '');
}

test('our Via’s line goes, every other byte stays, and the response goes where the stamps say', () => {
  const response = responseTo(sentFor(), '200 OK', ['Contact: <sip:200@10.0.1.8>', 'X-Odd :\t a\r\n b']);
  assertForwarded(pass(response, PBX, routes), PHONE, withoutOurVia(response));
});

test('every class of response, early, late and again', () => {
  for (const status of ['100 Trying', '180 Ringing', '200 OK', '302 Moved', '401 Nobody', '503 ', '699 x']) {
    const response = responseTo(sentFor(), status);
    for (let i = 0; i < 2; i++) assertForwarded(pass(response, PBX, routes), PHONE, withoutOurVia(response));
  }
});

test('both Vias in one line: the first value goes with its comma, the line and its name stay', () => {
  for (const [join, rest] of [
    [', ', ''],
    [',', ''],
    ['  ,\r\n  ', ''],
    [' ,\t', ' , SIP/2.0/UDP 10.0.6.6;branch=z9hG4bKc'],
  ] as const) {
    const [ours, theirs] = values(sentFor(), 'Via');
    const response = responseTo(sentFor(), '200 OK').replace(
      `Via: ${ours}\r\nVia: ${theirs}\r\n`,
      `v :  ${ours}${join}${theirs}${rest}\r\n`,
    );
    const expected = response.replace(`${ours}${join}`, '');
    assertForwarded(pass(response, PBX, routes), PHONE, expected);
  }
});

test('our Via need not be the first header, only the first Via', () => {
  const response = responseTo(sentFor(), '200 OK');
  const own = /Via: [^\r]*10\.0\.1\.7[^\r]*\r\nVia: [^\r]*\r\n/.exec(response)![0];
  const moved = response.replace(own, '').replace('Content-Length: 0\r\n', `Content-Length: 0\r\n${own}`);
  assertForwarded(pass(moved, PBX, routes), PHONE, withoutOurVia(moved));
});

test('received and rport that the PBX added to our own Via change nothing', () => {
  const response = responseTo(sentFor(), '200 OK');
  const marked = response.replace(/(;l=[0-9a-f]{16})/, '$1;received=6.6.6.6;rport=9');
  assertForwarded(pass(marked, PBX, routes), PHONE, withoutOurVia(response));
  const elsewhere = response.replace('5060;branch', '5060;received=6.6.6.6;rport=9;branch');
  assertForwarded(pass(elsewhere, PBX, routes), PHONE, withoutOurVia(response));
});

test('spellings that the PBX may give our Via and the phone’s', () => {
  const response = responseTo(
    sentFor({ vias: ['SIP/2.0/UDP phone.example.com;branch=z9hG4bKa;rport'] }),
    '200 OK',
  );
  for (const respelled of [
    response.replace(/;m=([0-9a-f]+)/, (_, hex: string) => `;m=${hex.toUpperCase()}`),
    response.replace('SIP/2.0/UDP 10.0.1.7:5060', 'sip / 2.0 / udp 10.0.1.7 : 5060'),
    response.replace('phone.example.com', 'PHONE.example.com'),
    response.replace('received=10.0.9.9', 'Received = 10.0.9.9'),
    response.replace('received=10.0.9.9', 'received=::ffff:10.0.9.9'),
    response.replace('received=10.0.9.9', 'received=[::ffff:a00:909]'),
    response.replace(/(branch=z9hG4bKa);rport=5060;received=10\.0\.9\.9/, 'received=10.0.9.9;rport=5060;$1'),
  ]) {
    const verdict = pass(respelled, PBX, routes);
    assert.deepEqual([verdict.outcome, verdict.target], ['forwarded', PHONE], respelled);
  }
});

test('a top Via that is not ours: dropped silently', () => {
  for (const sentBy of [
    '10.0.1.6:5060',
    '10.0.1.7:5061',
    '10.0.1.7:5062',
    'proxy.example.com',
    '[2001:db8::7]:5060',
  ]) {
    const response = responseTo(sentFor(), '200 OK').replace('10.0.1.7:5060', sentBy);
    assertDropped(pass(response, PBX, routes), 'not_our_via');
  }
});

test('our default port may be left out', () => {
  const response = responseTo(sentFor(), '200 OK').replace('10.0.1.7:5060', '10.0.1.7');
  assert.equal(pass(response, PBX, routes).outcome, 'forwarded');
});

test('no second Via, or one that is not UDP, or one that cannot be read: dropped', () => {
  const response = responseTo(sentFor(), '200 OK');
  const phoneVia = values(response, 'Via')[1]!;
  assertDropped(pass(response.replace(`Via: ${phoneVia}\r\n`, ''), PBX, routes), 'no_next_via');
  assertDropped(pass(response.replace(phoneVia, 'nonsense'), PBX, routes), 'no_next_via');
  const tcp = responseTo(sentFor({ vias: ['SIP/2.0/TCP 10.0.9.9;branch=z9hG4bKa'] }), '200 OK');
  assertDropped(pass(tcp, PBX, routes), 'next_via_not_udp');
});

/** One thing changed in the Vias of a genuine response. */
const FORGERIES: Readonly<Record<string, (response: string) => string>> = {
  'another sent-by': (text) => text.replace('UDP 10.0.9.9:5060', 'UDP 6.6.6.6:5060'),
  'another sent-by port': (text) => text.replace('UDP 10.0.9.9:5060', 'UDP 10.0.9.9:5061'),
  'another received': (text) => text.replace('received=10.0.9.9', 'received=6.6.6.6'),
  'no received': (text) => text.replace(';received=10.0.9.9', ''),
  'a received in front of ours': (text) =>
    text.replace(';received=10.0.9.9', ';received=6.6.6.6;received=10.0.9.9'),
  'an rport': (text) => text.replace(';received=10.0.9.9', ';rport=53;received=10.0.9.9'),
  'another socket': (text) => text.replace(';s=0;', ';s=1;'),
  'no socket': (text) => text.replace(';s=0;', ';'),
  'another m': (text) => text.replace(/;m=./, (m) => (m === ';m=0' ? ';m=1' : ';m=0')),
  'a short m': (text) => text.replace(/;m=./, ';m='),
  'a long m': (text) => text.replace(';m=', ';m=0'),
  'no m': (text) => text.replace(/;m=[0-9a-f]{16}/, ''),
  'an m that is no hex': (text) => text.replace(/;m=[0-9a-f]{16}/, ';m=gggggggggggggggg'),
  'the m behind another': (text) => text.replace(';m=', ';m=0123456789abcdef;m='),
  'another phone’s Via below our Via': (text) =>
    text.replace(
      /Via: SIP\/2\.0\/UDP 10\.0\.9\.9.*/,
      'Via: SIP/2.0/UDP 10.0.9.8;branch=z9hG4bKx;received=10.0.9.8',
    ),
};

for (const [about, forge] of Object.entries(FORGERIES)) {
  test(`forged: ${about}`, () => {
    const genuine = responseTo(sentFor(), '200 OK');
    const forged = forge(genuine);
    assert.notEqual(forged, genuine);
    for (const source of [PBX, PHONE, '6.6.6.6:5060'])
      assertDropped(pass(forged, source, routes), 'via_check');
    assert.equal(pass(genuine, PBX, routes).outcome, 'forwarded');
  });
}

test('--via-check observe lets a mangled Via pass, to its received or its numeric sent-by', () => {
  const genuine = responseTo(sentFor(), '200 OK');
  const mangled = genuine.replace(/;m=[0-9a-f]+;l=[0-9a-f]+/, '');
  assert.deepEqual(
    [pass(mangled, PBX, observe).outcome, pass(mangled, PBX, observe).target],
    ['forwarded', PHONE],
  );
  const bare = mangled.replace(';received=10.0.9.9', '');
  assert.equal(pass(bare, PBX, observe).target, PHONE);
  const outside = mangled.replace('received=10.0.9.9', 'received=203.0.113.9');
  assertDropped(pass(outside, PBX, observe), 'target_refused');
  const named = bare.replace('UDP 10.0.9.9:5060', 'UDP phone.example.com');
  assertDropped(pass(named, PBX, observe), 'target_refused');
});

test('never to everybody, to nobody or to ourselves, whatever is checked', () => {
  const genuine = responseTo(sentFor(), '200 OK');
  for (const address of ['255.255.255.255', '224.0.1.75', '0.0.0.0', '10.0.1.7', 'ff02::1', '::']) {
    const lured = genuine.replace('received=10.0.9.9', `received=${address}`);
    assertDropped(pass(lured, PBX, observe), 'target_refused');
  }
});

test('rotation: responses in flight verify with the previous key, not with a retired one', () => {
  const response = responseTo(sentFor(), '200 OK');
  assert.equal(pass(response, PBX, routesOf({ signer: rotated })).outcome, 'forwarded');
  assertDropped(pass(response, PBX, routesOf({ signer: afterRotation })), 'via_check');
  const same = routesOf({ signer: createSigner([secretOf('first')]) });
  assert.equal(pass(response, PBX, same).outcome, 'forwarded', 'another process, the same secret');
});

test('the mode in which the response comes back may differ from that of the request', () => {
  for (const contactMode of ['alias', 'path', 'alias+path', 'direct'] as const) {
    const response = responseTo(sentFor(), '200 OK');
    const by = routesOf({ contactMode, rport: 'force', foreignRoute: 'strip' });
    assertForwarded(pass(response, PBX, by), PHONE, withoutOurVia(response));
  }
});

test('several sockets: in by one, out by the other, and back the same way', () => {
  const two = routesOf({ us: ['10.0.1.7:5060', '192.168.9.1:5062'], registrarSocket: 0 });
  const verdict = pass(
    request({ vias: ['SIP/2.0/UDP 192.168.1.50;rport;branch=z9hG4bKa'] }),
    '192.168.1.50:1024',
    two,
    1,
  );
  assert.equal(verdict.socket, 0);
  const back = pass(responseTo(verdict.sent, '200 OK'), PBX, two, 0);
  assert.deepEqual([back.outcome, back.socket, back.target], ['forwarded', 1, '192.168.1.50:1024']);
  const fewer = pass(responseTo(verdict.sent, '200 OK'), PBX, routesOf(), 0);
  assert.deepEqual([fewer.outcome, fewer.socket], ['forwarded', 0], 'its socket is gone since');
});

test('a response of a phone goes back to the PBX', () => {
  const sent = pass(fromPbx({ uri: `sip:100@${PHONE}` }), PBX, routes).sent;
  const verdict = pass(responseTo(sent, '200 OK'), PHONE, routes);
  assertForwarded(verdict, PBX, withoutOurVia(responseTo(sent, '200 OK')));
  assert.equal(verdict.from, 'phone');
});

test('a CSeq that cannot be read: dropped, as RFC 4475 has scalarlg', () => {
  const genuine = responseTo(sentFor(), '200 OK');
  for (const cseq of ['9292394834772304023312 INVITE', '2147483648 INVITE', '-1 INVITE', 'INVITE', '1', '']) {
    assertDropped(pass(genuine.replace('CSeq: 1 INVITE', `CSeq: ${cseq}`), PBX, routes), 'cseq');
  }
  assertDropped(pass(genuine.replace('CSeq: 1 INVITE\r\n', ''), PBX, routes), 'cseq');
});

test('other damage passes: no From, an odd Contact, several To', () => {
  const genuine = responseTo(sentFor(), '200 OK', ['Contact: ;;,<<']);
  for (const damaged of [
    genuine.replace(/From: [^\r]*\r\n/, ''),
    genuine.replace('To: ', 'To: <sip:a@b>\r\nTo: '),
  ]) {
    assertForwarded(pass(damaged, PBX, routes), PHONE, withoutOurVia(damaged));
  }
});

test('tapped: what the registrar answers to a REGISTER, as received, and nothing that a phone says', () => {
  const sent = pass(register('<sip:100@10.0.9.9>'), PHONE, routes).sent;
  assert.equal(pass(responseTo(sent, '401 Unauthorized'), PBX, routes).tap, 'register_response');
  assert.equal(pass(responseTo(sent, '200 OK'), PBX, routes).tap, 'register_response');
  assert.equal(pass(responseTo(sentFor(), '200 OK'), PBX, routes).tap, 'none');
  const invite = pass(fromPbx({ uri: `sip:100@${PHONE}` }), PBX, routes).sent;
  const posing = responseTo(invite, '200 OK').replace('CSeq: 1 INVITE', 'CSeq: 1 REGISTER');
  const verdict = pass(posing, PHONE, routes);
  assert.deepEqual([verdict.outcome, verdict.tap], ['forwarded', 'none']);
});

test('push, then pop is the identity on everything but the stamps', () => {
  const vias = fc.array(
    fc.constantFrom('SIP/2.0/UDP 10.0.6.6;branch=z9hG4bKc', 'SIP/2.0/TLS x.y:5061 ;a=b'),
    { maxLength: 3 },
  );
  const status = fc.integer({ min: 100, max: 699 });
  fc.assert(
    fc.property(vias, status, fc.constantFrom(PHONE, '203.0.113.7:41234'), (below, code, source) => {
      const sent = sentFor({ vias: ['SIP/2.0/UDP 10.0.9.9;branch=z9hG4bKa', ...below] }, source);
      const response = responseTo(sent, `${code} x`);
      const verdict = pass(response, PBX, routes);
      assert.equal(verdict.sent, withoutOurVia(response));
      assert.equal(viaParam(values(verdict.sent, 'Via')[0]!, 'branch'), 'z9hG4bKa');
    }),
    { numRuns: 100 },
  );
});

test('nothing that is answered is a response', () => {
  const odd = lines('SIP/2.0 200 OK', 'Via: SIP/2.0/UDP 10.0.9.9', 'CSeq: 1 INVITE');
  for (const source of [PHONE, PBX]) assertDropped(pass(odd, source, routes), 'not_our_via');
});
