/**
 * Words of SIP's grammar (RFC 3261 §25.1) as strings with one character per byte. A line feed stands for the
 * line end of a fold: whoever renders the message writes the message's own line end there.
 */
import fc from 'fast-check';

const DIGITS = '0123456789';
const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const ALPHANUMERIC = DIGITS + LOWER + LOWER.toUpperCase();
const TOKEN = `${ALPHANUMERIC}-.!%*_+\`'~`;

/** How far a message strays from the way in which everybody writes: `plain` is what a phone sends. */
export type Style = 'plain' | 'exotic';

export interface Length {
  readonly min?: number;
  readonly max?: number;
}

/** A string over the given characters. */
export function stringOf(characters: string, { min = 0, max = 10 }: Length): fc.Arbitrary<string> {
  return fc
    .array(fc.constantFrom(...characters), { minLength: min, maxLength: max })
    .map((list) => list.join(''));
}

export const alphanumeric = (length: Length): fc.Arbitrary<string> => stringOf(ALPHANUMERIC, length);
export const token = (length: Length = { min: 1 }): fc.Arbitrary<string> => stringOf(TOKEN, length);

/** SEP white space: none, blanks, or a fold. */
export function optionalSpace(style: Style): fc.Arbitrary<string> {
  if (style === 'plain') return fc.constant('');
  return fc.constantFrom('', '', '', '', '', '', '', '', '', ...SPACES);
}

/** LWS: at least one blank, folds among them. */
export function space(style: Style): fc.Arbitrary<string> {
  return style === 'plain' ? fc.constant(' ') : fc.constantFrom(...SPACES);
}

const SPACES = [' ', '  ', '\t', ' \t ', '\n ', '\n\t', ' \n  '];

/** A quoted string: every byte that may stand there, `"` and `\` escaped, and what looks like structure. */
export function quotedString(): fc.Arbitrary<string> {
  const plain = [...`${LOWER} \t;,<>=@:?[]*'\u00e9\u00ff`];
  const escaped = ['\\"', '\\\\', '\\;', '\\a', '\\\u0000', '\\\u007f'];
  return fc
    .array(fc.constantFrom(...plain, ...escaped), { maxLength: 12 })
    .map((inside) => `"${inside.join('')}"`);
}

/** Which letters of a word are upper case: names are case-insensitive. Bit i is letter i. */
export function letterCases(): fc.Arbitrary<number> {
  return fc.nat(0xff_ffff);
}

export function inCase(word: string, cases: number): string {
  return [...word].map((c, i) => ((cases >>> (i % 24)) & 1 ? c.toUpperCase() : c.toLowerCase())).join('');
}

/** The list in an order that the seed chooses; with 0 as it was. */
export function permuted<T>(list: readonly T[], seed: number): T[] {
  const out = [...list];
  let rest = seed;
  for (let i = 0; i < out.length - 1; i++) {
    const [chosen] = out.splice(i + (rest % (out.length - i)), 1);
    out.splice(i, 0, chosen as T);
    rest = Math.floor(rest / (out.length - i));
  }
  return out;
}
