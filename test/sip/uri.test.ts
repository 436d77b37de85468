import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ascii, text } from '../../src/sip/bytes.ts';
import { Param } from '../../src/sip/params.ts';
import { findUriParam, hostEnd, readUri, Uri } from '../../src/sip/uri.ts';
import { sipUri } from '../support/arbitraries/uri.ts';
import { amid } from '../support/window.ts';

interface Read {
  readonly scheme: string;
  readonly user?: string;
  readonly host: string;
  readonly port: number;
  readonly params: string;
  readonly headers: string;
}

function read(content: string, uri = new Uri()): Read | undefined {
  const { bytes, start, end } = amid(content);
  if (!readUri(bytes, start, end, uri)) return undefined;
  assert.equal(text(bytes, uri.start, uri.end), content);
  const user = text(bytes, uri.userStart, uri.userEnd);
  assert.ok(uri.hasUser || user === '');
  return {
    scheme: uri.scheme,
    ...(uri.hasUser ? { user } : {}),
    host: text(bytes, uri.hostStart, uri.hostEnd),
    port: uri.port,
    params: text(bytes, uri.paramsStart, uri.paramsEnd),
    headers: text(bytes, uri.headersStart, uri.end),
  };
}

/** The value of a URI parameter; null where it has none; undefined where it is absent. */
function paramOf(content: string, name: string): string | null | undefined {
  const { bytes, start, end } = amid(content);
  const uri = new Uri();
  const param = new Param();
  readUri(bytes, start, end, uri);
  if (!findUriParam(bytes, uri, ascii(name), param)) return undefined;
  return param.hasValue ? text(bytes, param.valueStart, param.valueEnd) : null;
}

describe('readUri', () => {
  const none = { params: '', headers: '', port: 0 };
  const cases: readonly (readonly [string, Read | undefined])[] = [
    ['sip:h', { scheme: 'sip', host: 'h', ...none }],
    ['SIPS:h', { scheme: 'sips', host: 'h', ...none }],
    ['sip:u@h', { scheme: 'sip', user: 'u', host: 'h', ...none }],
    ['sip:u:p@h:5062', { scheme: 'sip', user: 'u:p', host: 'h', ...none, port: 5062 }],
    ['sip:h:0', { scheme: 'sip', host: 'h', ...none }],
    ['sip:u@h;lr;a=b', { scheme: 'sip', user: 'u', host: 'h', ...none, params: ';lr;a=b' }],
    ['sip:u@h:1;a=b?c=d', { scheme: 'sip', user: 'u', host: 'h', port: 1, params: ';a=b', headers: '?c=d' }],
    ['sip:h?c=d;e', { scheme: 'sip', host: 'h', ...none, headers: '?c=d;e' }],
    // RFC 4475 semiuri: what looks like parameters or headers belongs to the user part.
    ['sip:u;x=y%40z@h', { scheme: 'sip', user: 'u;x=y%40z', host: 'h', ...none }],
    ['sip:u?a=b@h', { scheme: 'sip', user: 'u?a=b', host: 'h', ...none }],
    ['sip:%00@h', { scheme: 'sip', user: '%00', host: 'h', ...none }],
    ['sip:[::1]', { scheme: 'sip', host: '[::1]', ...none }],
    // RFC 5118 port-ambiguous and port-unambiguous
    ['sip:[2001:db8::10:5070]', { scheme: 'sip', host: '[2001:db8::10:5070]', ...none }],
    ['sip:[2001:db8::10]:5070', { scheme: 'sip', host: '[2001:db8::10]', ...none, port: 5070 }],
    [
      'sip:u@[::1]:5060;lr',
      { scheme: 'sip', user: 'u', host: '[::1]', port: 5060, params: ';lr', headers: '' },
    ],
    ['sip:a_b.c-d', { scheme: 'sip', host: 'a_b.c-d', ...none }],
    // RFC 5118 ipv6-bad
    ['sip:2001:db8::10', undefined],
    ['sip:', undefined],
    ['sip', undefined],
    [':h', undefined],
    ['', undefined],
    ['sip:@h', undefined],
    ['sip:u@', undefined],
    ['sip:u@h@i', undefined],
    ['sip:h:', undefined],
    ['sip:h:65536', undefined],
    ['sip:h:x', undefined],
    ['sip:h :5060', undefined],
    ['sip: h', undefined],
    ['sip:h i', undefined],
    ['sip:h>', undefined],
    ['sip:h"', undefined],
    ['sip:[]', undefined],
    ['sip:[::1', undefined],
    ['sip:[::1]x', undefined],
    ['sip:[;a=[::1]', undefined],
    ['sip:[a@b]', undefined],
    ['sip:;lr', undefined],
    ['sip :h', undefined],
    ['1sip:h', undefined],
    ['s ip:h', undefined],
    ['h', undefined],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected === undefined ? 'none' : JSON.stringify(expected)}`, () => {
      assert.deepEqual(read(content), expected);
    });
  }

  it('other schemes are told apart, and hold no parts, whatever the object held before', () => {
    for (const [content, scheme] of [
      ['tel:+1-201-555-0123;phone-context=x', 'tel'],
      ['TEL:1', 'tel'],
      ['nobodyKnowsThisScheme:totallyopaquecontent', 'other'],
      ['soap.beep://192.0.2.103:3002', 'other'],
      ['sip+x:h', 'other'],
      ['sipx:h', 'other'],
    ] as const) {
      const uri = new Uri();
      read('sip:user@host:5060;lr?a=b', uri);
      assert.deepEqual(read(content, uri), { scheme, host: '', port: 0, params: '', headers: '' });
    }
    assert.equal(read('tel:'), undefined);
  });

  it('is copied with all its parts', () => {
    const content = 'sips:bob:pw@h.example.com:5061;lr?x=y';
    const uri = new Uri();
    assert.ok(readUri(ascii(` ${content}`), 1, content.length + 1, uri));
    const copy = Object.assign(new Uri(), Object.fromEntries(Object.keys(uri).map((key) => [key, -1])));
    copy.copyFrom(uri);
    assert.deepEqual(copy, uri);
  });

  it('reads back any URI as the parts that it was made of', () => {
    fc.assert(
      fc.property(fc.oneof(sipUri('exotic'), sipUri('exotic', 'bare')), (uri) => {
        const params = uri.params.map(
          ({ name, value }) => `;${name}${value === undefined ? '' : `=${value}`}`,
        );
        assert.deepEqual(read(uri.text), {
          scheme: uri.scheme,
          ...(uri.user === undefined ? {} : { user: uri.user }),
          host: uri.host,
          port: uri.port,
          params: params.join(''),
          headers: uri.headers,
        });
      }),
      { numRuns: 1000 },
    );
  });
});

describe('findUriParam', () => {
  const cases: readonly (readonly [string, string, string | null | undefined])[] = [
    ['sip:h;lr', 'lr', null],
    ['sip:h;LR', 'lr', null],
    ['sip:h;lr=on', 'lr', 'on'],
    ['sip:h;lr=', 'lr', ''],
    ['sip:h;a=lr;b', 'lr', undefined],
    ['sip:h;lrx', 'lr', undefined],
    ['sip:h;a=1;lr;lr=2', 'lr', null],
    ['sip:h;;lr', 'lr', null],
    ['sip:h;lr;', 'lr', null],
    ['sip:h;a==b==', 'a', '=b=='],
    // Seen in the wild: quotes in a Contact's URI; what follows them must still be found.
    ['sip:h;a="b";lr', 'lr', null],
    ['sip:h;a="b;lr', 'lr', null],
    ['sip:h;a=1,2;lr', 'lr', null],
    ['sip:h;a=b?lr', 'lr', undefined],
    ['sip:h?a;lr', 'lr', undefined],
    ['sip:u;lr@h', 'lr', undefined],
    ['tel:1;lr', 'lr', undefined],
    ['sip:h', 'lr', undefined],
  ];
  for (const [content, name, expected] of cases) {
    it(`${name} of ${content} → ${expected}`, () => assert.equal(paramOf(content, name), expected));
  }

  it('finds every parameter of any URI, and none that is not there', () => {
    fc.assert(
      fc.property(sipUri('exotic'), (uri) => {
        for (const { name } of uri.params) {
          const first = uri.params.find((other) => other.name.toLowerCase() === name.toLowerCase());
          assert.equal(paramOf(uri.text, name.toLowerCase()), first?.value ?? null);
        }
        assert.equal(paramOf(uri.text, 'rc'), undefined);
      }),
      { numRuns: 500 },
    );
  });
});

describe('hostEnd', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['pbx.example.com:5060', 15],
    ['pbx', 3],
    ['10.0.0.1;x', 8],
    ['[::1]:5060', 5],
    ['[::ffff:10.0.0.1]', 17],
    ['[::1', 0],
    ['[]', 0],
    ['[;]', 0],
    ['[a,b]', 0],
    ['[g]', 0],
    [';x', 0],
    ['', 0],
  ];
  for (const [content, length] of cases) {
    it(`${JSON.stringify(content)} → ${length}`, () => {
      const { bytes, start, end } = amid(content);
      assert.equal(hostEnd(bytes, start, end) - start, length);
    });
  }
});
