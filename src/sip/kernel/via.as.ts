import { CASE_BITS, COLON, COMMA, DQUOTE, EQUALS, FIVE_BYTES, LANGLE, RANGLE, SEMICOLON } from './bytes.as';
import { hostEnd, portOf } from './host.as';

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
const VIA_SOLE_RPORT_END: usize = 24;
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
/** Bytes of a Via that are looked at together, each of them one bit of a word. */
const BLOCK: i32 = 64;

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
  let stamps = 0;
  while (true) {
    while (marks === 0) {
      if (base + BLOCK >= end) break;
      base += BLOCK;
      marks = marksOf(base);
    }
    const at = min(base + <i32>ctz(marks), end);
    marks &= marks - 1;
    // The end and a comma end a value alike.
    const byte = at < end ? <i32>load<u8>(at) : COMMA;
    if (part !== host) stamps += takeViaParam(part, at, out, shift);
    else if (!takeSentBy(host, at, out, shift)) return 0;
    part = at;
    if (byte === SEMICOLON) continue;
    if (byte !== COMMA) return 0;
    break;
  }
  store<i32>(out, part + shift, VIA_END);
  return takeRport(stamps, out, shift);
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

/** Comma, semicolon; white space, control bytes, `!`, quotes, angle brackets. */
function viaMarks(bytes: v128): i32 {
  const low = i8x16.le_u(bytes, i8x16.splat(<i8>DQUOTE));
  const ends = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>SEMICOLON)), i8x16.eq(bytes, i8x16.splat(<i8>COMMA)));
  const angles = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>LANGLE)), i8x16.eq(bytes, i8x16.splat(<i8>RANGLE)));
  return i8x16.bitmask(v128.or(v128.or(low, ends), angles));
}

/** Remembers the sent-by that fills the range; false where it is none, or has an IPv6 host. */
function takeSentBy(host: i32, end: i32, out: i32, shift: i32): bool {
  const at = hostEnd(host, end);
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

/**
 * Remembers a parameter of interest; of one that appears twice, the first counts. Answers 1 for those that a proxy edits.
 */
function takeViaParam(semicolon: i32, end: i32, out: i32, shift: i32): i32 {
  const name = semicolon + 1;
  const place = viaParam(name, end);
  if (place === 0) return 0;
  const isStamp: i32 = place <= VIA_RECEIVED ? 1 : 0;
  if (isStamp !== 0) {
    if (load<i32>(out, VIA_STAMPS) < 0) store<i32>(out, semicolon + shift, VIA_STAMPS);
  }
  if (load<i32>(out + place) >= 0) return isStamp;
  const nameEnd = name + lengthOf(place);
  store<i32>(out + place, (nameEnd < end ? nameEnd + 1 : end) + shift);
  store<i32>(out + place, end + shift, 4);
  return isStamp;
}

/** Where the value of the parameter is written whose name starts at `name`, or 0. Our own are so in lower case only. */
function viaParam(name: i32, end: i32): usize {
  if (isNameEnd(name + 1, end)) {
    const letter: i32 = load<u8>(name);
    if (letter === LETTER_M) return VIA_CHECK;
    if (letter === LETTER_S) return VIA_SOCKET;
    return letter === LETTER_L ? VIA_LOOP : 0;
  }
  const word = load<u64>(name) | CASE_BITS;
  if ((word & SIX_BYTES) === BRANCH) return isNameEnd(name + 6, end) ? VIA_BRANCH : 0;
  if ((word & FIVE_BYTES) === RPORT) return isNameEnd(name + 5, end) ? VIA_RPORT : 0;
  if (word === RECEIVED) return isNameEnd(name + 8, end) ? VIA_RECEIVED : 0;
  return 0;
}

/** True where a name that is as long as that ends at `at`: with the parameter, or with an equals sign. */
function isNameEnd(at: i32, end: i32): bool {
  if (at >= end) return at === end;
  return <i32>load<u8>(at) === EQUALS;
}

/** Letters of the name of a parameter whose value is written there. */
function lengthOf(place: usize): i32 {
  if (place === VIA_BRANCH) return 6;
  if (place === VIA_RPORT) return 5;
  return place === VIA_RECEIVED ? 8 : 1;
}

/**
 * Puts the port in the place of the value that it was read from: 0 of an empty one. Where there is another one, or a
 * `received`, the place behind is cleared. Answers 0 where it is no port.
 */
function takeRport(stamps: i32, out: i32, shift: i32): i32 {
  const start = load<i32>(out, VIA_RPORT);
  if (start < 0) return 1;
  const end = load<i32>(out, VIA_RPORT + 4);
  const port = start === end ? 0 : portOf(start - shift, end - shift);
  store<i32>(out, port, VIA_RPORT);
  if (stamps > 1) store<i32>(out, -1, VIA_SOLE_RPORT_END);
  return port < 0 ? 0 : 1;
}
