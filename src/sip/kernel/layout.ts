import { METHODS_BYTES } from './names.ts';

/** How a kernel's own memory is laid out, and what has room in it. */

/** Vectors are loaded whole: so many bytes behind whatever is read belong to nobody. */
const REACH_BYTES = 64;
/** So much of a datagram can be read at a time: all of it. */
export const MAX_SCANNED_BYTES = 65_536;

/**
 * Header lines that the index holds. No datagram fills it, over IPv6 neither: the shortest line is one stray
 * byte and LF, and 65,535 bytes hold fewer than this many of them.
 */
export const MAX_HEADER_LINES = 32_768;
/** Words that a line takes in the index: header id, line start, value start, value end. */
export const LINE_WORDS = 4;
/** Words before the lines, one for each header id: the number of its first line, and in the upper half how many. */
export const HEAD_WORDS = 32;
const INDEX_BYTES = (HEAD_WORDS + MAX_HEADER_LINES * LINE_WORDS) * 4;
/** Room for what is hashed: a datagram twice over. */
export const HASH_INPUT_BYTES = (1 << 17) + 256;

/** Room for the text that `keepText` keeps. */
const TEXT_BYTES = 256;
/** Room for what edits insert, and for another datagram: that it does not fit is known when it is written. */
export const INSERTS_BYTES = 65_536 + 65_536 + 1024;

/** Edits of one message, and words for each: where it is, how many bytes it takes out, and where its insertion starts and how long it is. */
export const MAX_EDITS = 1024;
export const EDIT_WORDS = 4;

/** Where each part begins, counted from the kernel's own place. */
export const NAMES_AT = 0;
export const RESULT_AT = 4096;
export const TEXT_AT = RESULT_AT + 128;
export const METHODS_AT = TEXT_AT + TEXT_BYTES;
export const HASH_AT = METHODS_AT + METHODS_BYTES;
export const HASH_INPUT_AT = HASH_AT + 64;
export const INDEX_AT = HASH_INPUT_AT + 64 + HASH_INPUT_BYTES;
export const INSERTS_AT = INDEX_AT + INDEX_BYTES;
export const EDITS_AT = INSERTS_AT + INSERTS_BYTES;
export const COPY_AT = EDITS_AT + MAX_EDITS * EDIT_WORDS * 4;
/** Memory that a kernel needs for itself: a multiple of 64. */
export const KERNEL_BYTES = (COPY_AT + MAX_SCANNED_BYTES + REACH_BYTES + 63) & ~63;
