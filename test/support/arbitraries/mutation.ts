/** Damage to a datagram: what lines do to bits, and what scanners and broken phones do to grammar. */
import fc from 'fast-check';
import { ascii } from '../../../src/sip/bytes.ts';

/** Places are counted modulo the length that the datagram has when its turn comes, so that every list fits every datagram. */
export type Mutation =
  | { readonly kind: 'replace'; readonly at: number; readonly byte: number }
  | { readonly kind: 'insert'; readonly at: number; readonly piece: Uint8Array }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: 'swap'; readonly at: number; readonly other: number; readonly length: number }
  | { readonly kind: 'truncate'; readonly at: number };

/** What has a meaning somewhere in the grammar, whole and in halves. */
const PIECES = [
  ...['\r\n', '\n', '\r', '\r\n ', '\r\n\r\n', '\n\n', ' ', '\t', '\0', '\u00ff', '\\', '"', '\\"', "'"],
  ...[
    ';',
    ',',
    '<',
    '>',
    '[',
    ']',
    ':',
    '@',
    '?',
    '=',
    '/',
    '*',
    '%',
    '%00',
    '(',
    ')',
    ';;',
    ',,',
    '<>',
    '""',
  ],
  ...[
    'SIP/2.0',
    'SIP / 2.0 / UDP ',
    'SIP/2.0/UDP 192.0.2.1',
    'sip:',
    'tel:1',
    '[::1]',
    '::',
    '0',
    '4294967296',
  ],
  ...[
    'Via:',
    'v:SIP/2.0/UDP h;branch=z9hG4bK',
    ';rport',
    ';rport=',
    ';received=',
    ';branch=',
    ';lr',
    ';tag=',
  ],
  ...['Content-Length: 5\r\n', 'l: 0\r\n', 'Route: <sip:a;lr>\r\n', 'Digest ', 'nonce="'],
].map((piece) => ascii(piece));

function mutation(): fc.Arbitrary<Mutation> {
  const at = fc.nat(65_535);
  return fc.oneof(
    fc.record({ kind: fc.constant('replace' as const), at, byte: fc.nat(255) }),
    fc.record({ kind: fc.constant('insert' as const), at, piece: fc.constantFrom(...PIECES) }),
    fc.record({ kind: fc.constant('remove' as const), at, length: fc.integer({ min: 1, max: 30 }) }),
    fc.record({
      kind: fc.constant('repeat' as const),
      at,
      length: fc.integer({ min: 1, max: 40 }),
      times: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant('swap' as const), at, other: at, length: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ kind: fc.constant('truncate' as const), at }),
  );
}

/** One to `most` changes, to be made one after the other. */
export function mutations(most = 4): fc.Arbitrary<Mutation[]> {
  return fc.array(mutation(), { minLength: 1, maxLength: most });
}

/** Valid datagrams with changes: mostly still messages, no longer well-formed ones. */
export function mutated(datagrams: fc.Arbitrary<Uint8Array>, most?: number): fc.Arbitrary<Uint8Array> {
  return fc.tuple(datagrams, mutations(most)).map(([bytes, changes]) => changes.reduce(mutate, bytes));
}

export function mutate(bytes: Uint8Array, change: Mutation): Uint8Array {
  const at = change.at % (bytes.length + 1);
  switch (change.kind) {
    case 'replace':
      return spliced(bytes, at, 1, [change.byte]);
    case 'insert':
      return spliced(bytes, at, 0, change.piece);
    case 'remove':
      return spliced(bytes, at, change.length, []);
    case 'repeat':
      return spliced(bytes, at, 0, repeated(bytes.subarray(at, at + change.length), change.times));
    case 'swap':
      return swapped(bytes, at, change.other % (bytes.length + 1), change.length);
    case 'truncate':
      return bytes.slice(0, at);
  }
}

function spliced(bytes: Uint8Array, at: number, length: number, insert: Iterable<number>): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...insert, ...bytes.subarray(at + length)]);
}

function repeated(piece: Uint8Array, times: number): number[] {
  return Array.from({ length: times }, () => [...piece]).flat();
}

function swapped(bytes: Uint8Array, one: number, other: number, length: number): Uint8Array {
  const out = bytes.slice();
  for (let i = 0; i < length && one + i < out.length && other + i < out.length; i++) {
    const kept = out[one + i] ?? 0;
    out[one + i] = out[other + i] ?? 0;
    out[other + i] = kept;
  }
  return out;
}
