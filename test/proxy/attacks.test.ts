/**
 * A phone, or whoever poses as one, tries to make us send to somebody else: refused with a reason that is
 * counted, or sent to the registrar and nowhere else. And what tokens are worth in the wrong hands.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContactMode, Routes } from '../../src/proxy/routes.ts';
import { createSigner } from '../../src/secrets/signer.ts';
import type { RequestParts } from './support/messages.ts';
import { fromPbx, PBX, PHONE, register, request, responseTo, startLine, values } from './support/messages.ts';
import type { Verdict } from './support/passing.ts';
import { bytesOf, pass, routesOf, secretOf } from './support/passing.ts';
import { afterRotation, tokenFor } from './support/tokens.ts';

const MODES: readonly ContactMode[] = ['alias', 'path', 'alias+path', 'direct'];
const ATTACKER = '203.0.113.66:31337';
/** Another phone, which the attacker knows by address. */
const VICTIM = '203.0.113.7:41234';
const US = '10.0.1.7:5060';

const settings: readonly Routes[] = MODES.flatMap((contactMode) => [
  routesOf({ contactMode }),
  routesOf({
    contactMode,
    foreignRoute: 'strip',
    rport: 'force',
    viaCheck: 'observe',
    registrarNets: ['10.0.1.8/31'],
    phoneNets: ['0.0.0.0/0', '::/0'],
    aliasHosts: [bytesOf('proxy.example.com')],
  }),
]);

/** Spellings of places that are none of a phone's business, as hosts of URIs. */
const ELSEWHERE = [
  '203.0.113.7:41234',
  '8.8.8.8',
  '8.8.8.8:53',
  '127.0.0.1:22',
  '169.254.169.254:80',
  '255.255.255.255',
  '224.0.1.75',
  '0.0.0.0',
  '[::ffff:8.8.8.8]:53',
  '[::ffff:808:808]',
  '[2001:db8::66]:5060',
  '[::1]:22',
  '[::]',
  'evil.example',
  'localhost',
  '010.0.1.7',
  '0x0a000001',
  '0x7f.1',
  '10.1',
  '167772161',
  '10.0.1.7.evil.example',
  '10.0.1.8.evil.example',
  '10.0.1.80',
  '10.0.1.8:65535.evil.example',
  '10.0.1.7:5061',
];

function assertHarmless(verdict: Verdict, about: string): void {
  if (verdict.outcome === 'forwarded') {
    assert.match(verdict.target, /^10\.0\.1\.[89]:\d+$/, `${about}: sent to ${verdict.target}`);
  } else if (verdict.outcome === 'answered') {
    assert.equal(verdict.target.startsWith('203.0.113.66:'), true, `${about}: answered to ${verdict.target}`);
  } else {
    assert.equal(verdict.sent, '', about);
  }
}

function attack(parts: RequestParts, about: string): void {
  for (const method of ['INVITE', 'REGISTER', 'ACK', 'OPTIONS', 'BYE']) {
    for (const routes of settings)
      assertHarmless(pass(request({ ...parts, method }), ATTACKER, routes), about);
  }
}

test('by Request-URI', () => {
  for (const host of ELSEWHERE) {
    for (const uri of [`sip:x@${host}`, `sip:${host}`, `sip:x@${host};lr`, `sip:x@${host};transport=tcp`])
      attack({ uri }, uri);
  }
});

test('by Route: loose, strict, several, behind ours, in one line and in many', () => {
  for (const host of ELSEWHERE) {
    const loose = `<sip:${host};lr>`;
    const strict = `<sip:x@${host}>`;
    for (const lines of [
      [loose],
      [strict],
      [`<sip:${US};lr>, ${loose}`],
      [`<sip:${US};lr>`, strict, loose],
      [`${loose}, <sip:${US};lr>, ${strict}`],
      [`<sip:10.0.1.8>, ${strict}`, loose],
      [`"<sip:10.0.1.8;lr>," ${loose}`],
      [`${'<sip:10.0.1.7;lr>,'.repeat(100)}${loose}`],
    ]) {
      attack({ headers: lines.map((line) => `Route: ${line}`) }, lines.join());
    }
  }
});

test('by maddr, in Request-URI, Route and Via', () => {
  for (const host of ELSEWHERE) {
    const address = host.replace(/:\d+$/, '');
    attack({ uri: `sip:x@10.0.1.7;maddr=${address}` }, `maddr ${address}`);
    attack({ uri: `sip:x@10.0.1.8;maddr=${address}` }, `maddr ${address}`);
    attack({ headers: [`Route: <sip:10.0.1.8;lr;maddr=${address}>`] }, `maddr ${address}`);
    attack({ vias: [`SIP/2.0/UDP 203.0.113.66;maddr=${address};branch=z9hG4bKa`] }, `maddr ${address}`);
  }
});

test('by Via: sent-by, received and rport of somebody else, under broken and good requests', () => {
  for (const host of ELSEWHERE) {
    const address = host.replace(/:\d+$/, '');
    for (const hops of [0, 70]) {
      attack({ hops, vias: [`SIP/2.0/UDP ${host};branch=z9hG4bKa`] }, `sent-by ${host}`);
      attack({ hops, vias: [`SIP/2.0/UDP ${host};received=${address};rport=53;branch=z9hG4bKa`] }, host);
      attack({ hops, vias: [`SIP/2.0/UDP a;received=${address};rport`, `SIP/2.0/UDP ${host}`] }, host);
      attack(
        { hops, vias: [`SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/UDP ${host};received=${address}`] },
        host,
      );
    }
  }
});

test('and the answer to such a request comes to who sent it', () => {
  for (const host of ELSEWHERE) {
    const address = host.replace(/:\d+$/, '');
    for (const routes of settings) {
      const via = `SIP/2.0/UDP ${host};received=${address};rport=53;maddr=${address};branch=z9hG4bKa`;
      const verdict = pass(request({ vias: [via] }), ATTACKER, routes);
      if (verdict.outcome !== 'forwarded') continue;
      const back = pass(responseTo(verdict.sent, '200 OK'), PBX, routes);
      assert.deepEqual([back.outcome, back.target], ['forwarded', ATTACKER], host);
    }
  }
});

test('by Contact and Path: calls to the attacker may go to the attacker only', () => {
  for (const host of ELSEWHERE) {
    for (const routes of settings.filter(({ contactMode }) => contactMode !== 'direct')) {
      const contact = `<sip:x@${host}>;expires=60`;
      const registered = pass(register(contact, { headers: [`Path: <sip:${host};lr>`] }), ATTACKER, routes);
      assert.equal(registered.target, PBX);
      assert.equal(
        values(registered.sent, 'Path').some((path) => path.includes(host)),
        false,
      );
      const uri = /<(.*)>/.exec(values(registered.sent, 'Contact')[0]!)![1]!;
      const paths = values(registered.sent, 'Path').map((path) => `Route: ${path}`);
      const call = pass(fromPbx({ uri, headers: paths }), PBX, routes);
      const isUri = !host.includes(':65535.');
      const about = `${routes.contactMode} ${host}`;
      assert.equal(call.outcome, isUri ? 'forwarded' : 'answered', about);
      assert.equal(call.target, isUri ? ATTACKER : PBX, about);
    }
  }
});

test('by a Contact that gets no token: calls follow it into --phone-net and no further', () => {
  const routes = routesOf({ contactMode: 'alias', phoneNets: ['203.0.113.0/24'] });
  for (const host of ELSEWHERE) {
    for (const contact of [`sip:x@${host}`, `<sip:x@${host}?a=b>`, `<sips:x@${host}>`]) {
      const registered = pass(register(contact), ATTACKER, routes);
      assert.deepEqual(values(registered.sent, 'Contact'), [contact]);
      const call = pass(fromPbx({ uri: contact.replace(/[<>]/g, '') }), PBX, routes);
      const isAllowed = contact === `sip:x@${VICTIM}`;
      assert.equal(call.target, isAllowed ? VICTIM : PBX, contact);
    }
  }
});

test('with the victim’s address in the own Contact: still the attacker’s flow', () => {
  const routes = routesOf({ contactMode: 'alias' });
  const stolen = tokenFor('alias', VICTIM);
  const registered = pass(register(`<sip:x@203.0.113.7:41234;rollcall=${stolen}>`), ATTACKER, routes);
  const uri = /<(.*)>/.exec(values(registered.sent, 'Contact')[0]!)![1]!;
  assert.equal(pass(fromPbx({ uri }), PBX, routes).target, ATTACKER);
});

/** Ways in which a token stands in a request. */
const PLACES: Readonly<Record<string, (token: string) => RequestParts>> = {
  'the first Route of ours': (token) => ({ headers: [`Route: <sip:${token}@${US};lr>`] }),
  'a Route of ours behind a plain one': (token) => ({
    headers: [`Route: <sip:${US};lr>, <sip:${token}@${US};lr>`],
  }),
  'the Request-URI’s parameter, our host': (token) => ({ uri: `sip:x@${US};rollcall=${token}` }),
  'the Request-URI’s parameter, another host': (token) => ({ uri: `sip:x@203.0.113.7;rollcall=${token}` }),
  'the Request-URI’s parameter behind others': (token) => ({
    uri: `sip:x@example.com;a=b;RollCall=${token};c`,
  }),
};

test('a phone that holds another phone’s token: 403, whatever the token and the place', () => {
  for (const [place, parts] of Object.entries(PLACES)) {
    for (const purpose of ['path', 'alias', 'rr'] as const) {
      for (const flow of [VICTIM, ATTACKER, '8.8.8.8:53']) {
        for (const routes of settings) {
          const verdict = pass(request(parts(tokenFor(purpose, flow))), ATTACKER, routes);
          assert.deepEqual(
            [verdict.outcome, verdict.reason],
            ['answered', 'bad_token'],
            `${purpose} in ${place}`,
          );
          assert.equal(startLine(verdict.sent), 'SIP/2.0 403 Forbidden');
        }
      }
    }
  }
});

test('inside a dialog a Record-Route token is a phone’s own, and leads to the registrar, never to its flow', () => {
  const dialog = { to: '<sip:200@example.com>;tag=p1' };
  for (const [place, parts] of Object.entries(PLACES)) {
    for (const purpose of ['path', 'alias', 'rr'] as const) {
      const verdict = pass(request({ ...dialog, ...parts(tokenFor(purpose, VICTIM)) }), ATTACKER, routesOf());
      const isOwn = purpose === 'rr' && place.includes('Route of ours');
      assert.equal(verdict.outcome, isOwn ? 'forwarded' : 'answered', `${purpose} in ${place}`);
      assert.equal(verdict.target, isOwn ? PBX : ATTACKER);
    }
  }
});

test('the strict router’s trick: our token as Request-URI, the goal as last Route', () => {
  for (const host of ELSEWHERE) {
    for (const to of ['<sip:200@example.com>', '<sip:200@example.com>;tag=p1']) {
      for (const purpose of ['path', 'alias', 'rr'] as const) {
        const uri = `sip:${tokenFor(purpose, VICTIM)}@${US};lr`;
        attack({ to, uri, headers: [`Route: <sip:x@${host}>`] }, `${purpose} ${host}`);
        attack({ to, uri, headers: [`Route: <sip:10.0.1.8>, <sip:x@${host}>`] }, `${purpose} ${host}`);
      }
    }
  }
});

/** Every way in which a token may be damaged or false. */
function falseTokens(purpose: 'path' | 'alias' | 'rr'): Readonly<Record<string, string>> {
  const good = tokenFor(purpose, VICTIM);
  const swap = (at: number): string =>
    good.slice(0, at) + (good[at] === '0' ? '1' : '0') + good.slice(at + 1);
  return {
    'version changed': swap(0),
    'key id changed': swap(1),
    'purpose or socket changed': swap(2),
    'address changed': swap(6),
    'port changed': swap(11),
    'signature changed': swap(20),
    'last character changed': swap(28),
    'first half': good.slice(0, 14),
    'one character short': good.slice(0, 28),
    'one character long': `${good}0`,
    empty: '',
    'signed with a retired key': tokenFor(purpose, VICTIM, 0, createSigner([secretOf('retired')])),
    'signed for IPv6 and cut': tokenFor(purpose, '[2001:db8::7]:5060').slice(0, 29),
    'no token': 'alice',
  };
}

test('false tokens from the PBX’s side: 403, OPTIONS and ACK dropped, nothing relayed', () => {
  for (const [purpose, place] of [
    ['path', (token: string) => ({ uri: 'sip:100@10.0.9.9', headers: [`Route: <sip:${token}@${US};lr>`] })],
    ['rr', (token: string) => ({ uri: 'sip:100@10.0.9.9', headers: [`Route: <sip:${token}@${US};lr>`] })],
    ['alias', (token: string) => ({ uri: `sip:100@10.0.9.9;rollcall=${token}` })],
  ] as const) {
    for (const [about, token] of Object.entries(falseTokens(purpose))) {
      // A Route without a user carries no token: it is our plain address.
      if (token === '' && purpose !== 'alias') continue;
      for (const method of ['INVITE', 'OPTIONS', 'ACK', 'NOTIFY']) {
        const verdict = pass(fromPbx({ method, ...place(token) }), PBX, routesOf());
        const isTold = method !== 'OPTIONS' && method !== 'ACK';
        assert.deepEqual(
          [verdict.outcome, verdict.reason, verdict.target],
          [isTold ? 'answered' : 'dropped', 'bad_token', isTold ? PBX : ''],
          `${method}, ${purpose} token with ${about}`,
        );
      }
    }
  }
});

test('tokens for something else from the PBX’s side: an alias token as Route, a path or rr token as parameter', () => {
  const asRoute = fromPbx({
    uri: 'sip:100@10.0.9.9',
    headers: [`Route: <sip:${tokenFor('alias', VICTIM)}@${US};lr>`],
  });
  assert.equal(pass(asRoute, PBX, routesOf()).reason, 'bad_token');
  for (const purpose of ['path', 'rr'] as const) {
    const uri = `sip:100@10.0.9.9;rollcall=${tokenFor(purpose, VICTIM)}`;
    assert.equal(pass(fromPbx({ uri }), PBX, routesOf()).reason, 'bad_token');
  }
});

test('a key that is retired: every token of it is 403, from either side', () => {
  const routes = routesOf({ signer: afterRotation });
  const uri = `sip:100@10.0.9.9;rollcall=${tokenFor('alias', VICTIM)}`;
  assert.equal(pass(fromPbx({ uri }), PBX, routes).reason, 'bad_token');
  const bye = request({
    method: 'BYE',
    to: '<sip:200@example.com>;tag=p1',
    headers: [`Route: <sip:${tokenFor('rr', ATTACKER)}@${US};lr>`],
  });
  assert.equal(pass(bye, ATTACKER, routes).reason, 'bad_token');
});

test('a registrar’s request with a genuine token, replayed from anywhere else: 403', () => {
  for (const parts of [
    { uri: `sip:100@${US};rollcall=${tokenFor('alias', VICTIM)}` },
    { uri: `sip:100@${US}`, headers: [`Route: <sip:${tokenFor('path', VICTIM)}@${US};lr>`] },
  ]) {
    assert.equal(pass(fromPbx(parts), PBX, routesOf()).target, VICTIM);
    for (const source of [ATTACKER, VICTIM, '10.0.1.80:5060', '[2001:db8::8]:5060']) {
      assert.equal(pass(fromPbx(parts), source, routesOf()).reason, 'bad_token', source);
    }
  }
});

test('a response cannot be turned into a packet to somebody else', () => {
  const routes = routesOf();
  const sent = pass(
    request({ vias: ['SIP/2.0/UDP 203.0.113.66;rport;branch=z9hG4bKa'] }),
    ATTACKER,
    routes,
  ).sent;
  const genuine = responseTo(sent, '200 OK');
  for (const host of ELSEWHERE) {
    const address = host.replace(/:\d+$/, '');
    for (const forged of [
      genuine.replace('received=203.0.113.66', `received=${address}`),
      genuine.replace('UDP 203.0.113.66', `UDP ${host}`),
      genuine.replace('rport=31337', 'rport=53'),
      genuine.replace(/Via: SIP\/2\.0\/UDP 203.*/, `Via: SIP/2.0/UDP ${host};received=${address};rport=53`),
    ]) {
      const verdict = pass(forged, PBX, routes);
      assert.deepEqual([verdict.outcome, verdict.sent], ['dropped', ''], forged);
    }
  }
});

test('two requests in one datagram: the second is never seen', () => {
  const second = request({ uri: `sip:x@8.8.8.8` });
  const verdict = pass(request({ headers: ['Content-Length: 0'] }) + second, PHONE, routesOf());
  assert.equal(verdict.outcome, 'forwarded');
  assert.equal(verdict.sent.includes('8.8.8.8'), false);
});
