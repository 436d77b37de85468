import { MAX_AOR_LENGTH } from '../monitor/aor.ts';

/** The monitor's longest AOR: what the log calls an extension is what the label calls it. */
export const MAX_LABEL_LENGTH = MAX_AOR_LENGTH;

const MARK = '~';
const HASH_DIGITS = 16;

/**
 * Makes a value from traffic or configuration fit for a label: printable ASCII of bounded length, whatever
 * was sent. The monitor's own texts are that already, with their percent signs escaped, and pass as they are;
 * in others what is not printable becomes %XX per character. What is too long is cut and ends in a mark and a
 * hash of the whole. Quotes and backslashes are left to the exposition, which escapes them.
 */
export function labelValue(value: string): string {
  const printable = ORDINARY.test(value) ? value : value.replace(EXTRAORDINARY, percentEncoded);
  if (printable.length <= MAX_LABEL_LENGTH) return printable;
  const kept = printable.slice(0, MAX_LABEL_LENGTH - HASH_DIGITS - MARK.length);
  return kept + MARK + hash(value, 0x811c9dc5) + hash(value, 0x01234567);
}

const ORDINARY = /^[\x20-\x7e]*$/;
const EXTRAORDINARY = /[^\x20-\x7e]/g;

/** One character per byte is two digits; a greater one takes four. */
function percentEncoded(character: string): string {
  const code = character.charCodeAt(0);
  return code > 0xff ? `%u${hex(code, 4)}` : `%${hex(code, 2)}`;
}

const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');

/** FNV-1a, 32 bits: tells long values apart for a reader; it withstands nobody who wants them to collide. */
function hash(value: string, seed: number): string {
  let sum = seed;
  for (let i = 0; i < value.length; i++) sum = Math.imul(sum ^ value.charCodeAt(i), 0x01000193);
  return hex(sum >>> 0, HASH_DIGITS / 2);
}
