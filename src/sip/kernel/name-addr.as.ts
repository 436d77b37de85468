import {
  BACKSLASH,
  COMMA,
  DQUOTE,
  FIVE_BYTES,
  firstOf,
  isToken,
  LANGLE,
  RANGLE,
  SEMICOLON,
  SPACE,
} from './bytes.as';

/** `;tag=` as a word. */
const TAG: u64 = 0x3d6761743b;
const TAG_BYTES: i32 = 5;

/**
 * Reads one name-addr (§25.1) as it ought to be: perhaps a display name, in quotes or not, `<`, a URI, `>`, and
 * parameters without quotes and brackets; no comma but in quotes. Writes to `out` where the bracket opens, where it closes, and
 * where the value of `tag` starts if that is its one parameter, as it ought to be: `end` where it has none, -1 where it has
 * others. Answers 1, or 0 where it is not such a value. Reads up to 15 bytes past `end`, and decides nothing by them.
 */
export function nameAddr(from: i32, end: i32, out: i32): i32 {
  let open = firstOf(from, end, LANGLE, DQUOTE, COMMA, SEMICOLON);
  if (open < end && <i32>load<u8>(open) === DQUOTE) {
    const quote = firstOf(open + 1, end, DQUOTE, BACKSLASH, DQUOTE, DQUOTE);
    if (quote >= end || <i32>load<u8>(quote) !== DQUOTE) return 0;
    open = firstOf(quote + 1, end, LANGLE, DQUOTE, COMMA, SEMICOLON);
  }
  if (open >= end || <i32>load<u8>(open) !== LANGLE) return 0;
  const close = firstOf(open + 1, end, RANGLE, RANGLE, RANGLE, RANGLE);
  if (close >= end || firstOf(close + 1, end, DQUOTE, COMMA, LANGLE, LANGLE) < end) return 0;
  const isTrim = <i32>load<u8>(open + 1) > SPACE && <i32>load<u8>(close - 1) > SPACE;
  if (close === open + 1 || !isTrim) return 0;
  store<i32>(out, open);
  store<i32>(out, close, 4);
  store<i32>(out, tagOf(close + 1, end), 8);
  return 1;
}

/** Where the value of the `tag` that fills the range starts; `end` where the range is empty, -1 where it is filled by others. */
function tagOf(from: i32, end: i32): i32 {
  if (from === end) return end;
  const value = from + TAG_BYTES;
  return (load<u64>(from) & FIVE_BYTES) === TAG && isToken(value, end - value) ? value : -1;
}
