import { MAX_NAME_LENGTH, NAMES } from '../headers.ts';
import { METHODS } from '../methods.ts';

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

/** A method: its bytes, zeros behind them, and in the last byte how many there are. */
const METHOD_BYTES = 16;
/** All but `other`, which is the last. */
export const NAMED_METHODS = METHODS.length - 1;
export const METHODS_BYTES = NAMED_METHODS * METHOD_BYTES;

/** The methods as the kernel compares them, in the order of METHODS. */
export function writeMethods(table: Uint8Array): void {
  table.fill(0);
  for (let number = 0; number < NAMED_METHODS; number++) {
    const name = METHODS[number]!;
    const at = number * METHOD_BYTES;
    for (let i = 0; i < name.length; i++) table[at + i] = name.charCodeAt(i);
    table[at + METHOD_BYTES - 1] = name.length;
  }
}
