/**
 * The loops in which a proxy spends its time, in AssemblyScript: TypeScript that is compiled to WebAssembly and
 * has vectors of 16 bytes and integers of 64 bits. Nothing here keeps state, and nothing is decided here that the
 * callers could not tell from what was written: `kernel.ts` says where everything stands in memory.
 */

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
const LINE_BYTES: i32 = 16;
/** The heads of an index, behind which its lines stand. */
const HEADS_BYTES: i32 = 128;
/** One more line, in the upper half of a word of `heads`. */
const ONE_LINE: i32 = 0x10000;
const VECTOR: i32 = 16;

const HTAB: i32 = 0x09;
const CR: i32 = 0x0d;
const LF: i32 = 0x0a;
const CRLF: i32 = 0x0a0d;
const SPACE: i32 = 0x20;
const COLON: i8 = 0x3a;
const DQUOTE: i32 = 0x22;
const COMMA: i32 = 0x2c;
const SEMICOLON: i32 = 0x3b;
const LANGLE: i32 = 0x3c;
const RANGLE: i32 = 0x3e;
const BACKSLASH: i32 = 0x5c;
const EQUALS: i32 = 0x3d;
/** `response` and `nonce` as words, first byte lowest; with the bits that tell capitals. */
const RESPONSE: u64 = 0x65736e6f70736572;
const CASE_BITS: u64 = 0x2020202020202020;
const NONCE: u64 = 0x65636e6f6e;
const FIVE_BYTES: u64 = 0xffffffffff;
const FIVE_CASE_BITS: u64 = 0x2020202020;
/** `SIP/2.0` and CR as one word; with the LF so many bytes. */
const VERSION: u64 = 0x0d302e322f504953;
const VERSION_BYTES: i32 = 9;
/** `SIP/2.0/` and `UDP ` as words. */
const VIA_PROTOCOL: u64 = 0x2f302e322f504953;
const VIA_TRANSPORT: u32 = 0x20504455;
const VIA_PROTOCOL_BYTES: i32 = 12;
/** Where `via` writes what it finds, in bytes: single words, and from `rport` on start and end of values. */
const VIA_HOST_END: usize = 0;
const VIA_PORT: usize = 4;
const VIA_PARAMS: usize = 8;
const VIA_END: usize = 12;
const VIA_STAMPS: usize = 16;
const VIA_RPORT: usize = 20;
const VIA_RECEIVED: usize = 28;
const VIA_BRANCH: usize = 36;
const VIA_CHECK: usize = 44;
const VIA_SOCKET: usize = 52;
const VIA_LOOP: usize = 60;
/** Names of parameters as words. */
const BRANCH: u64 = 0x68636e617262;
const RECEIVED: u64 = 0x6465766965636572;
const RPORT: u64 = 0x74726f7072;
const SIX_BYTES: u64 = 0xffffffffffff;
const LETTER_M: i32 = 0x6d;
const LETTER_S: i32 = 0x73;
const LETTER_L: i32 = 0x6c;
const ZERO: i32 = 0x30;
const PORT_DIGITS: i32 = 5;
const MAX_PORT: i32 = 65_535;
/** Bytes of a Via that are looked at together, each of them one bit of a word. */
const BLOCK: i32 = 64;

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

/** Which of the bytes no URI can hold: white space, control bytes, angle brackets (§25.1). */
function noUri(bytes: v128): i32 {
  const low = i8x16.le_u(bytes, i8x16.splat(<i8>SPACE));
  const angles = v128.or(i8x16.eq(bytes, i8x16.splat(0x3c)), i8x16.eq(bytes, i8x16.splat(0x3e)));
  return i8x16.bitmask(v128.or(low, v128.or(angles, i8x16.eq(bytes, i8x16.splat(0x7f)))));
}

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

/** Where the first byte of four kinds stands; `end`, or beyond it, where there is none. */
function firstOf(from: i32, end: i32, a: i32, b: i32, c: i32, d: i32): i32 {
  let at = from;
  while (at < end) {
    const bytes = v128.load(at);
    const ab = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>a)), i8x16.eq(bytes, i8x16.splat(<i8>b)));
    const cd = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>c)), i8x16.eq(bytes, i8x16.splat(<i8>d)));
    const found = i8x16.bitmask(v128.or(ab, cd));
    if (found !== 0) return at + ctz(found);
    at += VECTOR;
  }
  return at;
}

/**
 * Reads credentials (§20.7) from behind their scheme on, as they ought to be: `name=value`, the value a token or in
 * quotes without escapes, commas and spaces between them. Writes to `out` where the nonce starts and ends (twice 0
 * where it is empty or absent; the last one counts) and whether there is a response that is not empty. Answers 1, or 0
 * where they are written in another way. Reads up to 15 bytes past `end`, and decides nothing by them.
 */
export function credentials(from: i32, end: i32, out: i32): i32 {
  let at = from;
  let nonceStart = 0;
  let nonceEnd = 0;
  let hasResponse = 0;
  while (true) {
    while (at < end && (<i32>load<u8>(at) === COMMA || <i32>load<u8>(at) === SPACE)) at++;
    if (at >= end) break;
    const name = at;
    while (at < end && <i32>load<u8>(at) !== EQUALS) at++;
    const length = at - name;
    if (at >= end || !isToken(name, length)) return 0;
    let value = ++at;
    let valueEnd = 0;
    if (at < end && <i32>load<u8>(at) <= SPACE) return 0;
    if (at < end && <i32>load<u8>(at) === DQUOTE) {
      value++;
      valueEnd = firstOf(value, end, DQUOTE, BACKSLASH, DQUOTE, DQUOTE);
      if (valueEnd >= end || <i32>load<u8>(valueEnd) !== DQUOTE) return 0;
      at = valueEnd + 1;
    } else {
      while (at < end && <i32>load<u8>(at) > SPACE && <i32>load<u8>(at) !== COMMA) at++;
      valueEnd = at;
      if (at < end && <i32>load<u8>(at) < SPACE) return 0;
    }
    if (valueEnd === value) continue;
    if (length === 8 && (load<u64>(name) | CASE_BITS) === RESPONSE) {
      hasResponse = 1;
    } else if (length === 5 && ((load<u64>(name) & FIVE_BYTES) | FIVE_CASE_BITS) === NONCE) {
      nonceStart = value;
      nonceEnd = valueEnd;
    }
  }
  store<i32>(out, nonceStart);
  store<i32>(out, nonceEnd, 4);
  store<i32>(out, hasResponse, 8);
  return 1;
}

/**
 * Reads one Via value (§20.42) as it ought to be: `SIP/2.0/UDP`, a space, a host that is a name or IPv4, perhaps a port,
 * and parameters without white space, quotes and angle brackets, up to a comma or the end. Writes to `out` where the
 * parts stand, with `shift` added, and -1 for what is absent (`VIA_…` above). Answers 1, or 0 where it is not such a
 * value. Reads up to 63 bytes past `end`, and decides nothing by them.
 */
export function via(from: i32, end: i32, out: i32, shift: i32): i32 {
  const host = from + VIA_PROTOCOL_BYTES;
  if (host >= end || load<u64>(from) !== VIA_PROTOCOL || load<u32>(from, 8) !== VIA_TRANSPORT) return 0;
  clearVia(out);
  let base = host;
  let marks = marksOf(base);
  let part = host;
  let nameEnd = 0;
  while (true) {
    while (marks === 0 && base + BLOCK < end) {
      base += BLOCK;
      marks = marksOf(base);
    }
    const at = min(base + <i32>ctz(marks), end);
    marks &= marks - 1;
    // The end and a comma end a value alike.
    const byte = at < end ? <i32>load<u8>(at) : COMMA;
    if (byte === EQUALS) {
      if (nameEnd === 0) nameEnd = at;
      continue;
    }
    if (byte !== SEMICOLON && byte !== COMMA) return 0;
    if (part !== host) takeViaParam(part, nameEnd, at, out, shift);
    else if (!takeSentBy(host, at, out, shift)) return 0;
    part = at;
    nameEnd = 0;
    if (byte === COMMA) break;
  }
  store<i32>(out, part + shift, VIA_END);
  return takeRport(out, shift);
}

/** Everything that may be absent: behind the words that are always written. */
function clearVia(out: i32): void {
  const none = i32x4.splat(-1);
  v128.store(out, none, VIA_STAMPS);
  v128.store(out, none, VIA_STAMPS + 16);
  v128.store(out, none, VIA_STAMPS + 32);
  v128.store(out, none, VIA_STAMPS + 48);
}

/** Which of the 64 bytes at `at` end a part of a Via, or may not stand in it, lowest bit first. */
function marksOf(at: i32): u64 {
  const low = viaMarks(v128.load(at)) | (viaMarks(v128.load(at, 16)) << 16);
  const high = viaMarks(v128.load(at, 32)) | (viaMarks(v128.load(at, 48)) << 16);
  return <u64>(<u32>low) | ((<u64>(<u32>high)) << 32);
}

/** Comma, semicolon, equals sign; white space, control bytes, `!`, quotes, angle brackets. */
function viaMarks(bytes: v128): i32 {
  const low = i8x16.le_u(bytes, i8x16.splat(<i8>DQUOTE));
  const signs = i8x16.le_u(
    i8x16.sub(bytes, i8x16.splat(<i8>SEMICOLON)),
    i8x16.splat(<i8>(RANGLE - SEMICOLON)),
  );
  return i8x16.bitmask(v128.or(v128.or(low, signs), i8x16.eq(bytes, i8x16.splat(<i8>COMMA))));
}

/** Remembers the sent-by that fills the range; false where it is none, or has an IPv6 host. */
function takeSentBy(host: i32, end: i32, out: i32, shift: i32): bool {
  let at = host;
  let others = noHost(v128.load(at));
  while (others === 0 && at < end) {
    at += VECTOR;
    others = noHost(v128.load(at));
  }
  at = min(at + ctz(others), end);
  if (at === host) return false;
  let port = 0;
  if (at < end) {
    if (load<i8>(at) !== COLON) return false;
    port = portOf(at + 1, end);
    if (port < 0) return false;
  }
  store<i32>(out, at + shift, VIA_HOST_END);
  store<i32>(out, port, VIA_PORT);
  store<i32>(out, end + shift, VIA_PARAMS);
  return true;
}

/** Which of the bytes stand in no host name: all but letters, digits, dot, dash and underscore. */
function noHost(bytes: v128): i32 {
  const folded = v128.or(bytes, i8x16.splat(0x20));
  const letters = i8x16.le_u(i8x16.sub(folded, i8x16.splat(0x61)), i8x16.splat(25));
  const digits = i8x16.le_u(i8x16.sub(bytes, i8x16.splat(0x2d)), i8x16.splat(12));
  const named = v128.or(letters, v128.andnot(digits, i8x16.eq(bytes, i8x16.splat(0x2f))));
  return i8x16.bitmask(v128.not(v128.or(named, i8x16.eq(bytes, i8x16.splat(0x5f)))));
}

/** The port that fills the range with one to five digits, or -1. */
function portOf(from: i32, end: i32): i32 {
  if (end <= from || end - from > PORT_DIGITS) return -1;
  let value = 0;
  for (let at = from; at < end; at++) {
    const digit = <i32>load<u8>(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= MAX_PORT ? value : -1;
}

/** Remembers a parameter of interest; of one that appears twice, the first counts. `equals` is 0 where it has no value. */
function takeViaParam(semicolon: i32, equals: i32, end: i32, out: i32, shift: i32): void {
  const name = semicolon + 1;
  const nameEnd = equals === 0 ? end : equals;
  const place = viaParam(name, nameEnd - name);
  if (place === 0) return;
  if (place <= VIA_RECEIVED && load<i32>(out, VIA_STAMPS) < 0) store<i32>(out, semicolon + shift, VIA_STAMPS);
  if (load<i32>(out + place) >= 0) return;
  store<i32>(out + place, (equals === 0 ? end : equals + 1) + shift);
  store<i32>(out + place, end + shift, 4);
}

/** Where the value of a parameter of this name is written, or 0. Our own are so in lower case only. */
function viaParam(name: i32, length: i32): usize {
  if (length === 1) {
    const letter: i32 = load<u8>(name);
    if (letter === LETTER_M) return VIA_CHECK;
    if (letter === LETTER_S) return VIA_SOCKET;
    return letter === LETTER_L ? VIA_LOOP : 0;
  }
  const word = load<u64>(name) | CASE_BITS;
  if (length === 6) return (word & SIX_BYTES) === BRANCH ? VIA_BRANCH : 0;
  if (length === 5) return (word & FIVE_BYTES) === RPORT ? VIA_RPORT : 0;
  return length === 8 && word === RECEIVED ? VIA_RECEIVED : 0;
}

/** Puts the port in the place of the value that it was read from: 0 of an empty one. Answers 0 where it is no port. */
function takeRport(out: i32, shift: i32): i32 {
  const start = load<i32>(out, VIA_RPORT);
  if (start < 0) return 1;
  const end = load<i32>(out, VIA_RPORT + 4);
  const port = start === end ? 0 : portOf(start - shift, end - shift);
  store<i32>(out, port, VIA_RPORT);
  return port < 0 ? 0 : 1;
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
  let place = lines + line * LINE_BYTES;
  let at = from;
  while (line < max && at < end) {
    const start = at;
    const head = v128.load(at);
    // The end first: the next line is then known before anything is made of this one, and the processor reads ahead.
    let found = i8x16.bitmask(i8x16.le_u(head, controls));
    while (found === 0 && at < end) {
      at += VECTOR;
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
    if (id === 0 && !isToken(start, length)) break;

    let value = start + length + 1;
    if (<i32>load<u8>(value) === SPACE) value++;
    if (at + 2 >= end || at <= value || <i32>load<u16>(at) !== CRLF) break;
    const next: i32 = load<u8>(at, 2);
    if (next === SPACE || next === HTAB) break;
    if (<i32>load<u8>(at - 1) <= SPACE || <i32>load<u8>(value) <= SPACE) break;

    store<i32>(place, id);
    store<i32>(place, start + shift, 4);
    store<i32>(place, value + shift, 8);
    store<i32>(place, at + shift, 12);
    const seen = load<i32>(heads + id * 4);
    store<i32>(heads + id * 4, (seen === 0 ? line : seen) + ONE_LINE);
    place += LINE_BYTES;
    line++;
    at += 2;
    if (next === CR) break;
  }
  return line;
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

/** RFC 3261 §25.1 token: alphanumeric / - . ! % * _ + ` ' ~ */
function isToken(at: i32, length: i32): bool {
  for (let i = at; i < at + length; i++) {
    const byte: i32 = load<u8>(i);
    const folded = byte | 0x20;
    if ((folded >= 0x61 && folded <= 0x7a) || (byte >= 0x2d && byte <= 0x39 && byte !== 0x2f)) continue;
    if (byte === 0x21 || byte === 0x25 || byte === 0x27 || byte === 0x2a || byte === 0x2b) continue;
    if (byte !== 0x5f && byte !== 0x60 && byte !== 0x7e) return false;
  }
  return length > 0;
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
 * Reads 32 hex digits, letters in lower case, as four words, and writes them to `out`; answers 1, or 0 where one is none.
 */
export function hexWords(from: i32, out: i32): i32 {
  const first = hexValues(v128.load(from));
  const second = hexValues(v128.load(from, VECTOR));
  if (i8x16.bitmask(v128.or(first, second)) !== 0) return 0;
  const bytes = i8x16.narrow_i16x8_u(digitPairs(first), digitPairs(second));
  v128.store(out, i8x16.shuffle(bytes, bytes, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12));
  return 1;
}

/** The values of hex digits; of other bytes one with the highest bit set. */
function hexValues(bytes: v128): v128 {
  const digits = i8x16.sub(bytes, i8x16.splat(<i8>ZERO));
  const letters = i8x16.sub(bytes, i8x16.splat(0x61));
  const isDigit = i8x16.le_u(digits, i8x16.splat(9));
  const isLetter = i8x16.le_u(letters, i8x16.splat(5));
  const values = v128.bitselect(digits, i8x16.add(letters, i8x16.splat(10)), isDigit);
  return v128.or(values, v128.not(v128.or(isDigit, isLetter)));
}

/** Two digits each as the value of one byte, in lanes of 16 bits. */
function digitPairs(digits: v128): v128 {
  const pairs = v128.or(i16x8.shl(digits, 4), i16x8.shr_u(digits, 8));
  return v128.and(pairs, i16x8.splat(0xff));
}

/** Moves bytes; the ranges may overlap. */
export function move(to: i32, from: i32, length: i32): void {
  memory.copy(to, from, length);
}

/**
 * Writes 8 or 16 bytes, which are little-endian words, as hex digits in lower case, each word as one writes a number.
 */
export function hex(from: i32, to: i32, bytes: i32): void {
  const words = v128.load(from);
  const swapped = i8x16.shuffle(words, words, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
  const low = v128.and(swapped, i8x16.splat(0x0f));
  const high = v128.and(i16x8.shr_u(swapped, 4), i8x16.splat(0x0f));
  v128.store(to, hexDigits(i8x16.shuffle(high, low, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)));
  if (bytes <= 8) return;
  const behind = i8x16.shuffle(high, low, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  v128.store(to, hexDigits(behind), VECTOR);
}

/** The digits of sixteen values. */
function hexDigits(values: v128): v128 {
  return i8x16.swizzle(
    i8x16(0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66),
    values,
  );
}

/**
 * Puts a field of up to 65,535 bytes at `to`: its length in two bytes, then its bytes, and up to 15 more that the next
 * field overwrites. The ranges must not overlap.
 */
export function field(from: i32, length: i32, to: i32): void {
  store<u16>(to, <u16>length);
  for (let at = 0; at < length; at += VECTOR) v128.store(to + 2 + at, v128.load(from + at));
}

/** Turns behind the last block for each half of the hash; a turn is two rounds. */
const HALF_TURNS: i32 = 2;

/**
 * SipHash-2-4 of `length` bytes at `input`, of which up to 7 more are read and not used. Writes 8 bytes of the hash
 * with 128 bits of output to `out`, or all 16. The key is given in four words, low ones first.
 */
export function sipHash(
  k0: i32,
  k1: i32,
  k2: i32,
  k3: i32,
  input: i32,
  length: i32,
  out: i32,
  bytes: i32,
): void {
  const low = ((<u64>(<u32>k1)) << 32) | <u64>(<u32>k0);
  const high = ((<u64>(<u32>k3)) << 32) | <u64>(<u32>k2);
  let v0: u64 = low ^ 0x736f6d6570736575;
  let v1: u64 = high ^ 0x646f72616e646f6d ^ 0xee;
  let v2: u64 = low ^ 0x6c7967656e657261;
  let v3: u64 = high ^ 0x7465646279746573;
  const left: u64 = length & 7;
  const lastBlock = length >> 3;
  const last = lastBlock + (bytes >> 3) * HALF_TURNS;
  // A turn takes in a block; behind the last one there are some for each half of the hash, which take in nothing.
  for (let turn = 0; turn <= last; turn++) {
    let block: u64 = 0;
    if (turn <= lastBlock) {
      block = load<u64>(input + turn * 8);
      if (turn === lastBlock) block = (block & (((<u64>1) << (left * 8)) - 1)) | ((<u64>length) << 56);
    }
    v3 ^= block;

    // A round, written down twice: a loop of two takes a tenth longer for the whole hash.
    v0 += v1;
    v1 = rotl(v1, 13) ^ v0;
    v0 = rotl(v0, 32);
    v2 += v3;
    v3 = rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl(v1, 17) ^ v2;
    v2 = rotl(v2, 32);

    v0 += v1;
    v1 = rotl(v1, 13) ^ v0;
    v0 = rotl(v0, 32);
    v2 += v3;
    v3 = rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl(v1, 17) ^ v2;
    v2 = rotl(v2, 32);

    v0 ^= block;
    const behind = turn - lastBlock;
    if (behind === 0) {
      v2 ^= 0xee;
    } else if (behind === HALF_TURNS) {
      store<u64>(out, v0 ^ v1 ^ v2 ^ v3);
      v1 ^= 0xdd;
    } else if (behind === 2 * HALF_TURNS) {
      store<u64>(out, v0 ^ v1 ^ v2 ^ v3, 8);
    }
  }
}
