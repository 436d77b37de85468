/**
 * Which bytes the parsers look at, and how often: never beyond the datagram's ends, and in proportion to its
 * length. Counted, not timed. In a file of its own, because watched bytes make the engine slow for all others.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ascii } from '../../src/sip/bytes.ts';
import { MAX_DATAGRAM_BYTES } from '../../src/sip/message.ts';
import { anything, neighbour } from '../support/arbitraries/anything.ts';
import { everyFixture } from '../support/fixtures-all.ts';
import { Reader } from '../support/read-everything.ts';
import { alone, between, ReadWatch } from '../support/window.ts';

/** Reads per byte that all readers together may make: measured at 30 in the worst of the cases below. */
const MAX_READS_PER_BYTE = 60;
/** Enough for a quadratic reader to go far beyond that. */
const MONOTONE_BYTES = 8_192;

const reader = new Reader();

describe('no byte outside is read', () => {
  it('of any datagram', () => {
    fc.assert(
      fc.property(anything, neighbour, (datagram, around) => {
        const window = between(around, datagram, around);
        const watch = new ReadWatch((datagram.length + 1) * MAX_READS_PER_BYTE);
        reader.readMessage(watch.over(window));
        reader.readAsValue(new ReadWatch().over(window));
      }),
      { numRuns: 1000 },
    );
  });

  it('of the messages of the corpus', () => {
    for (const { bytes } of everyFixture()) {
      const watch = new ReadWatch();
      reader.readMessage(watch.over(between(bytes, bytes, bytes)));
      assert.ok(watch.reads >= bytes.length / 2, 'the watch sees the reads');
    }
  });
});

describe('65 kB of the worst', () => {
  const head = 'REGISTER sip:a SIP/2.0\r\n';
  const filled = (before: string, unit: string, behind = ''): Uint8Array => {
    const times = Math.floor((MAX_DATAGRAM_BYTES - before.length - behind.length) / unit.length);
    return ascii(before + unit.repeat(times) + behind);
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
      reader.readMessage(watch.over(alone(datagram)));
    });
  }

  it('one and the same byte, whichever has a meaning', () => {
    for (const byte of ascii('\0\t\n\r "%()*,./09:;<=>?@AZ[\\]az\u00ff')) {
      const window = alone(new Uint8Array(MONOTONE_BYTES).fill(byte));
      reader.readMessage(window);
      reader.readAsValue(new ReadWatch(MONOTONE_BYTES * MAX_READS_PER_BYTE).over(window));
    }
  });
});
