import type { HashKey } from '../sip/siphash.ts';
import { HashInput } from '../sip/siphash.ts';

/**
 * A nonce, told by a keyed hash of 64 bits. It may decide without the bytes: who does not know the key can't make two
 * that are equal, and by chance one pair in 10^19 is.
 */
export class NonceKey {
  a = 0;
  b = 0;

  is({ a, b }: NonceKey): boolean {
    return this.a === a && this.b === b;
  }

  copyFrom({ a, b }: NonceKey): void {
    this.a = a;
    this.b = b;
  }
}

/** Makes the keys of nonces as they stand in a datagram. */
export class NonceReader {
  private readonly key: HashKey;
  private readonly input = new HashInput();
  private readonly out = new Int32Array(2);

  constructor(key: HashKey) {
    this.key = key;
  }

  read(bytes: Uint8Array, start: number, end: number, into: NonceKey): void {
    const { out } = this;
    this.input.clear().field(bytes, start, end).sipHash128(this.key, out);
    into.a = out[0]!;
    into.b = out[1]!;
  }
}
