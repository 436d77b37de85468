/** What a message says, as fields of what is to be hashed. */
import { RANGLE } from './bytes.as';
import { HEADS_BYTES, LINE_BYTES } from './lines.as';
import { field, word } from './siphash.as';

/** Adds to `input` how many lines of the index at `heads` carry this header, and their values one after the other. */
export function headerFields(heads: i32, id: i32, input: i32): void {
  const head = load<i32>(heads + id * 4);
  let left = head >>> 16;
  word(left, input);
  let line = firstLine(heads, head);
  while (left > 0) {
    const value = load<i32>(line, 8);
    field(value, load<i32>(line, 12) - value, input);
    left--;
    if (left === 0) break;
    do {
      line += LINE_BYTES;
    } while (load<i32>(line) !== id);
  }
}

/**
 * Adds to `input` whether this header is there, and the value of its first line up to the last angle bracket, behind which
 * nothing but parameters can be; all of it where there is none.
 */
export function addressField(heads: i32, id: i32, input: i32): void {
  const head = load<i32>(heads + id * 4);
  word(head === 0 ? 0 : 1, input);
  if (head === 0) return;
  const line = firstLine(heads, head);
  const start = load<i32>(line, 8);
  const valueEnd = load<i32>(line, 12);
  let end = valueEnd;
  while (end > start) {
    if (<i32>load<u8>(end - 1) === RANGLE) break;
    end--;
  }
  field(start, (end > start ? end : valueEnd) - start, input);
}

function firstLine(heads: i32, head: i32): i32 {
  return heads + HEADS_BYTES + (head & 0xffff) * LINE_BYTES;
}
