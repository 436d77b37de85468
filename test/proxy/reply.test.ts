/** Answers of our own: RFC 3261 §8.2.6, §8.2.7, and that nothing we originate is longer than what caused it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSigner } from '../../src/secrets/signer.ts';
import { fromPbx, PBX, PHONE, request, startLine, values } from './support/messages.ts';
import type { Verdict } from './support/passing.ts';
import { bytesOf, lines, pass, routesOf, secretOf } from './support/passing.ts';

const routes = routesOf();
/** The first request that is refused in every test here. */
const HOPELESS = { hops: 0 } as const;

function answered(input: string, source = PHONE, by = routes): Verdict {
  const verdict = pass(input, source, by);
  assert.equal(verdict.outcome, 'answered', verdict.reason);
  return verdict;
}

function toTag(sent: string): string {
  return /;tag=([^;\r]*)$/.exec(values(sent, 'To')[0]!)![1]!;
}

test('byte for byte: status line, stamped Vias, From, To with our tag, Call-ID, CSeq, nothing else', () => {
  const input = request({
    ...HOPELESS,
    vias: ['SIP/2.0/UDP 10.0.9.9;rport;branch=z9hG4bKphone1', 'SIP/2.0/TCP 10.0.7.7;branch=z9hG4bKb'],
    headers: ['Contact: <sip:100@10.0.9.9>', 'Record-Route: <sip:10.0.7.7;lr>', 'Content-Type: text/plain'],
    body: 'hello',
  });
  assert.equal(
    answered(input, '10.0.9.9:49170').sent,
    lines(
      'SIP/2.0 483 Too Many Hops',
      'Via: SIP/2.0/UDP 10.0.9.9;rport=49170;branch=z9hG4bKphone1;received=10.0.9.9',
      'Via: SIP/2.0/TCP 10.0.7.7;branch=z9hG4bKb',
      'From: <sip:100@example.com>;tag=f1',
      'To: <sip:200@example.com>;tag=rc26cdf5638fc5605e',
      'Call-ID: call-1@10.0.9.9',
      'CSeq: 1 INVITE',
      'Content-Length: 0',
    ),
  );
});

test('header lines are copied as they are, folds, compact names and odd blanks included', () => {
  const input = lines(
    'INVITE sip:200@example.com SIP/2.0',
    'v :\tSIP/2.0/UDP  10.0.9.9\r\n ;branch=z9hG4bKa , SIP/2.0/UDP 10.0.7.7',
    'Max-Forwards: 0',
    'i:  call-1',
    'f: "A;tag=x"\r\n\t<sip:100@example.com>;tag=f1',
    't: <sip:200@example.com>\r\n ;x=y',
    'CSEQ:1\tINVITE',
    'Subject: to make up for the length, which must do for a tag and a received parameter',
  );
  assert.equal(
    answered(input).sent.replace(/rc[0-9a-f]{16}/, 'rcTAG'),
    lines(
      'SIP/2.0 483 Too Many Hops',
      'v :\tSIP/2.0/UDP  10.0.9.9\r\n ;branch=z9hG4bKa;received=10.0.9.9 , SIP/2.0/UDP 10.0.7.7',
      'f: "A;tag=x"\r\n\t<sip:100@example.com>;tag=f1',
      't: <sip:200@example.com>\r\n ;x=y;tag=rcTAG',
      'i:  call-1',
      'CSEQ:1\tINVITE',
      'Content-Length: 0',
    ),
  );
});

test('a message that ends its lines with a bare LF is answered alike', () => {
  const { sent } = answered(request(HOPELESS).replaceAll('\r\n', '\n'));
  assert.doesNotMatch(sent, /\r/);
  assert.ok(sent.startsWith('SIP/2.0 483 Too Many Hops\nVia: '));
  assert.ok(sent.endsWith('\nContent-Length: 0\n\n'));
});

test('To tag: rc and 16 hex digits, the same for a retransmission and in every process with the secret', () => {
  const once = toTag(answered(request(HOPELESS)).sent);
  assert.match(once, /^rc[0-9a-f]{16}$/);
  pass(request({ callId: 'something else in between' }), PHONE, routes);
  assert.equal(toTag(answered(request(HOPELESS)).sent), once);
  const elsewhere = routesOf({ signer: createSigner([secretOf('first')]), us: ['10.0.3.3:5070'] });
  assert.equal(toTag(answered(request(HOPELESS), PHONE, elsewhere).sent), once);
});

test('To tag: another for another Call-ID, From tag, CSeq number, branch or secret', () => {
  const tags = [
    toTag(answered(request(HOPELESS)).sent),
    toTag(answered(request({ ...HOPELESS, callId: 'call-2' })).sent),
    toTag(answered(request({ ...HOPELESS, from: '<sip:100@example.com>;tag=f2' })).sent),
    toTag(answered(request({ ...HOPELESS, cseq: 2 })).sent),
    toTag(answered(request({ ...HOPELESS, vias: ['SIP/2.0/UDP 10.0.9.9;branch=z9hG4bKphone2'] })).sent),
    toTag(answered(request(HOPELESS), PHONE, routesOf({ signer: createSigner([secretOf('x')]) })).sent),
  ];
  assert.equal(new Set(tags).size, tags.length);
});

test('To tag: one that is there stays alone', () => {
  const { sent } = answered(request({ ...HOPELESS, to: '<sip:200@example.com>;tag=theirs' }));
  assert.deepEqual(values(sent, 'To'), ['<sip:200@example.com>;tag=theirs']);
  const bare = answered(request({ ...HOPELESS, to: 'sip:200@example.com;Tag=theirs;x' }));
  assert.deepEqual(values(bare.sent, 'To'), ['sip:200@example.com;Tag=theirs;x']);
});

test('To tag: one in the URI or the display name is none', () => {
  for (const to of ['<sip:200@example.com;tag=uri>', '"x;tag=name" <sip:200@example.com>']) {
    const { sent } = answered(request({ ...HOPELESS, to }));
    assert.match(values(sent, 'To')[0]!, /^.*;tag=rc[0-9a-f]{16}$/);
  }
});

test('the ACK to our own answer is absorbed; to another’s it is forwarded', () => {
  const tag = toTag(answered(request(HOPELESS)).sent);
  const ack = { method: 'ACK', to: `<sip:200@example.com>;tag=${tag}` };
  const verdict = pass(request(ack), PHONE, routes);
  assert.deepEqual(
    [verdict.outcome, verdict.reason, verdict.sent],
    ['absorbed', 'ack_to_local_response', ''],
  );
  for (const parts of [
    { ...ack, cseq: '2 ACK' },
    { ...ack, callId: 'call-2' },
    { ...ack, from: '<sip:100@example.com>;tag=f2' },
    { ...ack, vias: ['SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone2'] },
    { ...ack, to: `<sip:200@example.com>;tag=${tag.replace(/.$/, (c) => (c === '0' ? '1' : '0'))}` },
    { ...ack, to: `<sip:200@example.com>;tag=${tag}0` },
    { ...ack, to: '<sip:200@example.com>;tag=theirs' },
    { ...ack, method: 'BYE' },
  ]) {
    assert.equal(pass(request(parts), PHONE, routes).outcome, 'forwarded', JSON.stringify(parts));
  }
});

test('the ACK is absorbed though it has no hops left, after a rotation, and on the PBX’s side', () => {
  const tag = toTag(answered(request(HOPELESS)).sent);
  const ack = { method: 'ACK', hops: 0, to: `<sip:200@example.com>;tag=${tag}` };
  assert.equal(pass(request(ack), PHONE, routes).outcome, 'absorbed');
  const rotated = routesOf({ signer: createSigner([secretOf('second'), secretOf('first')]) });
  assert.equal(pass(request(ack), PHONE, rotated).outcome, 'absorbed');
  const after = routesOf({ signer: createSigner([secretOf('second')]) });
  assert.equal(pass(request(ack), PHONE, after).reason, 'zero_max_forwards');

  const invite = fromPbx({ uri: 'sip:100@10.0.1.7' });
  const pbxTag = toTag(answered(invite, PBX).sent);
  const pbxAck = fromPbx({
    method: 'ACK',
    uri: 'sip:100@10.0.1.7',
    to: `<sip:100@example.com>;tag=${pbxTag}`,
  });
  assert.equal(pass(pbxAck, PBX, routes).outcome, 'absorbed');
});

test('an answer goes to the source’s address, by the socket that took the request', () => {
  const two = routesOf({ us: ['10.0.1.7:5060', '192.168.9.1:5062'] });
  const verdict = pass(request(HOPELESS), PHONE, two, 1);
  assert.deepEqual([verdict.socket, verdict.target], [1, PHONE]);
  const elsewhere = request({ ...HOPELESS, vias: ['SIP/2.0/UDP 6.6.6.6:9;maddr=7.7.7.7;branch=z9hG4bKa'] });
  assert.equal(pass(elsewhere, '203.0.113.7:41234', two).target, '203.0.113.7:41234');
});

test('by that socket also where the request was refused when its way was known already', () => {
  const two = routesOf({ us: ['10.0.1.7:5060', '192.168.9.1:5062'], registrarSocket: 0 });
  const long = request({ headers: [`Subject: ${'s'.repeat(65_200)}`] });
  const tooLarge = pass(long, PHONE, two, 1);
  assert.deepEqual([tooLarge.reason, tooLarge.socket, tooLarge.target], ['too_large', 1, PHONE]);
  const nowhere = pass(fromPbx({ uri: 'sip:100@203.0.113.7' }), PBX, two, 1);
  assert.deepEqual([nowhere.reason, nowhere.socket, nowhere.target], ['target_refused', 1, PBX]);
});

test('no answer to where nothing may be sent: broadcast, multicast, ourselves', () => {
  for (const source of ['255.255.255.255:5060', '224.0.1.75:5060', '0.0.0.0:5060', '[ff02::1]:5060']) {
    const { outcome, sent } = pass(request(HOPELESS), source, routes);
    assert.deepEqual({ outcome, sent }, { outcome: 'dropped', sent: '' }, source);
  }
  const asUs = request({ ...HOPELESS, vias: ['SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bKa'] });
  assert.equal(pass(asUs, '10.0.1.7:40000', routes).outcome, 'dropped');
});

test('a bare request is answered tersely, a barer one not at all', () => {
  const bare = (uri: string): string =>
    lines(
      `INVITE ${uri} SIP/2.0`,
      'v:SIP/2.0/UDP 10.0.9.9',
      'f:<sip:a@b>;tag=1',
      't:<sip:a@b>;tag=2',
      'i:1',
      'CSeq:1 INVITE',
      'Max-Forwards:0',
    );
  const terse = answered(bare('sip:b'));
  assert.equal(
    terse.sent,
    lines(
      'SIP/2.0 483 ',
      'v:SIP/2.0/UDP 10.0.9.9;received=10.0.9.9',
      'f:<sip:a@b>;tag=1',
      't:<sip:a@b>;tag=2',
      'i:1',
      'CSeq:1 INVITE',
    ),
  );
  assert.ok(terse.sent.length <= bare('sip:b').length);
  const full = answered(bare(`sip:${'b'.repeat(60)}`));
  assert.equal(startLine(full.sent), 'SIP/2.0 483 Too Many Hops');

  const barer = bare('sip:b').replace('Max-Forwards:0\r\n', '').replace('sip:b', 'x:y');
  const silent = pass(barer, PHONE, routes);
  assert.deepEqual([silent.outcome, silent.reason, silent.sent], ['dropped', 'reply_too_large', '']);
});

test('the limit is exact: as long as the request is allowed, one byte more is not', () => {
  const lengths = new Set<number>();
  for (let padding = 0; padding < 80; padding++) {
    const input = request({ uri: `sips:${'b'.repeat(padding + 1)}` });
    const verdict = pass(input, PHONE, routes);
    if (verdict.outcome === 'answered') {
      assert.ok(verdict.sent.length <= input.length, `${verdict.sent.length} for ${input.length}`);
      lengths.add(verdict.sent.length);
    } else {
      assert.equal(verdict.reason, 'reply_too_large');
    }
  }
  assert.ok(lengths.size >= 1);
});

test('excess bytes behind the message are received bytes, too', () => {
  const tiny = lines('INVITE x:y SIP/2.0', 'v:SIP/2.0/UDP a', 'f:a', 't:a', 'i:1', 'CSeq:1 INVITE', 'l:0');
  assert.equal(pass(tiny, PHONE, routes).reason, 'reply_too_large');
  assert.equal(pass(tiny + 'x'.repeat(100), PHONE, routes).outcome, 'answered');
});

test('an output over 65,507 bytes is refused by its length: 513', () => {
  const long = (bytes: number): string => {
    const input = request({ headers: ['Subject: '] });
    return input.replace('Subject: ', `Subject: ${'s'.repeat(bytes - input.length)}`);
  };
  const overhead = pass(long(1000), PHONE, routes).sent.length - 1000;
  const fits = pass(long(65_507 - overhead), PHONE, routes);
  assert.deepEqual([fits.outcome, fits.sent.length], ['forwarded', 65_507]);
  const over = pass(long(65_508 - overhead), PHONE, routes);
  assert.deepEqual([over.outcome, over.reason], ['answered', 'too_large']);
  assert.equal(startLine(over.sent), 'SIP/2.0 513 Message Too Large');
  assert.equal(pass(bytesOf(long(65_507)), PHONE, routes).reason, 'too_large');
});

test('every status that we answer with, and the reason that leads to it', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['400 Bad Request', PHONE, request({ cseq: 'x' })],
    ['403 Forbidden', PHONE, request({ uri: 'sip:200@example.com;rollcall=0' })],
    ['416 Unsupported URI Scheme', PHONE, request({ uri: 'sips:200@example.com' })],
    ['420 Bad Extension', PHONE, request({ headers: ['Proxy-Require: x'] })],
    ['480 Temporarily Unavailable', PBX, fromPbx({ uri: 'sip:100@10.0.1.7' })],
    ['483 Too Many Hops', PHONE, request({ hops: 0 })],
    ['505 Version Not Supported', PHONE, request({ headers: ['Subject: x'] }).replace('/2.0\r', '/3.0\r')],
  ];
  for (const [status, source, input] of table) {
    assert.equal(startLine(answered(input, source).sent), `SIP/2.0 ${status}`);
  }
});
