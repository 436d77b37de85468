import { MAX_NAME_LENGTH, NAMES } from '../headers.ts';

const LETTERS = 32;
const CELLS_BYTES = (MAX_NAME_LENGTH + 1) * LETTERS;
const HEAD_BYTES = 16;
const TAIL_BYTES = 4;
/** A name's own bytes: the head, its case bits, the tail, its case bits, the id, the next of its cell. */
const NAME_BYTES = 48;
const TAIL_AT = 2 * HEAD_BYTES;
const ID_AT = TAIL_AT + 2 * TAIL_BYTES;
const NEXT_AT = ID_AT + 4;
const DASH = 0x2d;
/** Set in a lower-case letter, and not in its capital. */
const CASE_BIT = 0x20;

/**
 * The names of headers as the scan reads them: the first of a chain by length and first letter, then the names, each
 * with the bits that are set in a byte before it is compared (so that capitals are the same; a dash has none).
 */
export function writeNames(table: Uint8Array): void {
  const words = new Int32Array(table.buffer, table.byteOffset, table.length >>> 2);
  table.fill(0);
  let number = 1;
  for (const [id, ...names] of NAMES) {
    for (const name of names) {
      if (name.length > MAX_NAME_LENGTH) throw new RangeError(`${name} is too long`);
      const at = CELLS_BYTES + number * NAME_BYTES;
      writeFolded(table, at, at + HEAD_BYTES, name.slice(0, HEAD_BYTES));
      writeFolded(table, at + TAIL_AT, at + TAIL_AT + TAIL_BYTES, name.slice(-TAIL_BYTES));
      const cell = name.length * LETTERS + (name.charCodeAt(0) & (LETTERS - 1));
      words[(at + ID_AT) >>> 2] = id;
      words[(at + NEXT_AT) >>> 2] = table[cell]!;
      table[cell] = number++;
    }
  }
}

function writeFolded(table: Uint8Array, at: number, caseAt: number, name: string): void {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    table[at + i] = code;
    table[caseAt + i] = code === DASH ? 0 : CASE_BIT;
  }
}
