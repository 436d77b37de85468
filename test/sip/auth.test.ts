import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findAuthParam, readAuthScheme } from '../../src/sip/auth.ts';
import { ascii } from '../../src/sip/bytes.ts';
import { Header } from '../../src/sip/headers.ts';
import { Span } from '../../src/sip/params.ts';
import { alphanumeric, optionalSpace, quotedString } from '../support/arbitraries/text.ts';
import { fixture } from '../support/fixtures.ts';
import { parsed, valueText } from '../support/parsed.ts';
import { alone, amid, at } from '../support/window.ts';

function paramOf(content: string, name: string): string | undefined {
  const window = amid(content);
  const span = new Span();
  const isFound = findAuthParam(window.bytes, window.start, window.end, ascii(name), span);
  return isFound ? at(window, span.start, span.end) : undefined;
}

describe('readAuthScheme', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['Digest realm="a"', 'Digest'],
    [' \r\n NoOneKnowsThisScheme opaque-data=here', 'NoOneKnowsThisScheme'],
    ['Digest', 'Digest'],
    ['"Digest"', undefined],
    ['', undefined],
    ['  ', undefined],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected}`, () => {
      const window = amid(content);
      const span = new Span();
      assert.equal(readAuthScheme(window.bytes, window.start, window.end, span), expected !== undefined);
      if (expected !== undefined) assert.equal(at(window, span.start, span.end), expected);
    });
  }
});

describe('findAuthParam', () => {
  const cases: readonly (readonly [string, string, string | undefined])[] = [
    ['Digest realm="a", nonce="b"', 'nonce', 'b'],
    ['Digest realm="a",nonce="b"', 'nonce', 'b'],
    ['Digest NONCE = "b"', 'nonce', 'b'],
    ['Digest realm="a, nonce=\\"x\\"", nonce="b"', 'nonce', 'b'],
    ['Digest realm="\\\\", nonce="b"', 'nonce', 'b'],
    ['Digest nonce="Zm9v=="', 'nonce', 'Zm9v=='],
    ['Digest nonce=Zm9v==', 'nonce', 'Zm9v=='],
    ['Digest algorithm=MD5, nc=00000001', 'nc', '00000001'],
    ['Digest algorithm=MD5 , nc=00000001', 'algorithm', 'MD5'],
    ['Digest\r\n realm="a",\r\n nonce="b"', 'nonce', 'b'],
    ['Digest stale=true,,, nonce="b",', 'nonce', 'b'],
    ['Digest nonce=', 'nonce', ''],
    ['Digest nonce=,realm="a"', 'realm', 'a'],
    ['Digest nonce=""', 'nonce', ''],
    ['Digest nonce="a", nonce="b"', 'nonce', 'a'],
    ['Digest cnonce="a"', 'nonce', undefined],
    ['Digest realm="a", nonce', 'nonce', undefined],
    ['Digest nonce="a', 'nonce', undefined],
    ['Digest realm="a, nonce="b"', 'nonce', undefined],
    ['Digest realm, nonce="b"', 'nonce', undefined],
    ['Digest ="x", nonce="b"', 'nonce', undefined],
    ['Digest', 'nonce', undefined],
    ['', 'nonce', undefined],
    ['nonce="b"', 'nonce', undefined],
  ];
  for (const [content, name, expected] of cases) {
    it(`${name} of ${JSON.stringify(content)} → ${JSON.stringify(expected)}`, () => {
      assert.equal(paramOf(content, name), expected);
    });
  }

  it('the captured credentials, whose response comes first and without a space before the scheme', () => {
    const message = parsed(alone(fixture('seed/ses-f3-register-credentials.sip')));
    assert.ok(message !== undefined);
    const line = message.firstOf(Header.AUTHORIZATION);
    const value = valueText(message, line);
    assert.match(value, /^Digest response=/);
    for (const name of ['response', 'nonce', 'username', 'realm', 'uri']) {
      assert.equal(paramOf(value, name), new RegExp(`[ ,]${name}="([^"]*)"`).exec(value)?.[1], name);
    }
  });

  it('the captured challenge, whose nonce holds equals signs', () => {
    const message = parsed(alone(fixture('seed/ses-f2-401.sip')));
    assert.ok(message !== undefined);
    const value = valueText(message, message.firstOf(Header.WWW_AUTHENTICATE));
    assert.equal(paramOf(value, 'nonce'), /nonce="([^"]*)"/.exec(value)?.[1]);
  });

  it('finds every parameter of any list', () => {
    const quoted = quotedString().map((written) => ({ written, inside: written.slice(1, -1) }));
    const word = alphanumeric({ min: 1 }).map((written) => ({ written, inside: written }));
    const values = fc.array(fc.oneof(quoted, word), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(values, optionalSpace('exotic'), (list, gap) => {
        const params = list.map(({ written }, i) => `p${i}${gap}=${gap}${written}`).join(`${gap},${gap}`);
        list.forEach(({ inside }, i) => {
          assert.equal(paramOf(`Digest ${params}`, `p${i}`), inside);
        });
        assert.equal(paramOf(`Digest ${params}`, 'nonce'), undefined);
      }),
      { numRuns: 500 },
    );
  });
});
