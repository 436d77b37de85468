import type { Endpoint } from '../sip/address.ts';
import { hostText } from '../sip/address.ts';
import { ascii, text } from '../sip/bytes.ts';
import { Header } from '../sip/headers.ts';
import { Param, readParam } from '../sip/params.ts';
import { readVia, Via } from '../sip/via.ts';
import type { Received } from './received.ts';
import { headerOf, headersOf } from './received.ts';

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  420: 'Bad Extension',
  423: 'Interval Too Brief',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
};

/** What a UAS answers: Vias, From, To with a tag, Call-ID and CSeq of the request, then `lines` (RFC 3261 §8.2.6). */
export function reply(
  request: Received,
  source: Endpoint,
  status: number,
  toTag: string,
  lines: readonly string[],
): Uint8Array {
  const vias = headersOf(request, Header.VIA);
  const to = headerOf(request, Header.TO);
  const all = [
    `SIP/2.0 ${status} ${REASONS[status] ?? 'Unknown'}`,
    ...vias.map((via, i) => `Via: ${i === 0 ? stamped(via, source) : via}`),
    `From: ${headerOf(request, Header.FROM)}`,
    `To: ${/;\s*tag=/i.test(to) ? to : `${to};tag=${toTag}`}`,
    `Call-ID: ${headerOf(request, Header.CALL_ID)}`,
    `CSeq: ${headerOf(request, Header.CSEQ)}`,
    ...lines,
    'Content-Length: 0',
  ];
  return ascii(`${all.join('\r\n')}\r\n\r\n`);
}

const via = new Via();
const param = new Param();

/** An empty `rport` is filled in, with `received` beside it (RFC 3581 §4); else the Via comes back as it came. */
function stamped(value: string, source: Endpoint): string {
  const bytes = ascii(value);
  if (!readVia(bytes, 0, bytes.length, via) || !via.hasRport || via.rport !== 0) return value;
  for (let at = via.paramsStart; readParam(bytes, at, via.end, param) === 'param'; at = param.end) {
    if (text(bytes, param.nameStart, param.nameEnd).toLowerCase() !== 'rport') continue;
    const filled = `rport=${source.port};received=${hostText(source)}`;
    return `${value.slice(0, param.nameStart)}${filled}${value.slice(param.end)}`;
  }
  return value;
}
