import {
  ascii,
  BACKSLASH,
  COMMA,
  DQUOTE,
  EQUALS,
  equalsFolded,
  isSpace,
  isTokenByte,
  SPACE,
  skipSpace,
  TOKEN,
} from './bytes.ts';
import { kernel } from './kernel/kernel.ts';
import { quotedEnd, Span } from './params.ts';

/**
 * Challenges and credentials (RFC 3261 §20.7, §20.44; RFC 8760): one per header line, their commas separate
 * parameters, not values. `Authorization:Digest response=…` without a space before the scheme is fine.
 */

/** The scheme word of a challenge or of credentials, `Digest`, into `into`; false where there is none. */
export function readAuthScheme(bytes: Uint8Array, start: number, end: number, into: Span): boolean {
  into.start = skipSpace(bytes, start, end);
  let at = into.start;
  while (at < end && isTokenByte(bytes[at]!)) at++;
  into.end = at;
  return at > into.start;
}

/** One `name=value` of a challenge or of credentials. */
export class AuthParam {
  nameStart = 0;
  nameEnd = 0;
  /** The value without its quotes, escapes left as written. */
  readonly value = new Span();
  /** Behind the parameter. */
  end = 0;
}

/** Reads the next parameter from `at` on, commas and white space before it skipped; false where none is left, or it is broken. */
export function readAuthParam(bytes: Uint8Array, at: number, end: number, into: AuthParam): boolean {
  let pos = at;
  while (pos < end && (bytes[pos] === COMMA || (bytes[pos]! <= SPACE && isSpace(bytes[pos]!)))) pos++;
  into.nameStart = pos;
  while (pos < end && TOKEN[bytes[pos]!] === 1) pos++;
  into.nameEnd = pos;
  if (pos < end && bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
  if (into.nameEnd === into.nameStart || pos >= end || bytes[pos] !== EQUALS) return false;
  pos++;
  if (pos < end && bytes[pos]! <= SPACE) pos = skipSpace(bytes, pos, end);
  into.end = readAuthValue(bytes, pos, end, into.value);
  return into.end >= 0;
}

const NONCE = ascii('nonce');
const RESPONSE = ascii('response');
const scheme = new Span();
const param = new AuthParam();

/**
 * The nonce that credentials answer, into `nonce`, which is empty where they name none. False where they answer
 * nothing: without a response that is not empty (IMS phones send both empty in their first REGISTER).
 */
export function readAnsweredNonce(bytes: Uint8Array, start: number, end: number, nonce: Span): boolean {
  nonce.start = nonce.end = 0;
  if (!readAuthScheme(bytes, start, end, scheme)) return false;
  const from = scheme.end;
  const place = kernel.placeOf(bytes, from, end);
  if (!kernel.credentials(place, place + end - from)) return readAnyCredentials(bytes, from, end, nonce);
  takeFoundNonce(nonce, from - place);
  return kernel.words[kernel.resultWord + 2] === 1;
}

/** The nonce that the kernel has found `shift` bytes before where it stands; an empty `nonce` stays so where there is none. */
function takeFoundNonce(nonce: Span, shift: number): void {
  const { words, resultWord } = kernel;
  if (words[resultWord]! === 0) return;
  nonce.start = words[resultWord]! + shift;
  nonce.end = words[resultWord + 1]! + shift;
}

/** The same of any form, up to where they are broken. */
function readAnyCredentials(bytes: Uint8Array, start: number, end: number, nonce: Span): boolean {
  let hasResponse = false;
  let at = start;
  while (readAuthParam(bytes, at, end, param)) {
    at = param.end;
    const { value } = param;
    if (value.start === value.end) continue;
    if (equalsFolded(bytes, param.nameStart, param.nameEnd, RESPONSE)) {
      hasResponse = true;
    } else if (equalsFolded(bytes, param.nameStart, param.nameEnd, NONCE)) {
      nonce.start = value.start;
      nonce.end = value.end;
    }
  }
  return hasResponse;
}

const DIGEST = ascii('digest');
const STALE = ascii('stale');
const TRUE = ascii('true');

/** What a client needs of a Digest challenge. */
export class Challenge {
  /** Empty where it has none, or an empty one; of several the last. */
  readonly nonce = new Span();
  /** `stale=true`: the password was right, only the nonce was too old. */
  isStale = false;
}

/** Reads a Digest challenge (RFC 3261 §20.44) as far as it is not broken; false where it is one of another scheme. */
export function readChallenge(bytes: Uint8Array, start: number, end: number, into: Challenge): boolean {
  const { nonce } = into;
  nonce.start = nonce.end = 0;
  into.isStale = false;
  if (!readAuthScheme(bytes, start, end, scheme)) return false;
  if (!equalsFolded(bytes, scheme.start, scheme.end, DIGEST)) return false;
  const from = scheme.end;
  const place = kernel.placeOf(bytes, from, end);
  const { words, resultWord } = kernel;
  if (!kernel.credentials(place, place + end - from) || words[resultWord + 3]! > 1) {
    readAnyChallenge(bytes, from, end, into);
    return true;
  }
  takeFoundNonce(nonce, from - place);
  into.isStale = words[resultWord + 4] === 1;
  return true;
}

function readAnyChallenge(bytes: Uint8Array, start: number, end: number, into: Challenge): void {
  let at = start;
  while (readAuthParam(bytes, at, end, param)) {
    at = param.end;
    const { value } = param;
    if (equalsFolded(bytes, param.nameStart, param.nameEnd, STALE)) {
      into.isStale ||= equalsFolded(bytes, value.start, value.end, TRUE);
    } else if (equalsFolded(bytes, param.nameStart, param.nameEnd, NONCE)) {
      into.nonce.start = value.start;
      into.nonce.end = value.end;
    }
  }
  if (into.nonce.start === into.nonce.end) into.nonce.start = into.nonce.end = 0;
}

/**
 * Finds an auth-param by its lower-case name, from behind the scheme on. The span is the value without its
 * quotes, escapes left as written. False where it is absent or the parameters before it are broken.
 */
export function findAuthParam(
  bytes: Uint8Array,
  start: number,
  end: number,
  name: Uint8Array,
  into: Span,
): boolean {
  if (!readAuthScheme(bytes, start, end, into)) return false;
  let at = into.end;
  while (readAuthParam(bytes, at, end, param)) {
    at = param.end;
    if (!equalsFolded(bytes, param.nameStart, param.nameEnd, name)) continue;
    into.start = param.value.start;
    into.end = param.value.end;
    return true;
  }
  return false;
}

/** A token or quoted string at `at`; its inside into `into`; answers the position behind, or -1. */
function readAuthValue(bytes: Uint8Array, at: number, end: number, into: Span): number {
  if (at < end && bytes[at] === DQUOTE) {
    let pos = at + 1;
    while (pos < end && bytes[pos] !== DQUOTE && bytes[pos] !== BACKSLASH) pos++;
    const behind = pos < end && bytes[pos] === DQUOTE ? pos + 1 : quotedEnd(bytes, at, end);
    into.start = at + 1;
    into.end = behind - 1;
    return behind;
  }
  into.start = at;
  let pos = at;
  while (pos < end && bytes[pos] !== COMMA && !isSpace(bytes[pos]!)) pos++;
  into.end = pos;
  return pos;
}
