import type { Endpoint } from '../sip/address.ts';
import { endpointText } from '../sip/address.ts';
import { ascii } from '../sip/bytes.ts';

export interface RegisterDraft {
  readonly user: string;
  readonly domain: string;
  /** Where the phone is: its Via and its Contact. */
  readonly local: Endpoint;
  readonly branch: string;
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
  readonly expiresSec: number;
  readonly userAgent: string;
  /** A whole header line, or undefined. */
  readonly authorization: string | undefined;
}

/** A REGISTER with one Contact (RFC 3261 §10.2). */
export function writeRegister(draft: RegisterDraft): Uint8Array {
  const { user, domain, authorization } = draft;
  const local = endpointText(draft.local);
  const lines = [
    `REGISTER ${registrarUri(domain)} SIP/2.0`,
    `Via: SIP/2.0/UDP ${local};rport;branch=${draft.branch}`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${domain}>;tag=${draft.fromTag}`,
    `To: <sip:${user}@${domain}>`,
    `Call-ID: ${draft.callId}`,
    `CSeq: ${draft.cseq} REGISTER`,
    `Contact: <sip:${user}@${local}>;expires=${draft.expiresSec}`,
    `User-Agent: ${draft.userAgent}`,
    ...(authorization === undefined ? [] : [authorization]),
    'Content-Length: 0',
  ];
  return ascii(`${lines.join('\r\n')}\r\n\r\n`);
}

/** The Request-URI, which is also the digest's `uri`. */
export function registrarUri(domain: string): string {
  return `sip:${domain}`;
}

/** Hexadecimal digits out of numbers from 0 to 1. */
export function hexDigits(random: () => number, count: number): string {
  let out = '';
  for (let i = 0; i < count; i++) out += Math.floor(random() * 16).toString(16);
  return out;
}
