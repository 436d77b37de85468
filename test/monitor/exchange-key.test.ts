import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ExchangeKey, MAX_KEY_PART } from '../../src/monitor/exchange-key.ts';
import { Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';

const OWN = 'z9hG4bK0123456789abcdeffedcba9876543210';
const HASH_KEY = Int32Array.of(1, -2, 3, -4);

interface Stated {
  readonly via?: string;
  readonly callId?: string;
  readonly cseq?: string;
}

/** The key of a REGISTER with this Via; undefined where it has none. */
function keyOf(
  { via = '', callId = 'c', cseq = '1 REGISTER' }: Stated,
  hashKey = HASH_KEY,
): ExchangeKey | undefined {
  const lines = ['REGISTER sip:a SIP/2.0', `Via: ${via}`, `Call-ID: ${callId}`, `CSeq: ${cseq}`, '', ''];
  const bytes = Buffer.from(lines.join('\r\n'), 'latin1');
  const message = new Message();
  assert.ok(parse(bytes, 0, bytes.length, message));
  const key = new ExchangeKey(hashKey);
  return key.read(message) ? key : undefined;
}

const at = (sentBy: string, branch: string): Stated => ({ via: `SIP/2.0/UDP ${sentBy};branch=${branch}` });

/** Everything that a key says, its hash included. */
function numbersOf(stated: Stated, hashKey = HASH_KEY): string {
  const key = keyOf(stated, hashKey);
  assert.ok(key !== undefined, JSON.stringify(stated));
  return `${key.text} ${key.hash}`;
}

describe('the key of a transaction', () => {
  it('is what stands there, where branch and host are of our own form', () => {
    const key = keyOf(at('10.0.1.7:5062', `${OWN};s=0`))!;
    assert.deepEqual([...key.branch], [0x01234567, 0x89abcdef | 0, 0xfedcba98 | 0, 0x76543210]);
    assert.deepEqual({ ...key.host }, { a: 0, b: 0, c: 0xffff, d: 0x0a000107, port: 0 });
    assert.equal(key.portAndKinds, 5062);
    assert.equal(key.cseq, 1);
  });

  const SAME: readonly (readonly [string, Stated, Stated])[] = [
    ['parameters behind', at('10.0.1.7', OWN), at('10.0.1.7', `${OWN};received=10.0.0.1`)],
    ['parameters before', at('10.0.1.7', OWN), at('10.0.1.7;rport', OWN)],
    ['a Via behind', at('10.0.1.7', OWN), at('10.0.1.7', `${OWN}, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1`)],
    ['the default port', at('10.0.1.7', OWN), at('10.0.1.7:5060', OWN)],
    ['an IPv6 host', at('[2001:db8::1]', OWN), at('[2001:DB8:0::1]', OWN)],
    ['a name, whatever its case', at('proxy.example', OWN), at('PROXY.example', OWN)],
    ['another branch', at('10.0.1.7', 'z9hG4bKabc'), at('10.0.1.7;rport', 'z9hG4bKabc')],
    ['no branch, one Call-ID', { via: 'SIP/2.0/UDP 10.0.1.7' }, { via: 'SIP/2.0/UDP 10.0.1.7;rport' }],
    [
      'nothing but a Call-ID',
      { via: 'SIP/2.0/UDP 10.0.1.7', callId: 'z9hG4bKabc' },
      at('10.0.1.7', 'z9hG4bKabc'),
    ],
  ];
  for (const [what, a, b] of SAME) it(`is the same: ${what}`, () => assert.equal(numbersOf(a), numbersOf(b)));

  const LONG = `z9hG4bK${'a'.repeat(MAX_KEY_PART - 8)}`;
  const OTHERS: readonly (readonly [string, Stated, Stated])[] = [
    ...Array.from({ length: 32 }, (_, digit): readonly [string, Stated, Stated] => {
      const changed = OWN.slice(0, 7 + digit) + (OWN[7 + digit] === '7' ? '8' : '7') + OWN.slice(8 + digit);
      return [`digit ${digit}`, at('10.0.1.7', OWN), at('10.0.1.7', changed)];
    }),
    ['capitals in our form', at('10.0.1.7', OWN), at('10.0.1.7', OWN.replace('a', 'A'))],
    ['capitals in another form', at('10.0.1.7', 'z9hG4bKabc'), at('10.0.1.7', 'z9hG4bKabC')],
    ['another cookie', at('10.0.1.7', OWN), at('10.0.1.7', OWN.replace('z', 'y'))],
    ['one digit more', at('10.0.1.7', OWN), at('10.0.1.7', `${OWN}0`)],
    ['one digit less', at('10.0.1.7', OWN), at('10.0.1.7', OWN.slice(0, -1))],
    ['a letter that is no digit', at('10.0.1.7', OWN), at('10.0.1.7', OWN.replace('0', 'g'))],
    ['the end of a long branch', at('10.0.1.7', `${LONG}1`), at('10.0.1.7', `${LONG}2`)],
    ['the host', at('10.0.1.7', OWN), at('10.0.1.8', OWN)],
    ['the family', at('10.0.1.7', OWN), at('[::a00:107]', OWN)],
    ['a name', at('a.example', OWN), at('b.example', OWN)],
    ['the port', at('10.0.1.7:5062', OWN), at('10.0.1.7', OWN)],
    ['the sequence number', at('10.0.1.7', OWN), { ...at('10.0.1.7', OWN), cseq: '2 REGISTER' }],
  ];
  for (const [what, a, b] of OTHERS) {
    it(`is another: ${what}`, () => assert.notEqual(keyOf(a)!.text, keyOf(b)!.text));
  }

  it('is of another kind where its branch is a hash, be that what it may', () => {
    const hashed = keyOf(at('10.0.1.7', 'z9hG4bKabc'))!;
    const hex = [...hashed.branch].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
    const own = keyOf(at('10.0.1.7', `z9hG4bK${hex}`))!;
    assert.deepEqual(own.branch, hashed.branch);
    assert.notEqual(own.portAndKinds, hashed.portAndKinds);
  });

  it('is of another kind where its host is a hash, be that what it may', () => {
    const hashed = keyOf(at('proxy.example', OWN))!;
    const { a, b, c, d } = hashed.host;
    const groups = [a, b, c, d].flatMap((word) => [word >>> 16, word & 0xffff]);
    const numeric = keyOf(at(`[${groups.map((group) => group.toString(16)).join(':')}]`, OWN))!;
    assert.deepEqual(numeric.host, hashed.host);
    assert.notEqual(numeric.portAndKinds, hashed.portAndKinds);
  });

  it('depends on the hash key where it is hashed, and is found by another hash in any case', () => {
    const other = Int32Array.of(1, -2, 3, -5);
    assert.equal(keyOf(at('10.0.1.7', OWN), other)!.text, keyOf(at('10.0.1.7', OWN))!.text);
    assert.notEqual(keyOf(at('10.0.1.7', OWN), other)!.hash, keyOf(at('10.0.1.7', OWN))!.hash);
    assert.notEqual(keyOf(at('10.0.1.7', 'x'), other)!.text, keyOf(at('10.0.1.7', 'x'))!.text);
    assert.notEqual(keyOf(at('a.example', OWN), other)!.text, keyOf(at('a.example', OWN))!.text);
  });

  it('is read anew, whatever was read before', () => {
    const used = new ExchangeKey(HASH_KEY);
    for (const stated of [
      at('proxy.example', 'x'),
      at('10.0.1.7', OWN),
      at('[::1]:5062', 'y'),
      at('10.0.1.7', OWN),
    ]) {
      const bytes = Buffer.from(
        `REGISTER sip:a SIP/2.0\r\nVia: ${stated.via}\r\nCSeq: 1 REGISTER\r\n\r\n`,
        'latin1',
      );
      const message = new Message();
      assert.ok(parse(bytes, 0, bytes.length, message) && used.read(message));
      assert.equal(`${used.text} ${used.hash}`, numbersOf(stated));
    }
  });

  const NONE: readonly (readonly [string, Stated])[] = [
    ['another method', { ...at('10.0.1.7', OWN), cseq: '1 INVITE' }],
    ['no sequence number', { ...at('10.0.1.7', OWN), cseq: 'REGISTER' }],
    ['a Via that is none', { via: 'SIP/2.0/UDP' }],
    ['a port that is none', at('10.0.1.7:70000', OWN)],
    ['a branch that is too long', at('10.0.1.7', 'b'.repeat(MAX_KEY_PART + 1))],
    ['a host that is too long', at('h'.repeat(MAX_KEY_PART + 1), OWN)],
  ];
  for (const [what, stated] of NONE) {
    it(`there is none: ${what}`, () => assert.equal(keyOf(stated), undefined));
  }
});
