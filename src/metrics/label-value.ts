/** A SIP URI's user and host fit many times; what is longer is nobody's extension. */
export const MAX_LABEL_LENGTH = 128;

const MARK = '~';
const HASH_DIGITS = 16;

/**
 * Makes a value from traffic or configuration fit for a label: printable ASCII of bounded length, whatever
 * was sent. Anything else, and the percent sign itself, becomes %XX per character, so that two values never
 * fall together; what is still too long is cut and ends in a mark and a hash of the whole. Quotes and
 * backslashes are left to the exposition, which escapes them.
 */
export function labelValue(value: string): string {
  const printable = ORDINARY.test(value) ? value : value.replace(EXTRAORDINARY, percentEncoded);
  if (printable.length <= MAX_LABEL_LENGTH) return printable;
  const kept = printable.slice(0, MAX_LABEL_LENGTH - HASH_DIGITS - MARK.length);
  return kept + MARK + hash(value, 0x811c9dc5) + hash(value, 0x01234567);
}

const ORDINARY = /^[\x20-\x24\x26-\x7e]*$/;
const EXTRAORDINARY = /[^\x20-\x24\x26-\x7e]/g;

/** Strings from traffic hold one character per byte; a greater one, from configuration, takes four digits. */
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
