import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ascii } from '../../src/sip/bytes.ts';
import { readUri, Uri } from '../../src/sip/uri.ts';
import { isRewrittenFrom, MAX_COMPARED_PARAMS, sameUri } from '../../src/sip/uri-compare.ts';

/** Compares both ways round: the relation is symmetric, though not transitive. */
function same(left: string, right: string): boolean {
  const [a, b] = [ascii(left), ascii(right)];
  const [aUri, bUri] = [new Uri(), new Uri()];
  assert.ok(readUri(a, 0, a.length, aUri), left);
  assert.ok(readUri(b, 0, b.length, bUri), right);
  const there = sameUri(a, aUri, b, bUri);
  assert.equal(sameUri(b, bUri, a, aUri), there, `${left} and ${right}, the other way round`);
  return there;
}

describe('sameUri (RFC 3261 §19.1.4)', () => {
  const equal: [string, string][] = [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;newparam=5'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['sip:a@[2001:db8::1]:5061', 'sip:a@[2001:DB8:0:0:0:0:0:1]:5061'],
    ['sip:a@[::ffff:10.0.0.1]', 'sip:a@10.0.0.1'],
    ['sip:a%2Db@h.example', 'sip:a-b@h.example'],
    ['sip:a%3bb@h.example', 'sip:a%3Bb@h.example'],
    ['tel:+1-201-555-0123', 'tel:+1-201-555-0123'],
  ];
  for (const [left, right] of equal) it(`${left} is ${right}`, () => assert.equal(same(left, right), true));

  const different: [string, string][] = [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a@h.example;maddr=10.0.0.1', 'sip:a@h.example'],
    ['sip:a@h.example;user=phone', 'sip:a@h.example'],
    ['sip:a@h.example;ttl=1', 'sip:a@h.example'],
    ['sip:a@h.example;method=INVITE', 'sip:a@h.example'],
    ['sip:a@h.example', 'sips:a@h.example'],
    ['sip:a@h.example', 'sip:h.example'],
    ['sip:a:secret@h.example', 'sip:a@h.example'],
    ['sip:a%3Bb@h.example', 'sip:a;b@h.example'],
    ['sip:a@h.example?x=1', 'sip:a@h.example?x=2'],
    ['sip:a@h.example?x=1&y=1', 'sip:a@h.example?x=1'],
    ['mailto:a@h.example', 'mailto:A@h.example'],
    ['tel:+1', 'sip:+1@h.example'],
  ];
  for (const [left, right] of different) {
    it(`${left} is not ${right}`, () => assert.equal(same(left, right), false));
  }

  it('is not transitive: each of two is equal to a third, and they differ', () => {
    assert.equal(same('sip:c@h.example', 'sip:c@h.example;security=on'), true);
    assert.equal(same('sip:c@h.example', 'sip:c@h.example;security=off'), true);
    assert.equal(same('sip:c@h.example;security=on', 'sip:c@h.example;security=off'), false);
  });

  it('looks at so many parameters, and beyond that at the bytes', () => {
    const many = Array.from({ length: MAX_COMPARED_PARAMS + 1 }, (_, i) => `;p${i}`).join('');
    assert.equal(same(`sip:a@h.example${many}`, `sip:a@h.example${many}`), true);
    assert.equal(same(`sip:a@h.example${many}`, `sip:a@H.example${many}`), false);
  });
});

describe('isRewrittenFrom: what Asterisk makes of a Contact', () => {
  function rewritten(left: string, right: string): boolean {
    const [a, b] = [ascii(left), ascii(right)];
    const [aUri, bUri] = [new Uri(), new Uri()];
    assert.ok(readUri(a, 0, a.length, aUri) && readUri(b, 0, b.length, bUri));
    return isRewrittenFrom(a, aUri, b, bUri);
  }

  it('knows the original host, with or without its port', () => {
    const original = 'sip:101@192.168.1.50:5062;ob';
    assert.equal(rewritten('sip:101@10.0.1.7:5060;x-ast-orig-host=192.168.1.50', original), true);
    assert.equal(rewritten('sip:101@10.0.1.7:5060;x-ast-orig-host=192.168.1.50:5062', original), true);
    assert.equal(rewritten('sip:101@10.0.1.7:5060;X-Ast-Orig-Host=192.168.1.5', original), false);
    assert.equal(rewritten('sip:101@10.0.1.7:5060;x-ast-orig-host=192.168.1.50:5063', original), false);
  });

  it('is another user, or no rewriting at all', () => {
    assert.equal(rewritten('sip:102@10.0.1.7;x-ast-orig-host=10.0.0.9', 'sip:101@10.0.0.9'), false);
    assert.equal(rewritten('sip:101@10.0.1.7', 'sip:101@10.0.0.9'), false);
  });
});
