/** What shares the port with SIP and is none: dropped by kind, STUN answered where we were told to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PHONE, request } from './support/messages.ts';
import { pass, routesOf } from './support/passing.ts';

const quiet = routesOf();
const stun = routesOf({ stun: 'answer' });

const COOKIE = [0x21, 0x12, 0xa4, 0x42];
const TRANSACTION = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** A STUN header for as many bytes as follow. */
function stunMessage(type: number, body: readonly number[] = [], cookie = COOKIE): Uint8Array {
  const header = [type >> 8, type & 255, body.length >> 8, body.length & 255];
  return Uint8Array.from([...header, ...cookie, ...TRANSACTION, ...body]);
}

function hexOf(sent: string): string {
  return Buffer.from(sent, 'latin1').toString('hex');
}

test('keep-alives: dropped silently, and by their own name', () => {
  const pings = [
    '',
    '\0',
    '\0\0\0\0',
    '\r\n',
    '\r\n\r\n',
    ' ',
    'jaK',
    '\r\n'.repeat(2000),
    ' \0\r\n'.repeat(9),
  ];
  for (const ping of pings) {
    for (const routes of [quiet, stun]) {
      const { outcome, reason, sent, tap } = pass(ping, PHONE, routes);
      assert.deepEqual(
        { outcome, reason, sent, tap },
        { outcome: 'dropped', reason: 'keepalive', sent: '', tap: 'none' },
        JSON.stringify(ping),
      );
    }
  }
});

test('a STUN Binding request gets no answer unless --stun', () => {
  const binding = stunMessage(0x0001);
  const { outcome, reason, sent } = pass(binding, PHONE, quiet);
  assert.deepEqual({ outcome, reason, sent }, { outcome: 'dropped', reason: 'stun', sent: '' });
});

test('--stun: Binding success with XOR-MAPPED-ADDRESS to the source, 32 bytes for 20', () => {
  const verdict = pass(stunMessage(0x0001), '203.0.113.7:41234', stun);
  assert.deepEqual(
    [verdict.outcome, verdict.reason, verdict.target],
    ['answered', 'stun', '203.0.113.7:41234'],
  );
  // Port 41234 = a112, xor 2112 = 8000; 203.0.113.7 = cb007107, xor 2112a442 = ea12d545.
  assert.equal(hexOf(verdict.sent), `0101000c2112a4420102030405060708090a0b0c${'0020000800018000ea12d545'}`);
});

test('--stun over IPv6: the address is XORed with cookie and transaction id', () => {
  const verdict = pass(stunMessage(0x0001), '[2001:db8::7]:41234', stun);
  assert.deepEqual([verdict.outcome, verdict.target], ['answered', '[2001:db8::7]:41234']);
  assert.equal(
    hexOf(verdict.sent),
    `010100182112a4420102030405060708090a0b0c${'0020001400028000'}${'0113a9fa0102030405060708090a0b0b'}`,
  );
});

test('--stun: attributes of the request are not read and not repeated', () => {
  const software = [0x80, 0x22, 0, 4, 0x61, 0x62, 0x63, 0x64];
  const verdict = pass(stunMessage(0x0001, software), '203.0.113.7:41234', stun);
  assert.equal(verdict.sent.length, 32);
});

test('--stun: only Binding requests are answered', () => {
  for (const type of [0x0011, 0x0101, 0x0111, 0x0000, 0x0003, 0x0102]) {
    const { outcome, reason } = pass(stunMessage(type), PHONE, stun);
    assert.deepEqual({ outcome, reason }, { outcome: 'dropped', reason: 'stun' }, type.toString(16));
  }
});

test('what is not quite STUN is garbage, with --stun too', () => {
  const whole = stunMessage(0x0001, [1, 2, 3, 4]);
  const cases = {
    'another cookie': stunMessage(0x0001, [], [0x21, 0x12, 0xa4, 0x43]),
    'no cookie (RFC 3489)': stunMessage(0x0001, [], [9, 9, 9, 9]),
    'a byte short': whole.subarray(0, whole.length - 1),
    'a byte long': Uint8Array.from([...whole, 0]),
    'first bits set': Uint8Array.from([0x40, ...whole.subarray(1)]),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const { outcome, reason, sent } = pass(bytes, PHONE, stun);
    assert.deepEqual({ outcome, reason, sent }, { outcome: 'dropped', reason: 'garbage', sent: '' }, name);
  }
});

test('--stun: by the socket that was asked, or the address would be another’s', () => {
  const two = routesOf({ stun: 'answer', us: ['10.0.1.7:5060', '192.168.9.1:5062'] });
  pass(stunMessage(0x0001), PHONE, two, 0);
  assert.equal(pass(stunMessage(0x0001), PHONE, two, 1).socket, 1);
});

test('--stun never answers itself, nor a source port of 0', () => {
  assert.equal(pass(stunMessage(0x0001), '10.0.1.7:5060', stun).outcome, 'dropped');
  const nowhere = pass(stunMessage(0x0001), '10.0.9.9', stun);
  assert.deepEqual([nowhere.outcome, nowhere.sent], ['dropped', '']);
});

test('noise is not counted as a SIP message, whatever came before it', () => {
  for (const noise of ['\r\n\r\n', 'x'.repeat(100)]) {
    assert.equal(pass(request(), PHONE, quiet).isSip, true);
    assert.equal(pass(noise, PHONE, quiet).isSip, false);
  }
});

test('garbage: a kilobyte of anything without a start line is dropped', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 1024 }), (bytes) => {
      const { outcome, sent } = pass(bytes, PHONE, quiet);
      assert.deepEqual({ outcome, sent }, { outcome: 'dropped', sent: '' });
    }),
    { numRuns: 500 },
  );
});

test('garbage: what resembles a start line and is none', () => {
  for (const text of [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'INVITE sip:a@b\r\nVia: SIP/2.0/UDP 10.0.9.9\r\n\r\n',
    'INVITE sip:a@b SIP/2.0',
    'IN<VITE sip:a@b SIP/2.0\r\n\r\n',
    'SIP/2.0\r\n\r\nand something more',
    'SIP/2.0 20\r\nVia: SIP/2.0/UDP 10.0.9.9\r\n\r\n',
    ' INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.9.9\r\n\r\n',
  ]) {
    const { outcome, reason } = pass(text, PHONE, quiet);
    assert.deepEqual({ outcome, reason }, { outcome: 'dropped', reason: 'garbage' }, text);
  }
});

test('source port 0 and our own address: no message from there is read', () => {
  const { outcome, reason } = pass(request(), '10.0.9.9', quiet);
  assert.deepEqual({ outcome, reason }, { outcome: 'dropped', reason: 'garbage' });
  const own = pass(request(), '10.0.1.7:5060', quiet);
  assert.deepEqual([own.outcome, own.reason], ['dropped', 'own_source']);
});

test('our own address with another port is not us: Rollcall and PBX on one host', () => {
  assert.equal(pass(request(), '10.0.1.7:5080', quiet).outcome, 'forwarded');
});

test('empty lines in front of a message are skipped and not sent on', () => {
  const plain = pass(request(), PHONE, quiet);
  const padded = pass(`\r\n\r\n\n${request()}`, PHONE, quiet);
  assert.equal(padded.sent, plain.sent);
});
