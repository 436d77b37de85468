/** RFC 3261 §16.6(4), RFC 5658: what keeps us on the way of a dialog. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContactMode, Routes } from '../../src/proxy/routes.ts';
import type { RequestParts } from './support/messages.ts';
import { fromPbx, PBX, PHONE, register, request, responseTo, startLine, values } from './support/messages.ts';
import { network, pass, routesOf } from './support/passing.ts';
import { tokenFor, tokenParts } from './support/tokens.ts';

const NAT = '203.0.113.7:41234';
const MODES: readonly ContactMode[] = ['alias', 'path', 'alias+path', 'direct'];
const RECORDED = [
  'INVITE',
  'BYE',
  'OPTIONS',
  'SUBSCRIBE',
  'NOTIFY',
  'MESSAGE',
  'INFO',
  'REFER',
  'UPDATE',
  'PRACK',
  'FOO',
];
const NOT_RECORDED = ['REGISTER', 'ACK', 'CANCEL'];
const alias = routesOf({ contactMode: 'alias' });

/** What each Record-Route line that we added says. */
function recorded(sent: string): { host: string; flow: string; socket: number }[] {
  return values(sent, 'Record-Route').flatMap((value) => {
    const match = /^<sip:([0-9a-v]{29,48})@(.*);lr>$/.exec(value);
    if (match === null) return [];
    const parts = tokenParts(match[1]!);
    assert.equal(parts?.purpose, 'rr');
    return [{ host: match[2]!, flow: parts!.flow, socket: parts!.socket }];
  });
}

function sentOf(input: string, source: string, by: Routes, socket = 0): string {
  const verdict = pass(input, source, by, socket);
  assert.equal(verdict.outcome, 'forwarded', verdict.reason);
  return verdict.sent;
}

test('every request but REGISTER, ACK and CANCEL, from either side, in all modes but direct', () => {
  for (const contactMode of MODES) {
    const by = routesOf({ contactMode });
    for (const method of [...RECORDED, ...NOT_RECORDED]) {
      const expected = contactMode === 'direct' || NOT_RECORDED.includes(method) ? 0 : 1;
      const phone = sentOf(request({ method }), PHONE, by);
      assert.equal(recorded(phone).length, expected, `${method} ${contactMode}`);
      const pbx = sentOf(fromPbx({ method, uri: `sip:100@${PHONE}` }), PBX, by);
      assert.equal(recorded(pbx).length, expected, `${method} ${contactMode}`);
    }
  }
});

test('direct: only where a Route of ours was popped', () => {
  const direct = routesOf();
  const headers = ['Route: <sip:10.0.1.7;lr>'];
  assert.equal(recorded(sentOf(request({ headers }), PHONE, direct)).length, 1);
  assert.equal(recorded(sentOf(fromPbx({ headers, uri: `sip:100@${PHONE}` }), PBX, direct)).length, 1);
  assert.equal(recorded(sentOf(request({ headers: ['Route: <sip:10.0.7.7;lr>'] }), PHONE, direct)).length, 0);
  assert.equal(recorded(sentOf(request({ method: 'ACK', headers }), PHONE, direct)).length, 0);
  assert.equal(recorded(sentOf(register('<sip:100@10.0.9.9>', { headers }), PHONE, direct)).length, 0);
});

test('a line of its own above others’, behind our Via', () => {
  const sent = sentOf(request({ headers: ['Record-Route: <sip:10.0.7.7;lr>'] }), PHONE, alias);
  assert.match(
    sent,
    /^INVITE .*\r\nVia: .*10\.0\.1\.7.*\r\nRecord-Route: <sip:[0-9a-v]{29}@10\.0\.1\.7:5060;lr>\r\nVia: /,
  );
  assert.equal(values(sent, 'Record-Route').length, 2);
});

test('the flow: the phone’s, by its first Contact, else by where a reply goes; of the PBX’s requests, the target', () => {
  const flowOf = (headers: readonly string[], source: string): string =>
    recorded(sentOf(request({ headers }), source, alias))[0]!.flow;
  assert.equal(flowOf(['Contact: <sip:100@10.0.9.9:5072>'], '10.0.9.9:49170'), '10.0.9.9:5072');
  assert.equal(flowOf(['Contact: sip:100@10.0.9.9:5072;x=y'], '10.0.9.9:49170'), '10.0.9.9:5072');
  assert.equal(flowOf(['Contact: <sip:100@192.168.1.50>'], NAT), NAT);
  assert.equal(flowOf([], NAT), NAT);
  assert.equal(flowOf([], '10.0.9.9:49170'), '10.0.9.9:5060');
  assert.equal(flowOf(['Contact: <sips:100@10.0.9.9:5072>'], NAT), NAT);

  const param = `rollcall=${tokenFor('alias', NAT)}`;
  const pbx = sentOf(fromPbx({ uri: `sip:100@10.0.1.7:5060;${param}` }), PBX, alias);
  assert.deepEqual(recorded(pbx), [{ host: '10.0.1.7:5060', flow: NAT, socket: 0 }]);
});

test('two sockets: the next hop’s line first, then the sender’s, both with the one flow', () => {
  const two = routesOf({
    contactMode: 'alias',
    us: ['10.0.1.7:5060', '192.168.9.1:5062'],
    registrarSocket: 0,
    facing: [{ network: network('192.168.0.0/16'), socket: 1 }],
  });
  const contact = 'Contact: <sip:100@192.168.1.50>';
  const phone = sentOf(request({ headers: [contact] }), '192.168.1.50:5060', two, 1);
  assert.deepEqual(recorded(phone), [
    { host: '10.0.1.7:5060', flow: '192.168.1.50:5060', socket: 1 },
    { host: '192.168.9.1:5062', flow: '192.168.1.50:5060', socket: 1 },
  ]);
  const pbx = sentOf(fromPbx({ uri: 'sip:100@192.168.1.50' }), PBX, two, 0);
  assert.deepEqual(recorded(pbx), [
    { host: '192.168.9.1:5062', flow: '192.168.1.50:5060', socket: 1 },
    { host: '10.0.1.7:5060', flow: '192.168.1.50:5060', socket: 1 },
  ]);
});

test('two sockets: whoever is in the dialog brings both lines back, and both go', () => {
  const two = routesOf({
    contactMode: 'alias',
    us: ['10.0.1.7:5060', '192.168.9.1:5062'],
    facing: [{ network: network('192.168.0.0/16'), socket: 1 }],
  });
  const sent = sentOf(fromPbx({ uri: 'sip:100@192.168.1.50' }), PBX, two, 0);
  const routeSet = values(sent, 'Record-Route');
  const inDialog = { method: 'BYE', to: '<sip:200@example.com>;tag=x' } as const;
  const toPbx = { ...inDialog, uri: 'sip:200@10.0.1.8', headers: routeSet.map((value) => `Route: ${value}`) };
  const phone = pass(request(toPbx), '192.168.1.50:5060', two, 1);
  assert.deepEqual([phone.target, phone.socket, values(phone.sent, 'Route')], [PBX, 0, []]);
  const headers = [`Route: ${routeSet.toReversed().join(', ')}`];
  const pbx = pass(fromPbx({ ...inDialog, uri: 'sip:100@192.168.1.50', headers }), PBX, two, 0);
  assert.deepEqual([pbx.target, pbx.socket, values(pbx.sent, 'Route')], ['192.168.1.50:5060', 1, []]);
});

test('IPv6: the address in brackets, the token long', () => {
  const v6 = routesOf({ contactMode: 'alias', us: ['[2001:db8::7]:5060'], registrar: '[2001:db8::8]:5060' });
  const sent = sentOf(request({ headers: ['Contact: <sip:100@[2001:db8::9]>'] }), '[2001:db8::9]:5060', v6);
  assert.deepEqual(recorded(sent), [{ host: '[2001:db8::7]:5060', flow: '[2001:db8::9]:5060', socket: 0 }]);
});

/** One call from the PBX to a phone behind a NAT, and what both ends do with the route set that they learned. */
for (const contactMode of MODES.slice(0, 3)) {
  test(`${contactMode}: a whole call, BYE from either end`, () => {
    const by = routesOf({ contactMode });
    const registered = sentOf(register('<sip:100@192.168.1.50:5060>'), NAT, by);
    const [contact] = values(registered, 'Contact');
    const paths = values(registered, 'Path').map((path) => `Route: ${path}`);
    const uri = /<(.*)>/.exec(contact!)![1]!;

    const invite = sentOf(fromPbx({ uri, headers: [...paths, 'Contact: <sip:200@10.0.1.8>'] }), PBX, by);
    assert.equal(startLine(invite), 'INVITE sip:100@192.168.1.50:5060 SIP/2.0');
    assert.deepEqual(values(invite, 'Route'), []);
    const routeSet = values(invite, 'Record-Route');
    const phoneTag = { to: '<sip:100@example.com>;tag=f1' };

    const ok = responseTo(invite, '200 OK', [
      ...routeSet.map((rr) => `Record-Route: ${rr}`),
      'Contact: <sip:100@192.168.1.50:5060>',
    ]);
    const back = pass(ok, NAT, by);
    assert.deepEqual(
      [back.outcome, back.target, values(back.sent, 'Record-Route')],
      ['forwarded', PBX, routeSet],
    );

    const routed: RequestParts = {
      ...phoneTag,
      uri: 'sip:100@192.168.1.50:5060',
      headers: routeSet.map((rr) => `Route: ${rr}`),
    };
    for (const method of ['ACK', 'BYE']) {
      const verdict = pass(fromPbx({ ...routed, method }), PBX, by);
      assert.deepEqual(
        [verdict.outcome, verdict.target, values(verdict.sent, 'Route')],
        ['forwarded', NAT, []],
      );
    }

    const bye = pass(
      request({
        method: 'BYE',
        uri: 'sip:200@10.0.1.8',
        to: '<sip:200@example.com>;tag=p1',
        headers: routed.headers!,
      }),
      NAT,
      by,
    );
    assert.deepEqual([bye.outcome, bye.target, values(bye.sent, 'Route')], ['forwarded', PBX, []]);
  });
}
