import {
  COLON,
  DOT,
  hexValue,
  indexOf,
  isDigit,
  LBRACKET,
  NOT_A_NUMBER,
  RBRACKET,
  text,
  writeDecimal,
  ZERO,
} from './bytes.ts';
import { kernel } from './kernel/kernel.ts';

/**
 * A transport address without strings: IPv6 as four 32-bit words, IPv4 in its mapped form
 * (::ffff:a.b.c.d), so that both families, and `::ffff:10.0.0.1` beside `10.0.0.1`, compare as numbers.
 */
export class Endpoint {
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  /** UDP port; 0 = none stated. */
  port = 0;

  copyFrom(other: Endpoint): this {
    this.a = other.a;
    this.b = other.b;
    this.c = other.c;
    this.d = other.d;
    this.port = other.port;
    return this;
  }

  sameHost(other: Endpoint): boolean {
    return this.d === other.d && this.c === other.c && this.b === other.b && this.a === other.a;
  }

  sameAs(other: Endpoint): boolean {
    return this.port === other.port && this.sameHost(other);
  }

  setIpv4(word: number): this {
    this.a = 0;
    this.b = 0;
    this.c = 0xffff;
    this.d = word | 0;
    return this;
  }

  /** Writes the host, without the port, into four words from `at` on. */
  putHost(words: Int32Array, at: number): void {
    words[at] = this.a;
    words[at + 1] = this.b;
    words[at + 2] = this.c;
    words[at + 3] = this.d;
  }

  /** Reads what `putHost` has written. */
  takeHost(words: Int32Array, at: number): void {
    this.a = words[at]!;
    this.b = words[at + 1]!;
    this.c = words[at + 2]!;
    this.d = words[at + 3]!;
  }

  /** True where `putHost` has written the same host there. */
  isHostAt(words: Int32Array, at: number): boolean {
    return (
      words[at + 3] === this.d && words[at + 2] === this.c && words[at + 1] === this.b && words[at] === this.a
    );
  }

  get isIpv4(): boolean {
    return this.a === 0 && this.b === 0 && this.c === 0xffff;
  }
}

/** What the parsers answer when the range is not an address of their kind. */
const FAILED = -1;

/** Reads a dotted quad at `at`, at most to `end`; sets the host of `into`; answers the position behind it or -1. */
export function readIpv4(bytes: Uint8Array, at: number, end: number, into: Endpoint): number {
  let word = 0;
  let pos = at;
  for (let part = 0; part < 4; part++) {
    if (part > 0) {
      if (pos >= end || bytes[pos] !== DOT) return FAILED;
      pos++;
    }
    const first = pos;
    let value = 0;
    while (pos < end && pos - first < 3 && isDigit(bytes[pos]!)) value = value * 10 + bytes[pos++]! - ZERO;
    if (pos === first || value > 255) return FAILED;
    word = (word << 8) | value;
  }
  into.setIpv4(word);
  return pos;
}

const GROUPS = 8;
const groups = new Uint16Array(GROUPS);

/** Reads an IPv6 address without brackets (RFC 4291 §2.2, dotted tail allowed); same answers as readIpv4. */
export function readIpv6(bytes: Uint8Array, at: number, end: number, into: Endpoint): number {
  let count = 0;
  let gap = -1;
  let pos = at;
  if (pos + 1 < end && bytes[pos] === COLON && bytes[pos + 1] === COLON) {
    gap = 0;
    pos += 2;
  }
  while (pos < end && count < GROUPS && hexValue(bytes[pos]!) >= 0) {
    const groupStart = pos;
    let value = 0;
    while (pos < end && pos - groupStart < 4 && hexValue(bytes[pos]!) >= 0) {
      value = (value << 4) | hexValue(bytes[pos++]!);
    }
    if (pos < end && bytes[pos] === DOT) {
      if (count > GROUPS - 2) return FAILED;
      pos = readIpv4(bytes, groupStart, end, into);
      if (pos === FAILED) return FAILED;
      groups[count++] = into.d >>> 16;
      groups[count++] = into.d & 0xffff;
      break;
    }
    groups[count++] = value;
    if (pos >= end || bytes[pos] !== COLON) break;
    if (pos + 1 < end && bytes[pos + 1] === COLON) {
      if (gap >= 0) return FAILED;
      gap = count;
      pos += 2;
    } else if (count < GROUPS && pos + 1 < end && hexValue(bytes[pos + 1]!) >= 0) {
      pos++;
    } else {
      return FAILED;
    }
  }
  return spreadGroups(count, gap, into) ? pos : FAILED;
}

/** Puts the zeros of `::` where the gap was and packs the groups into words. */
function spreadGroups(count: number, gap: number, into: Endpoint): boolean {
  if (gap < 0 ? count !== GROUPS : count >= GROUPS) return false;
  if (gap >= 0) {
    groups.copyWithin(GROUPS - (count - gap), gap, count);
    groups.fill(0, gap, GROUPS - (count - gap));
  }
  into.a = (groups[0]! << 16) | groups[1]!;
  into.b = (groups[2]! << 16) | groups[3]!;
  into.c = (groups[4]! << 16) | groups[5]!;
  into.d = (groups[6]! << 16) | groups[7]!;
  return true;
}

/**
 * The whole range as a numeric host: IPv4, bracketed IPv6, or (as in `received`) bare IPv6.
 * Sets the host of `into` and answers true; false for names and for anything else, the host of `into` then
 * being anything.
 */
export function readHost(bytes: Uint8Array, start: number, end: number, into: Endpoint): boolean {
  if (end <= start) return false;
  if (bytes[start] === LBRACKET) {
    return bytes[end - 1] === RBRACKET && readIpv6(bytes, start + 1, end - 1, into) === end - 1;
  }
  if (readWholeIpv4(bytes, start, end, into)) return true;
  return mayBeIpv6(bytes, start, end) && readIpv6(bytes, start, end, into) === end;
}

function readWholeIpv4(bytes: Uint8Array, start: number, end: number, into: Endpoint): boolean {
  if (!isDigit(bytes[start]!)) return false;
  if (!kernel.holds(bytes)) return readIpv4(bytes, start, end, into) === end;
  if (!kernel.ipv4(start, end)) return false;
  into.setIpv4(kernel.words[kernel.resultWord]!);
  return true;
}

/** Names, which are no IPv6 address, are asked about for each message: they hold no colon. */
function mayBeIpv6(bytes: Uint8Array, start: number, end: number): boolean {
  return indexOf(bytes, start, Math.min(end, start + MAX_TO_COLON), COLON) >= 0;
}

/** The first colon stands behind four digits at most. */
const MAX_TO_COLON = 5;

/** Longest form: eight groups of four digits, seven colons, two brackets. */
export const MAX_HOST_BYTES = 41;

/** Writes the host as SIP's `host` production has it (IPv6 bracketed, RFC 5952 form); answers the position behind it. */
export function writeHost(out: Uint8Array, at: number, address: Endpoint): number {
  if (address.isIpv4) return writeBareHost(out, at, address);
  out[at] = LBRACKET;
  const end = writeBareHost(out, at + 1, address);
  out[end] = RBRACKET;
  return end + 1;
}

/** The same without brackets: RFC 3261 §25.1 has `received` take an IPv6address, not a reference. */
export function writeBareHost(out: Uint8Array, at: number, address: Endpoint): number {
  if (!address.isIpv4) return writeIpv6(out, at, address);
  return kernel.holds(out) ? kernel.writeIpv4(address.d, at) : writeIpv4(out, at, address.d);
}

function writeIpv4(out: Uint8Array, at: number, word: number): number {
  let pos = at;
  for (let shift = 24; shift >= 0; shift -= 8) {
    pos = writeDecimal(out, pos, (word >>> shift) & 255);
    if (shift > 0) out[pos++] = DOT;
  }
  return pos;
}

function writeIpv6(out: Uint8Array, at: number, address: Endpoint): number {
  for (let i = 0; i < GROUPS; i++) groups[i] = groupOf(address, i);
  let gap = -1;
  let gapLength = 1;
  for (let i = 0; i < GROUPS; i++) {
    let zeros = 0;
    while (i + zeros < GROUPS && groups[i + zeros] === 0) zeros++;
    if (zeros > gapLength) {
      gap = i;
      gapLength = zeros;
    }
    i += zeros;
  }
  let pos = at;
  for (let i = 0; i < GROUPS; i++) {
    if (i === gap) {
      out[pos++] = COLON;
      if (i === 0) out[pos++] = COLON;
      i += gapLength - 1;
      continue;
    }
    pos = writeGroup(out, pos, groups[i]!);
    if (i < GROUPS - 1) out[pos++] = COLON;
  }
  return pos;
}

function groupOf(address: Endpoint, index: number): number {
  const word = index < 2 ? address.a : index < 4 ? address.b : index < 6 ? address.c : address.d;
  return index % 2 === 0 ? word >>> 16 : word & 0xffff;
}

function writeGroup(out: Uint8Array, at: number, group: number): number {
  let pos = at;
  let started = false;
  for (let shift = 12; shift >= 0; shift -= 4) {
    const digit = (group >>> shift) & 15;
    if (digit === 0 && !started && shift > 0) continue;
    started = true;
    out[pos++] = digit < 10 ? ZERO + digit : 0x57 + digit;
  }
  return pos;
}

/** A numeric address as people write it, `10.0.0.1`, `2001:db8::1`: for configuration, logs and labels. */
export function hostText(address: Endpoint): string {
  const out = new Uint8Array(MAX_HOST_BYTES);
  return text(out, 0, writeBareHost(out, 0, address));
}

/** `10.0.0.1:5060`, `[2001:db8::1]:5060`. */
export function endpointText(address: Endpoint): string {
  const host = hostText(address);
  return `${address.isIpv4 ? host : `[${host}]`}:${address.port}`;
}

/** Reads `IP`, `IP:PORT`, `[IPv6]:PORT` from text; undefined where it is none of them. */
export function endpointFrom(textual: string): Endpoint | undefined {
  const bytes = new Uint8Array(textual.length);
  for (let i = 0; i < textual.length; i++) bytes[i] = Math.min(textual.charCodeAt(i), 255);
  const out = new Endpoint();
  if (readHost(bytes, 0, bytes.length, out)) return out;
  const colon = bytes.lastIndexOf(COLON);
  if (colon < 1 || !readHost(bytes, 0, colon, out)) return undefined;
  if (bytes.indexOf(COLON) < colon && bytes[0] !== LBRACKET) return undefined;
  const port = readPort(bytes, colon + 1, bytes.length);
  if (port < 1) return undefined;
  out.port = port;
  return out;
}

/**
 * A port as written, 0 to 65535; else NOT_A_NUMBER. 0 is no port that anybody listens on, but it is well-formed
 * (§25.1 port = 1*DIGIT): it says as much as no port at all, and that is how our views hold it.
 */
export function readPort(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || end - start > 10) return NOT_A_NUMBER;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - ZERO;
    if (digit < 0 || digit > 9 || value > 65_535) return NOT_A_NUMBER;
    value = (Math.imul(value, 10) + digit) | 0;
  }
  return value <= 65_535 ? value : NOT_A_NUMBER;
}

/** True for 255.255.255.255 and for multicast of either family: never a target (RFC 4475 §3.3.13 bcast). */
export function isBroadcastOrMulticast(address: Endpoint): boolean {
  if (address.isIpv4) return address.d === -1 || address.d >>> 28 === 0xe;
  return address.a >>> 24 === 0xff;
}

/** True for 0.0.0.0/8 and `::`. */
export function isUnspecified(address: Endpoint): boolean {
  if (address.isIpv4) return address.d >>> 24 === 0;
  return (address.a | address.b | address.c | address.d) === 0;
}

export function isLoopback(address: Endpoint): boolean {
  if (address.isIpv4) return address.d >>> 24 === 127;
  return (address.a | address.b | address.c) === 0 && address.d === 1;
}
