import { ascii, equals } from './bytes.ts';

/** The methods of RFC 3261 and its extensions; anything else is 'other' and is forwarded all the same (§16.3). */
export const METHODS = [
  'REGISTER',
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'SUBSCRIBE',
  'NOTIFY',
  'MESSAGE',
  'PUBLISH',
  'INFO',
  'REFER',
  'UPDATE',
  'PRACK',
  'other',
] as const;

export type Method = (typeof METHODS)[number];

const LITERALS = METHODS.slice(0, -1).map((name) => ascii(name));

/** Methods are case-sensitive (§7.1): `register` is 'other'. */
export function methodOf(bytes: Uint8Array, start: number, end: number): Method {
  for (let i = 0; i < LITERALS.length; i++) {
    const literal = LITERALS[i]!;
    if (bytes[start] === literal[0] && equals(bytes, start, end, literal)) return METHODS[i]!;
  }
  return 'other';
}
