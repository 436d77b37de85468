import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fingerprint } from '../../src/monitor/fingerprint.ts';
import { Message, parse } from '../../src/sip/message.ts';
import { bytesOf } from './support/messages.ts';

const KEY = Int32Array.of(1, 2, 3, 4);

const USUAL = [
  'To: "K" <sip:24001@iptlab.com>',
  'From: <sip:24001@iptlab.com>;tag=1',
  'Call-ID: a',
  'CSeq: 1 REGISTER',
  'Contact: <sip:24001@10.0.13.244>;expires=360',
  'User-Agent: b',
];

function fingerprintOf(lines: readonly string[], key = KEY): string {
  const message = new Message();
  const start = ['REGISTER sip:iptlab.com SIP/2.0', 'Via: SIP/2.0/UDP a;branch=z9hG4bK1'];
  const bytes = bytesOf(`${[...start, ...lines].join('\r\n')}\r\n\r\n`);
  assert.ok(parse(bytes, 0, bytes.length, message));
  const fingerprint = new Fingerprint(key);
  fingerprint.readRequest(message);
  return `${fingerprint.a} ${fingerprint.b}`;
}

describe('the fingerprint of a REGISTER', () => {
  const usual = fingerprintOf(USUAL);

  it('is the same whatever its numbers, tags, credentials and other headers are', () => {
    const changed = USUAL.map((line) => line.replace(/tag=1|1 REGISTER/, (word) => word.replace('1', '22')));
    assert.notDeepEqual(changed, USUAL);
    assert.equal(fingerprintOf(changed), usual);
    const others = ['Authorization: Digest nonce="1",response="2"', 'Allow: INVITE', 'Date: now'];
    assert.equal(fingerprintOf([...others, ...USUAL]), usual);
  });

  it('is another with any other letter, and with a line more or less', () => {
    const seen = new Set([usual]);
    const notSeen = (lines: readonly string[]) => {
      const made = fingerprintOf(lines);
      assert.ok(!seen.has(made), lines.join('\n'));
      seen.add(made);
    };
    for (const [number, line] of USUAL.entries()) {
      if (line.startsWith('CSeq')) continue;
      const value = line.indexOf(': ') + 2;
      const end = line.includes(';tag') ? line.indexOf(';tag') : line.length;
      for (let at = value; at < end; at++) {
        const letter = line[at] === 'x' ? 'y' : 'x';
        notSeen(USUAL.with(number, line.slice(0, at) + letter + line.slice(at + 1)));
      }
      notSeen(USUAL.toSpliced(number, 1));
    }
    notSeen([...USUAL, 'Contact: <sip:24001@10.0.13.244>']);
    notSeen([...USUAL, 'Expires: 360']);
    notSeen([...USUAL, 'Expires:']);
  });

  it('does not take what one header says for what another one says', () => {
    const made = [
      ['Call-ID: a', 'User-Agent: b'],
      ['Call-ID: b', 'User-Agent: a'],
      ['Call-ID: ab'],
      ['User-Agent: ab'],
      ['Expires: ab'],
      ['Contact: ab'],
      ['Contact: a', 'Contact: b'],
      ['Contact: a,b'],
      ['To: ab'],
      ['From: ab'],
    ].map((lines) => fingerprintOf(lines));
    assert.equal(new Set(made).size, made.length);
  });

  it('is another one with another key', () => {
    assert.notEqual(fingerprintOf(USUAL, Int32Array.of(1, 2, 3, 5)), usual);
  });
});
