import { findAuthParam } from '../sip/auth.ts';
import { ascii, text } from '../sip/bytes.ts';
import type { HeaderId } from '../sip/headers.ts';
import { Message } from '../sip/message.ts';
import { findParam, NameAddr, readListedNameAddr, readNameAddr } from '../sip/name-addr.ts';
import { Param, Span } from '../sip/params.ts';
import { parse } from '../sip/parse.ts';

/** A message as the simulated parties read it: strings, because there are dozens of them and not a million. */
export interface Received {
  readonly isRequest: boolean;
  /** As written; empty in a response. */
  readonly method: string;
  readonly uri: string;
  /** 0 in a request. */
  readonly status: number;
  /** Values by header, one per line, in their order. */
  readonly headers: ReadonlyMap<HeaderId, readonly string[]>;
}

const message = new Message();

/** undefined for what is no well-formed message. */
export function readReceived(bytes: Uint8Array): Received | undefined {
  if (!parse(bytes, 0, bytes.length, message) || message.fault !== undefined) return undefined;
  const headers = new Map<HeaderId, string[]>();
  for (let line = 0; line < message.headerCount; line++) {
    const value = text(bytes, message.valueStart(line), message.valueEnd(line));
    const id = message.idOf(line);
    const values = headers.get(id);
    if (values === undefined) headers.set(id, [value]);
    else values.push(value);
  }
  return {
    isRequest: message.isRequest,
    method: message.isRequest ? text(bytes, message.start, message.methodEnd) : '',
    uri: message.isRequest ? text(bytes, message.uriStart, message.uriEnd) : '',
    status: message.status,
    headers,
  };
}

/** The first line's value; empty where the header is absent. */
export function headerOf(received: Received, id: HeaderId): string {
  return received.headers.get(id)?.[0] ?? '';
}

export function headersOf(received: Received, id: HeaderId): readonly string[] {
  return received.headers.get(id) ?? [];
}

const span = new Span();

/** A parameter of a challenge or of credentials, without its quotes. */
export function authParam(value: string, name: string): string | undefined {
  const bytes = ascii(value);
  if (!findAuthParam(bytes, 0, bytes.length, ascii(name), span)) return undefined;
  return text(bytes, span.start, span.end);
}

/** One value of Contact, To or From. */
export interface ReadAddress {
  readonly isStar: boolean;
  readonly uri: string;
  /** Header parameters that were asked for, without quotes. */
  readonly params: Readonly<Record<string, string>>;
}

const value = new NameAddr();
const param = new Param();

/** Every value of the lines of a list header; undefined where one is not well-formed. */
export function addressesIn(lines: readonly string[], wanted: readonly string[]): ReadAddress[] | undefined {
  const out: ReadAddress[] = [];
  for (const line of lines) {
    const bytes = ascii(line);
    for (let at = 0; at >= 0; at = value.next) {
      if (!readListedNameAddr(bytes, at, bytes.length, value)) return undefined;
      out.push(addressAt(bytes, wanted));
    }
  }
  return out;
}

/** The value of a header that has exactly one. */
export function addressIn(line: string, wanted: readonly string[]): ReadAddress | undefined {
  const bytes = ascii(line);
  return readNameAddr(bytes, 0, bytes.length, value) ? addressAt(bytes, wanted) : undefined;
}

function addressAt(bytes: Uint8Array, wanted: readonly string[]): ReadAddress {
  const params: Record<string, string> = {};
  for (const name of wanted) {
    if (findParam(bytes, value, ascii(name), param)) {
      params[name] = text(bytes, param.valueStart, param.valueEnd).replace(/^"(.*)"$/, '$1');
    }
  }
  return { isStar: value.isStar, uri: text(bytes, value.uriStart, value.uriEnd), params };
}
