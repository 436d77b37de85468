/**
 * Sequence numbers, addresses and URIs: the kernel reads the ordinary ones where they arrive, slower code all others, and
 * everything that lies elsewhere. So each value here is read twice, in the kernel's memory and outside.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Endpoint, hostText, readHost } from '../../src/sip/address.ts';
import { TOKEN } from '../../src/sip/bytes.ts';
import { CSeq, readCSeq } from '../../src/sip/cseq.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import { HashInput } from '../../src/sip/siphash.ts';
import { readUri, Uri } from '../../src/sip/uri.ts';
import { sipUri } from '../support/arbitraries/uri.ts';

const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** Bytes before the kernel's own, for values to lie in. */
const ROOM = 1024;
kernel.moveTo(createSharedMemory(ROOM + KERNEL_BYTES), ROOM);

/** All fields of what was read, positions counted from where the value starts; undefined where there was nothing to read. */
type Read = (bytes: Uint8Array, start: number, end: number) => unknown;

interface Kind {
  readonly name: string;
  readonly read: Read;
  readonly isKernels: (start: number, end: number) => boolean;
  readonly ordinary: readonly string[];
  readonly other: readonly string[];
  readonly almost: fc.Arbitrary<string>;
}

const digits = fc.oneof(
  fc.nat(0x7fffffff).map(String),
  fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength: 11 }),
  fc.constantFrom('2147483647', '2147483648', '4294967296', '0000000000000000007', '18446744073709551617'),
);

const cseqs: Kind = {
  name: 'a CSeq',
  read(bytes, start, end) {
    const cseq = new CSeq();
    if (!readCSeq(bytes, start, end, cseq)) return undefined;
    const { number, numberStart, numberEnd, methodStart, methodEnd } = cseq;
    return [number, ...[numberStart, numberEnd, methodStart, methodEnd].map((at) => at - start)];
  },
  isKernels: (start, end) => kernel.cseq(start, end),
  ordinary: ['1 REGISTER', '0 a', '2147483647 INVITE', '007 x', "1 a-.!%*_+`'~9"],
  other: [
    '',
    '1',
    '1 ',
    '1  REGISTER',
    '1\tREGISTER',
    ' 1 REGISTER',
    '1 REGISTER ',
    '1 REG/ISTER',
    '2147483648 REGISTER',
    '18446744073709551617 REGISTER',
    'REGISTER',
    '1REGISTER',
    '/ REGISTER',
    ': REGISTER',
  ],
  almost: fc
    .tuple(
      digits,
      fc.oneof(
        { weight: 3, arbitrary: fc.constant(' ') },
        { weight: 1, arbitrary: fc.constantFrom('  ', '\t', '\r\n ', '', '/') },
      ),
      fc.oneof(
        fc.constantFrom('REGISTER', 'INVITE', 'ACK', 'BYE', 'x', '', 'a b', 'A/B'),
        fc.string({ unit: fc.constantFrom(..."aZ0-.!%*_+`'~/@[ {\x7f\x80"), maxLength: 20 }),
      ),
    )
    .map((parts) => parts.join('')),
};

const hosts: Kind = {
  name: 'an address',
  read(bytes, start, end) {
    const address = new Endpoint();
    return readHost(bytes, start, end, address) ? hostText(address) : undefined;
  },
  isKernels: (start, end) => kernel.ipv4(start, end),
  ordinary: ['0.0.0.0', '10.0.13.244', '255.255.255.255', '001.02.3.010'],
  other: [
    '',
    '1.2.3',
    '1.2.3.',
    '1.2.3.4.',
    '.1.2.3.4',
    '1.2.3.4.5',
    '1..2.3',
    '256.1.1.1',
    '1.1.1.256',
    '1.1.1.0001',
    '1.2.3.4a',
    'a.2.3.4',
    '1.2.3/4',
    '1:2.3.4',
    'iptlab.com',
    'bad.example',
    '::1',
    '[::1]',
    '[::ffff:10.0.0.1]',
    '::ffff:10.0.0.1',
    'fe80::1',
  ],
  almost: fc.oneof(
    fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((parts) => parts.join('.')),
    fc
      .array(fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '00', '0001', 'a')), {
        minLength: 3,
        maxLength: 5,
      })
      .map((parts) => parts.join('.')),
    fc.string({ unit: fc.constantFrom(...'0129.:[]af/'), maxLength: 20 }),
  ),
};

const uris: Kind = {
  name: 'a URI',
  read(bytes, start, end) {
    const uri = new Uri();
    if (!readUri(bytes, start, end, uri)) return undefined;
    const { scheme, hasUser, port, ...positions } = uri;
    return [scheme, hasUser, port, ...Object.entries(positions).map(([name, at]) => [name, at - start])];
  },
  isKernels: (start, end) => kernel.sipUri(start, end),
  ordinary: [
    'sip:h',
    'sip:iptlab.com',
    'sip:24001@iptlab.com',
    'sip:24001:secret@10.0.13.244:5060',
    'sip:user;par=u%40example.net@example.com',
    'sip:a?b@h',
    'sip:24001@10.0.13.244:65535;transport=udp;lr',
    'sip:h;x=a:b',
    'sip:h:00080',
    'sip:under_score.example-1.com',
  ],
  other: [
    '',
    'sip',
    'sip:',
    'sip:@h',
    'sip:a@',
    'sip:a@;lr',
    'sip:h:',
    'sip:h:65536',
    'sip:h:000080',
    'sip:h:5x',
    'sip:h 1',
    'sip:h/1',
    'sip:a@b@c',
    'sip:h?to=x',
    'sip:h;lr?to=x',
    'sip:a@h;lr?to=x@y',
    'sip:[::1]',
    'sip:a@[::1]:5060',
    'SIP:h',
    'sips:h',
    'tel:+4930123',
    'http://h',
  ],
  almost: fc.oneof(
    sipUri('exotic').map(({ text }) => text),
    sipUri('plain').map(({ text }) => text),
    fc
      .tuple(
        fc.constantFrom('sip:', 'sip:', 'sip:', 'SIP:', 'sips:', 'tel:', ''),
        fc.string({ unit: fc.constantFrom(...'a0.-_:;?@=[]% \x80'), maxLength: 40 }),
      )
      .map((parts) => parts.join('')),
  ),
};

/** Read in the kernel's memory at `at`, amid bytes of one kind, or as if what was cut off stood behind it. */
function readInKernel({ read }: Kind, whole: string, length: number, at: number, neighbour: string): unknown {
  kernel.bytes.fill(neighbour.charCodeAt(0), 0, ROOM);
  kernel.bytes.set(latin1(neighbour === '' ? whole : whole.slice(0, length)), at);
  return read(kernel.bytes, at, at + length);
}

function readOutside({ read }: Kind, text: string): unknown {
  const bytes = latin1(text);
  return read(bytes, 0, bytes.length);
}

function isKernels({ isKernels: takes }: Kind, text: string): boolean {
  kernel.bytes.set(latin1(text));
  return takes(0, text.length);
}

for (const kind of [cseqs, hosts, uris]) {
  describe(`${kind.name} in the kernel's memory`, () => {
    it('is read by the kernel where it is ordinary, and only there', () => {
      for (const text of kind.ordinary) assert.ok(isKernels(kind, text), text);
      for (const text of kind.other) assert.ok(!isKernels(kind, text), text);
    });

    it('says what it says elsewhere, wherever it lies, is cut, and whatever lies around it', () => {
      let taken = 0;
      const runs = 8000;
      const around = fc.constantFrom('', '', ...'a0:;=,.@?> \r\xff');
      fc.assert(
        fc.property(kind.almost, fc.nat(), fc.nat(300), around, (whole, cut, at, neighbour) => {
          const length = cut % 3 === 0 ? cut % (whole.length + 1) : whole.length;
          taken += isKernels(kind, whole.slice(0, length)) ? 1 : 0;
          const expected = readOutside(kind, whole.slice(0, length));
          assert.deepEqual(readInKernel(kind, whole, length, at, neighbour), expected);
        }),
        {
          numRuns: runs,
          examples: [...kind.ordinary, ...kind.other].map((text) => [text, 1, 0, ''] as const) as [
            string,
            number,
            number,
            string,
          ][],
        },
      );
      // Else the slower code was compared with itself.
      assert.ok(taken > runs / 10, `${taken} of ${runs} were the kernel's`);
    });
  });
}

describe('a folded field', () => {
  it('hashes as the same one in lower case, in the kernel’s memory and outside', () => {
    const key = Int32Array.of(1, 2, 3, 4);
    const hashOf = (fill: (input: HashInput) => void): number[] => {
      const out = new Int32Array(4);
      const input = new HashInput().clear();
      fill(input);
      // What lies behind a field is not part of it.
      input.word(7).sipHash128(key, out);
      return [...out];
    };
    const bytes = fc.array(fc.oneof(fc.nat(255), fc.integer({ min: 0x3f, max: 0x5d })), { maxLength: 60 });
    fc.assert(
      fc.property(bytes, fc.nat(100), (codes, at) => {
        const text = Uint8Array.from(codes);
        const lower = text.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte));
        const expected = hashOf((input) => input.field(lower, 0, lower.length));
        assert.deepEqual(
          hashOf((input) => input.foldedField(text, 0, text.length)),
          expected,
        );
        kernel.bytes.fill(0x51, 0, ROOM);
        kernel.bytes.set(text, at);
        assert.deepEqual(
          hashOf((input) => input.foldedField(kernel.bytes, at, at + text.length)),
          expected,
        );
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a field longer than any datagram', () => {
  it('breaks nothing, and hashes alike in the kernel’s memory and outside', () => {
    const LONG = 200_000;
    kernel.moveTo(createSharedMemory(LONG + KERNEL_BYTES), LONG);
    kernel.bytes.fill(0x41, 0, LONG);
    const outside = new Uint8Array(LONG).fill(0x41);
    const key = Int32Array.of(1, 2, 3, 4);
    const hashOf = (bytes: Uint8Array, length: number, put: 'field' | 'foldedField'): number[] => {
      const out = new Int32Array(4);
      new HashInput().clear()[put](bytes, 0, length).sipHash128(key, out);
      return [...out];
    };
    for (const length of [65_507, 65_535, 65_536, 65_600, 131_000, LONG]) {
      for (const put of ['field', 'foldedField'] as const) {
        assert.deepEqual(hashOf(kernel.bytes, length, put), hashOf(outside, length, put), `${put} ${length}`);
      }
    }
  });
});

describe('a token', () => {
  it('holds the same bytes wherever it lies: each byte, at each place that the kernel looks at by itself', () => {
    for (let byte = 0; byte < 256; byte++) {
      for (const length of [1, 2, 15, 16, 17, 31, 32, 33]) {
        for (const place of [0, length >> 1, length - 1]) {
          const value = latin1(`1 ${'a'.repeat(length)}`);
          value[2 + place] = byte;
          kernel.bytes.fill(0x61, 0, ROOM);
          kernel.bytes.set(value, 7);
          const expected = TOKEN[byte] === 1;
          assert.equal(kernel.cseq(7, 7 + value.length), expected, `${byte} at ${place} of ${length}`);
        }
      }
    }
  });
});
