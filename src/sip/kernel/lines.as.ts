/** Start lines, and header lines. */
import { COLON, CR, CRLF, HTAB, isToken, LF, SPACE, VECTOR, ZERO } from './bytes.as';

/** The table of header names: a cell for each length and first letter, then the names. */
const LETTERS: i32 = 32;
const LONGEST_NAME: i32 = 19;
const CELLS_BYTES: i32 = (LONGEST_NAME + 1) * LETTERS;
/** A name: its first 16 bytes, what tells its capitals, the last four of both again, id, and the next in its cell. */
const NAME_BYTES: i32 = 48;
const NAME_CASE_AT: usize = 16;
const NAME_TAIL_AT: usize = 32;
const NAME_TAIL_CASE_AT: usize = 36;
const NAME_ID_AT: usize = 40;
const NAME_NEXT_AT: usize = 44;
export const LINE_BYTES: i32 = 16;
/** The heads of an index, behind which its lines stand. */
export const HEADS_BYTES: i32 = 128;
/** One more line, in the upper half of a word of `heads`. */
const ONE_LINE: i32 = 0x10000;
/** `SIP/2.0` and CR as one word; with the LF so many bytes. */
const VERSION: u64 = 0x0d302e322f504953;
const VERSION_BYTES: i32 = 9;
/** `SIP/2.0` and a space as one word. */
const VERSION_SPACE: u64 = 0x20302e322f504953;
/** Behind it and the three digits of a code. */
const CODE_END: i32 = 11;

/**
 * Reads a Request-Line (RFC 3261 §7.1) as it ought to be: a token, a space, bytes that a URI may hold, a space,
 * `SIP/2.0`, CRLF. Writes to `out` where the method ends and where the URI does; answers where the next line starts,
 * or 0 where it is not such a line. Reads up to 47 bytes past `end`, and decides nothing by them.
 */
export function requestLine(from: i32, end: i32, out: i32): i32 {
  const spaces = i8x16.splat(<i8>SPACE);
  let found = i8x16.bitmask(i8x16.eq(v128.load(from), spaces));
  if (found === 0) return 0;
  const method = ctz(found);
  if (!isToken(from, method)) return 0;
  const uri = from + method + 1;
  let at = uri;
  found = noUri(v128.load(at));
  while (found === 0 && at < end) {
    at += VECTOR;
    found = noUri(v128.load(at));
  }
  at += ctz(found);
  const next = at + 1 + VERSION_BYTES;
  if (at === uri || next > end || <i32>load<u8>(at) !== SPACE || load<u64>(at + 1) !== VERSION) return 0;
  if (<i32>load<u8>(next - 1) !== LF) return 0;
  store<i32>(out, from + method);
  store<i32>(out, at, 4);
  return next;
}

/** A method in the table: its bytes, zeros behind them, and in the last byte how many there are. */
const METHOD_BYTES: i32 = 16;

/**
 * The number of the method that fills the range among the `count` in the table; `count` where it is none of them. Reads up to
 * 15 bytes past its end, and decides nothing by them.
 */
export function method(from: i32, length: i32, table: i32, count: i32): i32 {
  if (length <= 0 || length >= METHOD_BYTES) return count;
  const bytes = v128.load(from);
  const wanted = (1 << length) - 1;
  for (let number = 0; number < count; number++) {
    const row = table + number * METHOD_BYTES;
    const alike = i8x16.bitmask(i8x16.eq(bytes, v128.load(row)));
    if ((alike & wanted) === wanted && <i32>load<u8>(row, METHOD_BYTES - 1) === length) return number;
  }
  return count;
}

/**
 * Reads a Status-Line (§7.2) as it ought to be: `SIP/2.0`, a space, a code from 100 to 699, a space, a reason without
 * control bytes, CRLF. Writes the code to `out`; answers where the next line starts, or 0 where it is not such a line. Reads
 * up to 31 bytes past `end`, and decides nothing by them.
 */
export function statusLine(from: i32, end: i32, out: i32): i32 {
  if (load<u64>(from) !== VERSION_SPACE || <i32>load<u8>(from + CODE_END) !== SPACE) return 0;
  const hundreds = <i32>load<u8>(from + 8) - ZERO;
  const tens = <i32>load<u8>(from + 9) - ZERO;
  const units = <i32>load<u8>(from + 10) - ZERO;
  if (hundreds < 1 || hundreds > 6 || <u32>tens > 9 || <u32>units > 9) return 0;
  const controls = i8x16.splat(0x1f);
  let at = from + CODE_END + 1;
  let found = i8x16.bitmask(i8x16.le_u(v128.load(at), controls));
  while (found === 0 && at < end) {
    at += VECTOR;
    found = i8x16.bitmask(i8x16.le_u(v128.load(at), controls));
  }
  at += ctz(found);
  if (at + 2 > end || <i32>load<u16>(at) !== CRLF) return 0;
  store<i32>(out, hundreds * 100 + tens * 10 + units);
  return at + 2;
}

/** Which of the bytes no URI can hold: white space, control bytes, angle brackets (§25.1). */
function noUri(bytes: v128): i32 {
  const low = i8x16.le_u(bytes, i8x16.splat(<i8>SPACE));
  const angles = v128.or(i8x16.eq(bytes, i8x16.splat(0x3c)), i8x16.eq(bytes, i8x16.splat(0x3e)));
  return i8x16.bitmask(v128.or(low, v128.or(angles, i8x16.eq(bytes, i8x16.splat(0x7f)))));
}

/**
 * Reads header lines (RFC 3261 §7.3.1) from `from` on, as long as they are ordinary ones: a name of up to 19 bytes,
 * a colon, one space or none, a value, CRLF, no fold. They go into an index that holds `line` lines so far and has room for
 * `max`: to `lines` four words each, header id, where the line starts, where the value starts, where it ends, all moved by
 * `shift`; to `heads`, for each id, the number of its first line and, in the upper half, how many there are. Answers how many
 * lines there are then: the first line that is not ordinary, the empty one among them, ends it. Reads up to 47 bytes past
 * `end`, and decides nothing by them.
 */
export function scan(
  from: i32,
  end: i32,
  lines: i32,
  heads: i32,
  line: i32,
  max: i32,
  shift: i32,
  names: i32,
): i32 {
  const colons = i8x16.splat(COLON);
  const controls = i8x16.splat(<i8>CR);
  const full = lines + max * LINE_BYTES;
  let place = lines + line * LINE_BYTES;
  let at = from;
  // One condition at a time: what is put together of several is calculated to its end, though the first has settled it.
  while (at < end) {
    if (place >= full) break;
    const start = at;
    const head = v128.load(at);
    // The end first: the next line is then known before anything is made of this one, and the processor reads ahead.
    let found = i8x16.bitmask(i8x16.le_u(head, controls));
    while (found === 0) {
      at += VECTOR;
      if (at >= end) break;
      found = i8x16.bitmask(i8x16.le_u(v128.load(at), controls));
    }
    at += ctz(found);

    let length = 0;
    found = i8x16.bitmask(i8x16.eq(head, colons));
    if (found !== 0) {
      length = ctz(found);
    } else {
      found = i8x16.bitmask(i8x16.eq(v128.load(start, VECTOR), colons));
      if (found === 0) break;
      length = VECTOR + ctz(found);
      if (length > LONGEST_NAME) break;
    }
    const id = headerId(start, length, head, names);
    if (id === 0) {
      if (!isToken(start, length)) break;
    }

    let value = start + length + 1;
    if (<i32>load<u8>(value) === SPACE) value++;
    if (at + 2 >= end) break;
    if (at <= value) break;
    if (<i32>load<u16>(at) !== CRLF) break;
    const next: i32 = load<u8>(at, 2);
    if (next === SPACE) break;
    if (next === HTAB) break;
    if (<i32>load<u8>(at - 1) <= SPACE) break;
    if (<i32>load<u8>(value) <= SPACE) break;

    store<i32>(place, id);
    store<i32>(place, start + shift, 4);
    store<i32>(place, value + shift, 8);
    store<i32>(place, at + shift, 12);
    const seen = load<i32>(heads + id * 4);
    store<i32>(heads + id * 4, (seen === 0 ? (place - lines) / LINE_BYTES : seen) + ONE_LINE);
    place += LINE_BYTES;
    at += 2;
    if (next === CR) break;
  }
  return (place - lines) / LINE_BYTES;
}

/** The id of the header whose name stands at `at`, `head` being its first bytes; 0 where the table has none such. */
function headerId(at: i32, length: i32, head: v128, names: i32): i32 {
  const wanted = length >= VECTOR ? 0xffff : (1 << length) - 1;
  let number: i32 = load<u8>(names + length * LETTERS + (<i32>load<u8>(at) & (LETTERS - 1)));
  while (number !== 0) {
    const name = names + CELLS_BYTES + number * NAME_BYTES;
    const folded = v128.or(head, v128.load(name, NAME_CASE_AT));
    const same = i8x16.bitmask(i8x16.eq(folded, v128.load(name)));
    if ((same & wanted) === wanted) {
      const tail = load<i32>(at + length - 4) | load<i32>(name, NAME_TAIL_CASE_AT);
      if (length <= VECTOR || tail === load<i32>(name, NAME_TAIL_AT)) return load<i32>(name, NAME_ID_AT);
    }
    number = load<i32>(name, NAME_NEXT_AT);
  }
  return 0;
}

/** Sets the heads of an index to zero. */
export function clearHeads(heads: i32): void {
  const zero = i8x16.splat(0);
  for (let at = 0; at < HEADS_BYTES; at += VECTOR) v128.store(heads + at, zero);
}

/**
 * Copies an index of so many lines from `heads` to `to`, with the lines behind the heads at either place, and moves the
 * positions by `shift`. The ranges must not overlap.
 */
export function copyIndex(heads: i32, to: i32, lines: i32, shift: i32): void {
  memory.copy(to, heads, HEADS_BYTES);
  const by = i32x4.replace_lane(i32x4.splat(shift), 0, 0);
  const end = HEADS_BYTES + lines * LINE_BYTES;
  for (let at = HEADS_BYTES; at < end; at += LINE_BYTES) {
    v128.store(to + at, i32x4.add(v128.load(heads + at), by));
  }
}

/**
 * Copies a part of a message that starts at `start`: its start line, up to `headersStart`, those header lines of its index whose ids
 * are in `wanted`, a bit for each, and an empty line; the last line of the message ends at `headersEnd`. At `to` is an index of the copy then,
 * and behind it the copy. Writes to `out` how many lines that has, and where it starts; answers where it ends. The ranges must not
 * overlap. Writes up to 15 bytes past its end.
 */
export function copyPart(
  heads: i32,
  lines: i32,
  start: i32,
  headersStart: i32,
  headersEnd: i32,
  wanted: i32,
  to: i32,
  out: i32,
): i32 {
  const first = heads + HEADS_BYTES;
  const end = first + lines * LINE_BYTES;
  let count = 0;
  for (let line = first; line < end; line += LINE_BYTES) count += (wanted >>> load<i32>(line)) & 1;
  clearHeads(to);
  let place = to + HEADS_BYTES;
  const copy = place + count * LINE_BYTES;
  copyOver(copy, start, headersStart - start);
  let at = copy + headersStart - start;
  for (let line = first; line < end; line += LINE_BYTES) {
    const id = load<i32>(line);
    if (((wanted >>> id) & 1) === 0) continue;
    const from = load<i32>(line, 4);
    const next = line + LINE_BYTES < end ? load<i32>(line + LINE_BYTES, 4) : headersEnd;
    const by = i32x4.replace_lane(i32x4.splat(at - from), 0, 0);
    v128.store(place, i32x4.add(v128.load(line), by));
    const seen = load<i32>(to + id * 4);
    store<i32>(to + id * 4, (seen === 0 ? (place - to - HEADS_BYTES) / LINE_BYTES : seen) + ONE_LINE);
    copyOver(at, from, next - from);
    at += next - from;
    place += LINE_BYTES;
  }
  store<u16>(at, CRLF);
  store<i32>(out, count);
  store<i32>(out, copy, 4);
  return at + 2;
}

/** For short ranges, for which memory.copy, a call out of WebAssembly, takes longer; up to 15 bytes more are copied. */
function copyOver(to: i32, from: i32, length: i32): void {
  for (let done = 0; done < length; done += VECTOR) v128.store(to + done, v128.load(from + done));
}
