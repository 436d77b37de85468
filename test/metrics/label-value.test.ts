import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { labelValue, MAX_LABEL_LENGTH } from '../../src/metrics/label-value.ts';

describe('a label value', () => {
  it('is what an ordinary extension, domain or address is', () => {
    for (const value of ['24001@iptlab.com', '[2001:db8::1]:5060', 'a b@x', '', `~!#$%25&'()*+,;=@`]) {
      assert.equal(labelValue(value), value);
    }
  });

  it('shows what is not printable by its code', () => {
    assert.equal(labelValue('a\0b\r\nc\x7fd\xe9'), 'a%00b%0D%0Ac%7Fd%E9');
    assert.equal(labelValue('\u2028\ud800'), '%u2028%uD800');
  });

  it('is cut where it is too long, and two that begin alike stay apart', () => {
    const long = 'x'.repeat(4096);
    const [one, two] = [labelValue(`${long}1`), labelValue(`${long}2`)];
    assert.match(one, /^x{238}~[0-9A-F]{16}$/);
    assert.equal(one.length, MAX_LABEL_LENGTH);
    assert.notEqual(one, two);
    assert.equal(labelValue('y'.repeat(MAX_LABEL_LENGTH)), 'y'.repeat(MAX_LABEL_LENGTH));
  });

  it('is printable and bounded whatever was sent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (sent) => {
        const value = labelValue(sent);
        assert.match(value, /^[\x20-\x7e]*$/);
        assert.ok(value.length <= MAX_LABEL_LENGTH);
      }),
    );
  });

  it('is another one for another value, where percent signs are escaped as the monitor does', () => {
    const awkward = fc.string({
      unit: fc.constantFrom('%25', '0', 'A', 'u', '\0', '\n', '\xe9', '\u2028'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(awkward, awkward, (one, two) => {
        assert.equal(labelValue(one) === labelValue(two), one === two);
      }),
      { numRuns: 2000 },
    );
  });
});
