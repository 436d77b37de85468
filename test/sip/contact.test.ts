import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ascii, text } from '../../src/sip/bytes.ts';
import { Contact, DEFAULT_EXPIRES_SEC, NOT_STATED, readContact } from '../../src/sip/contact.ts';

interface Read {
  readonly uri: string;
  readonly expiresSec: number;
  readonly instance: string;
  readonly regId: number;
}

/** Every value of a Contact line. */
function readAll(line: string): (Read | undefined)[] {
  const bytes = ascii(line);
  const contact = new Contact();
  const out: (Read | undefined)[] = [];
  for (let at = 0; at >= 0; at = contact.value.next) {
    if (!readContact(bytes, at, bytes.length, contact)) return [...out, undefined];
    const { value, expiresSec, instanceStart, instanceEnd, regId } = contact;
    const uri = value.isStar ? '*' : text(bytes, value.uriStart, value.uriEnd);
    out.push({ uri, expiresSec, instance: text(bytes, instanceStart, instanceEnd), regId });
  }
  return out;
}

describe('readContact', () => {
  it('reads URI, expiry, instance and reg-id', () => {
    const line = '"K" <sip:a@h;ob>;reg-id=1;+sip.instance="<urn:uuid:1>";expires=60';
    assert.deepEqual(readAll(line), [
      { uri: 'sip:a@h;ob', expiresSec: 60, instance: 'urn:uuid:1', regId: 1 },
    ]);
  });

  it('tells whether the URI stands in brackets, in the usual form and in any other', () => {
    const contact = new Contact();
    for (const [line, isBracketed] of [
      ['<sip:a@h>;expires=1', true],
      ['"A" <sip:a@h>', true],
      ['sip:a@h;expires=1', false],
      ['*', false],
    ] as const) {
      assert.ok(readContact(ascii(line), 0, line.length, contact), line);
      assert.equal(contact.value.isBracketed, isBracketed, line);
    }
  });

  it('reads a list with commas and semicolons in quotes', () => {
    const line = '<sip:a@h>;pub-gruu="sip:x;gr=1,2";expires=1 , "a, b" <sip:b@h>;EXPIRES=2,sip:c@h;expires=3';
    assert.deepEqual(
      readAll(line).map((read) => [read?.uri, read?.expiresSec]),
      [
        ['sip:a@h', 1],
        ['sip:b@h', 2],
        ['sip:c@h', 3],
      ],
    );
  });

  it('forgets what the value before it said', () => {
    const line = '<sip:a@h>;reg-id=1;+sip.instance="<urn:x>";expires=60, <sip:b@h>';
    assert.deepEqual(readAll(line)[1], { uri: 'sip:b@h', expiresSec: NOT_STATED, instance: '', regId: 0 });
  });

  it('reads the star', () => {
    assert.deepEqual(readAll(' * '), [{ uri: '*', expiresSec: NOT_STATED, instance: '', regId: 0 }]);
  });

  it('takes a malformed expiry for an hour (§10.2.1.1)', () => {
    for (const nonsense of ['soon', '-1', '', '99999999999', '1.5']) {
      assert.equal(readAll(`<sip:a@h>;expires=${nonsense}`)[0]?.expiresSec, DEFAULT_EXPIRES_SEC, nonsense);
    }
  });

  it('takes an instance without quotes or brackets as it stands', () => {
    assert.equal(readAll('<sip:a@h>;+sip.instance=urn:x')[0]?.instance, 'urn:x');
    assert.equal(readAll('<sip:a@h>;+sip.instance="urn:x"')[0]?.instance, 'urn:x');
    assert.equal(readAll('<sip:a@h>;+sip.instance=""')[0]?.instance, '');
    assert.equal(readAll('<sip:a@h>;+sip.instance="<"')[0]?.instance, '');
  });

  it('says no to what is no value', () => {
    for (const line of ['', '<sip:a@h', '"open <sip:a@h>', '<>'])
      assert.deepEqual(readAll(line), [undefined], line);
  });
});
