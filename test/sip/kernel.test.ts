import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Challenge, readAnsweredNonce, readChallenge } from '../../src/sip/auth.ts';
import { writeHex32 } from '../../src/sip/bytes.ts';
import type { HeaderId } from '../../src/sip/headers.ts';
import { Header, NAMES } from '../../src/sip/headers.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import { Message } from '../../src/sip/message.ts';
import { NameAddr, readListedNameAddr, readNameAddr } from '../../src/sip/name-addr.ts';
import { Param, readParam, Span } from '../../src/sip/params.ts';
import { parse } from '../../src/sip/parse.ts';
import { HashInput } from '../../src/sip/siphash.ts';
import { readVia, Via } from '../../src/sip/via.ts';
import { almostVia } from '../support/arbitraries/almost-via.ts';

/**
 * The kernel reads what is ordinary and leaves the rest to slower code that knows every form. So each message here
 * is read twice: as it is, and in a form that means the same and that the kernel does not take.
 */

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

const ids = Object.values(Header);

/** The numbers of the lines that carry this header, as whoever walks them sees them. */
function linesOf(message: Message, id: HeaderId): number[] {
  const lines: number[] = [];
  for (let line = message.firstOf(id); line >= 0; line = message.nextOf(id, line)) lines.push(line);
  return lines;
}

/** All that parsing finds, as text, so that positions do not matter. */
function found(bytes: Uint8Array, start: number, end: number): unknown {
  const message = new Message();
  const isSip = parse(bytes, start, end, message);
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  const lines = Array.from({ length: message.headerCount }, (_, line) => ({
    id: message.idOf(line),
    value: text(message.valueStart(line), message.valueEnd(line)),
    name: /^[^:\s]*/.exec(text(message.lineStart(line), message.valueEnd(line)))?.[0],
  }));
  return {
    isSip,
    fault: message.fault,
    isRequest: message.isRequest,
    method: message.method,
    uri: text(message.uriStart, message.uriEnd),
    status: message.status,
    body: text(message.bodyStart, message.end),
    lines,
    counts: ids.map((id) => message.countOf(id)),
    linesOf: ids.map((id) => linesOf(message, id)),
  };
}

const knownName = fc
  .tuple(fc.constantFrom(...NAMES.flatMap(([, ...names]) => names)), fc.nat())
  .map(([name, capitals]) =>
    [...name].map((letter, i) => ((capitals >> i) & 1 ? letter.toUpperCase() : letter)).join(''),
  );
/** Nearly a name that we know, and anything else: up to 24 bytes, where the kernel's table ends at 19. */
const otherName = fc.oneof(
  knownName.map((name) => name.replace(/-/g, 'M')),
  knownName.chain((name) =>
    fc.nat(name.length - 1).map((at) => `${name.slice(0, at)}~${name.slice(at + 1)}`),
  ),
  fc.string({ unit: fc.constantFrom(..."aZ0-.!%*_+`'~/@[ {\x7f\x80"), minLength: 0, maxLength: 24 }),
);
const value = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'ab:;<>",\\ \t'), maxLength: 70 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.constant(''),
  fc.constantFrom('a\r\n b', 'a\r\n\tb'),
);
const line = fc
  .tuple(fc.oneof(knownName, otherName), fc.constantFrom(':', ': ', ':  ', ' : ', ':\t', ''), value)
  .map((parts) => parts.join(''));
const startLine = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('REGISTER', 'INVITE', 'register', 'ACK', 'A/B', 'LONGLONGLONGLONGLONG', ''),
      fc.constantFrom(' ', '  ', '\t'),
      fc.oneof(
        fc.constantFrom(
          'sip:iptlab.com',
          'sip:24001@iptlab.com;transport=udp',
          'x',
          'sip:<a>',
          'sip:a\x7fb',
          '',
        ),
        fc.string({ unit: fc.constantFrom(...'as:@<>\x7f\x80\x1f '), maxLength: 40 }),
      ),
      fc.constantFrom(' SIP/2.0', ' sip/2.0', ' SIP/2.0 ', ' SIP/2.1', 'SIP/2.0', ' SIP/2.00'),
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom('SIP/2.0', 'SIP/2.0', 'SIP/2.0', 'sip/2.0', 'SIP/2.1', 'SIP/2.00'),
      fc.constantFrom(' ', ' ', ' ', '  ', '\t', ''),
      fc.oneof(
        fc.integer({ min: 0, max: 1000 }).map(String),
        fc.string({ unit: fc.constantFrom(...'0169/: '), minLength: 2, maxLength: 4 }),
      ),
      fc.constantFrom(' ', ' ', ' ', '', '\t'),
      fc.string({ unit: fc.constantFrom(...'OK \t\r\x1f\x7f\x80\xff'), maxLength: 40 }),
    )
    // A CR at the end would, with the LF behind it, end the line.
    .map((parts) => parts.join('').replace(/\r+$/, '')),
  fc.constantFrom('SIP/2.0 200 OK', 'SIP/2.0 200', 'SIP/2.0 99 x', 'nothing'),
);

test('a message with CRLF and the same one with LF, which the kernel leaves alone, say the same', () => {
  fc.assert(
    fc.property(
      startLine,
      fc.array(line, { maxLength: 8 }),
      fc.constantFrom('', 'body'),
      (first, lines, body) => {
        const message = [first, ...lines, '', body].join('\r\n');
        const slow = message.replaceAll('\r\n', '\n');
        const quick = latin1(message);
        const other = latin1(slow);
        assert.deepEqual(
          JSON.stringify(found(quick, 0, quick.length)).replaceAll('\\r\\n', '\\n'),
          JSON.stringify(found(other, 0, other.length)),
        );
      },
    ),
    { numRuns: 4000 },
  );
});

test('the kernel takes the ordinary Status-Lines, and no others', () => {
  const isKernels = (text: string): boolean => {
    const bytes = latin1(`${text}\r\n`);
    const place = kernel.placeOf(bytes, 0, bytes.length);
    return kernel.statusLine(place, place + bytes.length) === place + bytes.length;
  };
  for (const rest of [
    '200 OK',
    '100 ',
    '699 x',
    '401 Unauthorized, and a reason that goes on for long',
    '200 \x80',
  ])
    assert.ok(isKernels(`SIP/2.0 ${rest}`), rest);
  for (const rest of [
    '200',
    '099 x',
    '700 x',
    '1:0 x',
    '10: x',
    ':00 x',
    '1/0 x',
    '2000 x',
    '200  \t',
    '200 a\rb',
    '',
  ])
    assert.ok(!isKernels(`SIP/2.0 ${rest}`), rest);
  for (const text of ['sip/2.0 200 OK', 'SIP/2.1 200 OK', 'SIP/2.0  200 OK', ' SIP/2.0 200 OK'])
    assert.ok(!isKernels(text), text);
});

test('a fold by a tab, and names that differ from known ones behind their 16th byte', () => {
  const text = [
    'REGISTER sip:a SIP/2.0',
    'Subject: a\r\n\tb',
    'Proxy-Authorizati~n: c',
    'Proxy-Authenticat~: d',
    'Proxy-Authorization: e',
    '',
    '',
  ].join('\r\n');
  const bytes = latin1(text);
  const message = new Message();
  assert.ok(parse(bytes, 0, bytes.length, message));
  assert.equal(message.fault, undefined);
  const ids = Array.from({ length: message.headerCount }, (_, line) => message.idOf(line));
  assert.deepEqual(ids, [Header.OTHER, Header.OTHER, Header.OTHER, Header.PROXY_AUTHORIZATION]);
});

test('the index goes on behind a line that the kernel does not take', () => {
  const lines = Array.from({ length: 600 }, (_, i) => (i % 7 === 3 ? `Via:  ${i}` : `X-${i}: ${i}`));
  const bytes = latin1(['REGISTER sip:a SIP/2.0', ...lines, 'Expires: 5', 'v: 6', '', ''].join('\r\n'));
  const message = new Message();
  assert.ok(parse(bytes, 0, bytes.length, message));
  assert.equal(message.fault, undefined);
  assert.equal(message.headerCount, lines.length + 2);
  assert.equal(message.valueEnd(499) - message.valueStart(499), 3);
  assert.deepEqual(linesOf(message, Header.EXPIRES), [600]);
  const vias = [...lines.keys()].filter((i) => i % 7 === 3);
  assert.deepEqual(linesOf(message, Header.VIA), [...vias, 601]);
});

test('a message keeps its index while others are parsed, and when the kernel moves', () => {
  const texts = ['Expires: 1', 'a: b\r\nExpires: 22\r\nf: c', 'Via: x\r\nv: y'].map((lines) =>
    latin1(`REGISTER sip:a SIP/2.0\r\n${lines}\r\n\r\n`),
  );
  const messages = texts.map(() => new Message());
  const seen = (message: Message): unknown => [
    message.headerCount,
    ids.map((id) => linesOf(message, id)),
    Array.from({ length: message.headerCount }, (_, line) => [message.idOf(line), message.valueEnd(line)]),
  ];
  const once = texts.map((bytes, i) => {
    assert.ok(parse(bytes, 0, bytes.length, messages[i]!));
    return seen(messages[i]!);
  });
  assert.deepEqual(messages.map(seen), once);
  kernel.moveTo(createSharedMemory(KERNEL_BYTES), 0);
  assert.deepEqual(messages.map(seen), once);
  assert.ok(parse(texts[1]!, 0, texts[1]!.length, messages[0]!));
  assert.deepEqual(seen(messages[0]!), once[1]);
  assert.deepEqual(seen(messages[2]!), once[2]);
});

test('where a message lies, and what lies around it, does not matter', () => {
  const AROUND = 2048;
  kernel.moveTo(createSharedMemory(AROUND * 4 + KERNEL_BYTES), AROUND * 4);
  const message = fc
    .tuple(startLine, fc.array(line, { maxLength: 6 }))
    .map(([first, lines]) => latin1([first, ...lines, '', 'body'].join('\r\n')));
  fc.assert(
    fc.property(
      message,
      fc.nat(AROUND),
      fc.nat(300),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (whole, at, cut, around) => {
        const alone = whole.slice(0, Math.max(0, whole.length - cut));
        for (let i = 0; i < AROUND * 4; i++) kernel.bytes[i] = around[i & 15]!;
        kernel.bytes.set(alone, at);
        assert.deepEqual(found(kernel.bytes, at, at + alone.length), found(alone, 0, alone.length));
      },
    ),
    { numRuns: 1500 },
  );
});

test('a name-addr is read as the slower code reads it, which gets everything that begins with a blank', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'ab<>",;:\\ =*'), maxLength: 30 }),
    fc
      .tuple(
        fc.constantFrom('', '"A" ', 'A B ', '"A\\"" ', '"A, <b>" ', '"A'),
        fc.constantFrom(
          '<sip:a@b>',
          '<sip:a@b;x=y>',
          '< sip:a >',
          '<>',
          'sip:a;x',
          'sip:a;x=<b>',
          '<a,b>',
          '<"a">',
        ),
        fc.constantFrom('', ';tag=1', ';x="a,b"', ',<sip:c>', ' ; tag=1', ';x=<y', '>'),
      )
      .map((parts) => parts.join('')),
  );
  const spans = (at: NameAddr, shift: number): unknown => {
    const { isStar, isBracketed, uriStart, uriEnd, paramsStart, end, next } = at;
    const positions = [uriStart, uriEnd, paramsStart, end].map((position) => position - shift);
    return { isStar, isBracketed, positions, next: next < 0 ? -1 : next - shift };
  };
  for (const read of [readNameAddr, readListedNameAddr]) {
    fc.assert(
      fc.property(text, (content) => {
        const quick = latin1(content);
        const slow = latin1(` ${content}`);
        const [one, other] = [new NameAddr(), new NameAddr()];
        const isRead = read(quick, 0, quick.length, one);
        assert.equal(isRead, read(slow, 0, slow.length, other));
        if (isRead) assert.deepEqual(spans(one, 0), spans(other, 1));
      }),
      { numRuns: 4000, examples: [['sip:a;x=<b>']] },
    );
  }
});

/** What stands behind the scheme of credentials and of challenges, ordinary and odd. */
const authParams = (() => {
  const param = fc
    .tuple(
      fc.constantFrom(
        'nonce',
        'NONCE',
        'nonc',
        'noncee',
        'response',
        'Response',
        'responses',
        'stale',
        'Stale',
        'realm',
        'nc',
        'x y',
        '',
      ),
      fc.constantFrom('=', '=', '=', ' = ', ''),
      fc.constantFrom(
        '"abc"',
        'true',
        '"TRUE"',
        'truer',
        '""',
        'abc',
        '',
        '"a\\"b"',
        '"x\\", nonce=evil, y=\\"z"',
        '"a',
        '"a,nonce=\\"b\\""',
        'a"b',
        '"a"b',
        'a\tb',
        'a\x01b',
      ),
    )
    .map((parts) => parts.join(''));
  return fc
    .array(fc.tuple(param, fc.constantFrom(',', ', ', ' ', ',,', ',\t', ',\r\n ')), { maxLength: 6 })
    .map((parts) => parts.flat().join(''));
})();

test('credentials are read as the slower code reads them, which gets those behind a tab', () => {
  fc.assert(
    fc.property(authParams, (text) => {
      const quick = latin1(`Digest ${text}`);
      const slow = latin1(`Digest\t${text}`);
      const [one, other] = [new Span(), new Span()];
      const isAnswer = readAnsweredNonce(quick, 0, quick.length, one);
      assert.equal(isAnswer, readAnsweredNonce(slow, 0, slow.length, other));
      assert.deepEqual(one, other);
    }),
    { numRuns: 6000, examples: [['nonce= nonce="abc",'], ['nonce="a",responses="b"']] },
  );
});

test('challenges are read as the slower code reads them, which gets those behind a tab', () => {
  let stale = 0;
  let named = 0;
  fc.assert(
    fc.property(authParams, (text) => {
      const quick = latin1(`Digest ${text}`);
      const slow = latin1(`Digest\t${text}`);
      const [one, other] = [new Challenge(), new Challenge()];
      assert.equal(readChallenge(quick, 0, quick.length, one), true);
      assert.equal(readChallenge(slow, 0, slow.length, other), true);
      assert.deepEqual(one, other);
      if (one.isStale) stale++;
      if (one.nonce.end > one.nonce.start) named++;
    }),
    { numRuns: 6000, examples: [['nonce="a",nonce="",stale=true'], ['stale=true,stale=false,nonce=a']] },
  );
  assert.ok(stale > 40 && named > 400, `${stale} stale, ${named} with a nonce`);
});

/** One object for all, so that what a Via said before would show where the next one says nothing. */
const via = new Via();

/** All that a Via says, its positions counted from `origin`; undefined where it is none. */
function viaFound(bytes: Uint8Array, start: number, end: number, origin = start): unknown {
  if (!readVia(bytes, start, end, via)) return undefined;
  const { isUdp, port, hasRport, rport, soleRportEnd, ...positions } = via;
  // Only the kernel says so, and where it does it is so.
  if (soleRportEnd >= 0) assert.equal(soleRportEnd, endOfSoleRport(bytes, via), 'the one stamp');
  const counted = Object.entries(positions).map(([name, at]) => [name, at < 0 ? at : at - origin]);
  return { isUdp, port, hasRport, rport, ...Object.fromEntries(counted) };
}

const stamp = new Param();

/** Where the `rport` ends that is alone among the stamps and stands close behind its semicolon; -1 where none does. */
function endOfSoleRport(bytes: Uint8Array, { paramsStart, end, stampsStart }: Via): number {
  const ends: number[] = [];
  for (let at = paramsStart; readParam(bytes, at, end, stamp) === 'param'; at = stamp.end) {
    const name = latin1Text(bytes, stamp.nameStart, stamp.nameEnd).toLowerCase();
    if (name !== 'rport' && name !== 'received') continue;
    ends.push(name === 'rport' && stamp.nameStart === stampsStart + 1 ? stamp.end : -1);
  }
  return ends.length === 1 ? ends[0]! : -1;
}

function latin1Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

/** The same as the slower code finds it, which gets everything that begins with a blank. */
function viaFoundSlowly(text: string): unknown {
  const bytes = latin1(` ${text}`);
  return viaFound(bytes, 0, bytes.length, 1);
}

function isKernelsVia(text: string): boolean {
  const bytes = latin1(text);
  const place = kernel.placeOf(bytes, 0, bytes.length);
  return kernel.via(place, place + bytes.length, -place);
}

const OWN_VIA =
  'SIP/2.0/UDP 10.0.1.7:5060;branch=z9hG4bK0123456789abcdef0123456789abcdef;s=0;m=0123456789abcdef;l=fedcba9876543210';
const ORDINARY_VIAS = [
  OWN_VIA,
  'SIP/2.0/UDP 10.0.13.244;branch=z9hG4bKd9332f9b3',
  'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKd9332f9b3;received=10.0.0.1;rport=5060',
  'SIP/2.0/UDP h',
  'SIP/2.0/UDP a.very-long-name_of-a-host.example.com:65535',
  'SIP/2.0/UDP h:00001;rport',
  'SIP/2.0/UDP h;rport=',
  'SIP/2.0/UDP h;rport=65535;rport=x',
  'SIP/2.0/UDP h;branch;received',
  'SIP/2.0/UDP h;branch=;branch=a',
  'SIP/2.0/UDP h;BRANCH=a;Received=2001:db8::1;rPort=1;branch=b',
  'SIP/2.0/UDP h;M=1;S=2;L=3;m=4;s=5;l=6;m=7;s=8;l=9',
  'SIP/2.0/UDP h;;branch=a;;',
  'SIP/2.0/UDP h;=;=a;branch=a=b;received==',
  'SIP/2.0/UDP h;rport;received=a',
  'SIP/2.0/UDP h;received=a;rport',
  'SIP/2.0/UDP h;branch=\x80\xff[]',
  'SIP/2.0/UDP h,SIP/2.0/UDP i;branch=a',
  'SIP/2.0/UDP h:1;branch=a, SIP/2.0/UDP i;branch=a',
  'SIP/2.0/UDP h;branch=a,',
  `SIP/2.0/UDP h;x=${'y'.repeat(200)};branch=a`,
  `SIP/2.0/UDP h;x=${'y'.repeat(600)};branch=a`,
];
const OTHER_VIAS = [
  'SIP/2.0/UDP ',
  'SIP/2.0/UDP ;branch=a',
  'SIP/2.0/UDP  h',
  'SIP/2.0/TCP h',
  'sip/2.0/UDP h',
  'SIP/2.0/UDP [::1]:5060',
  'SIP/2.0/UDP h:',
  'SIP/2.0/UDP h:65536',
  'SIP/2.0/UDP h:005060',
  'SIP/2.0/UDP h:5x',
  'SIP/2.0/UDP h=1;branch=a',
  'SIP/2.0/UDP h:5=1;branch=a',
  'SIP/2.0/UDP h/i',
  'SIP/2.0/UDP h/5060',
  'SIP/2.0/UDP h@5060;branch=a',
  'SIP/2.0/UDP h ;branch=a',
  'SIP/2.0/UDP h; branch=a',
  'SIP/2.0/UDP h;branch =a',
  'SIP/2.0/UDP h;branch= a',
  'SIP/2.0/UDP h;branch=a ',
  'SIP/2.0/UDP h;branch="a"',
  'SIP/2.0/UDP h;branch=a>',
  'SIP/2.0/UDP h;rport=65536',
  'SIP/2.0/UDP h;rport=x',
  'SIP/2.0/UDP h;rport=005060',
];

test('the kernel takes the ordinary Vias, and no others', () => {
  for (const text of ORDINARY_VIAS) assert.ok(isKernelsVia(text), text);
  for (const text of OTHER_VIAS) assert.ok(!isKernelsVia(text), text);
});

test('a Via is read as the slower code reads it', () => {
  let taken = 0;
  const runs = 12_000;
  fc.assert(
    fc.property(almostVia, (text) => {
      const bytes = latin1(text);
      taken += isKernelsVia(text) ? 1 : 0;
      assert.deepEqual(viaFound(bytes, 0, bytes.length), viaFoundSlowly(text));
    }),
    { numRuns: runs, examples: [...ORDINARY_VIAS, ...OTHER_VIAS].map((text): [string] => [text]) },
  );
  // Else the slower code was compared with itself.
  assert.ok(taken > runs / 4, `${taken} of ${runs} were the kernel's`);
});

test('where a Via lies, where it is cut, and what lies around it, does not matter', () => {
  const AROUND = 1024;
  kernel.moveTo(createSharedMemory(AROUND + KERNEL_BYTES), AROUND);
  const text = fc.oneof(fc.constantFrom(...ORDINARY_VIAS), almostVia);
  const around = fc.constantFrom(...'a0;:=,."> \r\xff');
  fc.assert(
    fc.property(text, fc.nat(), fc.nat(300), around, (whole, cut, at, neighbour) => {
      const length = cut % (whole.length + 1);
      kernel.bytes.fill(neighbour.charCodeAt(0), 0, AROUND);
      // What was cut off stands behind the end as if it went on, or does not.
      kernel.bytes.set(latin1(cut % 2 === 0 ? whole : whole.slice(0, length)), at);
      assert.deepEqual(viaFound(kernel.bytes, at, at + length), viaFoundSlowly(whole.slice(0, length)));
    }),
    { numRuns: 6000 },
  );
});

test('the cookie and 32 lower-case hex digits are a branch of ours, four words, and all else is none', () => {
  const digit = fc.constantFrom(...'0123456789abcdef');
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const text = fc
    .tuple(fc.string({ unit: digit, minLength: 32, maxLength: 32 }), fc.option(byte), fc.nat(31))
    .map(([all, other, at]) => (other === null ? all : `${all.slice(0, at)}${other}${all.slice(at + 1)}`));
  const check = (content: string): void => {
    const isHex = /^[0-9a-f]{32}$/.test(content);
    const branch = `z9hG4bK${content}`;
    const branchIs = (text: string): boolean =>
      kernel.ownBranch(kernel.placeOf(latin1(text), 0, text.length), text.length);
    for (const near of [branch.slice(0, -1), `${branch}0`, branch.slice(1), `Z${branch.slice(1)}`]) {
      assert.equal(branchIs(near), false, near);
    }
    assert.equal(branchIs(branch), isHex, content);
    if (!isHex) return;
    const words = kernel.words.subarray(kernel.resultWord, kernel.resultWord + 4);
    const expected = content.match(/.{8}/g)?.map((word) => Number.parseInt(word, 16) | 0);
    assert.deepEqual([...words], expected);
  };
  fc.assert(fc.property(text, check), { numRuns: 2000 });
  for (let code = 0; code < 256; code++) {
    for (const at of [0, 31]) {
      const digits = '0123456789abcdeffedcba9876543210';
      check(`${digits.slice(0, at)}${String.fromCharCode(code)}${digits.slice(at + 1)}`);
    }
  }
});

test('bytes are moved within the memory as within any other', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(300), fc.nat(300), (to, from, length) => {
      const base = 1024;
      const plain = Uint8Array.from({ length: 700 }, (_, i) => (i * 37) & 255);
      kernel.bytes.set(plain, base);
      kernel.copyWithin(kernel.bytes, base + to, base + from, base + from + length);
      kernel.copyWithin(plain, to, from, from + length);
      assert.deepEqual(Buffer.from(kernel.bytes.subarray(base, base + 700)), Buffer.from(plain));
      assert.deepEqual(
        plain,
        Uint8Array.from({ length: 700 }, (_, i) => (i * 37) & 255).copyWithin(to, from, from + length),
      );
    }),
    { numRuns: 500 },
  );
});

test('a hash is written as its words are', () => {
  const input = new HashInput();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(40), (bytes, at) => {
      for (const words of [new Int32Array(4), new Int32Array(2)]) {
        const to = kernel.insertsAt + at;
        const expected = new Uint8Array(words.length * 8);
        input
          .clear()
          .field(bytes, 0, bytes.length)
          .sipHash128(Int32Array.of(1, 2, 3, -4), words);
        for (let i = 0; i < words.length; i++) writeHex32(expected, i * 8, words[i]!);
        kernel.bytes.fill(0x7e, to - 1, to + 40);
        kernel.writeHash(to, words.length === 4 ? 16 : 8);
        assert.equal(latin1Of(to - 1, to + words.length * 8 + 1), `~${Buffer.from(expected)}~`);
      }
    }),
  );
});

test('a hash is known by its first 16 digits, in lower case', () => {
  const input = new HashInput();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(15), fc.nat(255), (bytes, place, byte) => {
      const to = kernel.insertsAt;
      input
        .clear()
        .field(bytes, 0, bytes.length)
        .sipHash128(Int32Array.of(1, 2, 3, -4), new Int32Array(2));
      kernel.writeHash(to, 8);
      kernel.bytes[to + 16] = byte;
      assert.ok(kernel.isHash(to));
      const isSame = kernel.bytes[to + place] === byte;
      kernel.bytes[to + place] = byte;
      assert.equal(kernel.isHash(to), isSame);
    }),
    { numRuns: 1000 },
  );
});

function latin1Of(start: number, end: number): string {
  return Buffer.from(kernel.bytes.subarray(start, end)).toString('latin1');
}

test('ranges are compared byte by byte', () => {
  const byte = fc.constantFrom(0, 1, 0x80, 0xff);
  const range = fc.uint8Array({ maxLength: 40 }).chain((bytes) =>
    fc.record({
      one: fc.constant(bytes),
      change: fc.option(fc.tuple(fc.nat(Math.max(0, bytes.length - 1)), byte)),
      behind: fc.tuple(byte, byte),
    }),
  );
  const at = kernel.insertsAt;
  fc.assert(
    fc.property(range, ({ one, change, behind }) => {
      const other = one.slice();
      if (change !== null && one.length > 0) other[change[0]] = change[1];
      kernel.bytes.set([...one, behind[0]], at);
      kernel.bytes.set([...other, behind[1]], at + 100);
      const isSame = Buffer.from(one).equals(Buffer.from(other));
      assert.equal(kernel.isSame(at, at + 100, one.length), isSame);
    }),
    { numRuns: 3000 },
  );
});

test('a dotted quad is written as numbers are, and nothing behind it', () => {
  const at = kernel.insertsAt;
  const octets = Array.from({ length: 256 }, (_, octet) => octet);
  for (const octet of octets) {
    for (const quad of [
      [octet, 0, 0, 0],
      [0, octet, 10, 200],
      [99, 100, octet, 7],
      [255, 9, 199, octet],
    ]) {
      const expected = quad.join('.');
      kernel.bytes.fill(0x7e, at, at + 20);
      const end = kernel.writeIpv4(
        quad.reduce((word, part) => (word << 8) | part, 0),
        at,
      );
      assert.equal(end, at + expected.length);
      assert.equal(latin1Of(at, end + 1), `${expected}~`);
    }
  }
});
