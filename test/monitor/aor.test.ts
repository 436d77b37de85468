import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AorReader, MAX_AOR_LENGTH } from '../../src/monitor/aor.ts';
import { bytesOf } from './support/messages.ts';

const KEY = Int32Array.of(1, 2, 3, 4);

function aorOf(value: string, domain: 'keep' | 'ignore' = 'keep'): string | undefined {
  const reader = new AorReader(domain, KEY);
  const bytes = bytesOf(value);
  return reader.read(bytes, 0, bytes.length) ? reader.aor : undefined;
}

describe('the canonical AOR', () => {
  const cases: [value: string, aor: string | undefined][] = [
    ['Karen Filippelli 24001 <sip:24001@iptlab.com>;tag=1', '24001@iptlab.com'],
    ['<sips:24001@IPTLab.COM>', '24001@iptlab.com'],
    ['sip:24001@iptlab.com;tag=as3d641827', '24001@iptlab.com'],
    ['<sip:24001:secret@iptlab.com:5061;transport=tcp;user=phone?x=y>', '24001@iptlab.com'],
    ['<sip:%32400%31@iptlab.com>', '24001@iptlab.com'],
    ['<sip:Karen@iptlab.com>', 'Karen@iptlab.com'],
    ['<sip:a%40b@iptlab.com>', 'a@b@iptlab.com'],
    ['<sip:a%0Ab@iptlab.com>', 'a%0Ab@iptlab.com'],
    ['<sip:a%250Ab@iptlab.com>', 'a%250Ab@iptlab.com'],
    ['<sip:k\xe4ren@iptlab.com>', 'k%E4ren@iptlab.com'],
    ['<sip:a%20b@iptlab.com>', 'a%20b@iptlab.com'],
    ['<sip:24001;phone-context=x@iptlab.com>', '24001;phone-context=x@iptlab.com'],
    ['<sip:24001@[2001:DB8::1]:5060>', '24001@[2001:db8::1]'],
    ['<sip:iptlab.com>', 'iptlab.com'],
    ['<tel:+1-201-555-0123;phone-context=x>', 'tel:+1-201-555-0123'],
    ['<mailto:a@b>', undefined],
    ['<sip:24001@>', undefined],
    ['*', undefined],
    ['', undefined],
  ];
  for (const [value, aor] of cases) it(`${value} → ${aor}`, () => assert.equal(aorOf(value), aor));

  it('is the user alone where domains are ignored', () => {
    assert.equal(aorOf('<sip:24001@a.example>', 'ignore'), '24001');
    assert.equal(aorOf('<sip:a%40b@iptlab.com>', 'ignore'), 'a@b');
    assert.equal(aorOf('<sip:iptlab.com>', 'ignore'), 'iptlab.com');
    assert.equal(aorOf('<tel:+1>', 'ignore'), 'tel:+1');
  });

  it('is bounded and stays distinct, whatever its length', () => {
    const long = (end: string) => aorOf(`<sip:${'x'.repeat(5000)}${end}@iptlab.com>`)!;
    assert.equal(long('1').length, MAX_AOR_LENGTH);
    assert.notEqual(long('1'), long('2'));
    assert.match(long('1'), /^x+~[0-9a-f]{16}$/);
  });

  it('keeps the host apart, and says whether another value names the same AOR', () => {
    const reader = new AorReader('keep', KEY);
    const names = (to: string, from: string): boolean => {
      const bytes = bytesOf(to + from);
      assert.ok(reader.read(bytes, 0, to.length));
      return reader.namesTheSame(bytes, to.length, bytes.length);
    };
    assert.equal(names('<sip:24001@IPTLAB.com>', '"K" <sip:%324001:pw@iptlab.com>;tag=1'), true);
    assert.equal(reader.host, 'iptlab.com');
    assert.equal(names('<sip:24001@iptlab.com>', '<sip:24001@iptlab.com>;tag=1'), true);
    assert.equal(names('<sip:24001@iptlab.com>', '<sip:24002@iptlab.com>'), false);
    assert.equal(names('<sip:24001@iptlab.com>', '<mailto:24001@iptlab.com>'), false);
    assert.equal(reader.aor, '24001@iptlab.com');
  });

  it('reads what an operator writes', () => {
    const reader = new AorReader('keep', KEY);
    assert.equal(reader.canonical(' 24001@IPTLAB.com '), '24001@iptlab.com');
    assert.equal(reader.canonical('sip:24001@iptlab.com:5060'), '24001@iptlab.com');
    assert.equal(reader.canonical('24001@'), undefined);
    assert.equal(new AorReader('ignore', KEY).canonical('24001'), '24001');
    assert.equal(new AorReader('ignore', KEY).canonical('24001@iptlab.com'), '24001');
  });
});
