/** REGISTERs and their responses as bytes, as they pass between our proxy and a registrar. */

export const PROXY = '10.0.1.7';
export const REALM = 'iptlab.com';

export interface RegisterFields {
  readonly aor: string;
  readonly from?: string;
  /** Display name of To. */
  readonly display?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch: string;
  /** Contact values, header parameters included. */
  readonly contacts?: readonly string[];
  readonly expires?: number;
  /** Answered with a response, right or wrong: only the registrar knows. */
  readonly nonce?: string;
  readonly userAgent?: string;
  /** Further header lines without their ends. */
  readonly extra?: readonly string[];
}

/** A request that was built, with what its response must give back. */
export interface Register extends RegisterFields {
  readonly bytes: Uint8Array;
}

export function register(fields: RegisterFields): Register {
  const { aor, callId = `call-of-${aor}`, cseq = 1, contacts = [], expires, nonce, display = '' } = fields;
  const domain = aor.slice(aor.lastIndexOf('@') + 1);
  const lines = [
    `REGISTER sip:${domain} SIP/2.0`,
    `Via: SIP/2.0/UDP ${PROXY}:5060;branch=${fields.branch};s=0;m=15f3997c6d0ddd2e`,
    `Via: SIP/2.0/UDP 10.0.13.244;branch=${fields.branch}x;received=10.0.13.244`,
    'Max-Forwards: 69',
    `To: ${display}<sip:${aor}>`,
    `From: "Karen" <sip:${fields.from ?? aor}>;tag=69db898e`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} REGISTER`,
    ...contacts.map((contact) => `Contact: ${contact}`),
    ...(expires === undefined ? [] : [`Expires: ${expires}`]),
    ...(nonce === undefined ? [] : [credentials(aor, nonce)]),
    `User-Agent: ${fields.userAgent ?? 'Elite 1.0'}`,
    ...(fields.extra ?? []),
    'Content-Length: 0',
  ];
  return { ...fields, callId, cseq, bytes: message(lines) };
}

export function credentials(aor: string, nonce: string, header = 'Authorization'): string {
  const user = aor.slice(0, aor.lastIndexOf('@'));
  return `${header}: Digest username="${user}", realm="${REALM}", nonce="${nonce}", uri="sip:${REALM}", response="2a144ebfdd56c7c0f6e4fa2045cb85ad", algorithm=MD5`;
}

export interface ResponseFields {
  readonly contacts?: readonly string[];
  readonly expires?: number;
  /** The nonces of WWW-Authenticate headers, one each. */
  readonly nonces?: readonly string[];
  readonly stale?: boolean;
  readonly extra?: readonly string[];
}

const REASONS: Record<number, string> = { 200: 'OK', 401: 'Unauthorized', 403: 'Forbidden' };

export function response(to: Register, status: number, fields: ResponseFields = {}): Uint8Array {
  const { contacts = [], expires, nonces = [], stale = false } = fields;
  const staleness = stale ? ', stale=true' : '';
  return message([
    `SIP/2.0 ${status} ${REASONS[status] ?? 'Whatever'}`,
    `Via: SIP/2.0/UDP ${PROXY}:5060;branch=${to.branch};s=0;m=15f3997c6d0ddd2e;received=${PROXY}`,
    `Via: SIP/2.0/UDP 10.0.13.244;branch=${to.branch}x;received=10.0.13.244`,
    `From: "Karen" <sip:${to.from ?? to.aor}>;tag=69db898e`,
    `To: <sip:${to.aor}>;tag=as3d641827`,
    `Call-ID: ${to.callId}`,
    `CSeq: ${to.cseq} REGISTER`,
    ...nonces.map((nonce) => `WWW-Authenticate: Digest realm="${REALM}", nonce="${nonce}"${staleness}`),
    ...contacts.map((contact) => `Contact: ${contact}`),
    ...(expires === undefined ? [] : [`Expires: ${expires}`]),
    ...(fields.extra ?? []),
    'Content-Length: 0',
  ]);
}

function message(lines: readonly string[]): Uint8Array {
  return bytesOf(`${lines.join('\r\n')}\r\n\r\n`);
}

/** One byte per character: what a header may hold beyond ASCII arrives as such bytes. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0) & 0xff);
}
