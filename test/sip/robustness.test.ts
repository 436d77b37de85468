/** What no datagram may do to the parsers: make them throw, see what stands around it, or recall what was read before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { anything, neighbour } from '../support/arbitraries/anything.ts';
import { everyFixture } from '../support/fixtures-all.ts';
import { Reader } from '../support/read-everything.ts';
import { alone, between } from '../support/window.ts';

const FIXTURES = everyFixture();

/** A reader that has just read something else, and one that is new, must say the same. */
const used = new Reader();
const fresh = new Reader();

function assertSameNotes(datagram: Uint8Array, before: Uint8Array, behind: Uint8Array): void {
  const inArena = between(before, datagram, behind);
  const onItsOwn = alone(datagram);
  assertSame(used.readMessage(inArena), fresh.readMessage(onItsOwn));
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
