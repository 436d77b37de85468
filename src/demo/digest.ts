import { createHash } from 'node:crypto';

/** The algorithms of RFC 8760 that phones and registrars here speak. */
export const ALGORITHMS = ['MD5', 'SHA-256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

export interface DigestInput {
  readonly algorithm: Algorithm;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** undefined: the form without quality of protection (RFC 2069's, still in use). */
  readonly qop: { readonly nonceCount: string; readonly clientNonce: string } | undefined;
}

/** The `response` parameter, in hexadecimal (RFC 7616 §3.4.1, as SIP uses it by RFC 3261 §22.4). */
export function digestResponse(input: DigestInput): string {
  const { algorithm, nonce, qop } = input;
  const ha1 = hash(algorithm, `${input.username}:${input.realm}:${input.password}`);
  const ha2 = hash(algorithm, `${input.method}:${input.uri}`);
  const middle = qop === undefined ? nonce : `${nonce}:${qop.nonceCount}:${qop.clientNonce}:auth`;
  return hash(algorithm, `${ha1}:${middle}:${ha2}`);
}

function hash(algorithm: Algorithm, text: string): string {
  return createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text, 'latin1')
    .digest('hex');
}

/** The algorithm that a parameter's text names, MD5 where there is none (RFC 7616 §3.3); undefined for one that is not ours. */
export function algorithmOf(text: string | undefined): Algorithm | undefined {
  return text === undefined ? 'MD5' : ALGORITHMS.find((known) => known === text.toUpperCase());
}
