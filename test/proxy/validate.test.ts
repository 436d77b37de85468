/** RFC 3261 §16.3: which requests may go on, and what the others are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestParts } from './support/messages.ts';
import { fromPbx, PBX, PHONE, request, startLine, values } from './support/messages.ts';
import { lines, pass, routesOf } from './support/passing.ts';

const routes = routesOf();
const VIA = 'SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone1';

interface Refusal {
  readonly about: string;
  readonly input: string;
  readonly reason: string;
  readonly status: string;
}

function broken(about: string, reason: string, parts: RequestParts, status = '400 Bad Request'): Refusal {
  return { about, reason, status: `SIP/2.0 ${status}`, input: request(parts) };
}

function without(name: string): string {
  return request({ headers: ['Subject: something to make up for the length'] }).replace(
    new RegExp(`\\r\\n${name}: [^\\r]*`),
    '',
  );
}

const REFUSALS: readonly Refusal[] = [
  ...['From', 'To', 'Call-ID'].map((name) => ({
    about: `no ${name}`,
    input: without(name),
    reason: 'mandatory_header',
    status: 'SIP/2.0 400 Bad Request',
  })),
  { about: 'no CSeq', input: without('CSeq'), reason: 'cseq', status: 'SIP/2.0 400 Bad Request' },
  broken('From twice', 'mandatory_header', { headers: ['f: <sip:100@example.com>;tag=f1'] }),
  broken('To twice', 'mandatory_header', { headers: ['To: <sip:200@example.com>'] }),
  broken('Call-ID twice', 'mandatory_header', { headers: ['i: call-1@10.0.9.9'] }),
  broken('CSeq twice', 'cseq', { headers: ['CSeq: 1 INVITE'] }),
  broken('an empty Call-ID', 'mandatory_header', { callId: '' }),
  broken('an unterminated quote in To', 'mandatory_header', { to: '"Mr. J <sip:200@example.com>' }),
  broken('To without a closing bracket', 'mandatory_header', { to: '<sip:200@example.com' }),
  broken('To a star', 'mandatory_header', { to: '*' }),
  broken('an empty From', 'mandatory_header', { from: '' }),
  broken('CSeq of 2^31', 'cseq', { cseq: '2147483648 INVITE' }),
  broken('CSeq of many digits', 'cseq', { cseq: '36893488147419103232 INVITE' }),
  broken('CSeq negative', 'cseq', { cseq: '-1 INVITE' }),
  broken('CSeq without a method', 'cseq', { cseq: '1' }),
  broken('CSeq of another method', 'cseq', { cseq: '1 OPTIONS' }),
  broken('CSeq of the method in another case', 'cseq', { cseq: '1 invite' }),
  broken('a sip URI without a host', 'request_uri', { uri: 'sip:' }),
  broken('a URI without a scheme', 'request_uri', { uri: '200@example.com' }),
  broken('a port that is none', 'request_uri', { uri: 'sip:200@example.com:99999' }),
  broken('an IPv6 address without brackets', 'request_uri', { uri: 'sip:2001:db8::10' }),
  broken('headers in the Request-URI', 'request_uri', { uri: 'sip:200@example.com?Route=%3Csip:evil%3E' }),
  broken('a URI in angle brackets', 'start_line', { uri: '<sip:200@example.com>' }),
  broken('a blank in the Request-URI', 'start_line', { uri: 'sip:200@example.com; lr' }),
  broken('two spaces behind the method', 'start_line', { uri: ' sip:200@example.com' }),
  broken(
    'sips, which asks for TLS on every hop',
    'scheme',
    { uri: 'sips:200@example.com' },
    '416 Unsupported URI Scheme',
  ),
  broken('a scheme of no use', 'scheme', { uri: 'http://example.com' }, '416 Unsupported URI Scheme'),
  broken('a Content-Length over what came', 'content_length', { headers: ['Content-Length: 1'] }),
  broken('a Content-Length below 0', 'content_length', { headers: ['Content-Length: -1'] }),
  broken('two Content-Lengths that differ', 'content_length', { headers: ['l: 0', 'Content-Length: 1'] }),
  broken('a Content-Length that is no number', 'content_length', { headers: ['Content-Length: abc'] }),
  broken('a line without a colon', 'header_line', { headers: ['this is no header'] }),
  {
    about: 'another version',
    input: request().replace('SIP/2.0\r\n', 'SIP/7.0\r\n'),
    reason: 'version',
    status: 'SIP/2.0 505 Version Not Supported',
  },
  {
    about: 'no empty line behind the headers',
    input: request({ headers: ['Subject: something to make up for the length'] }).slice(0, -2),
    reason: 'headers_unterminated',
    status: 'SIP/2.0 400 Bad Request',
  },
  broken('a Route that is none', 'route', { headers: ['Route: <sip:10.0.1.8;lr'] }),
  broken('an empty Route', 'route', { headers: ['Route:'] }),
];

for (const { about, input, reason, status } of REFUSALS) {
  test(`refused: ${about}`, () => {
    const verdict = pass(input, PHONE, routes);
    assert.deepEqual(
      [verdict.outcome, verdict.reason, startLine(verdict.sent), verdict.target],
      ['answered', reason, status, PHONE],
    );
    const ack = input.replace(/^INVITE/, 'ACK').replace(/CSeq: (\S+) INVITE/, 'CSeq: $1 ACK');
    assert.deepEqual(
      [pass(ack, PHONE, routes).outcome, pass(ack, PHONE, routes).reason],
      ['dropped', reason],
      'the same as an ACK is never answered',
    );
  });
}

test('no usable top Via: nobody to tell, so dropped', () => {
  for (const via of [
    '',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ;branch=z9hG4bKa',
    'SIP/2.0/UDP 192.0.2.15;;,;,,',
    'SIP/2.0 10.0.9.9',
    'HTTP/2.0/UDP 10.0.9.9',
    'SIP/2.0/UDP 10.0.9.9:99999',
    'SIP/2.0/UDP [2001:db8::1',
    'SIP/2.0/UDP 10.0.9.9;x="unterminated',
    `${VIA},`,
  ]) {
    const verdict = pass(request({ vias: [via] }), PHONE, routes);
    assert.deepEqual([verdict.outcome, verdict.reason, verdict.sent], ['dropped', 'via', ''], via);
  }
  const none = pass(request({ vias: [] }), PHONE, routes);
  assert.deepEqual([none.outcome, none.reason], ['dropped', 'via']);
});

test('forwarded: whatever a proxy need not understand', () => {
  for (const [about, parts] of Object.entries<RequestParts>({
    'an unknown method': { method: "!interesting-Method0123456789_*+`.%indeed'~" },
    'register in lower case': { method: 'register' },
    'a tel URI': { uri: 'tel:+358-555-1234567' },
    'a Date of the wrong zone': { headers: ['Date: Fri, 01 Jan 2010 16:00:00 EST'] },
    'a Contact that is none': { headers: ['Contact: ;;,;,<<<'] },
    'Require, which is for the other end': { headers: ['Require: nothingSupportsThis'] },
    'From without a tag': { from: '<sip:100@example.com>' },
    'odd schemes in From and To': { from: '<http://www.example.com>;tag=1', to: 'isbn:2983792873' },
    'Content-Length twice with one meaning': { headers: ['l: 0', 'Content-Length: 000'] },
    'CSeq of 2^31-1 and leading zeros': { cseq: '0002147483647 INVITE' },
    'a display name of words with a comma': { from: 'Bell, Alexander <sip:100@example.com>;tag=43' },
  })) {
    const verdict = pass(request(parts), PHONE, routes);
    assert.deepEqual([verdict.outcome, verdict.reason, verdict.target], ['forwarded', 'request', PBX], about);
  }
});

test('version: the prefix counts without case, the number exactly', () => {
  assert.equal(pass(request().replace('SIP/2.0\r\n', 'sip/2.0\r\n'), PHONE, routes).outcome, 'forwarded');
  for (const version of ['SIP/2.1', 'SIP/2.0x', 'SIP/3', 'SIP/']) {
    assert.equal(pass(request().replace('SIP/2.0\r\n', `${version}\r\n`), PHONE, routes).reason, 'version');
  }
});

test('Content-Length: what is behind it is no part of the message; without it all is', () => {
  const cut = pass(`${request({ headers: ['Content-Length: 3'] })}abcdef`, PHONE, routes);
  assert.ok(cut.sent.endsWith('\r\n\r\nabc'));
  const whole = pass(`${request()}abcdef`, PHONE, routes);
  assert.ok(whole.sent.endsWith('\r\n\r\nabcdef'));
});

test('Proxy-Require: 420 with every tag that was asked for', () => {
  const input = request({ headers: ['Proxy-Require: one,  two', 'proxy-require: three'] });
  const verdict = pass(input, PHONE, routes);
  assert.deepEqual([verdict.outcome, verdict.reason], ['answered', 'proxy_require']);
  assert.equal(startLine(verdict.sent), 'SIP/2.0 420 Bad Extension');
  assert.deepEqual(values(verdict.sent, 'Unsupported'), ['one,  two, three']);
});

test('a Proxy-Require that is the first line of all is read, too', () => {
  const message = request({
    headers: ['Subject: so that an answer with all its lines is not the longer one'],
  });
  const first = message.replace('\r\n', '\r\nProxy-Require: one\r\n');
  const verdict = pass(first, PHONE, routes);
  assert.equal(startLine(verdict.sent), 'SIP/2.0 420 Bad Extension');
  assert.deepEqual(values(verdict.sent, 'Unsupported'), ['one']);
});

test('Proxy-Require: no say in ACK and CANCEL, and none with --proxy-require pass', () => {
  const headers = ['Proxy-Require: one'];
  for (const method of ['ACK', 'CANCEL']) {
    assert.equal(pass(request({ method, headers }), PHONE, routes).outcome, 'forwarded', method);
  }
  // A Linksys SPA2102 sends this in its REGISTER.
  const passing = routesOf({ proxyRequire: 'pass' });
  const verdict = pass(request({ method: 'REGISTER', headers: ['Proxy-Require: Yes'] }), PHONE, passing);
  assert.equal(verdict.outcome, 'forwarded');
  assert.deepEqual(values(verdict.sent, 'Proxy-Require'), ['Yes']);
});

test('the order of §16.3: syntax before scheme before hops before loop before extensions', () => {
  const all = { uri: 'sips:a@b', hops: 0, headers: ['Proxy-Require: x'] };
  assert.equal(pass(request({ ...all, callId: '' }), PHONE, routes).reason, 'mandatory_header');
  assert.equal(pass(request(all), PHONE, routes).reason, 'scheme');
  assert.equal(pass(request({ ...all, uri: 'sip:a@b' }), PHONE, routes).reason, 'zero_max_forwards');
  assert.equal(pass(request({ headers: ['Proxy-Require: x'] }), PHONE, routes).reason, 'proxy_require');
});

test('an OPTIONS of the PBX is never answered, whatever is wrong with it', () => {
  for (const parts of [
    { uri: 'sips:100@10.0.9.9' },
    { hops: 0 },
    { hops: 'x' },
    { headers: ['Proxy-Require: x'] },
    { callId: '' },
    { uri: 'sip:100@10.0.1.7' },
    { uri: 'sip:100@10.0.1.7;rollcall=0' },
    { headers: ['Route: <sip:nothing@10.0.1.7;lr>'] },
  ] as const) {
    const verdict = pass(fromPbx({ method: 'OPTIONS', uri: `sip:100@${PHONE}`, ...parts }), PBX, routes);
    assert.deepEqual([verdict.outcome, verdict.sent], ['dropped', ''], JSON.stringify(parts));
    const phone = pass(
      request({ method: 'OPTIONS', ...parts, headers: ['Subject: x'], hops: 0 }),
      PHONE,
      routes,
    );
    assert.equal(phone.outcome, 'answered', 'a phone’s is');
  }
});

test('a damaged response is dropped, and never answered', () => {
  const whole = lines('SIP/2.0 200 OK', `Via: ${VIA}`, 'CSeq: 1 INVITE', 'Content-Length: 0');
  for (const [damaged, reason] of [
    [whole.replace('SIP/2.0 200', 'SIP/3.0 200'), 'version'],
    [whole.replace('200', '099'), 'start_line'],
    [whole.replace('200', '700'), 'start_line'],
    [whole.replace('200', '4294967301'), 'start_line'],
    [whole.replace('Length: 0', 'Length: 9'), 'content_length'],
    [whole.replace('CSeq: ', 'CSeq '), 'header_line'],
    [whole.slice(0, -2), 'headers_unterminated'],
    [whole.replace('10.0.9.9:', '10.0.9.9:x'), 'via'],
    [whole.replace(/Via.*\r\n/, ''), 'via'],
  ] as const) {
    for (const source of [PHONE, PBX]) {
      const verdict = pass(damaged, source, routes);
      assert.deepEqual([verdict.outcome, verdict.reason, verdict.sent], ['dropped', reason, ''], damaged);
    }
  }
});
