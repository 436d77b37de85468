/** parse over the messages of the RFCs and over generated ones: whole, and damaged. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ascii } from '../../src/sip/bytes.ts';
import { Header, headerId } from '../../src/sip/headers.ts';
import type { MessageFault } from '../../src/sip/message.ts';
import { messageBytes, sipMessage } from '../support/arbitraries/message.ts';
import { mutated } from '../support/arbitraries/mutation.ts';
import { fixture } from '../support/fixtures.ts';
import { bytesAt, linesOf, parsed, valueText } from '../support/parsed.ts';
import { alone, between } from '../support/window.ts';

describe('RFC 4475 and RFC 5118, as the table of hard cases has them', () => {
  const faults: Readonly<Record<string, MessageFault | undefined>> = {
    wsinv: undefined,
    intmeth: undefined,
    esc01: undefined,
    escnull: undefined,
    esc02: undefined,
    lwsdisp: undefined,
    longreq: undefined,
    dblreq: undefined,
    semiuri: undefined,
    transports: undefined,
    mpart01: undefined,
    unreason: undefined,
    noreason: undefined,
    badinv01: undefined,
    clerr: 'content_length',
    ncl: 'content_length',
    scalar02: undefined,
    scalarlg: undefined,
    quotbal: undefined,
    ltgtruri: 'start_line',
    lwsruri: 'start_line',
    lwsstart: 'start_line',
    trws: 'start_line',
    escruri: undefined,
    baddate: undefined,
    regbadct: undefined,
    badaspec: undefined,
    badvers: 'version',
    mismatch01: undefined,
    bigcode: 'start_line',
    badbranch: undefined,
    insuf: undefined,
    unkscm: undefined,
    novelsc: undefined,
    bext01: undefined,
    regaut01: undefined,
    multi01: undefined,
    mcl01: 'content_length',
    bcast: undefined,
    zeromf: undefined,
    inv2543: undefined,
  };
  for (const [name, fault] of Object.entries(faults)) {
    it(`${name}: ${fault ?? 'well-formed'}`, () => {
      const message = parsed(alone(fixture(`rfc4475/${name}.sip`)));
      assert.ok(message !== undefined);
      assert.equal(message.fault, fault);
    });
  }

  it('dblreq: the first request ends where its Content-Length says', () => {
    const bytes = fixture('rfc4475/dblreq.sip');
    const message = parsed(alone(bytes));
    assert.equal(message?.method, 'REGISTER');
    assert.equal(message?.end, message?.bodyStart);
    assert.ok((message?.end ?? 0) < bytes.length - 400);
  });

  it('wsinv: folds, blanks before colons, empty values', () => {
    const message = parsed(alone(fixture('rfc4475/wsinv.sip')));
    assert.ok(message !== undefined);
    assert.equal(message.headerCount, 14);
    assert.equal(message.countOf(Header.VIA), 2);
    assert.equal(valueText(message, message.firstOf(Header.MAX_FORWARDS)), '0068');
    assert.equal(valueText(message, message.firstOf(Header.CSEQ)), '0009\r\n  INVITE');
    assert.equal(message.end - message.bodyStart, 150);
  });

  it('mpart01: the binary body is whole', () => {
    const bytes = fixture('rfc4475/mpart01.sip');
    assert.equal(parsed(alone(bytes))?.end, bytes.length);
  });
});

describe('any valid message', () => {
  it('is read as the parts that it was made of', () => {
    fc.assert(
      fc.property(sipMessage(), fc.uint8Array({ maxLength: 20 }), (parts, around) => {
        const message = parsed(between(around, messageBytes(parts), new Uint8Array(0)));
        assert.ok(message !== undefined);
        assert.equal(message.fault, undefined);
        assert.equal(message.isRequest, parts.kind === 'request');
        assert.equal(message.status, parts.status);
        assert.equal(bytesAt(message, message.uriStart, message.uriEnd), parts.uri);
        const method = bytesAt(message, message.start, message.methodEnd);
        assert.equal(method, parts.kind === 'request' ? parts.method : '');
        assert.deepEqual([...message.bytes.subarray(message.bodyStart, message.end)], [...parts.body]);
        assert.equal(message.headerCount, parts.headers.length);
        parts.headers.forEach(({ header, value }, line) => {
          const name = ascii(header);
          assert.equal(message.idOf(line), headerId(name, 0, name.length));
          assert.equal(valueText(message, line), value.replaceAll('\n', parts.eol));
        });
      }),
      { numRuns: 500 },
    );
  });

  it('with a Content-Length gives up bytes behind its body, and none of its own', () => {
    fc.assert(
      fc.property(sipMessage(), fc.uint8Array({ minLength: 1, maxLength: 20 }), (parts, more) => {
        fc.pre(parts.headers.some(({ header }) => header === 'content-length'));
        const datagram = messageBytes(parts);
        const longer = parsed(between(new Uint8Array(0), Uint8Array.from([...datagram, ...more]), more));
        assert.equal(longer?.fault, undefined);
        assert.equal(longer?.end, datagram.length);
        const shorter = parsed(alone(datagram.subarray(0, datagram.length - 1)));
        if (parts.body.length > 0) assert.equal(shorter?.fault, 'content_length');
      }),
      { numRuns: 300 },
    );
  });
});

describe('any datagram that is a message', () => {
  it('has an index that covers its headers line by line, without gap or overlap', () => {
    fc.assert(
      fc.property(mutated(sipMessage().map(messageBytes)), (datagram) => {
        const message = parsed(alone(datagram));
        if (message === undefined) return;
        let at = message.headersStart;
        for (const line of linesOf(message)) {
          assert.equal(message.lineStart(line), at);
          assert.ok(message.lineEnd(line) > at);
          assert.ok(message.valueStart(line) >= at && message.valueEnd(line) <= message.lineEnd(line));
          assert.ok(message.valueStart(line) <= message.valueEnd(line));
          at = message.lineEnd(line);
          assert.ok(datagram[at - 1] === 0x0a || at === datagram.length, 'a line ends with a line feed');
        }
        assert.equal(at, message.headersEnd);
        assert.match(bytesAt(message, message.headersEnd, message.bodyStart), /^(\r?\n)?$/);
        assert.ok(message.bodyStart <= message.end && message.end <= datagram.length);
      }),
      { numRuns: 1500 },
    );
  });

  it('counts and chains agree with the lines', () => {
    fc.assert(
      fc.property(mutated(sipMessage().map(messageBytes)), (datagram) => {
        const message = parsed(alone(datagram));
        if (message === undefined) return;
        for (const id of Object.values(Header)) {
          const lines: number[] = linesOf(message).filter((line) => message.idOf(line) === id);
          const chained: number[] = [];
          for (let line = message.firstOf(id); line >= 0; line = message.nextOf(id, line)) chained.push(line);
          assert.deepEqual(chained, lines);
          assert.equal(message.countOf(id), lines.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
