import type { Algorithm } from '../../../src/demo/digest.ts';
import { digestResponse } from '../../../src/demo/digest.ts';

/*
 * REGISTERs as text, and their answers. On purpose none of the parsers under test is used: what a phone of these
 * tests knows, it must not know from the code that it is held against.
 */

/** One challenge of a 401 or 407. */
export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: Algorithm;
  readonly qop: 'auth' | 'none';
  readonly opaque: string | undefined;
  readonly isStale: boolean;
}

export interface ListedContact {
  /** Without the parameter that Rollcall adds. */
  readonly uri: string;
  readonly expiresSec: number | undefined;
  /** `+sip.instance` without quotes and brackets, or empty. */
  readonly instance: string;
}

export interface Answer {
  readonly status: number;
  readonly branch: string;
  readonly contacts: readonly ListedContact[];
  readonly expiresSec: number | undefined;
  readonly minExpiresSec: number | undefined;
  readonly challenges: readonly Challenge[];
}

/** A Contact URI as its phone wrote it. */
export function withoutOurs(uri: string): string {
  return uri.replace(/;rollcall=[^;>]*/, '');
}

const numberIn = (text: string | undefined): number | undefined =>
  text === undefined || !/^\d+/.test(text) ? undefined : Number.parseInt(text, 10);

function challengeIn(value: string): Challenge | undefined {
  const param = (name: string): string | undefined => {
    const [, quoted, plain] = new RegExp(`[\\s,]${name}=(?:"([^"]*)"|([^,\\s]*))`, 'i').exec(value) ?? [];
    return quoted ?? plain;
  };
  const algorithm = (param('algorithm') ?? 'MD5').toUpperCase();
  const nonce = param('nonce');
  if (!/^digest\s/i.test(value) || nonce === undefined) return undefined;
  if (algorithm !== 'MD5' && algorithm !== 'SHA-256') return undefined;
  return {
    realm: param('realm') ?? '',
    nonce,
    algorithm,
    qop: param('qop') === undefined ? 'none' : 'auth',
    opaque: param('opaque'),
    isStale: param('stale')?.toLowerCase() === 'true',
  };
}

function contactIn(value: string): ListedContact | undefined {
  const [, uri, params] = /<([^>]+)>(.*)$/.exec(value) ?? [];
  if (uri === undefined) return undefined;
  return {
    uri: withoutOurs(uri),
    expiresSec: numberIn(/;\s*expires\s*=\s*(\d+)/i.exec(params ?? '')?.[1]),
    instance: /;\s*\+sip\.instance="<([^>]*)>"/i.exec(params ?? '')?.[1] ?? '',
  };
}

/** A response to a REGISTER; undefined for all else. */
export function readAnswer(text: string): Answer | undefined {
  const [first = '', ...lines] = text.split(/\r\n\r\n/)[0]!.split(/\r\n(?![ \t])/);
  const status = numberIn(/^SIP\/2\.0 (\d{3})/.exec(first)?.[1]);
  const values = (name: string): string[] =>
    lines
      .filter((line) => line.toLowerCase().startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim());
  const branch = /;\s*branch=([^;,\s]+)/i.exec(values('via')[0] ?? '')?.[1];
  if (status === undefined || branch === undefined || !values('cseq')[0]?.endsWith('REGISTER'))
    return undefined;
  const contacts = values('contact').flatMap((line) => line.split(/,(?=\s*<)/));
  return {
    status,
    branch,
    contacts: contacts.flatMap((value) => contactIn(value) ?? []),
    expiresSec: numberIn(values('expires')[0]),
    minExpiresSec: numberIn(values('min-expires')[0]),
    challenges: [...values('www-authenticate'), ...values('proxy-authenticate')].flatMap(
      (value) => challengeIn(value) ?? [],
    ),
  };
}

export interface CredentialsDraft {
  readonly challenge: Challenge;
  readonly user: string;
  readonly password: string;
  readonly uri: string;
  readonly nonceCount: number;
  readonly clientNonce: string;
}

/** The value of an Authorization header (RFC 7616 §3.4). */
export function writeCredentials(draft: CredentialsDraft): string {
  const { challenge, user: username, password, uri, clientNonce } = draft;
  const { realm, nonce, algorithm, opaque } = challenge;
  const nonceCount = draft.nonceCount.toString(16).padStart(8, '0');
  const qop = challenge.qop === 'auth' ? { nonceCount, clientNonce } : undefined;
  const response = digestResponse({
    algorithm,
    username,
    realm,
    password,
    method: 'REGISTER',
    uri,
    nonce,
    qop,
  });
  return [
    `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}"`,
    `response="${response}", algorithm=${algorithm}`,
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
    ...(qop === undefined ? [] : [`qop=auth, nc=${nonceCount}, cnonce="${clientNonce}"`]),
  ].join(', ');
}

export interface RegisterDraft {
  readonly user: string;
  readonly domain: string;
  /** IP:PORT for the Via. */
  readonly sentBy: string;
  readonly branch: string;
  readonly callId: string;
  readonly fromTag: string;
  readonly cseq: number;
  /** The value of Contact; undefined: none. */
  readonly contact: string | undefined;
  readonly expiresSec: number | undefined;
  readonly userAgent: string;
  readonly credentials: string | undefined;
}

export function writeRegister(draft: RegisterDraft): string {
  const { user, domain, contact, expiresSec, credentials } = draft;
  return [
    `REGISTER sip:${domain} SIP/2.0`,
    `Via: SIP/2.0/UDP ${draft.sentBy};branch=${draft.branch};rport`,
    'Max-Forwards: 70',
    `From: <sip:${user}@${domain}>;tag=${draft.fromTag}`,
    `To: <sip:${user}@${domain}>`,
    `Call-ID: ${draft.callId}`,
    `CSeq: ${draft.cseq} REGISTER`,
    ...(contact === undefined ? [] : [`Contact: ${contact}`]),
    ...(expiresSec === undefined ? [] : [`Expires: ${expiresSec}`]),
    ...(credentials === undefined ? [] : [`Authorization: ${credentials}`]),
    `User-Agent: ${draft.userAgent}`,
    'Content-Length: 0',
    '',
    '',
  ].join('\r\n');
}
