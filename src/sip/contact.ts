import {
  ascii,
  COMMA,
  DQUOTE,
  decimal,
  equalsFolded,
  isSpace,
  LANGLE,
  NOT_A_NUMBER,
  RANGLE,
} from './bytes.ts';
import { NameAddr, readListedNameAddr } from './name-addr.ts';
import { Param, readParam } from './params.ts';

/** What a malformed or missing expiry amounts to (RFC 3261 §10.2.1.1, §20.10). */
export const DEFAULT_EXPIRES_SEC = 3600;

/** No `expires` parameter. */
export const NOT_STATED = -1;

/** One value of a REGISTER's or its 200's Contact header (RFC 3261 §20.10, RFC 5626 §4.1): spans and numbers. */
export class Contact {
  /** The value as name-addr: URI, `*`, and where its parameters start. */
  readonly value = new NameAddr();
  /** Seconds; NOT_STATED without the parameter. */
  expiresSec = NOT_STATED;
  /** The `expires` parameter with its semicolon; start = end where there is none. */
  expiresStart = 0;
  expiresEnd = 0;
  /** `+sip.instance` without quotes and angle brackets; start = end where there is none. */
  instanceStart = 0;
  instanceEnd = 0;
  /** `reg-id`; 0 = none. */
  regId = 0;
}

const EXPIRES = ascii('expires');
const INSTANCE = ascii('+sip.instance');
const REG_ID = ascii('reg-id');

const param = new Param();

/** Reads the first value of a Contact list; `into.value.next` leads on. False where it is no value at all. */
export function readContact(bytes: Uint8Array, start: number, end: number, into: Contact): boolean {
  into.expiresSec = NOT_STATED;
  into.expiresStart = 0;
  into.expiresEnd = 0;
  into.instanceStart = 0;
  into.instanceEnd = 0;
  into.regId = 0;
  if (!readUsual(bytes, start, end, into.value) && !readListedNameAddr(bytes, start, end, into.value)) {
    return false;
  }
  let at = into.value.paramsStart;
  while (at < into.value.end && readParam(bytes, at, into.value.end, param) === 'param') {
    at = param.end;
    takeParam(bytes, into);
  }
  return true;
}

/** The form that nearly all write, in one pass: no display name, no quotes, one value, `<uri>;name=value;…`. */
function readUsual(bytes: Uint8Array, start: number, end: number, into: NameAddr): boolean {
  if (start >= end || bytes[start] !== LANGLE || isSpace(bytes[end - 1]!)) return false;
  let at = start + 1;
  while (at < end && bytes[at] !== RANGLE) at++;
  const close = at;
  if (close >= end || close === start + 1 || isSpace(bytes[start + 1]!) || isSpace(bytes[close - 1]!))
    return false;
  for (at = close + 1; at < end; at++) if (bytes[at] === COMMA || bytes[at] === DQUOTE) return false;
  into.start = start;
  into.end = end;
  into.next = -1;
  into.isStar = false;
  into.isBracketed = true;
  into.uriStart = start + 1;
  into.uriEnd = close;
  into.paramsStart = close + 1;
  return true;
}

function takeParam(bytes: Uint8Array, into: Contact): void {
  const { nameStart, nameEnd, valueStart, valueEnd } = param;
  if (equalsFolded(bytes, nameStart, nameEnd, EXPIRES)) {
    into.expiresSec = expiresFrom(bytes, valueStart, valueEnd);
    into.expiresStart = param.start;
    into.expiresEnd = param.end;
  } else if (equalsFolded(bytes, nameStart, nameEnd, REG_ID)) {
    into.regId = Math.max(decimal(bytes, valueStart, valueEnd), 0);
  } else if (equalsFolded(bytes, nameStart, nameEnd, INSTANCE)) {
    const isQuoted = valueEnd - valueStart >= 2 && bytes[valueStart] === DQUOTE;
    into.instanceStart = isQuoted ? valueStart + 1 : valueStart;
    into.instanceEnd = isQuoted ? valueEnd - 1 : valueEnd;
    if (into.instanceStart < into.instanceEnd && bytes[into.instanceStart] === LANGLE) into.instanceStart++;
    if (into.instanceStart < into.instanceEnd && bytes[into.instanceEnd - 1] === RANGLE) into.instanceEnd--;
  }
}

/** Seconds of an Expires header or `expires` parameter; a malformed value counts as 3600 (§20.19). */
export function expiresFrom(bytes: Uint8Array, start: number, end: number): number {
  const seconds = decimal(bytes, start, end);
  return seconds === NOT_A_NUMBER ? DEFAULT_EXPIRES_SEC : seconds;
}
