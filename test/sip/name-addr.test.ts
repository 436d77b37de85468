import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ascii } from '../../src/sip/bytes.ts';
import { findParam, findTag, NameAddr, readListedNameAddr, readNameAddr } from '../../src/sip/name-addr.ts';
import { Param, Span } from '../../src/sip/params.ts';
import { nameAddr } from '../support/arbitraries/name-addr.ts';
import { optionalSpace } from '../support/arbitraries/text.ts';
import { amid, at } from '../support/window.ts';

/** The URI of a header with one value, `*`, or undefined; with brackets where it has them. */
function uriOf(content: string): string | undefined {
  const window = amid(content);
  const value = new NameAddr();
  if (!readNameAddr(window.bytes, window.start, window.end, value)) return undefined;
  assert.equal(value.next, -1);
  const uri = at(window, value.uriStart, value.uriEnd);
  assert.equal(value.isStar, uri === '*' && !value.isBracketed);
  return value.isBracketed ? `<${uri}>` : uri;
}

/** The URIs of a list; null in the end where it breaks off. */
function listOf(content: string): (string | null)[] {
  const window = amid(content);
  const value = new NameAddr();
  const uris: (string | null)[] = [];
  for (let from = window.start; from >= 0; from = value.next) {
    if (!readListedNameAddr(window.bytes, from, window.end, value)) return [...uris, null];
    uris.push(at(window, value.uriStart, value.uriEnd));
  }
  return uris;
}

function paramOf(content: string, name: string): string | null | undefined {
  const window = amid(content);
  const value = new NameAddr();
  const param = new Param();
  assert.ok(readNameAddr(window.bytes, window.start, window.end, value));
  if (!findParam(window.bytes, value, ascii(name), param)) return undefined;
  return param.hasValue ? at(window, param.valueStart, param.valueEnd) : null;
}

describe('readNameAddr', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['<sip:a>', '<sip:a>'],
    ['sip:a', 'sip:a'],
    ['sip:a;tag=1', 'sip:a'],
    ['sip:a ;tag=1', 'sip:a'],
    ['sip:a\r\n ;tag=1', 'sip:a'],
    ['<sip:a;x=y>;tag=1', '<sip:a;x=y>'],
    ['A. User <sip:a>', '<sip:a>'],
    ['Karen Filippelli 24001 <sip:24001@h>;expires=360', '<sip:24001@h>'],
    // RFC 4475 lwsdisp, badaspec, baddn, intmeth
    ['caller<sip:a>', '<sip:a>'],
    ['"Watson, Thomas" < sip:t.watson@example.org >', '<sip:t.watson@example.org>'],
    ['Bell, Alexander <sip:a>;tag=43', '<sip:a>'],
    ['"BEL:\\\u0007 NUL:\\\0 DEL:\\\u007f" <sip:a>', '<sip:a>'],
    ['"a <sip:evil>" <sip:a>', '<sip:a>'],
    ['"a\\" <sip:evil>" <sip:a>', '<sip:a>'],
    ['"a\\\\" <sip:a>', '<sip:a>'],
    ['""<sip:a>', '<sip:a>'],
    ['a;b <sip:a>', '<sip:a>'],
    ['sip:a;x="<sip:evil>"', 'sip:a'],
    ['sip:a;x=<sip:evil>', 'sip:a'],
    ['<sip:a?Route=%3Csip:b%3E>', '<sip:a?Route=%3Csip:b%3E>'],
    ['*', '*'],
    [' * ', '*'],
    ['<*>', '<*>'],
    ['tel:+1;tag=x', 'tel:+1'],
    ['<sip:a', undefined],
    ['<>', undefined],
    ['< >', undefined],
    ['', undefined],
    [' ', undefined],
    [';tag=1', undefined],
    // RFC 4475 quotbal
    ['"Mr. J. User <sip:j.user@example.com>', undefined],
    ['"a\\"<sip:a>', undefined],
    ['"', undefined],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected}`, () => assert.equal(uriOf(content), expected));
  }

  it('ends at its last byte, white space left out', () => {
    const window = amid(' <sip:a> ;tag=1\r\n ');
    const value = new NameAddr();
    assert.ok(readNameAddr(window.bytes, window.start, window.end, value));
    assert.equal(at(window, value.start, value.end), '<sip:a> ;tag=1');
    assert.equal(at(window, value.paramsStart, value.end), ' ;tag=1');
  });

  it('reads back any value as the parts that it was made of', () => {
    fc.assert(
      fc.property(nameAddr('exotic'), ({ text: written, uri, isBracketed, params }) => {
        assert.equal(uriOf(written), isBracketed ? `<${uri.text}>` : uri.text);
        for (const { name } of params) {
          const first = params.find((other) => other.name === name);
          assert.equal(paramOf(written, name), first?.value ?? null, name);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('findTag', () => {
  const tagOf = (content: string): string | undefined => {
    const window = amid(content);
    const value = new NameAddr();
    const span = new Span();
    assert.ok(readNameAddr(window.bytes, window.start, window.end, value));
    return findTag(window.bytes, value, span) ? at(window, span.start, span.end) : undefined;
  };
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['<sip:a>', undefined],
    ['<sip:a>;tag=1', '1'],
    ['"A" <sip:a;tag=2>;tag=1', '1'],
    ['<sip:a>;tag=', ''],
    ['<sip:a>;tag', ''],
    ['<sip:a>;TAG=1', '1'],
    ['<sip:a> ;tag=1', '1'],
    ['<sip:a>; tag = 1', '1'],
    ['<sip:a>;tag=1;x=y', '1'],
    ['<sip:a>;x=y;tag=1', '1'],
    ['<sip:a>;tag=1;tag=2', '1'],
    ['<sip:a>;tag="1"', '"1"'],
    ['<sip:a>;tag=a=b', 'a=b'],
    ['<sip:a>;tags=1', undefined],
    ['<sip:a>;x', undefined],
    ['sip:a;tag=1', '1'],
    ['sip:a', undefined],
    [`<sip:a>;tag=${'9'.repeat(80)}`, '9'.repeat(80)],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected}`, () => assert.equal(tagOf(content), expected));
  }

  it('finds what findParam finds', () => {
    const written = fc.oneof(
      nameAddr('exotic').map(({ text }) => text),
      fc
        .tuple(
          fc.constantFrom('<sip:a>', '"A" <sip:a@b>'),
          fc.constantFrom(';tag=', ';TAG=', ';x;tag='),
          fc.string({ unit: fc.constantFrom(...'aZ9-.=;" \t%'), maxLength: 40 }),
        )
        .map((parts) => parts.join('')),
    );
    let found = 0;
    fc.assert(
      fc.property(written, (content) => {
        const window = amid(content);
        if (!readNameAddr(window.bytes, window.start, window.end, new NameAddr())) return;
        const expected = paramOf(content, 'tag');
        if (expected !== undefined) found++;
        assert.equal(tagOf(content), expected === null ? '' : expected);
      }),
      { numRuns: 2000 },
    );
    assert.ok(found > 500, `only ${found} had a tag`);
  });
});

describe('readListedNameAddr', () => {
  const cases: readonly (readonly [string, readonly (string | null)[]])[] = [
    ['<sip:a>', ['sip:a']],
    ['<sip:a>,<sip:b>', ['sip:a', 'sip:b']],
    ['<sip:a> , <sip:b>\r\n ,\tsip:c', ['sip:a', 'sip:b', 'sip:c']],
    ['<sip:a,b@c>;x="d,e",sip:f', ['sip:a,b@c', 'sip:f']],
    ['"a, b" <sip:a>, "\\", c" <sip:b>', ['sip:a', 'sip:b']],
    ['*', ['*']],
    ['*, <sip:a>', ['*', 'sip:a']],
    ['<sip:a>,', ['sip:a', null]],
    [',<sip:a>', [null]],
    ['<sip:a>,,<sip:b>', ['sip:a', null]],
    ['<sip:a>, <sip:b', ['sip:a', null]],
    ['<sip:a>;x=<y', [null]],
    ['<sip:a>, "b <sip:c>', ['sip:a', null]],
    ['<sip:a>;x="y, <sip:b>', [null]],
    // RFC 4475 badinv01: empty parameters harm nobody.
    ['"Joe" <sip:joe@example.org>;;;;', ['sip:joe@example.org']],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(listOf(content), expected));
  }

  it('finds every value of any list, in order', () => {
    const lists = fc.array(nameAddr('exotic', { form: 'bracketed' }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(lists, optionalSpace('exotic'), (values, gap) => {
        const written = values.map(({ text: value }) => value).join(`${gap},${gap}`);
        assert.deepEqual(
          listOf(written),
          values.map(({ uri }) => uri.text),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('a list of one is the single value', () => {
    fc.assert(
      fc.property(nameAddr('exotic'), ({ text: written }) => {
        const { bytes, start, end } = amid(written);
        const single = new NameAddr();
        const listed = new NameAddr();
        assert.ok(readNameAddr(bytes, start, end, single));
        assert.ok(readListedNameAddr(bytes, start, end, listed));
        assert.deepEqual(listed, single);
      }),
      { numRuns: 300 },
    );
  });
});

describe('findParam', () => {
  const cases: readonly (readonly [string, string, string | null | undefined])[] = [
    ['<sip:a>;tag=1', 'tag', '1'],
    ['<sip:a> ; TAG = 1', 'tag', '1'],
    ['sip:a;tag=1', 'tag', '1'],
    ['<sip:a;tag=2>', 'tag', undefined],
    ['<sip:a;tag=2>;tag=1;tag=3', 'tag', '1'],
    ['<sip:a>;x="tag=2";tag=1', 'tag', '1'],
    ['<sip:a>;x=";tag=2', 'tag', undefined],
    ['<sip:a>;expires', 'expires', null],
    ['<sip:a>;expires=', 'expires', ''],
    ['<sip:a>;;expires=5', 'expires', '5'],
    ['<sip:a>x;tag=1', 'tag', undefined],
    ['<sip:a>;q=0.3;+sip.instance="<urn:uuid:0>";expires=60', 'expires', '60'],
    ['*', 'expires', undefined],
    ['"a;tag=2" <sip:a>', 'tag', undefined],
  ];
  for (const [content, name, expected] of cases) {
    it(`${name} of ${content} → ${JSON.stringify(expected)}`, () =>
      assert.equal(paramOf(content, name), expected));
  }
});
