import { BACKSLASH, COMMA, DQUOTE, firstOf, LANGLE, RANGLE, SEMICOLON, SPACE } from './bytes.as';

/**
 * Reads one name-addr (§25.1) as it ought to be: perhaps a display name, in quotes or not, `<`, a URI, `>`, and
 * parameters without quotes and brackets; no comma but in quotes. Writes to `out` where the bracket opens and where it closes;
 * answers 1, or 0 where it is not such a value. Reads up to 15 bytes past `end`, and decides nothing by them.
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
  return 1;
}
