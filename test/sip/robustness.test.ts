/**
 * What no datagram may do to the parsers: make them throw, look past the datagram's ends, depend on what was
 * read before, or take more than linear time.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_DATAGRAM_BYTES } from '../../src/sip/message.ts';
import { messageBytes, sipMessage } from '../support/arbitraries/message.ts';
import { mutated } from '../support/arbitraries/mutation.ts';
import { nameAddr } from '../support/arbitraries/name-addr.ts';
import { sipUri } from '../support/arbitraries/uri.ts';
import { viaValue } from '../support/arbitraries/via.ts';
import type { Fixture } from '../support/fixtures.ts';
import { fixturesIn } from '../support/fixtures.ts';
import { Reader } from '../support/read-everything.ts';
import { alone, between, ReadWatch } from '../support/window.ts';

const FIXTURES: Fixture[] = ['seed', 'rfc4475', 'rfc5118', 'repaired'].flatMap((folder) =>
  fixturesIn(folder),
);
/** Reads per byte that all readers together may make: measured at 30 in the worst of the cases below. */
const MAX_READS_PER_BYTE = 60;
/** Enough for a quadratic reader to go far beyond that. */
const MONOTONE_BYTES = 8_192;

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0) & 0xff);
const datagrams = sipMessage().map(messageBytes);
const headerValues = fc
  .oneof(viaValue('exotic'), nameAddr('exotic'), sipUri('exotic'))
  .map(({ text }) => latin1(text));
/** Bytes that SIP's grammar is made of, and any others. */
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .string({ unit: fc.constantFrom(...'\r\n\t ;,<>"\\=:[]@?*/sipSIP2.0vVia19%'), maxLength: 60 })
    .map(latin1),
);
/** What may stand around a datagram: noise, or the rest of a message that would go on where this one ends. */
const neighbour = fc.oneof(
  noise,
  datagrams,
  headerValues,
  fc.constant(latin1('"')),
  fc.constant(latin1('>')),
);

/** A reader that has just read something else, and one that is new, must say the same. */
const used = new Reader();
const fresh = new Reader();

function assertSameNotes(datagram: Uint8Array, before: Uint8Array, behind: Uint8Array): void {
  const inArena = between(before, datagram, behind);
  const onItsOwn = alone(datagram);
  assert.deepEqual(used.readMessage(inArena), fresh.readMessage(onItsOwn));
  assert.deepEqual(used.readAsValue(inArena), fresh.readAsValue(onItsOwn));
}

describe('whatever the datagram', () => {
  const anything = fc.oneof(noise, mutated(datagrams), mutated(headerValues), datagrams, headerValues);

  it('is read without a throw, and the notes do not depend on its surroundings', () => {
    fc.assert(fc.property(anything, neighbour, neighbour, assertSameNotes), { numRuns: 2500 });
  });

  it('is never read beyond its ends', () => {
    fc.assert(
      fc.property(anything, neighbour, (datagram, around) => {
        const window = between(around, datagram, around);
        const watch = new ReadWatch((datagram.length + 1) * MAX_READS_PER_BYTE);
        fresh.readMessage(watch.over(window));
        fresh.readAsValue(new ReadWatch().over(window));
      }),
      { numRuns: 1000 },
    );
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

  it('no byte outside is read', () => {
    for (const { bytes } of FIXTURES) {
      const watch = new ReadWatch();
      fresh.readMessage(watch.over(between(bytes, bytes, bytes)));
      assert.ok(watch.reads >= bytes.length / 2, 'the watch sees the reads');
    }
  });
});

describe('65 kB of the worst', () => {
  const head = 'REGISTER sip:a SIP/2.0\r\n';
  const filled = (before: string, unit: string, behind = ''): Uint8Array => {
    const times = Math.floor((MAX_DATAGRAM_BYTES - before.length - behind.length) / unit.length);
    return latin1(before + unit.repeat(times) + behind);
  };
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['line ends before the start line', filled('', '\r\n', head)],
    ['a start line without an end', filled('REGISTER sip:', 'a')],
    ['blanks in the start line', filled('REGISTER', ' ', 'SIP/2.0\r\n\r\n')],
    ['stray bytes as header lines', filled(head, 'x\n')],
    ['shortest headers', filled(head, 'a:\n')],
    ['Content-Length on every line', filled(head, 'l:0\n', '\n')],
    ['Via on every line', filled(head, 'v:SIP/2.0/UDP h\n', '\n')],
    ['one header of folds', filled(`${head}a:`, '\r\n ', '\r\n\r\n')],
    ['one header of blanks', filled(`${head}v:`, ' ', '\r\n\r\n')],
    ['a header name without an end', filled(head, 'a')],
    ['blanks before a colon', filled(`${head}a`, ' ')],
    ['empty parameters in To', filled(`${head}t:`, ';', '\n\n')],
    ['empty parameters behind a bare URI', filled(`${head}t:sip:a`, ';', '\n\n')],
    ['parameters in Via', filled(`${head}v:SIP/2.0/UDP h`, ';a', '\n\n')],
    ['equals signs', filled(`${head}v:SIP/2.0/UDP h;a`, ' = ', '\n\n')],
    ['values in Via', filled(`${head}v:SIP/2.0/UDP h`, ',SIP/2.0/UDP h', '\n\n')],
    ['values in Contact', filled(`${head}m:<sip:a>`, ',<sip:a>', '\n\n')],
    ['commas in Contact', filled(`${head}m:`, ',', '\n\n')],
    ['names before commas in Contact', filled(`${head}m:a`, ',a', '\n\n')],
    ['opening brackets', filled(`${head}m:`, '<', '\n\n')],
    ['square brackets', filled(`${head}v:SIP/2.0/UDP `, '[', '\n\n')],
    ['colons', filled(`${head}m:`, ':', '\n\n')],
    ['quotes', filled(`${head}m:`, '"', '\n\n')],
    ['quotes that never close', filled(`${head}m:`, ',"', '\n\n')],
    ['escapes in a quote that never closes', filled(`${head}m:"`, '\\"', '\n\n')],
    ['semicolons in a quote', filled(`${head}m:"`, ';', '" <sip:a>\n\n')],
    ['parameters in a URI', filled(`${head}m:<sip:a`, ';a', '>\n\n')],
    ['at signs in a URI', filled(`${head}m:<sip:`, '@', '>\n\n')],
    ['credentials', filled(`${head}Authorization:Digest a=b`, ',a=b', '\n\n')],
    ['commas in credentials', filled(`${head}Authorization:Digest `, ',', '\n\n')],
    ['digits in CSeq', filled(`${head}CSeq:`, '9', ' REGISTER\n\n')],
  ];

  for (const [name, datagram] of cases) {
    it(`${name}: as many reads as a multiple of its length`, () => {
      assert.ok(datagram.length > MAX_DATAGRAM_BYTES - 20 && datagram.length <= MAX_DATAGRAM_BYTES);
      const watch = new ReadWatch(MAX_DATAGRAM_BYTES * MAX_READS_PER_BYTE);
      fresh.readMessage(watch.over(alone(datagram)));
    });
  }

  it('one and the same byte, whichever has a meaning', () => {
    for (const byte of latin1('\0\t\n\r "%()*,./09:;<=>?@AZ[\\]az\u00ff')) {
      const window = alone(new Uint8Array(MONOTONE_BYTES).fill(byte));
      fresh.readMessage(window);
      fresh.readAsValue(new ReadWatch(MONOTONE_BYTES * MAX_READS_PER_BYTE).over(window));
    }
  });
});
