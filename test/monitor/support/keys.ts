import fc from 'fast-check';
import { ExchangeKey } from '../../../src/monitor/exchange-key.ts';

/** A key of a transaction that differs from the others in one of its numbers at most. */
export interface Name {
  /** Which number: those of the branch, of the host, port with kinds, sequence number. */
  readonly place: number;
  readonly value: number;
  /** Few values, so that chains grow. */
  readonly hash: number;
}

const PLACES = 10;
const PORT_AND_KINDS = 8;
/** A port has 16 bits, the kinds above it two. */
const PORTS = new Map([
  [1, 1],
  [-1, 0x3ffff],
  [0x7fffffff, 0x20000],
  [-0x80000000, 0x10000],
]);

export const names: fc.Arbitrary<Name> = fc.record({
  place: fc.nat({ max: PLACES - 1 }),
  value: fc.constantFrom(0, 1, -1, 0x7fffffff, -0x80000000),
  hash: fc.constantFrom(-1, 0, 1, 1024, 0x7fffffff),
});

/** The same for names of the same key. */
export const textOf = ({ place, value, hash }: Name): string => `${value === 0 ? 0 : place} ${value} ${hash}`;

export function keyOf({ place, value, hash }: Name): ExchangeKey {
  const key = new ExchangeKey(new Int32Array(4));
  const numbers = new Int32Array(PLACES);
  numbers[place] = place === PORT_AND_KINDS ? (PORTS.get(value) ?? 0) : value;
  const [a = 0, b = 0, c = 0, d = 0, portAndKinds = 0, cseq = 0] = numbers.subarray(4);
  key.branch.set(numbers.subarray(0, 4));
  Object.assign(key.host, { a, b, c, d });
  return Object.assign(key, { portAndKinds, cseq, hash });
}
