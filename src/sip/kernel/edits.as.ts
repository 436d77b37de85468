/** Editing in place. */
import { VECTOR } from './bytes.as';

/** An edit: where it is, how many bytes it takes out, and where its insertion starts and how long it is. */
const EDIT_BYTES: i32 = 16;

/**
 * Carries out `count` edits of a message that starts at `start`, in the order of their positions; it starts at `to` then, which
 * is not behind `start`. What they insert stands from `inserts` on. Bytes move towards the start, never the other way.
 */
export function shiftLeft(edits: i32, count: i32, inserts: i32, start: i32, newStart: i32): void {
  const end = edits + count * EDIT_BYTES;
  let from = start;
  let to = newStart;
  for (let edit = edits; edit < end; edit += EDIT_BYTES) {
    const at = load<i32>(edit);
    const length = load<i32>(edit, 12);
    if (to !== from) moveLeft(to, from, at - from);
    to += at - from;
    moveLeft(to, inserts + load<i32>(edit, 8), length);
    to += length;
    from = at + load<i32>(edit, 4);
  }
}

/** Moves bytes to where they come to lie before, or apart from, where they were. What is moved is short most of the time. */
function moveLeft(to: i32, from: i32, length: i32): void {
  if (length >= VECTOR) {
    // The last sixteen are read before others are written over them.
    const last = v128.load(from + length - VECTOR);
    for (let at = 0; at < length - VECTOR; at += VECTOR) v128.store(to + at, v128.load(from + at));
    v128.store(to + length - VECTOR, last);
  } else if (length >= 8) {
    const last = load<u64>(from + length - 8);
    store<u64>(to, load<u64>(from));
    store<u64>(to + length - 8, last);
  } else if (length >= 4) {
    const last = load<u32>(from + length - 4);
    store<u32>(to, load<u32>(from));
    store<u32>(to + length - 4, last);
  } else {
    for (let at = 0; at < length; at++) store<u8>(to + at, load<u8>(from + at));
  }
}
