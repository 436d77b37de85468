import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ascii,
  decimal,
  equals,
  equalsFolded,
  hexValue,
  indexOf,
  indexOfLineEnd,
  isAlpha,
  isDigit,
  isSpace,
  isToken,
  isTokenByte,
  lower,
  MAX_DECIMAL,
  NOT_A_NUMBER,
  sameBytes,
  skipSpace,
  text,
  trimEnd,
  writeBytes,
  writeDecimal,
  writeHex32,
  writeRange,
} from '../../src/sip/bytes.ts';
import { amid } from '../support/window.ts';

const EVERY_BYTE = Array.from({ length: 256 }, (_, byte) => byte);
const charactersWhere = (holds: (byte: number) => boolean): string =>
  EVERY_BYTE.filter(holds)
    .map((byte) => String.fromCharCode(byte))
    .join('');

describe('character classes', () => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

  it('hold exactly the bytes of their grammar rules, none above 127', () => {
    assert.equal(charactersWhere(isDigit), '0123456789');
    assert.equal(charactersWhere(isAlpha), letters);
    assert.equal(charactersWhere(isSpace), '\t\n\r ');
    assert.equal(
      charactersWhere(isTokenByte),
      `!%'*+-.0123456789${letters.slice(0, 26)}_\`${letters.slice(26)}~`,
    );
    assert.equal(
      charactersWhere((byte) => hexValue(byte) >= 0),
      '0123456789ABCDEFabcdef',
    );
  });

  it('hexValue is the value of the digit', () => {
    for (let value = 0; value < 16; value++) {
      assert.equal(hexValue(value.toString(16).charCodeAt(0)), value);
      assert.equal(hexValue(value.toString(16).toUpperCase().charCodeAt(0)), value);
    }
  });

  it('lower folds ASCII letters and nothing else', () => {
    for (const byte of EVERY_BYTE) {
      const isUpper = byte >= 65 && byte <= 90;
      assert.equal(lower(byte), isUpper ? byte + 32 : byte);
    }
  });

  it('isToken wants at least one byte, and token bytes only', () => {
    const cases: readonly (readonly [string, boolean])[] = [
      ['', false],
      ['a', true],
      ["-.!%*_+`'~", true],
      ['a b', false],
      ['a/', false],
      ['\u00e9', false],
    ];
    for (const [content, expected] of cases) {
      const { bytes, start, end } = amid(content);
      assert.equal(isToken(bytes, start, end), expected, JSON.stringify(content));
    }
  });
});

describe('comparison', () => {
  const sip = ascii('sip');
  const cases: readonly (readonly [string, boolean, boolean])[] = [
    ['sip', true, true],
    ['SiP', false, true],
    ['si', false, false],
    ['sips', false, false],
    ['', false, false],
    // 0x13 and 0x33 are what careless folding makes of the letters.
    ['\u0013ip', false, false],
    ['3ip', false, false],
  ];
  for (const [content, same, sameFolded] of cases) {
    it(`${JSON.stringify(content)} with sip`, () => {
      const { bytes, start, end } = amid(content);
      assert.equal(equals(bytes, start, end, sip), same);
      assert.equal(equalsFolded(bytes, start, end, sip), sameFolded);
      assert.equal(sameBytes(bytes, start, end, sip, 0, sip.length), same);
    });
  }
});

describe('searching', () => {
  it('finds the first, and nothing beyond the end', () => {
    const { bytes, start, end } = amid('ab:c:');
    assert.equal(indexOf(bytes, start, end, 0x3a), start + 2);
    assert.equal(indexOf(bytes, start, end, 0x22), -1, 'a quote stands behind the end');
    assert.equal(indexOf(bytes, start, start, 0x61), -1);
  });

  it('a line end is the first CR or LF', () => {
    const { bytes, start, end } = amid('ab\tc\rd\ne');
    assert.equal(indexOfLineEnd(bytes, start, end), start + 4);
    assert.equal(indexOfLineEnd(bytes, start + 5, end), start + 6);
    assert.equal(indexOfLineEnd(bytes, start + 7, end), -1, 'another one stands behind the end');
  });

  it('white space is skipped from both ends, and not past them', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['', ''],
      [' \r\n\t', ''],
      [' a b \r\n ', 'a b'],
      ['a', 'a'],
    ];
    for (const [content, expected] of cases) {
      const { bytes, start, end } = amid(content);
      const from = skipSpace(bytes, start, end);
      assert.equal(text(bytes, from, trimEnd(bytes, from, end)), expected);
    }
  });

  it('blanks that belong to a neighbour are left alone', () => {
    const bytes = ascii('  a  ');
    assert.equal(skipSpace(bytes, 1, 2), 2);
    assert.equal(trimEnd(bytes, 4, 5), 4);
  });
});

describe('decimal', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['0', 0],
    ['70', 70],
    ['0068', 68],
    ['00000000000000000000000000000001', 1],
    ['4294967295', MAX_DECIMAL],
    ['4294967296', NOT_A_NUMBER],
    ['99999999999999999999999999999999', NOT_A_NUMBER],
    ['', NOT_A_NUMBER],
    ['-1', NOT_A_NUMBER],
    ['+1', NOT_A_NUMBER],
    ['1 ', NOT_A_NUMBER],
    ['1.0', NOT_A_NUMBER],
    ['0x10', NOT_A_NUMBER],
    ['\u00b2', NOT_A_NUMBER],
  ];
  for (const [content, expected] of cases) {
    it(`of ${JSON.stringify(content)} is ${expected}`, () => {
      const { bytes, start, end } = amid(content);
      assert.equal(decimal(bytes, start, end), expected);
    });
  }

  it('reads what writeDecimal writes, which is what String writes', () => {
    const edges = [0, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 2_147_483_648, MAX_DECIMAL];
    const numbers = fc.oneof(fc.constantFrom(...edges), fc.nat(0xffff_ffff));
    fc.assert(
      fc.property(numbers, fc.nat(3), (value, offset) => {
        const out = new Uint8Array(20);
        const end = writeDecimal(out, offset, value);
        assert.equal(text(out, offset, end), String(value));
        assert.equal(decimal(out, offset, end), value);
        assert.ok(
          out.every((byte, i) => byte === 0 || (i >= offset && i < end)),
          'wrote elsewhere',
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('agrees with Number on every string of digits', () => {
    const digits = fc.array(fc.constantFrom(...'0123456789'), { minLength: 1, maxLength: 14 });
    fc.assert(
      fc.property(digits, (list) => {
        const { bytes, start, end } = amid(list.join(''));
        const value = Number(list.join(''));
        assert.equal(decimal(bytes, start, end), value > MAX_DECIMAL ? NOT_A_NUMBER : value);
      }),
      { numRuns: 500 },
    );
  });
});

describe('writing', () => {
  it('text gives back every byte that ascii took', () => {
    const all = String.fromCharCode(...EVERY_BYTE);
    assert.equal(text(ascii(all), 0, 256), all);
  });

  it('literals, ranges and hex words one behind the other', () => {
    const out = new Uint8Array(24);
    let end = writeBytes(out, 1, ascii('ab'));
    end = writeRange(out, end, ascii('xcdx'), 1, 3);
    end = writeHex32(out, end, 0x00c0ffee);
    end = writeHex32(out, end, -1);
    assert.equal(text(out, 0, end), '\0abcd00c0ffeeffffffff');
  });
});
