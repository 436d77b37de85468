import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { text } from '../../src/sip/bytes.ts';
import { CSeq, readCSeq } from '../../src/sip/cseq.ts';
import { amid } from '../support/window.ts';

describe('readCSeq', () => {
  const cases: readonly (readonly [string, number, string | undefined])[] = [
    ['1 REGISTER', 1, 'REGISTER'],
    ['0009\r\n  INVITE', 9, 'INVITE'],
    ['0 a', 0, 'a'],
    ['2147483647 INVITE', 2_147_483_647, 'INVITE'],
    ['2147483648 INVITE', 0, undefined],
    ['36893488147419103232 REGISTER', 0, undefined],
    ['1', 0, undefined],
    ['1 ', 0, undefined],
    ['1INVITE', 0, undefined],
    ['INVITE', 0, undefined],
    ['-1 INVITE', 0, undefined],
    ['1 INVITE x', 0, undefined],
    ['1 IN/VITE', 0, undefined],
    ['', 0, undefined],
  ];
  for (const [content, number, method] of cases) {
    it(`${JSON.stringify(content)} → ${method === undefined ? 'none' : `${number} ${method}`}`, () => {
      const { bytes, start, end } = amid(content);
      const cseq = new CSeq();
      assert.equal(readCSeq(bytes, start, end, cseq), method !== undefined);
      if (method === undefined) return;
      assert.equal(cseq.number, number);
      assert.equal(text(bytes, cseq.methodStart, cseq.methodEnd), method);
      assert.equal(Number(text(bytes, cseq.numberStart, cseq.numberEnd)), number);
    });
  }
});
