/** RFC 3261 §16.4 to §16.6 for requests from phones: where they go, and what becomes of Route and Request-URI. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestParts } from './support/messages.ts';
import { PBX, PHONE, register, request, startLine, values } from './support/messages.ts';
import type { Verdict } from './support/passing.ts';
import { bytesOf, hostNetworkOf, network, pass, routesOf } from './support/passing.ts';
import { tokenFor } from './support/tokens.ts';

const US = '10.0.1.7:5060';
const STANDBY = '10.0.1.9:5060';
const routes = routesOf();
/** The registrar and its standby, ports as they like. */
const cluster = routesOf({ registrarNets: ['10.0.1.8/32', '10.0.1.9/32'] });
/** As an operator may write it: the servers' network, which we stand in, too. */
const wholeNet = routesOf({ registrarNets: ['10.0.1.0/24'] });

function forwarded(parts: RequestParts, by = routes, source = PHONE): Verdict {
  const verdict = pass(request(parts), source, by);
  assert.deepEqual([verdict.outcome, verdict.from], ['forwarded', 'phone'], verdict.reason);
  return verdict;
}

function route(...lines: readonly string[]): RequestParts {
  return { headers: lines.map((line) => `Route: ${line}`) };
}

const IN_DIALOG = { to: '<sip:200@example.com>;tag=p1' } as const;

test('to the registrar, whatever the Request-URI names', () => {
  for (const uri of [
    'sip:200@example.com',
    'sip:200@evil.example',
    'sip:200@6.6.6.6:5060',
    'sip:200@10.0.7.7',
    'sip:10.0.1.8.evil.example',
    'sip:200@[2001:db8::6]:5060',
    'tel:+1-201-555-0123',
  ]) {
    const verdict = forwarded({ uri });
    assert.equal(verdict.target, PBX, uri);
    assert.equal(startLine(verdict.sent), `INVITE ${uri} SIP/2.0`);
  }
});

test('to a numeric Request-URI inside --registrar-net: its port, or 5060', () => {
  for (const [uri, target] of [
    ['sip:200@10.0.1.9', STANDBY],
    ['sip:200@10.0.1.9:5080', '10.0.1.9:5080'],
    ['sip:200@10.0.1.8:5080;transport=udp', '10.0.1.8:5080'],
    ['sip:200@10.0.1.8', PBX],
    ['sip:200@[::ffff:10.0.1.9]', STANDBY],
  ] as const) {
    assert.equal(forwarded({ uri }, cluster).target, target, uri);
  }
});

test('the active registrar’s address without a port means the port it is configured with', () => {
  const by = routesOf({ registrar: '10.0.1.8:5080' });
  assert.equal(forwarded({ uri: 'sip:200@10.0.1.8' }, by).target, '10.0.1.8:5080');
  assert.equal(forwarded({ uri: 'sip:200@10.0.1.8:5060' }, by).target, '10.0.1.8:5060');
});

test('a --registrar-net of one address and port admits no other port', () => {
  const by = routesOf({ registrarNets: [], registrar: '10.0.1.7:5080' });
  const exact = { ...by, registrarNets: [hostNetworkOf('10.0.1.7:5080')] };
  assert.equal(forwarded({ uri: 'sip:200@10.0.1.7:5080' }, exact).target, '10.0.1.7:5080');
  assert.equal(forwarded({ uri: 'sip:200@10.0.1.7:22' }, exact).target, '10.0.1.7:5080');
});

test('a REGISTER goes to the active registrar, though it names the standby', () => {
  const verdict = pass(register('<sip:100@10.0.9.9>', { uri: 'sip:10.0.1.9' }), PHONE, cluster);
  assert.equal(verdict.target, PBX);
});

test('our own address in the Request-URI goes to the registrar, inside a --registrar-net that holds us, too', () => {
  for (const by of [routes, wholeNet]) {
    for (const uri of ['sip:200@10.0.1.7', 'sip:200@10.0.1.7:5060']) {
      const verdict = forwarded({ uri }, by, '192.168.7.7:5060');
      assert.equal(verdict.target, PBX);
      assert.equal(startLine(verdict.sent), `INVITE ${uri} SIP/2.0`);
    }
  }
});

test('no registrar configured: 480 and its reason', () => {
  const verdict = pass(request(), PHONE, routesOf({ registrar: '10.0.1.8' }));
  assert.deepEqual([verdict.outcome, verdict.reason], ['answered', 'no_registrar']);
});

test('Route of ours: taken out with its line, once or repeatedly', () => {
  for (const lines of [
    ['<sip:10.0.1.7;lr>'],
    ['<sip:10.0.1.7:5060;lr>'],
    ['<sip:10.0.1.7>'],
    ['"us" <sip:10.0.1.7;lr>;x=y'],
    ['<sip:[::ffff:10.0.1.7];lr>'],
    ['<sips:10.0.1.7;lr>'],
    ['<sip:10.0.1.7;lr>', '<sip:10.0.1.7:5060;lr>'],
    ['<sip:10.0.1.7;lr>,<sip:10.0.1.7:5060;lr> , <sip:10.0.1.7;lr>'],
  ]) {
    const verdict = forwarded(route(...lines));
    assert.deepEqual(values(verdict.sent, 'Route'), [], lines.join());
    assert.equal(verdict.target, PBX);
  }
});

test('Route of ours in front of others: only ours goes, the others keep their bytes', () => {
  const foreign = '"x, y" <sip:10.0.5.110;lr>;z="a,b"';
  for (const [lines, kept] of [
    [[`<sip:10.0.1.7;lr> ,  ${foreign}`], [foreign]],
    [['<sip:10.0.1.7;lr>', foreign], [foreign]],
    [[`<sip:10.0.1.7;lr>, <sip:10.0.1.7;lr>, ${foreign} , <sip:a>`], [`${foreign} , <sip:a>`]],
    [
      [`<sip:10.0.1.7;lr>, ${foreign}`, '<sip:a>, <sip:b>'],
      [foreign, '<sip:a>, <sip:b>'],
    ],
    [
      [foreign, '<sip:10.0.1.7;lr>'],
      [foreign, '<sip:10.0.1.7;lr>'],
    ],
  ] as const) {
    assert.deepEqual(values(forwarded(route(...lines)).sent, 'Route'), kept);
  }
});

test('a Route on our address with another port, or another name, is not ours', () => {
  for (const value of ['<sip:10.0.1.7:5061;lr>', '<sip:proxy.example.com;lr>', '<tel:10.0.1.7>']) {
    assert.deepEqual(values(forwarded(route(value)).sent, 'Route'), [value]);
  }
});

test('--alias-host: names that are us, any case, on a port of ours or none', () => {
  const named = routesOf({ aliasHosts: [bytesOf('proxy.example.com')] });
  for (const value of ['<sip:Proxy.Example.COM;lr>', '<sip:proxy.example.com:5060;lr>']) {
    assert.deepEqual(values(forwarded(route(value), named).sent, 'Route'), [], value);
  }
  for (const value of ['<sip:proxy.example.com:5061;lr>', '<sip:proxy.example.com.evil;lr>']) {
    assert.deepEqual(values(forwarded(route(value), named).sent, 'Route'), [value]);
  }
});

test('--advertise: the advertised address and the bound one are both ours', () => {
  const bound = routesOf();
  const socket = { ...bound.sockets[0]!, sentBy: hostNetworkOf('203.0.113.1:5070').base };
  const by = { ...bound, sockets: [socket] };
  for (const value of ['<sip:203.0.113.1:5070;lr>', '<sip:10.0.1.7;lr>']) {
    const verdict = forwarded(route(value), by);
    assert.deepEqual(values(verdict.sent, 'Route'), [], value);
    assert.match(values(verdict.sent, 'Via')[0]!, /^SIP\/2\.0\/UDP 203\.0\.113\.1:5070;/);
  }
});

test('a foreign Route is kept and does not lead anywhere', () => {
  const lines = ['<sip:evil.example;lr>', '<sip:6.6.6.6;lr>, <sip:10.0.7.7>'];
  const verdict = forwarded(route(...lines));
  assert.deepEqual([verdict.target, values(verdict.sent, 'Route')], [PBX, lines]);
});

test('--strip-route: foreign Routes go, and what they hid still leads nowhere else', () => {
  const strip = routesOf({ foreignRoute: 'strip', registrarNets: ['10.0.1.8/32', '10.0.1.9/32'] });
  const verdict = forwarded(
    { uri: 'sip:200@10.0.1.9', ...route('<sip:10.0.1.7;lr>', '<sip:evil.example;lr>, <sip:10.0.7.7;lr>') },
    strip,
  );
  assert.deepEqual([verdict.target, values(verdict.sent, 'Route')], [PBX, []]);
});

test('a loose Route inside --registrar-net is followed and kept', () => {
  const verdict = forwarded(route('<sip:10.0.1.7;lr>', '<sip:10.0.1.9:5080;lr;x=y>'), cluster);
  assert.deepEqual(
    [verdict.target, values(verdict.sent, 'Route'), startLine(verdict.sent)],
    ['10.0.1.9:5080', ['<sip:10.0.1.9:5080;lr;x=y>'], 'INVITE sip:200@example.com SIP/2.0'],
  );
});

test('a Route of ours inside a --registrar-net that holds us is still ours', () => {
  const verdict = forwarded(route('<sip:10.0.1.7;lr>'), wholeNet, '192.168.7.7:5060');
  assert.deepEqual([verdict.target, values(verdict.sent, 'Route')], [PBX, []]);
});

test('a strict Route inside --registrar-net: it becomes the Request-URI, which becomes the last Route', () => {
  for (const [lines, startUri, kept] of [
    [['<sip:10.0.1.9;x=y>'], 'sip:10.0.1.9;x=y', ['<sip:200@example.com>']],
    [['"p" <sip:10.0.1.9>;z, <sip:a;lr>'], 'sip:10.0.1.9', ['<sip:a;lr>, <sip:200@example.com>']],
    [
      ['<sip:10.0.1.7;lr>, <sip:10.0.1.9>', '<sip:a;lr>', '<sip:b;lr>'],
      'sip:10.0.1.9',
      ['<sip:a;lr>', '<sip:b;lr>, <sip:200@example.com>'],
    ],
    [['<sip:10.0.1.7;lr>, <sip:10.0.1.9>'], 'sip:10.0.1.9', ['<sip:200@example.com>']],
  ] as const) {
    const verdict = forwarded(route(...lines), cluster);
    assert.deepEqual(
      [verdict.target, startLine(verdict.sent), values(verdict.sent, 'Route')],
      [STANDBY, `INVITE ${startUri} SIP/2.0`, kept],
      lines.join(),
    );
  }
});

test('a strict Route keeps its own maddr; the Request-URI that it puts aside loses ours', () => {
  const uri = 'sip:200@example.com;maddr=10.0.1.7';
  const verdict = forwarded({ uri, ...route('<sip:10.0.1.9;maddr=10.0.7.7;x>') }, cluster);
  assert.deepEqual(
    [startLine(verdict.sent), values(verdict.sent, 'Route'), verdict.target],
    ['INVITE sip:10.0.1.9;maddr=10.0.7.7;x SIP/2.0', ['<sip:200@example.com>'], STANDBY],
  );
});

test('a strict Route outside --registrar-net is only kept', () => {
  const verdict = forwarded(route('<sip:10.0.7.7>'));
  assert.deepEqual(
    [verdict.target, startLine(verdict.sent), values(verdict.sent, 'Route')],
    [PBX, 'INVITE sip:200@example.com SIP/2.0', ['<sip:10.0.7.7>']],
  );
});

test('what cannot stand in a start line is never put there: blanks, folds, brackets in a strict Route', () => {
  for (const value of [
    '<sip:10.0.1.9;x=a b>',
    '<sip:10.0.1.9;x=\r\n y>',
    '<sip:10.0.1.9;x=\ty>',
    '<sip:10.0.1.9;x=<y>',
    '<sip:10.0.1.9;x="y z">',
    '<sip:10.0.1.9;x=\u007f>',
  ]) {
    const verdict = pass(request(route(value)), PHONE, cluster);
    assert.deepEqual([verdict.outcome, verdict.reason], ['answered', 'route'], JSON.stringify(value));
    const rr = tokenFor('rr', PHONE);
    const strict = request({ ...IN_DIALOG, uri: `sip:${rr}@${US}`, ...route(value) });
    const last = pass(strict, PHONE, cluster);
    assert.deepEqual([last.outcome, last.reason], ['answered', 'route'], JSON.stringify(value));
  }
});

test('a strict router in front of us: our Record-Route value in the Request-URI gives way to the last Route', () => {
  const rr = tokenFor('rr', PHONE);
  const base = { ...IN_DIALOG, method: 'BYE', uri: `sip:${rr}@10.0.1.7:5060;lr` };
  const one = forwarded({ ...base, ...route('<sip:200@10.0.1.8:5060>') });
  assert.deepEqual(
    [startLine(one.sent), values(one.sent, 'Route'), one.target],
    ['BYE sip:200@10.0.1.8:5060 SIP/2.0', [], PBX],
  );
  const three = forwarded({ ...base, ...route('<sip:a;lr>, <sip:b;lr>', '<sip:200@example.com>') });
  assert.deepEqual(
    [startLine(three.sent), values(three.sent, 'Route'), three.target],
    ['BYE sip:200@example.com SIP/2.0', ['<sip:a;lr>, <sip:b;lr>'], PBX],
  );
});

test('a strict router’s trick without a To tag, or with a token for something else: refused', () => {
  const rr = tokenFor('rr', PHONE);
  const outside = request({ uri: `sip:${rr}@${US}`, ...route('<sip:200@10.0.1.8>') });
  const verdict = pass(outside, PHONE, routes);
  assert.deepEqual([verdict.outcome, verdict.reason], ['answered', 'bad_token']);
});

test('Record-Route tokens in a dialog: popped, and the request goes to the registrar, not to the token', () => {
  const rr = tokenFor('rr', '10.0.9.9:5070');
  const verdict = forwarded({ ...IN_DIALOG, method: 'BYE', ...route(`<sip:${rr}@10.0.1.7:5060;lr>`) });
  assert.deepEqual([verdict.target, values(verdict.sent, 'Route')], [PBX, []]);
});

test('a BYE after the NAT gave the phone another address still goes to the registrar', () => {
  const rr = tokenFor('rr', '203.0.113.7:41234');
  const bye = { ...IN_DIALOG, method: 'BYE', ...route(`<sip:${rr}@${US};lr>`) };
  assert.equal(forwarded(bye, routes, '203.0.113.7:61000').target, PBX);
  assert.equal(forwarded(bye, routes, '198.51.100.1:5060').target, PBX);
});

test('maddr that names us is taken out of the Request-URI, with port and transport; another is not', () => {
  for (const [uri, sent] of [
    ['sip:200@example.com;maddr=10.0.1.7', 'sip:200@example.com'],
    ['sip:200@example.com;x=1;maddr=10.0.1.7;transport=udp;y', 'sip:200@example.com;x=1;y'],
    ['sip:200@example.com:5060;maddr=10.0.1.7', 'sip:200@example.com'],
    ['sip:200@example.com;maddr=10.0.7.7', 'sip:200@example.com;maddr=10.0.7.7'],
    ['sip:200@example.com:5070;maddr=10.0.1.7', 'sip:200@example.com:5070;maddr=10.0.1.7'],
    ['sip:200@example.com;maddr=', 'sip:200@example.com;maddr='],
  ] as const) {
    const verdict = forwarded({ uri });
    assert.deepEqual([startLine(verdict.sent), verdict.target], [`INVITE ${sent} SIP/2.0`, PBX], uri);
  }
});

test('the socket is the one that faces the registrar; another registrar’s is the one that faces its network', () => {
  const by = routesOf({
    us: ['10.0.1.7:5060', '192.168.9.1:5060', '172.16.0.1:5060'],
    registrarSocket: 1,
    registrarNets: ['10.0.1.8/32', '172.16.0.0/16'],
    facing: [{ network: network('172.16.0.0/16'), socket: 2 }],
  });
  assert.equal(forwarded({}, by).socket, 1);
  const other = forwarded({ uri: 'sip:200@172.16.0.8' }, by);
  assert.deepEqual([other.socket, other.target], [2, '172.16.0.8:5060']);
  assert.match(values(other.sent, 'Via')[0]!, /UDP 172\.16\.0\.1:5060;/);
});

test('more Routes than a route set has: refused', () => {
  const verdict = pass(request(route(Array(129).fill('<sip:a;lr>').join(','))), PHONE, routes);
  assert.deepEqual([verdict.outcome, verdict.reason], ['answered', 'route']);
  const many = forwarded(route(Array(128).fill('<sip:10.0.1.7;lr>').join(',')));
  assert.deepEqual(values(many.sent, 'Route'), []);
});

test('the side is told by the source’s address alone', () => {
  const asPbx = pass(request({ uri: 'sip:100@10.0.9.9' }), '10.0.1.8:61000', routes);
  assert.equal(asPbx.from, 'registrar');
  const exact = { ...routes, registrarNets: [hostNetworkOf('10.0.1.8:5060')] };
  assert.equal(pass(request(), '10.0.1.8:61000', exact).from, 'phone');
  assert.equal(pass(request(), '[::ffff:10.0.1.8]:61000', routes).from, 'registrar');
});
