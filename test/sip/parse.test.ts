import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Header } from '../../src/sip/headers.ts';
import { MAX_HEADER_LINES } from '../../src/sip/kernel/layout.ts';
import type { MessageFault } from '../../src/sip/message.ts';
import { MAX_DATAGRAM_BYTES, Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import { bytesAt, linesOf, messageOf, parsed, valueText } from '../support/parsed.ts';
import { amid } from '../support/window.ts';

const HEAD = 'OPTIONS sip:a@b SIP/2.0\r\n';

describe('request line', () => {
  const cases: readonly (readonly [string, MessageFault | undefined | 'garbage'])[] = [
    ['REGISTER sip:iptlab.com SIP/2.0', undefined],
    ['REGISTER sip:iptlab.com sip/2.0', undefined],
    ["!interesting-Method0123456789_*+`.%indeed'~ sip:a SIP/2.0", undefined],
    ['REGISTER tel:1 SIP/2.0', undefined],
    ['REGISTER \u00ff SIP/2.0', undefined],
    ['REGISTER sip:a SIP/7.0', 'version'],
    ['REGISTER sip:a SIP/2.00', 'version'],
    ['REGISTER sip:a SIP/', 'version'],
    // RFC 4475 lwsstart, trws, lwsruri, ltgtruri
    ['REGISTER  sip:a  SIP/2.0', 'start_line'],
    ['REGISTER sip:a  SIP/2.0', 'start_line'],
    ['REGISTER sip:a SIP/2.0 ', 'start_line'],
    ['REGISTER sip:a SIP/2.0\t', 'start_line'],
    ['REGISTER sip:a SIP/2.0\r', 'start_line'],
    ['REGISTER sip:a; lr SIP/2.0', 'start_line'],
    ['REGISTER <sip:a> SIP/2.0', 'start_line'],
    ['REGISTER sip:a> SIP/2.0', 'start_line'],
    ['REGISTER sip:a;b<c SIP/2.0', 'start_line'],
    ['REGISTER sip:a\tSIP/2.0', 'start_line'],
    ['REGISTER sip:\0a SIP/2.0', 'start_line'],
    ['REGISTER sip:\ra SIP/2.0', 'start_line'],
    ['REGISTER sip:\u007fa SIP/2.0', 'start_line'],
    ['REGISTER SIP/2.0', 'start_line'],
    ['REGISTER  SIP/2.0', 'start_line'],
    ['REGISTER\tsip:a SIP/2.0', 'garbage'],
    ['REGISTER sip:a', 'garbage'],
    ['REGISTER', 'garbage'],
    [' REGISTER sip:a SIP/2.0', 'garbage'],
    ['REGI/STER sip:a SIP/2.0', 'garbage'],
    ['REGIST\u00c9R sip:a SIP/2.0', 'garbage'],
    ['GET / HTTP/1.1', 'garbage'],
    ['sip:a SIP/2.0', 'garbage'],
    [' SIP/2.0', 'garbage'],
    ['', 'garbage'],
  ];
  for (const [line, expected] of cases) {
    it(`${JSON.stringify(line)} → ${expected ?? 'fine'}`, () => {
      const message = parsed(amid(`${line}\r\n\r\n`));
      assert.equal(message === undefined ? 'garbage' : message.fault, expected);
    });
  }

  it('gives method, URI and their places', () => {
    const message = messageOf('REGISTER sip:iptlab.com SIP/2.0\r\n\r\n');
    assert.equal(message.isRequest, true);
    assert.equal(message.method, 'REGISTER');
    assert.equal(message.status, 0);
    assert.equal(bytesAt(message, message.start, message.methodEnd), 'REGISTER');
    assert.equal(bytesAt(message, message.uriStart, message.uriEnd), 'sip:iptlab.com');
  });

  it('a method that nobody knows, and a known one in lower case, is other (§7.1)', () => {
    assert.equal(messageOf('register sip:a SIP/2.0\r\n\r\n').method, 'other');
    assert.equal(messageOf('RE%47IST%45R sip:a SIP/2.0\r\n\r\n').method, 'other');
  });
});

describe('status line', () => {
  const cases: readonly (readonly [string, number, MessageFault | undefined | 'garbage'])[] = [
    ['SIP/2.0 200 OK', 200, undefined],
    ['sip/2.0 200 OK', 200, undefined],
    ['SIP/2.0 100 ', 100, undefined],
    ['SIP/2.0 100', 100, undefined],
    ['SIP/2.0 699 \u00d0\u00bf=*;"', 699, undefined],
    ['SIP/2.0 200  OK ', 200, undefined],
    ['SIP/3.0 200 OK', 200, 'version'],
    ['SIP/2.0.1 200 OK', 200, 'version'],
    ['SIP/2.0 099 OK', 0, 'start_line'],
    ['SIP/2.0 700 OK', 0, 'start_line'],
    ['SIP/2.0 2000 OK', 0, 'start_line'],
    ['SIP/2.0 4294967301 better not break the receiver', 0, 'start_line'],
    ['SIP/2.0 20', 0, 'garbage'],
    ['SIP/2.0  200 OK', 0, 'start_line'],
    ['SIP/2.0 2x0 OK', 0, 'start_line'],
    ['SIP/2.0 -20 OK', 0, 'start_line'],
    ['SIP/2.0', 0, 'garbage'],
    ['SIP/2.0200 OK', 0, 'garbage'],
  ];
  for (const [line, status, expected] of cases) {
    it(`${JSON.stringify(line)} → ${status}, ${expected ?? 'fine'}`, () => {
      const message = parsed(amid(`${line}\r\n\r\n`));
      assert.equal(message === undefined ? 'garbage' : message.fault, expected);
      assert.equal(message?.status ?? 0, status);
      if (message !== undefined) assert.equal(message.isRequest, false);
    });
  }

  it('leaves nothing of the request that the same object held before', () => {
    const message = new Message();
    const request = amid('REGISTER sip:a SIP/2.0\r\nVia: x\r\n\r\nbody');
    assert.ok(parse(request.bytes, request.start, request.end, message));
    const response = amid('SIP/2.0 200 OK\r\n\r\n');
    assert.ok(parse(response.bytes, response.start, response.end, message));
    assert.equal(message.method, 'other');
    assert.equal(message.uriEnd - message.uriStart, 0);
    assert.equal(message.headerCount, 0);
    assert.equal(message.firstOf(Header.VIA), -1);
    assert.equal(message.nextOf(Header.VIA, -1), -1);
    assert.equal(message.countOf(Header.VIA), 0);
  });
});

describe('what comes before and between the lines', () => {
  it('line ends before the start line are skipped (§7.5)', () => {
    const message = messageOf(`\r\n\r\n\n${HEAD}\r\n`);
    assert.equal(bytesAt(message, message.start, message.methodEnd), 'OPTIONS');
    assert.equal(message.fault, undefined);
  });

  it('nothing but line ends is no message', () => assert.equal(parsed(amid('\r\n\r\n')), undefined));

  it('a line that never ends is no message', () => {
    assert.equal(parsed(amid('OPTIONS sip:a SIP/2.0')), undefined);
    assert.equal(parsed(amid('OPTIONS sip:a SIP/2.0\r')), undefined);
  });

  it('bare line feeds end lines too, and are reported for reuse', () => {
    const message = messageOf('OPTIONS sip:a SIP/2.0\nVia: a\n b\nTo: c\n\nbody');
    assert.equal(message.eolLength, 1);
    assert.equal(message.fault, undefined);
    assert.deepEqual(
      linesOf(message).map((line) => valueText(message, line)),
      ['a\n b', 'c'],
    );
    assert.equal(bytesAt(message, message.bodyStart, message.end), 'body');
    assert.equal(messageOf(`${HEAD}\r\n`).eolLength, 2);
  });

  it('line ends may be mixed', () => {
    const message = messageOf('OPTIONS sip:a SIP/2.0\nVia: a\r\nTo: c\n\r\nbody');
    assert.equal(message.fault, undefined);
    assert.equal(message.headerCount, 2);
    assert.equal(bytesAt(message, message.bodyStart, message.end), 'body');
  });

  it('a carriage return alone ends no line', () => {
    const message = messageOf(`${HEAD}Subject: a\rRoute: <sip:evil>\r\n\r\n`);
    assert.equal(message.headerCount, 1);
    assert.equal(message.countOf(Header.ROUTE), 0);
  });
});

describe('header lines', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['Via: a', 'Via', 'a'],
    ['Via:a', 'Via', 'a'],
    ['Via :a', 'Via', 'a'],
    ['Via \t :\t a \t', 'Via', 'a'],
    ['v: a', 'v', 'a'],
    ['Via:\r\n a', 'Via', 'a'],
    ['Via: a\r\n\tb\r\n   c', 'Via', 'a\r\n\tb\r\n   c'],
    ['Via: a\r\n \r\n b', 'Via', 'a\r\n \r\n b'],
    ['Via: a\r\n  ', 'Via', 'a'],
    ['Via: a:b', 'Via', 'a:b'],
    ['Via: \u00ff\0', 'Via', '\u00ff\0'],
    ['Via:', 'Via', ''],
    ['Via: \t ', 'Via', ''],
    ['Via:\r\n ', 'Via', ''],
  ];
  for (const [line, name, value] of cases) {
    it(JSON.stringify(line), () => {
      const message = messageOf(`${HEAD}${line}\r\nTo: x\r\n\r\n`);
      assert.equal(message.fault, undefined);
      assert.equal(message.headerCount, 2);
      assert.equal(message.idOf(0), Header.VIA);
      assert.equal(bytesAt(message, message.lineStart(0), message.lineStart(0) + name.length), name);
      assert.equal(valueText(message, 0), value);
      assert.equal(bytesAt(message, message.lineStart(0), message.lineEnd(0)), `${line}\r\n`);
      assert.ok(message.valueEnd(0) <= message.lineEnd(0) - 2, 'the value ends before the line end');
      assert.equal(valueText(message, 1), 'x');
    });
  }

  it('a value that is empty stands behind its colon: what is put there belongs to this header', () => {
    const message = messageOf(`${HEAD}Supported:\r\nTo: x\r\n\r\n`);
    assert.equal(bytesAt(message, message.lineStart(0), message.valueEnd(0)), 'Supported:');
  });

  const broken = ['Via', 'Via a', ': a', 'V ia: a', 'Vi\u00e4: a', '@: a', '\0', 'Via\0: a', '\r', ' Via: a'];
  for (const line of broken) {
    it(`${JSON.stringify(line)} is no header, and stays in the index`, () => {
      const message = messageOf(`${HEAD}${line}\r\nTo: x\r\n\r\nbody`);
      assert.equal(message.fault, 'header_line');
      assert.equal(message.idOf(0), Header.OTHER);
      assert.equal(bytesAt(message, message.lineStart(0), message.lineEnd(0)), `${line}\r\n`);
      assert.equal(message.countOf(Header.TO), 1);
      assert.equal(bytesAt(message, message.bodyStart, message.end), 'body');
    });
  }

  it('a CR without its LF is damage: to others it ends the line, and what is behind it is a header', () => {
    for (const line of [
      'X: a\rPath: <sip:b;lr>',
      'X:\r',
      'X: a\r\r',
      'X\r: a',
      'X: a\r\n \rb',
      'X: aaa\r\raaaaa',
    ]) {
      const message = messageOf(`${HEAD}${line}\r\nTo: x\r\n\r\nbo\rdy`);
      assert.equal(message.fault, 'header_line', JSON.stringify(line));
      assert.equal(message.countOf(Header.TO), 1);
      assert.equal(message.countOf(Header.PATH), 0);
      assert.equal(bytesAt(message, message.bodyStart, message.end), 'bo\rdy');
    }
    assert.equal(messageOf('SIP/2.0 200 OK\rPath: a\r\n\r\n').fault, 'start_line');
  });

  it('without the empty line the headers are read and the message is at fault', () => {
    for (const [tail, value] of [
      ['To: x\r\n', 'x'],
      ['To: x', 'x'],
      ['To: x\r', 'x'],
      ['To:', ''],
    ] as const) {
      const message = messageOf(HEAD + tail);
      assert.equal(message.fault, 'headers_unterminated');
      assert.equal(message.headerCount, 1);
      assert.equal(valueText(message, 0), value);
      assert.equal(message.bodyStart, message.end);
    }
  });

  it('lines of one header are found in order, and counted', () => {
    const message = messageOf(`${HEAD}v: 1\r\nRoute: r\r\nVIA: 2\r\nX: y\r\nVia: 3\r\n\r\n`);
    const values: string[] = [];
    for (let line = message.firstOf(Header.VIA); line >= 0; line = message.nextOf(Header.VIA, line)) {
      values.push(valueText(message, line));
    }
    assert.deepEqual(values, ['1', '2', '3']);
    assert.equal(message.countOf(Header.VIA), 3);
    assert.equal(message.countOf(Header.PATH), 0);
    assert.equal(message.firstOf(Header.PATH), -1);
  });

  it('the index holds the most lines that a datagram can have', () => {
    const lines = Math.floor((MAX_DATAGRAM_BYTES - HEAD.length - 1) / 2);
    const message = messageOf(`${HEAD}${'x\n'.repeat(lines)}\n`);
    assert.equal(message.headerCount, lines);
    assert.equal(message.lineEnd(lines - 1), message.headersEnd);
    assert.equal(message.fault, 'header_line');
  });

  it('beyond that the index stays whole and the message is at fault', () => {
    const message = messageOf(`${HEAD}${'a:\n'.repeat(MAX_HEADER_LINES + 5)}\n`);
    assert.equal(message.headerCount, MAX_HEADER_LINES);
    assert.equal(message.fault, 'headers_unterminated');
    assert.equal(message.lineEnd(MAX_HEADER_LINES - 1), message.end);
  });
});

describe('Content-Length (§18.3)', () => {
  const cases: readonly (readonly [headers: string, body: string, expected: string | undefined])[] = [
    ['', 'rest', 'rest'],
    ['l: 0\r\n', 'INVITE second', ''],
    ['Content-Length: 4\r\n', 'rest', 'rest'],
    ['Content-Length: 4\r\n', 'restwith more', 'rest'],
    ['Content-Length: 0004\r\n', 'rest', 'rest'],
    ['Content-Length : 4 \r\n', 'rest', 'rest'],
    ['Content-Length:\r\n 4\r\n', 'rest', 'rest'],
    ['l: 4\r\nContent-Length: 4\r\n', 'rest', 'rest'],
    ['l: 4\r\nContent-Length: 04\r\n', 'rest', 'rest'],
    ['l: 4\r\nContent-Length: 3\r\n', 'rest', undefined],
    ['l: 3\r\nX: y\r\nl: 3\r\nl: 4\r\n', 'rest', undefined],
    ['l: 4\r\nContent-Length: x\r\n', 'rest', undefined],
    ['l: 5\r\n', 'rest', undefined],
    ['l: 9999\r\n', 'rest', undefined],
    ['l: -999\r\n', 'rest', undefined],
    ['l: +4\r\n', 'rest', undefined],
    ['l: 4, 4\r\n', 'rest', undefined],
    ['l: 4 4\r\n', 'rest', undefined],
    ['l: 0x4\r\n', 'rest', undefined],
    ['l:\r\n', 'rest', undefined],
    ['l: 4294967296\r\n', '', undefined],
    ['l: 18446744073709551620\r\n', 'rest', undefined],
  ];
  for (const [headers, body, expected] of cases) {
    it(`${JSON.stringify(headers)} with ${body.length} bytes`, () => {
      const message = messageOf(`${HEAD}${headers}\r\n${body}`);
      assert.equal(message.fault, expected === undefined ? 'content_length' : undefined);
      assert.equal(bytesAt(message, message.bodyStart, message.end), expected ?? body);
    });
  }

  it('counts bytes, whatever they are', () => {
    const message = messageOf(`${HEAD}l: 6\r\n\r\n\0\r\n\u00ff\r\nmore`);
    assert.equal(bytesAt(message, message.bodyStart, message.end), '\0\r\n\u00ff\r\n');
  });
});

describe('the first fault is the one that is reported', () => {
  const cases: readonly (readonly [string, MessageFault])[] = [
    ['OPTIONS <sip:a> SIP/9.0\r\n?\r\n', 'version'],
    ['OPTIONS <sip:a> SIP/2.0\r\n?\r\n', 'start_line'],
    [`${HEAD}?\r\nl: 9\r\n`, 'header_line'],
    [`${HEAD}l: 9\r\n`, 'headers_unterminated'],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected}`, () => assert.equal(messageOf(content).fault, expected));
  }
});
