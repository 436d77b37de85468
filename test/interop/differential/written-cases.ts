/** Requests for what damage by chance seldom hits, or never twice in the same way. */
import { bytesOf, lines } from '../../proxy/support/passing.ts';
import type { From } from './places.ts';
import { PHONE, PROXY, placeText } from './places.ts';

export interface WrittenCase {
  readonly name: string;
  readonly from: From;
  readonly bytes: Uint8Array;
}

const US = placeText(PROXY.direct);

interface Written {
  readonly method?: string;
  readonly uri?: string;
  /** In place of the usual ones of their names, or beside them. */
  readonly headers?: readonly string[];
  readonly from?: From;
}

const USUAL = [
  'Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKwritten;rport',
  'Max-Forwards: 70',
  'From: <sip:u1@lab.test>;tag=1',
  'To: <sip:u2@lab.test>',
  'Call-ID: written',
];

const nameOf = (line: string): string => line.slice(0, line.indexOf(':')).toLowerCase();

function written(
  name: string,
  { method = 'MESSAGE', uri, headers = [], from = 'phone' }: Written,
): WrittenCase {
  const given = new Set(headers.map(nameOf));
  const target = uri ?? (from === 'phone' ? 'sip:u2@lab.test' : `sip:u2@${placeText(PHONE)}`);
  const usual = [...USUAL, `CSeq: 1 ${method}`].filter((line) => !given.has(nameOf(line)));
  return { name, from, bytes: bytesOf(lines(`${method} ${target} SIP/2.0`, ...usual, ...headers)) };
}

/** All but the last bytes. */
function cut(name: string, { from, bytes }: WrittenCase, count: number): WrittenCase {
  return { name, from, bytes: bytes.slice(0, bytes.length - count) };
}

const SHORT = lines('A sip:b SIP/2.0', 'v:SIP/2.0/UDP c', 'f:a:b', 't:a:b', 'i:1', 'CSeq:1 B');

export const WRITTEN_CASES: readonly WrittenCase[] = [
  written('Max-Forwards without a number', { headers: ['Max-Forwards:'] }),
  written('Max-Forwards over 255', { headers: ['Max-Forwards: 256'] }),
  written('Max-Forwards twice', { headers: ['Max-Forwards: 70', 'Max-Forwards: 69'] }),
  written('Max-Forwards 255', { headers: ['Max-Forwards: 255'] }),
  written('Content-Length twice', { headers: ['Content-Length: 0', 'l: 0'] }),
  written('Content-Length twice, different', { headers: ['Content-Length: 0', 'Content-Length: 1'] }),
  written('Proxy-Require', { headers: ['Proxy-Require: a', 'Proxy-Require: b, c'] }),
  written('Proxy-Require in CANCEL', { method: 'CANCEL', headers: ['Proxy-Require: a'] }),
  written('CSeq of 2^31', { headers: [`CSeq: ${2 ** 31} MESSAGE`] }),
  written('CSeq of 2^31 - 1', { headers: [`CSeq: ${2 ** 31 - 1} MESSAGE`] }),
  written('a method in small letters', { method: 'register' }),
  written('a method of our own making', { method: 'X-YZ.1' }),
  written('tel', { uri: 'tel:+49-30-123;phone-context=+49' }),
  written('im', { uri: 'im:u2@lab.test' }),
  written('a CR alone in a header', { headers: ['X-A: b\rPath: <sip:evil@10.0.0.66;lr>'] }),
  written('a CR alone in the Via', {
    headers: ['Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKwritten;a=\rb'],
  }),
  written('a Route with a quote', {
    from: 'registrar',
    headers: [`Route: <sip:${US};lr\\">, <sip:127.77.70.104;lr>`],
  }),
  written('a Route with blanks', { from: 'registrar', headers: [`Route: < sip:${US};lr >`] }),
  written('a Route without brackets', { from: 'registrar', headers: [`Route: sip:${US};lr`] }),
  written('a Route of ours in capitals', { from: 'registrar', headers: [`Route: <SIP:${US};LR>`] }),
  written('a Route of ours in a second line', {
    from: 'registrar',
    headers: [`Route: <sip:127.77.70.104;lr>`, `Route: <sip:${US};lr>`],
  }),
  written('nothing but Routes of ours', { headers: [`Route: <sip:${US};lr>`] }),
  written('Route and Record-Route in one request', {
    headers: [`Record-Route: <sip:10.0.0.9;lr>`, `Route: <sip:${US};lr>,<sip:10.0.0.8;lr>`],
  }),
  written('a user that begins with a semicolon', { uri: 'sip:;bC;@192.0.2.7;user=phone' }),
  written('blanks around the port of the Via', { headers: ['Via: SIP/2.0/UDP 10.0.0.1 : 5060'] }),
  written('our address in the Request-URI', {
    uri: `sip:u7@${US};x=1`,
    headers: [`Route: <sip:${US};lr>`, 'To: <sip:u2@lab.test>;tag=2'],
  }),
  written('a foreign strict Route', { headers: [`Route: <sip:${US};lr>`, 'Route: <sip:10.0.0.8>'] }),
  written('a strict Route to a phone', {
    from: 'registrar',
    headers: ['Route: <sip:127.77.70.104>, <sip:10.9.8.7;lr>'],
  }),
  written('Routes of ours twice', { headers: [`Route: <sip:${US};lr>, <sip:${US};lr>`] }),
  written('nobody but us', { from: 'registrar', uri: `sip:u2@${US}` }),
  written('a Route to a name', { from: 'registrar', headers: ['Route: <im:a>'] }),
  written('a Route without an end', { from: 'registrar', headers: ['Route: <sip:127.77.70.104'] }),
  written('OPTIONS to nobody', { from: 'registrar', method: 'OPTIONS', uri: 'sip:u2@10.9.8.7' }),
  written('ACK with sips', { method: 'ACK', uri: 'sips:u2@lab.test' }),
  written('two things wrong', { uri: 'sip:u2@lab.test?Subject=x', headers: ['Max-Forwards: 0'] }),
  written('a transport that is no token', { headers: ['Via: SIP/2.0/U:P 10.0.0.1;branch=z9hG4bKa'] }),
  written('a method that is no token', { method: 'MES,SAGE' }),
  written('a From that is no SIP', { headers: ['From: <isbn:2983792873>;tag=1'] }),
  written('a From without its bracket', { headers: ['From: "a" sip:a@b>;tag=1'] }),
  written('a Call-ID without a value', { headers: ['Call-ID:'] }),
  written('zeros in our address', {
    from: 'registrar',
    headers: [`Route: <sip:${US.replace('.70.', '.070.')};lr>`],
  }),
  written('an odd header name', { headers: ['X%41: b'] }),
  written('an odd Via below', {
    headers: ['Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa', 'Via: SIP/2.0 UDP 10.0.0.2'],
  }),
  cut('no empty line', written('', {}), 2),
  cut('short and broken', { name: '', from: 'phone', bytes: bytesOf(SHORT) }, 0),
  written('Via in one list', {
    headers: ['Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa , SIP/2.0/TCP 10.0.0.2:5061;branch=z9hG4bKb'],
  }),
  written('received and rport of the sender’s making', {
    headers: ['Via: SIP/2.0/UDP 10.0.0.1;received=6.6.6.6;rport=666;branch=z9hG4bKa'],
  }),
];
