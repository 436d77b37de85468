import { ascii, equals } from './bytes.ts';
import { kernel } from './kernel/kernel.ts';
import type { Method } from './methods.ts';
import { METHODS } from './methods.ts';

const LITERALS = METHODS.slice(0, -1).map((name) => ascii(name));

/** The method that fills the range. Methods are case-sensitive (§7.1): `register` is 'other'. */
export function methodOf(bytes: Uint8Array, start: number, end: number): Method {
  if (kernel.holds(bytes)) return METHODS[kernel.method(start, end)]!;
  for (let i = 0; i < LITERALS.length; i++) if (equals(bytes, start, end, LITERALS[i]!)) return METHODS[i]!;
  return 'other';
}
