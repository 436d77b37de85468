/** Requests of the PBX: to the flow of a token that we signed, else to a numeric address of the phones' networks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSigner } from '../../src/secrets/signer.ts';
import type { RequestParts } from './support/messages.ts';
import { fromPbx, PBX, startLine, values } from './support/messages.ts';
import type { Verdict } from './support/passing.ts';
import { bytesOf, network, pass, routesOf, secretOf } from './support/passing.ts';
import { afterRotation, rotated, tokenFor } from './support/tokens.ts';

const FLOW = '203.0.113.7:41234';
const routes = routesOf();

function decided(parts: RequestParts, by = routes): Verdict {
  const verdict = pass(fromPbx(parts), PBX, by);
  assert.equal(verdict.from, 'registrar');
  return verdict;
}

function forwarded(parts: RequestParts, by = routes): Verdict {
  const verdict = decided(parts, by);
  assert.equal(verdict.outcome, 'forwarded', verdict.reason);
  return verdict;
}

function assertRefused(parts: RequestParts, reason: string, by = routes): void {
  const verdict = decided(parts, by);
  assert.deepEqual([verdict.outcome, verdict.reason, verdict.target], ['answered', reason, PBX]);
  const options = decided({ ...parts, method: 'OPTIONS' }, by);
  assert.deepEqual([options.outcome, options.reason, options.sent], ['dropped', reason, ''], 'OPTIONS');
  const ack = decided({ ...parts, method: 'ACK' }, by);
  assert.deepEqual([ack.outcome, ack.reason, ack.sent], ['dropped', reason, ''], 'ACK');
}

const routed = (...lines: readonly string[]): RequestParts => ({
  headers: lines.map((value) => `Route: ${value}`),
});
const alias = (flow = FLOW, socket = 0): string => `rollcall=${tokenFor('alias', flow, socket)}`;
const path = (flow = FLOW, socket = 0): string => `<sip:${tokenFor('path', flow, socket)}@10.0.1.7:5060;lr>`;
const rr = (flow = FLOW, socket = 0): string => `<sip:${tokenFor('rr', flow, socket)}@10.0.1.7:5060;lr>`;

test('alias: the Contact with our token comes back as Request-URI, and goes to its flow without it', () => {
  for (const [uri, sent] of [
    // chan_sip, Kamailio: the phone's own host.
    [`sip:100@192.168.1.50:5060;${alias()}`, 'sip:100@192.168.1.50:5060'],
    [`sip:100@192.168.1.50;transport=udp;${alias()};ob`, 'sip:100@192.168.1.50;transport=udp;ob'],
    [`sip:100@phone.example.com;${alias()}`, 'sip:100@phone.example.com'],
    // chan_pjsip with rewrite_contact: ours, and the phone would have seen the flow's address.
    [`sip:100@10.0.1.7:5060;${alias()}`, `sip:100@${FLOW}`],
    [
      `sip:100@10.0.1.7;x-ast-orig-host=192.168.1.50:5060;${alias()}`,
      `sip:100@${FLOW};x-ast-orig-host=192.168.1.50:5060`,
    ],
    [`sip:100@10.0.1.7:5060;${alias().toUpperCase()}`, `sip:100@${FLOW}`],
    [`sip:10.0.1.7;${alias()}`, `sip:${FLOW}`],
  ] as const) {
    const verdict = forwarded({ uri });
    assert.deepEqual([verdict.target, startLine(verdict.sent)], [FLOW, `INVITE ${sent} SIP/2.0`]);
  }
});

test('alias over IPv6: the flow’s address in brackets', () => {
  const flow = '[2001:db8::7]:41234';
  const verdict = forwarded({ uri: `sip:100@10.0.1.7:5060;${alias(flow)}` });
  assert.deepEqual([verdict.target, startLine(verdict.sent)], [flow, `INVITE sip:100@${flow} SIP/2.0`]);
});

test('path: our Route leads to its flow and goes; the Request-URI stays where it is not ours', () => {
  const verdict = forwarded({ uri: 'sip:100@192.168.1.50:5060', ...routed(path()) });
  assert.deepEqual(
    [verdict.target, values(verdict.sent, 'Route'), startLine(verdict.sent)],
    [FLOW, [], 'INVITE sip:100@192.168.1.50:5060 SIP/2.0'],
  );
});

test('a Route token with a Request-URI that is ours: its host becomes the flow’s address', () => {
  for (const route of [path(), rr()]) {
    const verdict = forwarded({ uri: 'sip:100@10.0.1.7:5060', ...routed(route) });
    assert.deepEqual([verdict.target, startLine(verdict.sent)], [FLOW, `INVITE sip:100@${FLOW} SIP/2.0`]);
  }
});

test('Record-Route and Path values together: the first decides, all of ours go, the others stay', () => {
  const other = '198.51.100.9:5060';
  for (const [lines, kept] of [
    [[rr(), path(other)], []],
    [[`${rr()}, ${rr()},${path(other)}`], []],
    [['<sip:10.0.1.7;lr>', rr(), '<sip:10.0.1.7:5060;lr>'], []],
    [[`${path()}, <sip:10.0.7.7;lr>`], ['<sip:10.0.7.7;lr>']],
    [[`${path()}, <sip:10.0.7.7;lr>, ${path(other)}`], [`<sip:10.0.7.7;lr>, ${path(other)}`]],
  ] as const) {
    const verdict = forwarded({ uri: 'sip:100@192.168.1.50', ...routed(...lines) });
    assert.deepEqual([verdict.target, values(verdict.sent, 'Route')], [FLOW, kept], lines.join());
  }
});

test('a Route token decides, and the parameter in the Request-URI goes all the same, be it valid or not', () => {
  for (const param of [
    alias('198.51.100.9:5060'),
    'rollcall=nonsense',
    'rollcall',
    `rollcall=${tokenFor('path', FLOW)}`,
  ]) {
    const verdict = forwarded({ uri: `sip:100@192.168.1.50;${param};x=y`, ...routed(path()) });
    assert.deepEqual(
      [verdict.target, startLine(verdict.sent)],
      [FLOW, 'INVITE sip:100@192.168.1.50;x=y SIP/2.0'],
    );
  }
});

test('several alias parameters: the first counts, none is sent on', () => {
  const verdict = forwarded({
    uri: `sip:100@192.168.1.50;${alias()};rollcall=x;${alias('198.51.100.9:5060')}`,
  });
  assert.deepEqual([verdict.target, startLine(verdict.sent)], [FLOW, 'INVITE sip:100@192.168.1.50 SIP/2.0']);
  assertRefused({ uri: `sip:100@192.168.1.50;rollcall=x;${alias()}` }, 'bad_token');
});

test('a bad token is 403, and nothing falls through to an address that somebody else wrote', () => {
  const good = tokenFor('path', FLOW);
  const flippedLast = good.slice(0, -2) + (good.at(-2) === 'a' ? 'b' : 'a') + good.at(-1);
  for (const user of [
    'x',
    flippedLast,
    good.slice(0, -1),
    `${good}0`,
    tokenFor('alias', FLOW),
    '%32',
    'a:b',
  ]) {
    const parts = { uri: 'sip:100@10.0.9.9:5060', ...routed(`<sip:${user}@10.0.1.7:5060;lr>`) };
    assertRefused(parts, 'bad_token');
    assertRefused({ ...parts, ...routed(`<sip:${user}@10.0.1.7:5060;lr>`, path()) }, 'bad_token');
  }
  for (const token of ['x', '', tokenFor('path', FLOW), tokenFor('rr', FLOW), flippedLast]) {
    assertRefused({ uri: `sip:100@10.0.9.9:5060;rollcall=${token}` }, 'bad_token');
    assertRefused({ uri: `sip:100@10.0.1.7:5060;rollcall=${token}` }, 'bad_token');
  }
});

test('keys: the previous one delivers, the retired one does not, a foreign one neither', () => {
  const parts = { uri: `sip:100@10.0.9.9;${alias()}` };
  assert.equal(forwarded(parts, routesOf({ signer: rotated })).target, FLOW);
  assertRefused(parts, 'bad_token', routesOf({ signer: afterRotation }));
  assertRefused(parts, 'bad_token', routesOf({ signer: createSigner([secretOf('foreign')]) }));
});

test('strict routing from the PBX: our token in the Request-URI decides, the last Route takes its place', () => {
  const token = tokenFor('rr', FLOW);
  const verdict = forwarded({
    method: 'BYE',
    uri: `sip:${token}@10.0.1.7:5060;lr`,
    ...routed('<sip:10.0.7.7;lr>, <sip:100@192.168.1.50>'),
  });
  assert.deepEqual(
    [verdict.target, startLine(verdict.sent), values(verdict.sent, 'Route')],
    [FLOW, 'BYE sip:100@192.168.1.50 SIP/2.0', ['<sip:10.0.7.7;lr>']],
  );
});

test('no token: a numeric Request-URI inside --phone-net is followed as it is', () => {
  for (const [uri, target] of [
    ['sip:100@10.0.9.9:5070', '10.0.9.9:5070'],
    ['sip:100@192.168.1.50', '192.168.1.50:5060'],
    ['sip:10.0.9.9;transport=udp', '10.0.9.9:5060'],
    ['sip:100@[fd00::9]:5070', '[fd00::9]:5070'],
    ['sip:100@010.0.9.9', '10.0.9.9:5060'],
  ] as const) {
    const verdict = forwarded({ uri });
    assert.deepEqual([verdict.target, startLine(verdict.sent)], [target, `INVITE ${uri} SIP/2.0`]);
  }
});

test('no token: a next Route inside --phone-net is followed and kept', () => {
  const verdict = forwarded({
    uri: 'sip:100@phone.example.com',
    ...routed('<sip:10.0.1.7;lr>', '<sip:10.0.7.7:5070;lr>'),
  });
  assert.deepEqual(
    [verdict.target, values(verdict.sent, 'Route')],
    ['10.0.7.7:5070', ['<sip:10.0.7.7:5070;lr>']],
  );
});

test('no token: a next Route without lr is followed as strict routers expect it (RFC 3261 §16.6(6))', () => {
  const verdict = forwarded({
    uri: 'sip:100@phone.example.com',
    ...routed('<sip:10.0.1.7;lr>, <sip:10.0.7.7:5070>, <sip:10.0.7.8;lr>'),
  });
  assert.deepEqual(
    [verdict.target, startLine(verdict.sent), values(verdict.sent, 'Route')],
    ['10.0.7.7:5070', 'INVITE sip:10.0.7.7:5070 SIP/2.0', ['<sip:10.0.7.8;lr>, <sip:100@phone.example.com>']],
  );
});

test('no token and nowhere to go: 480, OPTIONS and ACK dropped, each with its reason', () => {
  for (const uri of [
    'sip:100@10.0.1.7',
    'sip:100@10.0.1.7:5060;transport=udp',
    'sip:100@phone.example.com',
    'sip:100@10.1',
    'sip:100@0x0a000909',
    'tel:+1-201-555-0123',
  ]) {
    assertRefused({ uri }, 'no_token');
  }
  for (const uri of [
    'sip:100@203.0.113.7',
    'sip:100@8.8.8.8:53',
    'sip:100@[2001:db8::9]',
    'sip:100@255.255.255.255',
  ]) {
    assertRefused({ uri }, 'target_refused');
  }
  assertRefused({ uri: 'sip:100@10.0.9.9', ...routed('<sip:203.0.113.7;lr>') }, 'target_refused');
  assertRefused({ uri: 'sip:100@10.0.9.9', ...routed('<sip:proxy.example.com;lr>') }, 'no_token');
  assertRefused({ uri: 'sip:100@10.0.9.9', ...routed('<nonsense>') }, 'route');
});

test('never to ourselves, to everybody or to nobody, though --phone-net holds them', () => {
  const wide = routesOf({ phoneNets: ['0.0.0.0/0', '::/0'], us: ['10.0.1.7:5060', '10.0.1.7:5070'] });
  for (const uri of [
    'sip:100@255.255.255.255',
    'sip:100@224.0.1.75',
    'sip:100@0.0.0.0',
    'sip:100@0.1.2.3',
    'sip:100@[::]',
    'sip:100@[ff02::1]',
  ]) {
    assertRefused({ uri }, 'target_refused', wide);
  }
  assertRefused({ uri: 'sip:100@10.0.1.7:5070' }, 'no_token', wide);
  assert.equal(forwarded({ uri: 'sip:100@8.8.8.8' }, wide).target, '8.8.8.8:5060');
});

test('our name in the Request-URI is ours, too', () => {
  const named = routesOf({ aliasHosts: [bytesOf('proxy.example.com')] });
  assertRefused({ uri: 'sip:100@Proxy.example.com' }, 'no_token', named);
  const verdict = forwarded({ uri: `sip:100@proxy.example.com;${alias()}` }, named);
  assert.equal(startLine(verdict.sent), `INVITE sip:100@${FLOW} SIP/2.0`);
});

test('the request leaves by the socket of its flow', () => {
  const two = routesOf({ us: ['10.0.1.7:5060', '192.168.9.1:5062'] });
  for (const parts of [
    { uri: `sip:100@192.168.1.50;${alias(FLOW, 1)}` },
    { uri: 'sip:100@192.168.1.50', ...routed(path(FLOW, 1)) },
  ]) {
    const verdict = forwarded(parts, two);
    assert.equal(verdict.socket, 1);
    assert.match(values(verdict.sent, 'Via')[0]!, /UDP 192\.168\.9\.1:5062;.*;s=0;/);
  }
});

test('a token of a socket that is there no more: by the one that faces its flow', () => {
  const by = routesOf({
    us: ['10.0.1.7:5060', '192.168.9.1:5062'],
    facing: [{ network: network('203.0.113.0/24'), socket: 1 }],
  });
  assert.equal(forwarded({ uri: `sip:100@192.168.1.50;${alias(FLOW, 7)}` }, by).socket, 1);
  assert.equal(forwarded({ uri: `sip:100@192.168.1.50;${alias('198.51.100.9:5060', 7)}` }, by).socket, 0);
});

test('without a token: by the socket that faces the target, else the one that the request came in by', () => {
  const by = routesOf({
    us: ['10.0.1.7:5060', '192.168.9.1:5062'],
    facing: [{ network: network('192.168.0.0/16'), socket: 1 }],
  });
  assert.equal(forwarded({ uri: 'sip:100@192.168.1.50' }, by).socket, 1);
  assert.equal(forwarded({ uri: 'sip:100@10.0.9.9' }, by).socket, 0);
});

test('tokens in To, From, Contact or a foreign Route are never read nor touched', () => {
  const stored = `<sip:100@10.0.9.9;${alias('198.51.100.9:5060')}>`;
  const foreign = `<sip:10.0.7.7;lr;${alias('198.51.100.9:5060')}>`;
  const parts = {
    uri: 'sip:100@10.0.9.9',
    to: stored,
    from: `${stored};tag=p1`,
    headers: [`Contact: ${stored}`, `Route: ${foreign}`],
  };
  const verdict = forwarded(parts);
  assert.deepEqual(
    [
      verdict.target,
      values(verdict.sent, 'To'),
      values(verdict.sent, 'Contact'),
      values(verdict.sent, 'Route'),
    ],
    ['10.0.7.7:5060', [stored], [stored], [foreign]],
  );
});

test('tapped is what a phone registers, nothing else', () => {
  assert.equal(forwarded({ uri: 'sip:100@10.0.9.9' }).tap, 'none');
  assert.equal(forwarded({ method: 'REGISTER', uri: 'sip:100@10.0.9.9' }).tap, 'none');
});
