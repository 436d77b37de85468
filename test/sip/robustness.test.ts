/** What no datagram may do to the parsers: make them throw, see what stands around it, or recall what was read before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ascii } from '../../src/sip/bytes.ts';
import { anything, neighbour } from '../support/arbitraries/anything.ts';
import { everyFixture } from '../support/fixtures-all.ts';
import { Reader } from '../support/read-everything.ts';
import { alone, between } from '../support/window.ts';

const FIXTURES = everyFixture();

/**
 * Two readers with different pasts: before each datagram one has read a message and a value in which everything
 * is there, the other two in which nothing is. What shows through from before makes their notes differ.
 */
const used = new Reader();
const fresh = new Reader();
const FULL_MESSAGE = alone(
  ascii(
    'REGISTER sip:u:p@h:1;lr?a=b SIP/2.0\r\nVia: SIP/2.0/UDP h:1;branch=z9hG4bKa;received=1.2.3.4;rport=2;m=c;s=d;l=e\r\n' +
      'To: <sip:u@h:2;lr>;tag=a\r\nFrom: <sip:u@h>;tag=b\r\nCSeq: 7 REGISTER\r\nl: 1\r\n\r\nx',
  ),
);
const FULL_VALUE = alone(ascii('SIP/2.0/UDP h:1;branch=z9hG4bKa;received=1.2.3.4;rport=2;m=c;s=d;l=e'));
const EMPTY_MESSAGE = alone(ascii('SIP/2.0 200\n\n'));
const EMPTY_VALUE = alone(ascii('*'));

function assertSameNotes(datagram: Uint8Array, before: Uint8Array, behind: Uint8Array): void {
  const inArena = between(before, datagram, behind);
  const onItsOwn = alone(datagram);
  used.readMessage(FULL_MESSAGE);
  fresh.readMessage(EMPTY_MESSAGE);
  assertSame(used.readMessage(inArena), fresh.readMessage(onItsOwn));
  used.readAsValue(FULL_VALUE);
  fresh.readAsValue(EMPTY_VALUE);
  assertSame(used.readAsValue(inArena), fresh.readAsValue(onItsOwn));
}

/** deepEqual takes longer than all the reading; it has its say only where there is something to show. */
function assertSame(actual: readonly number[], expected: readonly number[]): void {
  const isSame = actual.length === expected.length && actual.every((note, i) => note === expected[i]);
  if (!isSame) assert.deepEqual(actual, expected);
}

describe('whatever the datagram', () => {
  it('is read without a throw, and the notes do not depend on its surroundings', () => {
    fc.assert(fc.property(anything, neighbour, neighbour, assertSameNotes), { numRuns: 2500 });
  });
});

describe('of every message in the corpus', () => {
  for (const { name, bytes } of FIXTURES) {
    it(`${name}: every prefix is read as if nothing followed`, () => {
      const nothing = new Uint8Array(0);
      for (let length = 0; length <= bytes.length; length++) {
        assertSameNotes(bytes.subarray(0, length), nothing, bytes.subarray(length));
      }
    });
  }

  it('every suffix is read as if nothing stood before', () => {
    const nothing = new Uint8Array(0);
    for (const { bytes } of FIXTURES) {
      for (let from = 1; from < bytes.length; from += 7) {
        assertSameNotes(bytes.subarray(from), bytes.subarray(0, from), nothing);
      }
    }
  });
});
