/** RFC 3261 §16.3(3) and §16.6(3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromPbx, PBX, PHONE, request, startLine, values } from './support/messages.ts';
import { pass, routesOf } from './support/passing.ts';

const routes = routesOf();

test('one hop less, whatever the number was written like', () => {
  for (const [before, after] of [
    ['70', '69'],
    ['1', '0'],
    ['10', '9'],
    ['100', '99'],
    ['255', '254'],
    ['0068', '67'],
    ['000000000000000000001', '0'],
  ] as const) {
    const verdict = pass(request({ hops: before }), PHONE, routes);
    assert.deepEqual([verdict.outcome, values(verdict.sent, 'Max-Forwards')], ['forwarded', [after]], before);
  }
});

test('only the digits are touched: name, blanks and folds stay', () => {
  const odd = request({ hops: 'none', headers: ['mAX-fORWARDS \t:\r\n   0070 \t'] });
  const verdict = pass(odd, PHONE, routes);
  assert.ok(verdict.sent.includes('\r\nmAX-fORWARDS \t:\r\n   69 \t\r\n'), verdict.sent);
});

test('absent: 70, as a line behind our Via, ended as the message ends its lines', () => {
  const verdict = pass(request({ hops: 'none' }), PHONE, routes);
  assert.match(
    verdict.sent,
    /^INVITE .*\r\nVia: SIP\/2\.0\/UDP 10\.0\.1\.7:5060;.*\r\nMax-Forwards: 70\r\nVia: /,
  );
  const bare = pass(request({ hops: 'none' }).replaceAll('\r\n', '\n'), PHONE, routes);
  assert.match(bare.sent, /^INVITE .*\nVia: SIP\/2\.0\/UDP 10\.0\.1\.7:5060;[^\r]*\nMax-Forwards: 70\nVia: /);
  assert.doesNotMatch(bare.sent, /\r/);
});

test('zero: 483 and no forwarding, from either side', () => {
  for (const hops of ['0', '000']) {
    const phone = pass(request({ hops }), PHONE, routes);
    assert.deepEqual([phone.outcome, phone.reason, phone.target], ['answered', 'zero_max_forwards', PHONE]);
    assert.equal(startLine(phone.sent), 'SIP/2.0 483 Too Many Hops');
    const pbx = pass(fromPbx({ hops, uri: `sip:100@${PHONE}` }), PBX, routes);
    assert.deepEqual([pbx.outcome, pbx.reason, pbx.target], ['answered', 'zero_max_forwards', PBX]);
  }
});

test('zero in an ACK: dropped, nobody is told', () => {
  const { outcome, reason, sent } = pass(request({ method: 'ACK', hops: 0 }), PHONE, routes);
  assert.deepEqual({ outcome, reason, sent }, { outcome: 'dropped', reason: 'zero_max_forwards', sent: '' });
});

test('zero in an OPTIONS: a phone’s is answered, the PBX’s is not', () => {
  assert.equal(pass(request({ method: 'OPTIONS', hops: 0 }), PHONE, routes).outcome, 'answered');
  const pbx = pass(fromPbx({ method: 'OPTIONS', hops: 0, uri: `sip:100@${PHONE}` }), PBX, routes);
  assert.deepEqual([pbx.outcome, pbx.reason, pbx.sent], ['dropped', 'zero_max_forwards', '']);
});

test('no number, a number over 255, two numbers: 400', () => {
  for (const hops of ['256', '4294967296', '99999999999999999999', '-1', '7x', '', '0x46', '70, 70', '7 0']) {
    const verdict = pass(request({ hops }), PHONE, routes);
    assert.deepEqual([verdict.outcome, verdict.reason], ['answered', 'max_forwards_value'], hops);
    assert.equal(startLine(verdict.sent), 'SIP/2.0 400 Bad Request');
  }
  const twice = pass(request({ hops: 70, headers: ['Max-Forwards: 70'] }), PHONE, routes);
  assert.deepEqual([twice.outcome, twice.reason], ['answered', 'max_forwards_value']);
});
