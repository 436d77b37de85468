// What V8 writes with `--perf-prof` (the kernel's tools/perf/Documentation/jitdump-specification.txt): which line of the source each
// instruction of compiled code comes from, inlined functions' own lines included.
import { readFileSync } from 'node:fs';

const RECORD_BYTES = 16;
const [CODE_LOAD, CODE_DEBUG_INFO] = [0, 2];
/** Of the file's header: where its length stands. */
const HEADER_LENGTH_AT = 8;
/** Of a debug record, behind its head: how many entries there are, behind the code's address, and where they begin. */
const [COUNT_AT, ENTRIES_AT] = [8, 16];
/** Of an entry: the address, the line, and where the name of the file begins. */
const [LINE_AT, FILE_AT] = [8, 16];
/** Of a code record, behind its head: where the code lies, and how long it is. */
const [ADDRESS_AT, LENGTH_AT] = [16, 24];

/** @typedef {{ address: number, line: number, file: string }} Entry from this address on */
/** @typedef {{ start: number, end: number, entries: Entry[] }} Code */

/** @returns {Code[]} by address; of two at one place the later. */
export function readJitDump(/** @type {string} */ file) {
  const bytes = readFileSync(file);
  /** @type {Map<number, Code>} */
  const codes = new Map();
  /** @type {Entry[]} */
  let entries = [];
  let at = bytes.readUInt32LE(HEADER_LENGTH_AT);
  while (at + RECORD_BYTES <= bytes.length) {
    const [kind, length] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    if (length < RECORD_BYTES || at + length > bytes.length) break;
    const record = bytes.subarray(at + RECORD_BYTES, at + length);
    if (kind === CODE_DEBUG_INFO) entries = entriesOf(record);
    if (kind === CODE_LOAD) {
      const start = word(record, ADDRESS_AT);
      codes.set(start, { start, end: start + word(record, LENGTH_AT), entries });
      entries = [];
    }
    at += length;
  }
  return [...codes.values()].sort((a, b) => a.start - b.start);
}

/** @param {Buffer} record @returns {Entry[]} */
function entriesOf(record) {
  const entries = [];
  let at = ENTRIES_AT;
  for (let left = word(record, COUNT_AT); left > 0; left--) {
    const fileEnd = record.indexOf(0, at + FILE_AT);
    entries.push({
      address: word(record, at),
      line: record.readUInt32LE(at + LINE_AT),
      file: record.toString('latin1', at + FILE_AT, fileEnd),
    });
    at = fileEnd + 1;
  }
  return entries;
}

/** Of 64 bits. */
function word(/** @type {Buffer} */ bytes, /** @type {number} */ at) {
  return Number(bytes.readBigUInt64LE(at));
}

/** The line that the instruction at this address comes from; undefined where none is told. @param {Code[]} codes @param {number} place */
export function lineAt(codes, place) {
  const code = codes[lastNotBeyond(codes, place, ({ start }) => start)];
  if (code === undefined || place >= code.end) return undefined;
  return code.entries[lastNotBeyond(code.entries, place, (entry) => entry.address)];
}

/**
 * The last of a sorted list whose address is `place` or lower; -1 where there is none.
 *
 * @template T
 * @param {T[]} list
 * @param {number} place
 * @param {(one: T) => number} addressOf
 */
export function lastNotBeyond(list, place, addressOf) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (addressOf(/** @type {T} */ (list[middle])) <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
