/** Hosts and addresses: as text in many spellings, beside the value that they spell. */
import fc from 'fast-check';
import { stringOf } from './text.ts';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const LABEL = `${LOWER}ABCXYZ0123456789-`;
const GROUPS = 8;

export interface Ipv4 {
  readonly text: string;
  /** As a signed 32-bit word, first byte highest. */
  readonly word: number;
}

export function ipv4(): fc.Arbitrary<Ipv4> {
  const byte = fc.oneof(fc.constantFrom(0, 1, 10, 127, 192, 255), fc.integer({ min: 0, max: 255 }));
  return fc.tuple(byte, byte, byte, byte).map((bytes) => ({
    text: bytes.join('.'),
    word: bytes.reduce((word, part) => (word << 8) | part, 0),
  }));
}

export interface Ipv6 {
  /** Without brackets, one of the ways in which RFC 4291 §2.2 lets it be written. */
  readonly text: string;
  readonly groups: readonly number[];
}

/** An address with runs of zeros more often than chance would have them. */
function ipv6Groups(): fc.Arbitrary<number[]> {
  const group = fc.oneof(fc.constant(0), fc.constantFrom(1, 0xffff, 0x2001), fc.nat(0xffff));
  const mapped = fc.tuple(group, group).map((tail) => [0, 0, 0, 0, 0, 0xffff, ...tail]);
  const any = fc.array(group, { minLength: GROUPS, maxLength: GROUPS });
  return fc.oneof({ weight: 6, arbitrary: any }, { weight: 1, arbitrary: mapped });
}

interface Ipv6Spelling {
  readonly isUpper: boolean;
  readonly isPadded: boolean;
  readonly hasDottedTail: boolean;
  /** Which of the runs of zeros becomes `::`, counted modulo their number; none where there is no run. */
  readonly gap: number;
}

export function ipv6(): fc.Arbitrary<Ipv6> {
  const spelling = fc.record({
    isUpper: fc.boolean(),
    isPadded: fc.boolean(),
    hasDottedTail: fc.boolean(),
    gap: fc.nat(3),
  });
  return fc.tuple(ipv6Groups(), spelling).map(([groups, how]) => ({ text: spell(groups, how), groups }));
}

function spell(groups: readonly number[], how: Ipv6Spelling): string {
  const width = how.isPadded ? 4 : 1;
  const words = groups.map((group) => group.toString(16).padStart(width, '0'));
  if (how.hasDottedTail) {
    const [high = 0, low = 0] = groups.slice(-2);
    words.splice(-2, 2, [high >> 8, high & 255, low >> 8, low & 255].join('.'));
  }
  const runs = zeroRuns(words);
  const run = runs[how.gap % Math.max(runs.length + 1, 1)];
  const text =
    run === undefined
      ? words.join(':')
      : `${words.slice(0, run.start).join(':')}::${words.slice(run.start + run.length).join(':')}`;
  return how.isUpper ? text.toUpperCase() : text;
}

function zeroRuns(words: readonly string[]): { start: number; length: number }[] {
  const runs: { start: number; length: number }[] = [];
  for (let i = 0; i < words.length; i++) {
    let length = 0;
    while (/^0+$/.test(words[i + length] ?? '')) length++;
    if (length > 0) runs.push({ start: i, length });
    i += length;
  }
  return runs;
}

/** A DNS name; its last label starts with a letter, so that it is no address. */
export function hostName(): fc.Arbitrary<string> {
  const label = fc
    .tuple(stringOf(LOWER, { min: 1, max: 1 }), stringOf(LABEL, { max: 6 }))
    .map((p) => p.join(''));
  return fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'));
}

/** SIP's `host`: name, IPv4 address, IPv6 reference in brackets. */
export function host(): fc.Arbitrary<string> {
  return fc.oneof(
    hostName(),
    ipv4().map((address) => address.text),
    ipv6().map((address) => `[${address.text}]`),
  );
}

/** A port; 0 stands for none stated. */
export function optionalPort(): fc.Arbitrary<number> {
  return fc.oneof(fc.constant(0), fc.constant(5060), fc.integer({ min: 1, max: 65_535 }));
}
