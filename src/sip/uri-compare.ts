import { Endpoint, readHost } from './address.ts';
import {
  ascii,
  COLON,
  decimal,
  equalsFolded,
  hexValue,
  indexOf,
  lower,
  PERCENT,
  sameBytes,
} from './bytes.ts';
import { Param, readParam } from './params.ts';
import type { Uri } from './uri.ts';
import { findUriParam } from './uri.ts';
import { DEFAULT_PORT } from './via.ts';

/**
 * URI comparison (RFC 3261 §19.1.4). It is not transitive: compare pairwise, with the original texts.
 */

/** URIs with more parameters than this are equal only where they are the same bytes. */
export const MAX_COMPARED_PARAMS = 64;
/** The same for headers (`?name=value&…`). */
export const MAX_COMPARED_HEADERS = 16;

/** Parameters that must stand in both URIs or in neither; any other one-sided parameter is ignored. */
const PAIRED = ['transport', 'user', 'ttl', 'method', 'maddr'].map((name) => ascii(name));

/** True where both URIs, each parsed from its own buffer, name the same resource. Never allocates. */
export function sameUri(a: Uint8Array, aUri: Uri, b: Uint8Array, bUri: Uri): boolean {
  if (sameBytes(a, aUri.start, aUri.end, b, bUri.start, bUri.end)) return true;
  if (aUri.scheme !== bUri.scheme || (aUri.scheme !== 'sip' && aUri.scheme !== 'sips')) return false;
  return (
    sameUser(a, aUri, b, bUri) &&
    aUri.port === bUri.port &&
    sameHostText(a, aUri, b, bUri) &&
    paramsPair(a, aUri, b, bUri) &&
    paramsPair(b, bUri, a, aUri) &&
    sameHeaders(a, aUri, b, bUri)
  );
}

/** User and password: case-sensitive, escapes undone; absent differs from everything else. */
export function sameUser(a: Uint8Array, aUri: Uri, b: Uint8Array, bUri: Uri): boolean {
  if (aUri.hasUser !== bUri.hasUser) return false;
  return sameEscaped(a, aUri.userStart, aUri.userEnd, b, bUri.userStart, bUri.userEnd, 'exact');
}

const aHost = new Endpoint();
const bHost = new Endpoint();

/** Names compare without case, addresses as addresses: `[::1]` is `[0:0:0:0:0:0:0:1]`. */
function sameHostText(a: Uint8Array, aUri: Uri, b: Uint8Array, bUri: Uri): boolean {
  const length = aUri.hostEnd - aUri.hostStart;
  let same = length === bUri.hostEnd - bUri.hostStart;
  for (let i = 0; same && i < length; i++) {
    same = lower(a[aUri.hostStart + i]!) === lower(b[bUri.hostStart + i]!);
  }
  if (same) return true;
  return (
    readHost(a, aUri.hostStart, aUri.hostEnd, aHost) &&
    readHost(b, bUri.hostStart, bUri.hostEnd, bHost) &&
    aHost.sameHost(bHost)
  );
}

const own = new Param();
const other = new Param();

/** Every parameter of `a` is in `b` with the same value, or is one that may be missing there. */
function paramsPair(a: Uint8Array, aUri: Uri, b: Uint8Array, bUri: Uri): boolean {
  let at = aUri.paramsStart;
  for (let count = 0; readParam(a, at, aUri.paramsEnd, own) === 'param'; count++) {
    if (count === MAX_COMPARED_PARAMS) return false;
    at = own.end;
    if (findSameName(a, b, bUri)) {
      const same = sameEscaped(
        a,
        own.valueStart,
        own.valueEnd,
        b,
        other.valueStart,
        other.valueEnd,
        'folded',
      );
      if (!same) return false;
    } else if (isPaired(a)) {
      return false;
    }
  }
  return true;
}

function isPaired(bytes: Uint8Array): boolean {
  for (const name of PAIRED) if (equalsFolded(bytes, own.nameStart, own.nameEnd, name)) return true;
  return false;
}

/** The parameter of `b` that is called as `own` is called in `a`, into `other`. */
function findSameName(a: Uint8Array, b: Uint8Array, bUri: Uri): boolean {
  let at = bUri.paramsStart;
  for (let count = 0; count < MAX_COMPARED_PARAMS; count++) {
    if (readParam(b, at, bUri.paramsEnd, other) !== 'param') return false;
    at = other.end;
    if (sameEscaped(a, own.nameStart, own.nameEnd, b, other.nameStart, other.nameEnd, 'folded')) return true;
  }
  return false;
}

/** Headers are never ignored: each of one URI is in the other, in any order. */
function sameHeaders(a: Uint8Array, aUri: Uri, b: Uint8Array, bUri: Uri): boolean {
  const count = headerCount(a, aUri);
  if (count !== headerCount(b, bUri) || count > MAX_COMPARED_HEADERS) return false;
  let at = aUri.headersStart + 1;
  while (at < aUri.end) {
    const end = headerEnd(a, at, aUri.end);
    if (!hasHeader(a, at, end, b, bUri)) return false;
    at = end + 1;
  }
  return true;
}

function headerCount(bytes: Uint8Array, uri: Uri): number {
  let count = 0;
  for (let at = uri.headersStart + 1; at < uri.end; at = headerEnd(bytes, at, uri.end) + 1) count++;
  return count;
}

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

function headerEnd(bytes: Uint8Array, start: number, end: number): number {
  const ampersand = indexOf(bytes, start, end, AMPERSAND);
  return ampersand < 0 ? end : ampersand;
}

function hasHeader(a: Uint8Array, start: number, end: number, b: Uint8Array, bUri: Uri): boolean {
  const nameEnd = Math.max(indexOf(a, start, end, EQUALS), start);
  for (let at = bUri.headersStart + 1; at < bUri.end; ) {
    const bEnd = headerEnd(b, at, bUri.end);
    const bNameEnd = Math.max(indexOf(b, at, bEnd, EQUALS), at);
    const sameName = sameEscaped(a, start, nameEnd, b, at, bNameEnd, 'folded');
    if (sameName && sameEscaped(a, nameEnd, end, b, bNameEnd, bEnd, 'exact')) return true;
    at = bEnd + 1;
  }
  return false;
}

/** RFC 2396 reserved: escaped, these mean something else than bare (§19.1.4). */
const RESERVED = new Uint8Array(256);
for (const byte of ascii(';/?:@&=+$,')) RESERVED[byte] = 1;

/** What keeps an escaped reserved byte apart from a bare one. */
const ESCAPED = 256;

/** Byte by byte with escapes undone, but for escapes of reserved bytes. */
function sameEscaped(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
  letters: 'exact' | 'folded',
): boolean {
  let i = aStart;
  let j = bStart;
  while (i < aEnd && j < bEnd) {
    const left = unescapedAt(a, i, aEnd);
    const right = unescapedAt(b, j, bEnd);
    const same = letters === 'exact' ? left === right : lower(left) === lower(right);
    if (!same) return false;
    i += isEscape(a, i, aEnd) ? 3 : 1;
    j += isEscape(b, j, bEnd) ? 3 : 1;
  }
  return i === aEnd && j === bEnd;
}

/** True where `%` and two hex digits stand at `at`. */
export function isEscape(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    bytes[at] === PERCENT && at + 2 < end && hexValue(bytes[at + 1]!) >= 0 && hexValue(bytes[at + 2]!) >= 0
  );
}

function unescapedAt(bytes: Uint8Array, at: number, end: number): number {
  if (!isEscape(bytes, at, end)) return bytes[at]!;
  const byte = hexValue(bytes[at + 1]!) * 16 + hexValue(bytes[at + 2]!);
  return RESERVED[byte] === 1 ? byte + ESCAPED : byte;
}

const X_AST_ORIG_HOST = ascii('x-ast-orig-host');

/**
 * True where `rewritten` is `original` after Asterisk put the packet's source in its place: the user is the
 * same and `x-ast-orig-host` (host, or host:port) names the original host and port.
 */
export function isRewrittenFrom(
  rewrittenBytes: Uint8Array,
  rewritten: Uri,
  originalBytes: Uint8Array,
  original: Uri,
): boolean {
  if (!sameUser(rewrittenBytes, rewritten, originalBytes, original)) return false;
  if (!findUriParam(rewrittenBytes, rewritten, X_AST_ORIG_HOST, own)) return false;
  const hostLength = original.hostEnd - original.hostStart;
  const valueLength = own.valueEnd - own.valueStart;
  if (valueLength < hostLength) return false;
  for (let i = 0; i < hostLength; i++) {
    if (lower(rewrittenBytes[own.valueStart + i]!) !== lower(originalBytes[original.hostStart + i]!))
      return false;
  }
  if (valueLength === hostLength) return true;
  if (rewrittenBytes[own.valueStart + hostLength] !== COLON) return false;
  const port = decimal(rewrittenBytes, own.valueStart + hostLength + 1, own.valueEnd);
  return port === original.port || (original.port === 0 && port === DEFAULT_PORT);
}
