import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { METHODS, methodOf } from '../../src/sip/methods.ts';
import { amid } from '../support/window.ts';

function read(content: string): string {
  const { bytes, start, end } = amid(content);
  return methodOf(bytes, start, end);
}

describe('methodOf', () => {
  for (const method of METHODS) {
    it(`${method} is ${method}, and no other spelling of it`, () => {
      assert.equal(read(method), method);
      for (const near of [method.toLowerCase(), `${method}S`, method.slice(0, -1), `${method} `]) {
        assert.equal(read(near), 'other', near);
      }
    });
  }

  it('an escaped letter is not that letter (RFC 4475 esc02)', () =>
    assert.equal(read('RE%47IST%45R'), 'other'));
  it('nothing is no method', () => assert.equal(read(''), 'other'));
});
