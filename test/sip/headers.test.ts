import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Header, headerId } from '../../src/sip/headers.ts';
import { HEAD_WORDS } from '../../src/sip/kernel/layout.ts';
import { inCase, letterCases, token } from '../support/arbitraries/text.ts';
import { amid } from '../support/window.ts';

function read(content: string): number {
  const { bytes, start, end } = amid(content);
  return headerId(bytes, start, end);
}

const NAMES: readonly (readonly [keyof typeof Header, string, string?])[] = [
  ['VIA', 'Via', 'v'],
  ['FROM', 'From', 'f'],
  ['TO', 'To', 't'],
  ['CALL_ID', 'Call-ID', 'i'],
  ['CSEQ', 'CSeq'],
  ['MAX_FORWARDS', 'Max-Forwards'],
  ['CONTENT_LENGTH', 'Content-Length', 'l'],
  ['CONTACT', 'Contact', 'm'],
  ['ROUTE', 'Route'],
  ['RECORD_ROUTE', 'Record-Route'],
  ['PATH', 'Path'],
  ['EXPIRES', 'Expires'],
  ['AUTHORIZATION', 'Authorization'],
  ['PROXY_AUTHORIZATION', 'Proxy-Authorization'],
  ['WWW_AUTHENTICATE', 'WWW-Authenticate'],
  ['PROXY_AUTHENTICATE', 'Proxy-Authenticate'],
  ['PROXY_REQUIRE', 'Proxy-Require'],
  ['REQUIRE', 'Require'],
  ['SUPPORTED', 'Supported', 'k'],
  ['USER_AGENT', 'User-Agent'],
  ['SERVER', 'Server'],
  ['MIN_EXPIRES', 'Min-Expires'],
  ['RETRY_AFTER', 'Retry-After'],
  ['DATE', 'Date'],
];

describe('headerId', () => {
  for (const [key, name, compact] of NAMES) {
    it(`${name}${compact === undefined ? '' : ` and ${compact}`}, in any case`, () => {
      const forms = compact === undefined ? [name] : [name, compact];
      for (const form of forms) {
        for (const spelled of [form, form.toUpperCase(), form.toLowerCase()]) {
          assert.equal(read(spelled), Header[key], spelled);
        }
      }
    });
  }

  it('every id comes once, has a name here, and a head in the index', () => {
    const ids = Object.values(Header);
    assert.deepEqual(
      ids.toSorted((a, b) => a - b),
      Array.from({ length: ids.length }, (_, id) => id),
    );
    assert.equal(NAMES.length, ids.length - 1, 'all but OTHER');
    assert.ok(ids.length <= HEAD_WORDS);
  });

  it('what nobody here reads is OTHER', () => {
    const others = [
      ...['', 'x', 'c', 's', 'e', 'o', 'u', 'r', 'b', 'Subject', 'Content-Type', 'Vi', 'Viaa', 'V1a', '-ia'],
      ...[
        'Contact ',
        'C%6Fntact',
        'Content_Length',
        'Content\rLength',
        'x'.repeat(300),
        '\u00f6',
        'V\u0049A\u0000',
      ],
    ];
    for (const name of others) assert.equal(read(name), Header.OTHER, JSON.stringify(name));
  });

  it('agrees with a plain lookup on any token', () => {
    const known = new Map(
      NAMES.flatMap(([key, ...names]) => names.map((name) => [name?.toLowerCase(), Header[key]])),
    );
    const written = fc.oneof(
      token(),
      fc.constantFrom(...[...known.keys()].filter((name) => name !== undefined)),
    );
    fc.assert(
      fc.property(written, letterCases(), (name, cases) => {
        assert.equal(read(inCase(name, cases)), known.get(name.toLowerCase()) ?? Header.OTHER);
      }),
      { numRuns: 1000 },
    );
  });
});
