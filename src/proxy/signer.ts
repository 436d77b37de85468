import type { HashKey } from '../sip/siphash.ts';

/**
 * The secret as the forwarding core sees it: keyed hashes, each purpose with a key of its own, derived
 * from one secret by HKDF. Implemented by `src/signer.ts`; the hash itself is SipHash-2-4 with 128 bits.
 */
export interface Signer {
  /** The current key first, then the previous one while a rotation lasts; at least one, at most two. */
  readonly keys: readonly SigningKey[];
}

export interface SigningKey {
  /** First nibble of SHA-256 of the secret: which key signed a token. */
  readonly id: number;
  /** Branch of our own Via. */
  readonly branch: HashKey;
  /** Loop detection value `l`. */
  readonly loop: HashKey;
  /** Check value `m` over the next Via. */
  readonly check: HashKey;
  /** To tags of our own answers. */
  readonly toTag: HashKey;
  /** HMAC-SHA-256 truncated to 80 bits over bytes [0, length): ten bytes written to `out` at `outAt`. */
  readonly signToken: (bytes: Uint8Array, length: number, out: Uint8Array, outAt: number) => void;
}
