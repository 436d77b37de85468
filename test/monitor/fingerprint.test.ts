import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fingerprint } from '../../src/monitor/fingerprint.ts';
import type { HeaderId } from '../../src/sip/headers.ts';
import { Header } from '../../src/sip/headers.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import { Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import { bytesOf, register } from './support/messages.ts';
import { Wire } from './support/wire.ts';

const KEY = Int32Array.of(1, 2, 3, 4);
const AT = 64;
kernel.moveTo(createSharedMemory(4096 + KERNEL_BYTES), 4096);

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
  const made = [
    [bytes, 0] as const,
    // What lies in the kernel's memory is put together there.
    [kernel.bytes, AT] as const,
  ].map(([memory, at]) => {
    memory.set(bytes, at);
    assert.ok(parse(memory, at, at + bytes.length, message));
    const fingerprint = new Fingerprint(key);
    fingerprint.readRequest(message);
    return `${fingerprint.a} ${fingerprint.b}`;
  });
  assert.equal(made[1], made[0]);
  return made[0]!;
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

/** And what parsing itself asks for. */
const NEW_IN_EACH = ['VIA', 'CSEQ', 'CONTENT_LENGTH'];

/** The headers that are asked for while `work` runs. */
function headersAsked(work: () => void): Set<string> {
  const asked = new Set<string>();
  const { countOf, firstOf } = Message.prototype;
  const note = (wanted: HeaderId) => asked.add(Object.entries(Header).find(([, id]) => id === wanted)![0]);
  Message.prototype.firstOf = function (id) {
    note(id);
    return firstOf.call(this, id);
  };
  Message.prototype.countOf = function (id) {
    note(id);
    return countOf.call(this, id);
  };
  try {
    work();
  } finally {
    Object.assign(Message.prototype, { countOf, firstOf });
  }
  return asked;
}

describe('what the monitor reads', () => {
  const CONTACTS = ['<sip:24001@10.0.13.244>;expires=360'];
  const parsed = new Message();
  const bytes = register({ aor: '24001@iptlab.com', branch: 'z9hG4bK1', contacts: CONTACTS }).bytes;
  assert.ok(parse(bytes, 0, bytes.length, parsed));

  it('of a REGISTER is in the fingerprint, or new in each', () => {
    const wire = new Wire();
    const read = headersAsked(() => void wire.send({ contacts: CONTACTS, nonce: 'n' }));
    const inFingerprint = headersAsked(() => new Fingerprint(KEY).readRequest(parsed));
    for (const name of [...NEW_IN_EACH, 'AUTHORIZATION', 'PROXY_AUTHORIZATION'])
      assert.ok(read.delete(name), name);
    assert.deepEqual([...read].sort(), [...inFingerprint].sort());
  });

  it('of its 200 is in the fingerprint, or new in each', () => {
    const wire = new Wire();
    const request = wire.send({ contacts: CONTACTS });
    const read = headersAsked(() => void wire.answer(request, 200, { contacts: CONTACTS }));
    const inFingerprint = headersAsked(() => new Fingerprint(KEY).readGrant(parsed));
    for (const name of NEW_IN_EACH) assert.ok(read.delete(name), name);
    assert.deepEqual([...read].sort(), [...inFingerprint].sort());
  });
});
