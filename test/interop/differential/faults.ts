import {
  cseqParts,
  isAddress,
  isHeaderLine,
  isNumber,
  isRequestLike,
  isStatusLine,
  isTopVia,
  listedUris,
  readableUri,
  requestLine,
} from './grammar.ts';
import type { PlainMessage } from './plain-message.ts';
import { headersNamed, readPlain } from './plain-message.ts';

/** What may be wrong with a request so that RFC 3261 section 16.3 has a proxy refuse it. */
export const FAULTS = [
  'no_start_line',
  'start_line',
  'version',
  'request_uri',
  'scheme',
  'header_line',
  'unterminated',
  'top_via',
  'mandatory',
  'from_to',
  'cseq',
  'content_length',
  'max_forwards',
  'zero_hops',
  'proxy_require',
  'route',
] as const;
export type Fault = (typeof FAULTS)[number];

const MAX_CSEQ = 2 ** 31 - 1;
const MAX_HOPS = 255;

/** All that is wrong with it, by a reading that shares nothing with src/. */
export function faultsOf(datagram: string): ReadonlySet<Fault> {
  const message = readPlain(datagram);
  return /^SIP\//i.test(message.startLine) ? responseFaults(message) : requestFaults(message);
}

/** What keeps a response from being one (sections 7.2, 18.3); its From and To are none of a proxy's business. */
function responseFaults(message: PlainMessage): ReadonlySet<Fault> {
  const found = new Set<Fault>();
  if (!isStatusLine(message.startLine)) found.add('start_line');
  if (!message.headers.every((header) => isHeaderLine(header.line))) found.add('header_line');
  if (!message.isEnded) found.add('unterminated');
  if (!isTopVia(headersNamed(message, 'via')[0]?.value ?? '')) found.add('top_via');
  if (isWrongLength(message)) found.add('content_length');
  const sequence = cseqParts(headersNamed(message, 'cseq')[0]?.value ?? '');
  if (sequence === undefined || sequence.number > MAX_CSEQ) found.add('cseq');
  return found;
}

function requestFaults(message: PlainMessage): ReadonlySet<Fault> {
  const line = requestLine(message.startLine);
  const found = new Set<Fault>();
  const find = (fault: Fault, isFound: boolean): void => {
    if (isFound) found.add(fault);
  };
  find('no_start_line', !isRequestLike(message.startLine));
  find('start_line', line === undefined);
  find('version', !/[ \t]SIP\/2\.0[ \t\r]*$/i.test(message.startLine));
  const scheme = line && readableUri(line.uri);
  find('request_uri', scheme === undefined);
  find('scheme', scheme === 'sips' || scheme === 'other');
  find('header_line', !message.headers.every((header) => isHeaderLine(header.line)));
  find('unterminated', !message.isEnded);
  find('top_via', !isTopVia(headersNamed(message, 'via')[0]?.value ?? ''));
  find('mandatory', !MANDATORY.every((name) => hasOne(message, name)));
  find(
    'from_to',
    !['from', 'to'].every((name) => headersNamed(message, name).every(({ value }) => isAddress(value))),
  );
  find('cseq', !isSequence(message, line?.method));
  find('content_length', isWrongLength(message));
  findHops(message, find);
  find('route', !headersNamed(message, 'route').every(({ value }) => isRouteList(value)));
  find('proxy_require', headersNamed(message, 'proxy-require').length > 0 && !isExempt(line?.method));
  return found;
}

const MANDATORY = ['from', 'to', 'call-id', 'cseq'];

function hasOne(message: PlainMessage, name: string): boolean {
  const [first, ...more] = headersNamed(message, name);
  return first !== undefined && first.value !== '' && more.length === 0;
}

function isSequence(message: PlainMessage, method: string | undefined): boolean {
  const sequence = cseqParts(headersNamed(message, 'cseq')[0]?.value ?? '');
  return sequence !== undefined && sequence.number <= MAX_CSEQ && sequence.method === method;
}

function isRouteList(value: string): boolean {
  return listedUris(value)?.every((uri) => readableUri(uri) !== undefined) ?? false;
}

/** Bytes beyond the stated length are no fault: section 18.3 has them discarded. */
function isWrongLength(message: PlainMessage): boolean {
  const values = headersNamed(message, 'content-length').map(({ value }) => value);
  const lengths = new Set(values.map(Number));
  return (
    !values.every((value) => isNumber(value) && Number(value) <= message.body.length) || lengths.size > 1
  );
}

function findHops(message: PlainMessage, find: (fault: Fault, isFound: boolean) => void): void {
  const values = headersNamed(message, 'max-forwards').map(({ value }) => value);
  find(
    'max_forwards',
    values.length > 1 || !values.every((value) => isNumber(value) && Number(value) <= MAX_HOPS),
  );
  find('zero_hops', values.length === 1 && Number(values[0]) === 0 && isNumber(values[0] ?? ''));
}

/** Section 8.2.2.3: Require and Proxy-Require mean nothing in CANCEL and in the ACK to a failure. */
function isExempt(method: string | undefined): boolean {
  return method === 'ACK' || method === 'CANCEL';
}

/** What a fault is answered with (sections 8.2.2, 16.3). */
export function statusFor(fault: Fault): number {
  switch (fault) {
    case 'version':
      return 505;
    case 'scheme':
      return 416;
    case 'zero_hops':
      return 483;
    case 'proxy_require':
      return 420;
    default:
      return 400;
  }
}
