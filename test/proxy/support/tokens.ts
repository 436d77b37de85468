import type { Signer } from '../../../src/proxy/signer.ts';
import type { TokenPurpose } from '../../../src/proxy/token.ts';
import { MAX_TOKEN_CHARS, readToken, Token, writeToken } from '../../../src/proxy/token.ts';
import { createSigner } from '../../../src/secrets/signer.ts';
import { endpointText } from '../../../src/sip/address.ts';
import { bytesOf, endpoint, latin1, secretOf, signer } from './passing.ts';

/** A signer that stands in the middle of a rotation: it makes what `second` makes and takes what either made. */
export const rotated = createSigner([secretOf('second'), secretOf('first')]);
/** After the rotation: what `first` made is worth nothing any more. */
export const afterRotation = createSigner([secretOf('second')]);

export interface TokenParts {
  readonly purpose: TokenPurpose;
  readonly socket: number;
  /** `IP:PORT` */
  readonly flow: string;
}

/** The token as text. */
export function tokenFor(purpose: TokenPurpose, flow: string, socket = 0, by: Signer = signer): string {
  const out = new Uint8Array(MAX_TOKEN_CHARS);
  const end = writeToken(out, 0, by, purpose, socket, endpoint(flow));
  return latin1(out.subarray(0, end));
}

/** What a token says; undefined where its signature, or anything else about it, does not hold. */
export function tokenParts(text: string, by: Signer = signer): TokenParts | undefined {
  const bytes = bytesOf(`<${text}>`);
  const token = new Token();
  if (!readToken(bytes, 1, bytes.length - 1, by, token)) return undefined;
  return { purpose: token.purpose, socket: token.socket, flow: endpointText(token.flow) };
}
