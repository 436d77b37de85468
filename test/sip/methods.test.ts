import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { methodOf } from '../../src/sip/method-of.ts';
import { METHODS } from '../../src/sip/methods.ts';
import { amid } from '../support/window.ts';

/** As it is read where datagrams arrive, which must be what is read in other memory. */
function read(content: string): string {
  const { bytes, start, end } = amid(content);
  const at = kernel.placeOf(bytes, 0, bytes.length);
  const found = methodOf(kernel.bytes, at + start, at + end);
  assert.equal(methodOf(bytes, start, end), found);
  return found;
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
