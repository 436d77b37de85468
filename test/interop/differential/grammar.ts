/**
 * RFC 3261 section 25.1 as expressions, for what a proxy must be able to read: written from the grammar and not from
 * src/sip/, so that it can judge. Lenient where nothing depends on it: a host name may have underscores, and hyphens
 * anywhere; users and parameters may hold what does not end them.
 */
import { isIPv4, isIPv6 } from 'node:net';

/** White space as SIP has it; JavaScript's `\s` has more. */
const BLANK = ' \\t\\r\\n';
const EOL = '\\r?\\n';
const LWS = `(?:[ \\t]*${EOL})?[ \\t]+`;
const SWS = `(?:${LWS})?`;
const TOKEN = "[\\w\\-.!%*+`'~]+";
const QUOTED = '"(?:[^"\\\\]|\\\\[^\\r\\n])*"';
const HOST = '(?:\\[[0-9A-Fa-f:.]+\\]|[\\w.\\-]+)';
const HOST_PORT = `${HOST}(?::\\d+)?`;
/** An `@` is the end of the user wherever there is one. */
const SIP_URI = `sips?:(?:[^@<>${BLANK}]+@${HOST_PORT}(?:;[^?<>${BLANK}]*)?|${HOST_PORT}(?:;[^?@<>${BLANK}]*)?)`;
/** More than any Route has. */
const MAX_LISTED = 1000;
const SEMI = `${SWS};${SWS}`;
const PARAM = `[^;,>=${BLANK}]*(?:${SWS}=${SWS}(?:${QUOTED}|[^";,>${BLANK}][^;,>${BLANK}]*|))?`;
const PARAMS = `(?:${SEMI}${PARAM})*`;
const SLASH = `${SWS}/${SWS}`;
const SENT_BY = `${HOST}(?:${SWS}:${SWS}\\d+)?`;
const VIA = `SIP${SLASH}${TOKEN}${SLASH}${TOKEN}${LWS}(${SENT_BY})${PARAMS}`;

const whole = (expression: string): RegExp => new RegExp(`^${expression}$`, 'i');

const REQUEST_LINE = whole(`(${TOKEN}) ([^ \\t<>\\x00-\\x1f\\x7f]+) (SIP/\\S+)`);
/** What somebody who speaks SIP may have meant: our side answers nobody else. */
const REQUEST_LIKE = whole(`${TOKEN} [^\\n]*[ \\t]SIP/\\S+[ \\t\\r]*`);
const STATUS_LINE = /^SIP\/2\.0 [1-6]\d\d(?: [^\r\n]*)?$/i;
const SIP_URI_WHOLE = whole(SIP_URI);
const ANY_URI = /^([a-z][a-z0-9+.-]*):[^<> \t\r\n]+$/i;
const VIA_FIRST = new RegExp(`^${VIA}(?=${SWS}(?:,${SWS}${TOKEN}|$))`, 'i');
const CSEQ = whole(`(\\d+)${LWS}(${TOKEN})`);
const HEADER_LINE = new RegExp(`^${TOKEN}[ \\t]*:`);
const NAME_ADDR = `(?:${QUOTED}${SWS}|[^"<>,;]*)<[${BLANK}]*([^<>]*?)[${BLANK}]*>[^,<>"]*(?:${QUOTED}[^,<>"]*)*`;
const NAME_ADDR_FIRST = new RegExp(`^[${BLANK}]*${NAME_ADDR}(?:,|$)`);

export interface RequestLine {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
}

export function requestLine(line: string): RequestLine | undefined {
  const [, method, uri, version] = REQUEST_LINE.exec(line) ?? [];
  return method && uri && version ? { method, uri, version } : undefined;
}

export const isRequestLike = (line: string): boolean => REQUEST_LIKE.test(line);
export const isStatusLine = (line: string): boolean => STATUS_LINE.test(line);

export type Scheme = 'sip' | 'sips' | 'tel' | 'other';

/** The scheme of a URI that can be read; without headers, which neither a Request-URI nor a Route has (19.1.1, table 1). */
export function readableUri(uri: string): Scheme | undefined {
  const scheme = ANY_URI.exec(uri)?.[1]?.toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips')
    return scheme === undefined ? undefined : scheme === 'tel' ? 'tel' : 'other';
  return SIP_URI_WHOLE.test(uri) && isHostPort(hostPortOf(uri)) ? scheme : undefined;
}

/** Whether a sip URI's host is a number, so that nobody has to be asked where it is. */
export function isNumeric(uri: string): boolean {
  const [host = ''] = hostPortOf(uri).split(/:\d*$/);
  return /^sips?:/i.test(uri) && (isIPv4(host) || isIPv6(host.replace(/^\[(.*)\]$/, '$1')));
}

function hostPortOf(uri: string): string {
  const behind = uri.slice(uri.indexOf(':') + 1);
  return behind.slice(behind.indexOf('@') + 1).split(/[;?]/, 1)[0] ?? '';
}

/** Numbers must be addresses and ports; names are names. */
function isHostPort(text: string): boolean {
  const [, reference, name = '', port] = /^(?:\[(.*)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? [];
  if (port !== undefined && Number(port) > 65_535) return false;
  if (reference !== undefined) return isIPv6(reference) || /^[0-9a-f:.]+$/i.test(reference);
  return name !== '';
}

/** Whether the first value of a Via line can be read. */
export function isTopVia(value: string): boolean {
  const [, sentBy] = VIA_FIRST.exec(value) ?? [];
  return sentBy !== undefined && isHostPort(sentBy.replace(/[ \t\r\n]/g, ''));
}

/** The URIs of a list of addresses in angle brackets; undefined where it is none. */
export function listedUris(value: string): string[] | undefined {
  const uris: string[] = [];
  let rest = value;
  do {
    const [first = '', uri] = NAME_ADDR_FIRST.exec(rest) ?? [];
    if (uri === undefined) return undefined;
    uris.push(uri);
    rest = rest.slice(first.length);
    // A comma promises one more.
    if (!first.endsWith(',')) return uris;
  } while (uris.length < MAX_LISTED);
  return undefined;
}

/** A name, a colon, and no CR but before LF: to some parsers one that stands alone ends the line. */
export const isHeaderLine = (line: string): boolean => HEADER_LINE.test(line) && !/\r(?!\n)/.test(line);

export interface CSeqParts {
  readonly number: number;
  readonly method: string;
}

export function cseqParts(value: string): CSeqParts | undefined {
  const [, number, method] = CSEQ.exec(value) ?? [];
  return number && method ? { number: Number(number), method } : undefined;
}

/** A number as SIP writes it. */
export const isNumber = (value: string): boolean => /^\d+$/.test(value);

const NAME_BEFORE = new RegExp(`^(?:${QUOTED}|[^"<])*`);

/** A display name whose quotes close, and a bracket that does, around something; or an address without brackets. */
export function isAddress(value: string): boolean {
  const [name = ''] = NAME_BEFORE.exec(value) ?? [];
  const rest = value.slice(name.length);
  if (value.startsWith(';') && !value.includes('<')) return false;
  if (rest === '') return value !== '' && value !== '*';
  const isBare = /:.*;/s.test(name.replace(new RegExp(QUOTED, 'g'), ''));
  return isBare || /^<[ \t\r\n]*[^ \t\r\n>][^>]*>/.test(rest);
}
