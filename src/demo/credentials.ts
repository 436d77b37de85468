import type { Algorithm, DigestInput } from './digest.ts';
import { algorithmOf, digestResponse } from './digest.ts';
import { authParam } from './received.ts';

/** What a phone answers a challenge with (RFC 7616 §3.4). */
export interface Credentials extends Omit<DigestInput, 'password' | 'method'> {
  readonly response: string;
}

/** The first complete Digest credentials for a realm. */
export function readCredentials(values: readonly string[], realm: string): Credentials | undefined {
  for (const value of values) {
    const algorithm = algorithmOf(authParam(value, 'algorithm'));
    if (!isDigest(value) || authParam(value, 'realm') !== realm || algorithm === undefined) continue;
    const [username, nonce, uri, response] = ['username', 'nonce', 'uri', 'response'].map((name) =>
      authParam(value, name),
    );
    if (!username || !nonce || !uri || !response) continue;
    return { algorithm, username, realm, nonce, uri, response, qop: readQop(value) };
  }
  return undefined;
}

function isDigest(value: string): boolean {
  return /^\s*digest\s/i.test(value);
}

function readQop(value: string): DigestInput['qop'] {
  const nonceCount = authParam(value, 'nc');
  const clientNonce = authParam(value, 'cnonce');
  if (authParam(value, 'qop') !== 'auth' || !nonceCount || !clientNonce) return undefined;
  return { nonceCount, clientNonce };
}

export function verifies(credentials: Credentials, method: string, password: string): boolean {
  return digestResponse({ ...credentials, method, password }) === credentials.response.toLowerCase();
}

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  readonly qop: 'auth' | 'none';
  readonly isStale: boolean;
}

/** The header line of a registrar's challenge. */
export function writeChallenge({ realm, nonce, algorithm, qop, isStale }: Challenge): string {
  const rest = [
    `algorithm=${algorithm}`,
    ...(qop === 'auth' ? ['qop="auth"'] : []),
    ...(isStale ? ['stale=true'] : []),
  ];
  return `WWW-Authenticate: Digest realm="${realm}", nonce="${nonce}", ${rest.join(', ')}`;
}

/** The first challenge that a phone can answer: RFC 8760 has the registrar order them by its preference. */
export function readChallenge(values: readonly string[]): Challenge | undefined {
  for (const value of values) {
    const algorithm = algorithmOf(authParam(value, 'algorithm'));
    const realm = authParam(value, 'realm');
    const nonce = authParam(value, 'nonce');
    if (!isDigest(value) || algorithm === undefined || realm === undefined || !nonce) continue;
    const offered =
      authParam(value, 'qop')
        ?.split(',')
        .map((word) => word.trim()) ?? [];
    const isStale = authParam(value, 'stale')?.toLowerCase() === 'true';
    return { realm, nonce, algorithm, qop: offered.includes('auth') ? 'auth' : 'none', isStale };
  }
  return undefined;
}

/** The header line of a phone's answer. */
export function writeCredentials(input: DigestInput): string {
  const { username, realm, nonce, uri, algorithm, qop } = input;
  const quotedPart = `username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}"`;
  const qopPart = qop === undefined ? '' : `, qop=auth, nc=${qop.nonceCount}, cnonce="${qop.clientNonce}"`;
  const response = digestResponse(input);
  return `Authorization: Digest ${quotedPart}, response="${response}", algorithm=${algorithm}${qopPart}`;
}
