import { createHash, createHmac, hkdfSync } from 'node:crypto';
import type { Signer, SigningKey } from '../proxy/signer.ts';
import type { HashKey } from '../sip/siphash.ts';
import { remembered } from './mac-memo.ts';

/** Bytes of one secret: 64 hex digits in its file. */
export const SECRET_BYTES = 32;
const TOKEN_MAC_BYTES = 10;
const SALT = 'rollcall';
const VERSION = 'v1';

/**
 * The keyed hashes of the forwarding core from one secret or, while a rotation lasts, two (current,
 * previous). Every purpose has its own key: HKDF-SHA-256(secret, purpose, `v1`). Frozen as v1: instances of
 * different versions side by side must agree on every branch and token.
 */
export function createSigner(secrets: readonly Uint8Array[]): Signer {
  return { keys: secrets.map(signingKey) };
}

function signingKey(secret: Uint8Array): SigningKey {
  const tokenKey = derive(secret, 'token', SECRET_BYTES);
  return {
    id: createHash('sha256').update(secret).digest()[0]! >>> 4,
    branch: hashKey(secret, 'branch'),
    loop: hashKey(secret, 'loop'),
    check: hashKey(secret, 'check'),
    toTag: hashKey(secret, 'to-tag'),
    signToken: remembered((bytes, length, out, outAt) => {
      const mac = createHmac('sha256', tokenKey).update(bytes.subarray(0, length)).digest();
      for (let i = 0; i < TOKEN_MAC_BYTES; i++) out[outAt + i] = mac[i]!;
    }, TOKEN_MAC_BYTES),
  };
}

function derive(secret: Uint8Array, purpose: string, bytes: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, SALT, `${purpose} ${VERSION}`, bytes));
}

function hashKey(secret: Uint8Array, purpose: string): HashKey {
  const view = new DataView(derive(secret, purpose, 16).buffer);
  return Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true));
}

/** What two nodes may show to prove that they share a secret: 16 hex digits that tell nothing else about it. */
export function fingerprint(secret: Uint8Array): string {
  return Buffer.from(derive(secret, 'fingerprint', 8)).toString('hex');
}
