/** Messages in the fewest words that a test needs: whatever it doesn't say is an everyday phone's. */
import { lines } from './passing.ts';

export const PHONE = '10.0.9.9:5060';
export const PBX = '10.0.1.8:5060';

export interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  /** Via values, each a line of its own; the first is the sender's. */
  readonly vias?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number | string;
  /** Value of Max-Forwards; 'none' = no such line. */
  readonly hops?: number | string;
  /** Whole lines between Max-Forwards and the end of the headers. */
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** An INVITE of a phone at 10.0.9.9:5060 to a user of example.com, unless said otherwise. */
export function request(parts: RequestParts = {}): string {
  const {
    method = 'INVITE',
    uri = 'sip:200@example.com',
    vias = ['SIP/2.0/UDP 10.0.9.9:5060;branch=z9hG4bKphone1'],
    from = '<sip:100@example.com>;tag=f1',
    to = '<sip:200@example.com>',
    callId = 'call-1@10.0.9.9',
    cseq = 1,
    hops = 70,
    headers = [],
    body = '',
  } = parts;
  const head = lines(
    `${method} ${uri} SIP/2.0`,
    ...vias.map((via) => `Via: ${via}`),
    ...(hops === 'none' ? [] : [`Max-Forwards: ${hops}`]),
    `From: ${from}`,
    `To: ${to}`,
    `Call-ID: ${callId}`,
    `CSeq: ${typeof cseq === 'number' ? `${cseq} ${method}` : cseq}`,
    ...headers,
    'User-Agent: Everyday phone 1.0, whose name is as long as those of real ones are',
    ...(body === '' ? [] : [`Content-Length: ${body.length}`]),
  );
  return head + body;
}

/** A REGISTER of extension 100 with one Contact line, from the same phone. */
export function register(contact: string, parts: RequestParts = {}): string {
  const { headers = [], ...rest } = parts;
  return request({
    method: 'REGISTER',
    uri: 'sip:example.com',
    to: '<sip:100@example.com>',
    headers: [`Contact: ${contact}`, ...headers],
    ...rest,
  });
}

/** A request of the PBX at 10.0.1.8:5060. */
export function fromPbx(parts: RequestParts = {}): string {
  return request({
    vias: ['SIP/2.0/UDP 10.0.1.8:5060;branch=z9hG4bKpbx1'],
    from: '<sip:200@example.com>;tag=p1',
    to: '<sip:100@example.com>',
    callId: 'call-1@10.0.1.8',
    ...parts,
  });
}

/** A response to a request as it was sent to whoever answers: its Vias, From, To, Call-ID and CSeq. */
export function responseTo(sent: string, status: string, headers: readonly string[] = []): string {
  const kept = sent.split('\r\n\r\n')[0]!.split('\r\n').slice(1);
  const copied = kept.filter((line) => /^(?:v|via|from|to|call-id|cseq)[ \t]*:/i.test(line));
  return lines(`SIP/2.0 ${status}`, ...copied, ...headers, 'Content-Length: 0');
}

/** Start line of a message. */
export function startLine(message: string): string {
  return message.slice(0, message.indexOf('\r\n'));
}

/** Values of the headers of that (full) name, in order; one per line. */
export function values(message: string, name: string): string[] {
  const head = message.slice(0, message.indexOf('\r\n\r\n'));
  return head
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
    .map((line) => line.slice(name.length + 1).trim());
}

/** The value of a parameter of a Via value as we write them; undefined where it is absent. */
export function viaParam(via: string, name: string): string | undefined {
  return new RegExp(`;${name}(?:=([^;]*))?(?=;|$)`).exec(via)?.slice(1)[0];
}

/** Branch of our Via, which is the first. */
export function branchOf(sent: string): string {
  return viaParam(values(sent, 'Via')[0]!, 'branch')!;
}
