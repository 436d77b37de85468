/**
 * Received bytes as text, one character per byte (ISO 8859-1): keys of tables and strings for people. What
 * was seen before costs no allocation where it goes through a pool or is compared in place.
 */

/** Characters made per call below: one call with many arguments beats many calls and one with an array. */
const CHUNK = 16;

export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let out = '';
  let at = start;
  for (; at + CHUNK <= end; at += CHUNK) {
    out += String.fromCharCode(
      bytes[at]!,
      bytes[at + 1]!,
      bytes[at + 2]!,
      bytes[at + 3]!,
      bytes[at + 4]!,
      bytes[at + 5]!,
      bytes[at + 6]!,
      bytes[at + 7]!,
      bytes[at + 8]!,
      bytes[at + 9]!,
      bytes[at + 10]!,
      bytes[at + 11]!,
      bytes[at + 12]!,
      bytes[at + 13]!,
      bytes[at + 14]!,
      bytes[at + 15]!,
    );
  }
  for (; at < end; at++) out += String.fromCharCode(bytes[at]!);
  return out;
}

/** True where the range holds exactly this text. */
export function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  const length = end - start;
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}

const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;

/** FNV-1a, 32 bits. For finding, never for deciding: whoever finds by it compares the bytes. */
export function hashOf(bytes: Uint8Array, start: number, end: number, seed = FNV_OFFSET): number {
  let hash = seed;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, FNV_PRIME);
  return hash;
}

/** The last bytes of a range and its length: enough to find by, where texts differ at their end. */
export function hashOfEnd(bytes: Uint8Array, start: number, end: number): number {
  return hashOf(bytes, Math.max(start, end - 16), end, end - start);
}

/** A seed whose hashes have nothing to do with those of the default one. */
const SECOND_SEED = 0x2f0b4a17;

/** Two hashes of the range into `callIdA` and `callIdB`: together 64 bits. */
export function hashTwice(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: { callIdA: number; callIdB: number },
): void {
  let a = FNV_OFFSET;
  let b = SECOND_SEED;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    a = Math.imul(a ^ byte, FNV_PRIME);
    b = Math.imul(b + byte, SECOND_PRIME) ^ (b >>> 15);
  }
  into.callIdA = a;
  into.callIdB = b;
}

const SECOND_PRIME = 0x85ebca6b;

/** What is left of a text that was too long ends so, and in 16 hex digits of a hash of the whole. */
const CUT = '~';
const CUT_TAIL = 17;

/** The range as text; past `maxLength` characters its end is replaced by a hash, so that long texts stay distinct. */
export function boundedText(bytes: Uint8Array, start: number, end: number, maxLength: number): string {
  if (end - start <= maxLength) return textOf(bytes, start, end);
  const head = textOf(bytes, start, start + maxLength - CUT_TAIL);
  return head + CUT + hex(hashOf(bytes, start, end)) + hex(hashOf(bytes, start, end, SECOND_SEED));
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** For people: anything but printable ASCII becomes `?`, and no more than `maxLength` characters are kept. */
export function printable(text: string, maxLength: number): string {
  const kept = text.length > maxLength ? text.slice(0, maxLength) : text;
  return kept.replace(/[^\x20-\x7e]/g, '?');
}

/**
 * Remembers texts by where their hash points, one each: what comes again and again (AORs, hosts, user
 * agents) is found without an allocation; two that share a place push each other out, at the cost of one.
 */
export class TextPool {
  private readonly texts: string[];
  private readonly mask: number;

  /** `places` must be a power of two. */
  constructor(places: number) {
    this.texts = new Array<string>(places).fill('');
    this.mask = places - 1;
  }

  /** `hash` is any hash of the range. */
  textOf(bytes: Uint8Array, start: number, end: number, hash: number): string {
    const place = (hash ^ (hash >>> 15)) & this.mask;
    const known = this.texts[place]!;
    if (isText(bytes, start, end, known)) return known;
    const made = textOf(bytes, start, end);
    this.texts[place] = made;
    return made;
  }
}
