/** Via values that are ordinary but for a piece here and there: what the kernel takes, and what it must not. */
import fc from 'fast-check';

const of = (...pieces: string[]): fc.Arbitrary<string> => fc.constantFrom(...pieces);

/** The first in nearly all cases: a value has many pieces, and one is enough to spoil it. */
function rarely(most: fc.Arbitrary<string>, few: fc.Arbitrary<string>, weight = 30): fc.Arbitrary<string> {
  return fc.oneof({ weight, arbitrary: most }, { weight: 1, arbitrary: few });
}

const gap = rarely(of(''), of(' ', '\t', '\r\n ', '  '), 60);

const port = fc.oneof(
  of('5060', '1', '65535', '09', '00001', '12345'),
  fc.integer({ min: 1, max: 70_000 }).map(String),
  rarely(
    of('99', '59999'),
    of('', '0', '00000', '65536', '99999', '005060', '655350', '0000005060', '5x', 'x', '5:', '5/', '-1'),
    4,
  ),
);

const host = rarely(
  fc.oneof(
    of(
      '10.0.1.7',
      '255.255.255.255',
      '10.100.200.200',
      'a_b',
      'h',
      'proxy.example',
      `${'long-'.repeat(14)}name`,
    ),
    fc.string({ unit: of(...'abzAZ09.-_'), minLength: 1, maxLength: 40 }),
  ),
  fc.oneof(
    of('', '[::1]', '[2001:db8::1]', '[', '[]', 'a=b', 'a,b', '=', ':'),
    fc.integer({ min: 0, max: 255 }).map((code) => `h${String.fromCharCode(code)}i`),
  ),
  8,
);

const value = rarely(
  fc.oneof(
    fc.string({ unit: of(..."aZ09-.%*_+`'~:[]@/=\x80\xff\x7f"), maxLength: 70 }),
    of('z9hG4bKd9332f9b3', '10.0.0.1', '=', '==a', 'a=b', ''),
    port,
  ),
  fc.oneof(
    of('"a;b"', '"a,b"', '"', '<', '>', 'a"b', 'a!', 'a b', '\x00', '\x1f'),
    fc.integer({ min: 0, max: 255 }).map((code) => `a${String.fromCharCode(code)}b`),
  ),
  20,
);

const KNOWN = ['branch', 'received', 'rport', 'm', 's', 'l'];
/** Names that differ from those in a letter, or in the bit that tells a capital, or by one letter more or less. */
const STRANGE = [
  ...KNOWN.flatMap((name) => [`${name}x`, name.slice(1), `x${name.slice(1)}`, `${name.slice(0, -1)}~`]),
  ...['M', 'S', 'L', '\x12port', 'br\x41nch', 'bra\x0ech', '-', '\xed', 'ttl', 'maddr', 'alias', 'a!'],
];
const name = rarely(
  fc.oneof(
    of(...KNOWN),
    fc
      .tuple(of('branch', 'received', 'rport'), fc.nat(255))
      .map(([known, capitals]) =>
        [...known].map((letter, i) => ((capitals >> i) & 1 ? letter.toUpperCase() : letter)).join(''),
      ),
  ),
  of(...STRANGE),
  4,
);

const param = fc
  .tuple(gap, gap, name, fc.oneof(of('='), rarely(of('=', ''), of(' =', '= ', '=\t', ' '))), value, gap)
  .map(([before, behind, named, equals, worth, end]) => {
    return `${before};${behind}${named}${equals}${equals === '' ? '' : worth}${end}`;
  });

/** A Via value, and perhaps another one behind it. */
export const almostVia: fc.Arbitrary<string> = fc
  .tuple(
    gap,
    rarely(
      of('SIP/2.0/UDP '),
      of('sip/2.0/udp ', 'SIP/2.0/UDP  ', 'SIP/2.0/TCP ', 'SIP/2.0/UDP\t', 'SIP/2.1/UDP ', 'SIP/2.0/UDP'),
    ),
    host,
    fc.oneof(
      of(''),
      fc
        .tuple(gap, rarely(of(':'), of('/', '@', '::', '+', '\x80')), gap, port)
        .map((parts) => parts.join('')),
    ),
    fc.array(rarely(param, of(';', ';;', ';=', ';=a')), { maxLength: 7 }),
    rarely(
      of('', '', ',SIP/2.0/UDP b;branch=c', ', SIP/2.0/UDP b'),
      of(',', ', ', ' ', ' ,SIP/2.0/UDP b', ',;', ',,', '\t', 'x', '\x00'),
      8,
    ),
  )
  .map((parts) => parts.flat().join(''));
