import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { text } from '../../src/sip/bytes.ts';
import { Param, quotedEnd, readParam } from '../../src/sip/params.ts';
import { paramsText, unknownParam } from '../support/arbitraries/param.ts';
import { quotedString } from '../support/arbitraries/text.ts';
import type { Window } from '../support/window.ts';
import { amid } from '../support/window.ts';

type Read = readonly [name: string, value?: string];

/** Every parameter of the window as `[name]` or `[name, value]`, and what ended the list. */
function readAll({ bytes, start, end }: Window): { params: Read[]; last: string; rest: string } {
  const params: Read[] = [];
  const param = new Param();
  let at = start;
  let last = readParam(bytes, at, end, param);
  while (last === 'param') {
    const name = text(bytes, param.nameStart, param.nameEnd);
    const value = text(bytes, param.valueStart, param.valueEnd);
    assert.equal(text(bytes, param.start, param.start + 1), ';');
    assert.ok(param.hasValue || value === '');
    params.push(param.hasValue ? [name, value] : [name]);
    at = param.end;
    last = readParam(bytes, at, end, param);
  }
  return { params, last, rest: text(bytes, at, end) };
}

describe('readParam', () => {
  const cases: readonly (readonly [string, readonly Read[], ('end' | 'broken')?, string?])[] = [
    ['', []],
    [';lr', [['lr']]],
    [';a=b', [['a', 'b']]],
    [';a=b;c;d=e', [['a', 'b'], ['c'], ['d', 'e']]],
    [' ; a = b ; c ', [['a', 'b'], ['c']], 'end', ' '],
    ['\r\n ;\r\n a\t=\r\n\tb', [['a', 'b']]],
    [';rport=', [['rport', '']]],
    [';rport= ;x', [['rport', ''], ['x']]],
    [';', [['']]],
    [';;', [[''], ['']]],
    ['; ;rport', [[''], ['rport']]],
    [';=', [['', '']]],
    [';=x', [['', 'x']]],
    [';a==', [['a', '=']]],
    [';a=b=c', [['a', 'b=c']]],
    [';a="b;c,d>e"', [['a', '"b;c,d>e"']]],
    [';a="b\\"c";d', [['a', '"b\\"c"'], ['d']]],
    [';a="b\\\\";d', [['a', '"b\\\\"'], ['d']]],
    [';a=""', [['a', '""']]],
    [';a="b', [], 'broken', ';a="b'],
    [';a="b\\"', [], 'broken', ';a="b\\"'],
    [';a="', [], 'broken', ';a="'],
    [';a="\\', [], 'broken', ';a="\\'],
    [';x;a="b', [['x']], 'broken', ';a="b'],
    [';received=2001:db8::9:255', [['received', '2001:db8::9:255']]],
    [';received=[2001:db8::9:255]', [['received', '[2001:db8::9:255]']]],
    [';a=b,next', [['a', 'b']], 'end', ',next'],
    [';a,next', [['a']], 'end', ',next'],
    [';a=b>', [['a', 'b']], 'end', '>'],
    [';a b', [['a']], 'end', ' b'],
    [';a=b c', [['a', 'b']], 'end', ' c'],
    [';a="b"c', [['a', '"b"']], 'end', 'c'],
    ['a;b', [], 'end', 'a;b'],
  ];
  for (const [content, params, last = 'end', rest = ''] of cases) {
    it(`${JSON.stringify(content)} → ${JSON.stringify(params)}, ${last}`, () => {
      assert.deepEqual(readAll(amid(content)), { params, last, rest });
    });
  }

  it('reads back any list that was written', () => {
    fc.assert(
      fc.property(fc.array(unknownParam('exotic'), { maxLength: 5 }), (written) => {
        const { params, last, rest } = readAll(amid(paramsText(written)));
        assert.equal(last, 'end');
        assert.equal(rest, '');
        assert.deepEqual(
          params.map(([name, value]) => [name.toLowerCase(), value]),
          written.map(({ name, value }) => [name, value]),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('quotedEnd', () => {
  it('is behind the closing quote, whatever the string holds', () => {
    fc.assert(
      fc.property(quotedString(), (quoted) => {
        const { bytes, start, end } = amid(quoted);
        assert.equal(quotedEnd(bytes, start, end), end);
        assert.equal(quotedEnd(bytes, start, end - 1), -1, 'the quote behind the end does not close it');
      }),
      { numRuns: 500 },
    );
  });
});
