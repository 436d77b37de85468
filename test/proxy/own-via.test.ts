/** Our own Via (RFC 3261 §16.6(8), §16.11): its form, the laws of its branch, its check, the loop value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Routes } from '../../src/proxy/routes.ts';
import { createSigner } from '../../src/secrets/signer.ts';
import type { RequestParts } from './support/messages.ts';
import {
  branchOf,
  fromPbx,
  PBX,
  PHONE,
  register,
  request,
  responseTo,
  startLine,
  values,
  viaParam,
} from './support/messages.ts';
import { PASSES, pass, routesOf, secretOf, signer } from './support/passing.ts';

const routes = routesOf();
const first = { signer } as const;
const second = { signer: createSigner([secretOf('second')]) } as const;
const rotated = { signer: createSigner([secretOf('second'), secretOf('first')]) } as const;

function sentOf(input: string, source = PHONE, by: Routes = routes, socket = 0): string {
  const verdict = pass(input, source, by, socket);
  assert.equal(verdict.outcome, 'forwarded', verdict.reason);
  return verdict.sent;
}

function ownVia(input: string, source = PHONE, by: Routes = routes, socket = 0): string {
  return values(sentOf(input, source, by, socket), 'Via')[0]!;
}

function branch(parts: RequestParts, source = PHONE, by: Routes = routes): string {
  return branchOf(sentOf(request(parts), source, by));
}

const CANCEL: RequestParts = { method: 'CANCEL' };
/** The ACK to a failure: the INVITE's Via, and the To tag of the response. */
const ACK_FAILURE: RequestParts = { method: 'ACK', to: '<sip:200@example.com>;tag=p1' };
/** The ACK to a success: a transaction of its own. */
const ACK_SUCCESS: RequestParts = {
  ...ACK_FAILURE,
  vias: ['SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone2'],
};

test('a line of its own, the first, in plain form', () => {
  const sent = sentOf(request());
  assert.match(
    sent,
    /^INVITE sip:200@example\.com SIP\/2\.0\r\nVia: SIP\/2\.0\/UDP 10\.0\.1\.7:5060;branch=z9hG4bK[0-9a-f]{32};s=0;m=[0-9a-f]{16};l=[0-9a-f]{16}\r\nVia: /,
  );
});

test('the line is short and holds no parameter that a search for rport would find', () => {
  const via = ownVia(request(), PHONE, routesOf({ us: ['[2001:db8:1111:2222:3333:4444:5555:6666]:65535'] }));
  assert.ok(via.length + 'Via: '.length < 256, via);
  assert.doesNotMatch(via, /rport/);
});

test('sent-by is the address that faces the next hop, IPv6 in brackets', () => {
  assert.match(
    ownVia(request(), PHONE, routesOf({ us: ['[2001:db8::7]:5060'] })),
    /UDP \[2001:db8::7\]:5060;/,
  );
  const two = routesOf({ us: ['10.0.1.7:5060', '192.168.9.1:5062'], registrarSocket: 1 });
  assert.match(ownVia(request(), PHONE, two, 0), /UDP 192\.168\.9\.1:5062;.*;s=0;/);
});

test('INVITE, its retransmission, its CANCEL and the ACK to its failure: one branch', () => {
  const invite = branch({});
  assert.equal(branch({}), invite);
  assert.equal(branch(CANCEL), invite);
  assert.equal(branch(ACK_FAILURE), invite);
});

test('the branch stays though Route, Proxy-Require, hops, body, header order or source port differ', () => {
  const invite = branch({ headers: ['Route: <sip:10.0.1.7;lr>', 'Supported: timer'], body: 'v=0' });
  assert.equal(branch(CANCEL), invite, 'a CANCEL that lacks the Route');
  assert.equal(branch({ ...CANCEL, hops: 3 }), invite);
  assert.equal(branch(CANCEL, '10.0.9.9:49170'), invite, 'a CANCEL after the NAT rebound');
  assert.equal(branch(CANCEL, '203.0.113.7:1'), invite);
  assert.equal(branch({ ...CANCEL, headers: ['Proxy-Require: x'] }), invite);
});

test('the branch is the same in another process, on another address, in any mode', () => {
  const invite = branch({});
  assert.equal(branch({}, PHONE, routesOf({ signer: createSigner([secretOf('first')]) })), invite);
  assert.equal(branch({}, PHONE, routesOf({ us: ['192.0.2.1:5080'] })), invite);
  assert.equal(branch({}, PHONE, routesOf({ contactMode: 'alias', rport: 'force' })), invite);
});

test('another transaction, another branch: the ACK to a success, a re-INVITE, a BYE of a weak phone', () => {
  const branches = [
    branch({}),
    branch(ACK_SUCCESS),
    branch({ cseq: 2 }),
    branch({ callId: 'call-2' }),
    branch({ from: '<sip:100@example.com>;tag=f2' }),
    branch({ from: '<sip:100@example.com>' }),
    branch({ vias: ['SIP/2.0/UDP 10.0.9.9:5061;branch=z9hG4bKphone1'] }),
    branch({ vias: ['SIP/2.0/UDP 10.0.9.8:5060;branch=z9hG4bKphone1'] }),
    branch({ vias: ['SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone1x'] }),
    branch({}, PHONE, routesOf(second)),
  ];
  assert.equal(new Set(branches).size, branches.length);
});

test('two phones with the same private sent-by and the same branch', () => {
  const vias = ['SIP/2.0/UDP 192.168.1.50:5060;branch=z9hG4bK1'];
  const one = branch({ vias, callId: 'a', from: '<sip:100@example.com>;tag=1' }, '203.0.113.7:1024');
  const other = branch({ vias, callId: 'b', from: '<sip:101@example.com>;tag=2' }, '203.0.113.8:1024');
  assert.notEqual(one, other);
});

test('fields do not run into each other: Call-ID, CSeq and From tag that read alike in a row', () => {
  const one = branch({ callId: 'ab', from: '<sip:100@example.com>;tag=c' });
  const other = branch({ callId: 'a', from: '<sip:100@example.com>;tag=bc' });
  assert.notEqual(one, other);
});

const RFC2543 = ['SIP/2.0/UDP 10.0.9.9:5060;branch=1'] as const;
const NO_BRANCH = ['SIP/2.0/UDP 10.0.9.9:5060'] as const;
const COOKIE_ONLY = ['SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bK'] as const;

for (const [about, vias] of [
  ['a branch without the cookie', RFC2543],
  ['no branch', NO_BRANCH],
  ['the cookie and nothing else', COOKIE_ONLY],
] as const) {
  test(`${about}: INVITE, CANCEL and ACK still agree, and what tells transactions apart is more`, () => {
    const invite = branch({ vias });
    assert.equal(branch({ vias, ...CANCEL }), invite);
    assert.equal(branch({ vias, ...ACK_FAILURE }), invite, 'whose To tag the INVITE had not');
    const others = [
      branch({ vias, uri: 'sip:201@example.com' }),
      branch({ vias: [`${vias[0]};x=y`] }),
      branch({ vias, method: 'BYE', to: '<sip:200@example.com>;tag=p1' }),
      branch({ vias, method: 'BYE', to: '<sip:200@example.com>;tag=p2' }),
      branch({ vias, callId: 'call-2' }),
    ];
    assert.equal(new Set([invite, ...others]).size, 6);
  });
}

test('with the cookie neither Request-URI nor other Via parameters count', () => {
  assert.equal(branch({ uri: 'sip:201@example.com' }), branch({}));
  assert.equal(branch({ vias: ['SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone1;rport'] }), branch({}));
});

test('an RFC 2543 phone’s own received and rport do not count: they are hashed as sent, and taken out', () => {
  const vias = ['SIP/2.0/UDP 10.0.9.9:5060;branch=1'];
  assert.equal(branch({ vias }, '10.0.9.9:1024'), branch({ vias }, '10.0.9.9:2048'));
});

test('rotation: a branch is made with the current key', () => {
  assert.equal(branch({}, PHONE, routesOf(rotated)), branch({}, PHONE, routesOf(second)));
  assert.notEqual(branch({}, PHONE, routesOf(rotated)), branch({}, PHONE, routesOf(first)));
});

test('s names the socket that the request came in by; the response leaves there', () => {
  const two = routesOf({ us: ['10.0.1.7:5060', '192.168.9.1:5062'] });
  const sent = sentOf(request(), PHONE, two, 1);
  assert.equal(viaParam(values(sent, 'Via')[0]!, 's'), '1');
  const back = pass(responseTo(sent, '200 OK'), PBX, two, 0);
  assert.deepEqual([back.outcome, back.socket, back.target], ['forwarded', 1, PHONE]);
});

test('m: changes with sent-by, its port, received, rport and socket', () => {
  const check = (via: string, source: string, socket = 0): string =>
    viaParam(
      ownVia(
        request({ vias: [`SIP/2.0/UDP ${via};branch=z9hG4bKa`] }),
        source,
        routesOf({ us: ['10.0.1.7:5060', '10.0.1.7:5070'], rport: 'rfc' }),
        socket,
      ),
      'm',
    )!;
  const checks = [
    check('10.0.9.9', PHONE),
    check('10.0.9.9:5061', PHONE),
    check('10.0.9.8', PHONE),
    check('10.0.9.9', '10.0.9.8:5060'),
    check('10.0.9.9;rport', PHONE),
    check('10.0.9.9;rport', '10.0.9.9:5061'),
    check('10.0.9.9', PHONE, 1),
  ];
  assert.equal(new Set(checks).size, checks.length);
  assert.equal(
    check('10.0.9.9', '10.0.9.9:5061'),
    check('10.0.9.9', PHONE),
    'a port nobody answers to is not in it',
  );
  assert.equal(
    check('10.0.9.9', PHONE),
    check('10.0.9.9:5060', PHONE),
    'a default port may be left out, or written down, on the way back',
  );
  assert.equal(
    check('PHONE.example.com', PHONE),
    check('phone.EXAMPLE.com', PHONE),
    'a name’s case is not in it',
  );
});

test('l: the same for the same Request-URI, Route, From tag, Call-ID and CSeq number, whatever the Vias', () => {
  const loop = (parts: RequestParts): string => viaParam(ownVia(request(parts)), 'l')!;
  const plain = loop({});
  assert.equal(
    loop({ vias: ['SIP/2.0/UDP 10.0.4.4;branch=z9hG4bKz', 'SIP/2.0/UDP 10.0.9.9;branch=z9hG4bKphone1'] }),
    plain,
  );
  assert.equal(loop({ hops: 3 }), plain);
  const others = [
    loop({ uri: 'sip:201@example.com' }),
    loop({ headers: ['Route: <sip:10.0.5.5;lr>'] }),
    loop({ headers: ['Route: <sip:10.0.5.5;lr>', 'Route: <sip:10.0.6.6;lr>'] }),
    loop({ from: '<sip:100@example.com>;tag=f2' }),
    loop({ callId: 'call-2' }),
    loop({ cseq: 2 }),
  ];
  assert.equal(new Set([plain, ...others]).size, 7);
});

/** What the PBX makes of a request of ours when it relays it back to us. */
function relayedBack(sent: string, change: (text: string) => string = (text) => text): string {
  return change(sent).replace('\r\nVia:', '\r\nVia: SIP/2.0/UDP 10.0.1.8;branch=z9hG4bKrelay\r\nVia:');
}

test('a request of ours that comes back unchanged is a loop: 482 after one hop', () => {
  const back = pass(relayedBack(sentOf(request())), PBX, routes);
  assert.deepEqual([back.outcome, back.reason, back.target], ['answered', 'loop', PBX]);
  assert.equal(startLine(back.sent), 'SIP/2.0 482 Loop Detected');
});

test('a loop by way of several hops is seen too, in upper case, and after a rotation', () => {
  const sent = sentOf(request());
  const far = relayedBack(relayedBack(sent));
  assert.equal(pass(far, PBX, routes).reason, 'loop');
  const shouted = sent.replace(/;l=[0-9a-f]+/, (value) => value.toUpperCase().replace(';L', ';l'));
  assert.equal(pass(relayedBack(shouted), PBX, routes).reason, 'loop');
  assert.equal(pass(relayedBack(sent), PBX, routesOf(rotated)).reason, 'loop');
});

test('a loop is seen where Vias share a line, ours second or third, and behind one that can not be read', () => {
  const sent = sentOf(request());
  const joined = relayedBack(sent).replace(/(\r\nVia: SIP\/2\.0\/UDP 10\.0\.1\.8[^\r]*)\r\nVia: /, '$1, ');
  assert.equal(values(joined, 'Via')[0]?.split(',').length, 2);
  assert.equal(pass(joined, PBX, routes).reason, 'loop');
  const third = joined.replace(
    'branch=z9hG4bKrelay',
    'branch=z9hG4bKrelay, SIP/2.0/UDP 10.0.1.9;branch=z9hG4bKb',
  );
  assert.equal(pass(third, PBX, routes).reason, 'loop');
  const broken = relayedBack(sent, (text) => text.replace('\r\nVia:', '\r\nVia: SIP/2.0/UDP ;;\r\nVia:'));
  assert.equal(pass(broken, PBX, routes).reason, 'loop');
});

test('what is counted of a request and of a response: their method, and the status', () => {
  for (const method of ['REGISTER', 'OPTIONS', 'INVITE'] as const) {
    const asked = pass(request({ method }), PHONE, routes);
    assert.deepEqual([asked.method, asked.status], [method, 0]);
    const answered = pass(responseTo(asked.sent, '404 Not Found'), PBX, routes);
    assert.deepEqual([answered.outcome, answered.method, answered.status], ['forwarded', method, 404]);
  }
  assert.equal(pass(request({ method: 'FROBNICATE' }), PHONE, routes).method, 'other');
});

test('a spiral is none: the PBX changed the Request-URI, and it goes on', () => {
  const sent = sentOf(request({ uri: 'sip:200@10.0.1.8' }));
  const back = pass(
    relayedBack(sent, (text) => text.replace('sip:200@10.0.1.8', 'sip:200@10.0.7.7')),
    PBX,
    routes,
  );
  assert.deepEqual([back.outcome, back.target], ['forwarded', '10.0.7.7:5060']);
});

test('a loop value of another’s Via, or of nobody’s making, proves nothing', () => {
  const sent = sentOf(request());
  const others = relayedBack(sent).replace('UDP 10.0.1.7:5060', 'UDP 10.0.1.6:5060');
  assert.notEqual(pass(others, PBX, routes).reason, 'loop');
  const forged = relayedBack(sent).replace(/;l=[0-9a-f]{16}/, ';l=0123456789abcdef');
  assert.notEqual(pass(forged, PBX, routes).reason, 'loop');
});

/** The same signer, and how often its loop key was asked for: once for each hash. */
function counting(): { readonly routes: Routes; readonly hashes: () => number } {
  let asked = 0;
  const key = { ...signer.keys[0]! };
  const { loop } = key;
  Object.defineProperty(key, 'loop', {
    get: () => {
      asked++;
      return loop;
    },
  });
  return { routes: routesOf({ signer: { keys: [key] } }), hashes: () => asked };
}

test('the loop check costs one hash, however many Vias claim to be ours', () => {
  const vias = Array.from({ length: 700 }, () => 'SIP/2.0/UDP 10.0.1.7;l=0123456789abcdef');
  const route = `Route: <sip:10.0.5.5;lr;x=${'y'.repeat(25_000)}>`;
  const input = request({ vias: ['SIP/2.0/UDP 10.0.9.9', ...vias], headers: [route] });
  assert.ok(input.length < 65_000);
  const watched = counting();
  assert.equal(pass(input, PHONE, watched.routes).outcome, 'forwarded');
  assert.equal(watched.hashes(), 2 * PASSES, 'one to compare, one for our own Via');
});

test('an RFC 3581 rport in our own Via: only on a REGISTER whose Contact is not where it came from', () => {
  const asks = (contact: string, source: string, contactMode: Routes['contactMode'] = 'alias'): boolean =>
    ownVia(register(contact), source, routesOf({ contactMode })).endsWith(';rport');
  assert.equal(asks('<sip:100@10.0.9.9>', PHONE), false);
  assert.equal(asks('<sip:100@10.0.9.9:5070>', '10.0.9.9:49170'), false, 'another port of the same host');
  assert.equal(asks('<sip:100@192.168.1.50>', '203.0.113.7:41234'), true);
  assert.equal(asks('<sip:100@phone.example.com>', PHONE), true);
  assert.equal(asks('sip:100@192.168.1.50', '203.0.113.7:41234'), true, 'without brackets');
  assert.equal(asks('<sip:100@192.168.1.50>', '203.0.113.7:41234', 'direct'), false);
  assert.equal(asks('<sip:100@192.168.1.50>', '203.0.113.7:41234', 'path'), true);
  assert.equal(asks('<sip:100@192.168.1.50>', '203.0.113.7:41234', 'alias+path'), true);
  assert.equal(asks('<sip:1@10.0.9.9>, <sip:100@192.168.1.50>', PHONE), false, 'the first Contact counts');
});

test('without a usable Contact the Via decides; other methods never ask', () => {
  const alias = routesOf({ contactMode: 'alias' });
  const asks = (input: string, source: string): boolean => ownVia(input, source, alias).endsWith(';rport');
  for (const contact of ['*', '<tel:100>', '<mailto:a@b>', '<>']) {
    assert.equal(asks(register(contact), PHONE), false, contact);
    assert.equal(asks(register(contact), '203.0.113.7:41234'), true, contact);
  }
  const query = request({ method: 'REGISTER' });
  assert.equal(asks(query, PHONE), false);
  assert.equal(asks(query, '203.0.113.7:41234'), true);
  const invite = request({ headers: ['Contact: <sip:100@192.168.1.50>'] });
  assert.equal(asks(invite, '203.0.113.7:41234'), false);
});

test('a request of the PBX gets our Via too, with its socket', () => {
  const via = ownVia(fromPbx({ uri: `sip:100@${PHONE}` }), PBX);
  assert.match(
    via,
    /^SIP\/2\.0\/UDP 10\.0\.1\.7:5060;branch=z9hG4bK[0-9a-f]{32};s=0;m=[0-9a-f]{16};l=[0-9a-f]{16}$/,
  );
});

test('one hop after the other, each in its turn: the line is made for this one', () => {
  const us = ['10.0.1.7:5060', '192.168.9.1:5062', '[2001:db8::7]:5060', '10.0.1.7:5060'];
  const ways = [0, 1, 2].flatMap((registrarSocket) =>
    (['direct', 'alias'] as const).map((contactMode) => routesOf({ us, registrarSocket, contactMode })),
  );
  const hop = fc.record({
    wayNumber: fc.nat(ways.length - 1),
    arrival: fc.nat(us.length - 1),
    eol: fc.constantFrom('\r\n', '\n'),
    isBehindNat: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(hop, { minLength: 2, maxLength: 12, size: 'max' }), (hops) => {
      for (const { wayNumber, arrival, eol, isBehindNat } of hops) {
        const way = ways[wayNumber]!;
        const contact = isBehindNat ? '192.168.77.7' : '10.0.9.9';
        const input = register(`<sip:100@${contact}:5060>`).replaceAll('\r\n', eol);
        const verdict = pass(input, PHONE, way, arrival);
        assert.equal(verdict.outcome, 'forwarded', verdict.reason);
        const line = verdict.sent.split('\n')[1]!;
        const asks = way.contactMode === 'alias' && isBehindNat ? ';rport' : '';
        const hashes = `;branch=z9hG4bK[0-9a-f]{32};s=${arrival};m=[0-9a-f]{16};l=[0-9a-f]{16}`;
        const sentBy = us[way.registrarSocket]!.replaceAll(/[[\].]/g, '\\$&');
        assert.match(`${line}\n`, new RegExp(`^Via: SIP/2\\.0/UDP ${sentBy}${hashes}${asks}${eol}$`));

        const answer = pass(
          responseTo(verdict.sent.replaceAll(eol, '\r\n'), '200 OK'),
          PBX,
          way,
          way.registrarSocket,
        );
        assert.deepEqual([answer.outcome, answer.socket], ['forwarded', arrival], answer.reason);
      }
    }),
    { numRuns: 150 },
  );
});

test('a response whose Via names a socket that we no longer have is not ours, nor is one that names it by a new number', () => {
  const before = routesOf({ us: ['10.0.1.7:5060', '10.0.1.7:5062'], registrarSocket: 1 });
  const sent = sentOf(request(), PHONE, before);
  const answer = responseTo(sent, '200 OK');
  assert.equal(pass(answer, PBX, before, 1).outcome, 'forwarded');
  assert.equal(pass(answer, PBX, routesOf({ us: ['10.0.1.7:5060'] })).reason, 'not_our_via');
  const swapped = pass(answer, PBX, routesOf({ us: ['10.0.1.7:5062', '10.0.1.7:5060'] }));
  assert.deepEqual([swapped.outcome, swapped.socket], ['forwarded', 0]);
});
