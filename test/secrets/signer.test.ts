import assert from 'node:assert/strict';
import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import type { SigningKey } from '../../src/proxy/signer.ts';
import { createSigner, fingerprint, SECRET_BYTES } from '../../src/secrets/signer.ts';
import { secretOf } from '../proxy/support/passing.ts';

const PURPOSES = ['branch', 'loop', 'check', 'toTag'] as const;

function keyOf(secret: Uint8Array): SigningKey {
  return createSigner([secret]).keys[0]!;
}

function mac(key: SigningKey, bytes: Uint8Array, length = bytes.length): string {
  const out = new Uint8Array(12).fill(0xee);
  key.signToken(bytes, length, out, 1);
  assert.equal(out[0], 0xee);
  assert.equal(out[11], 0xee, 'ten bytes and no more');
  return Buffer.from(out.subarray(1, 11)).toString('hex');
}

/** A change here breaks every call in flight and every registered phone across an upgrade. */
test('the keys of a known secret are frozen as v1', () => {
  const key = keyOf(new Uint8Array(SECRET_BYTES).fill(0x5a));
  const frozen = Object.fromEntries(
    PURPOSES.map((purpose) => [
      purpose,
      Array.from(key[purpose], (word) => (word >>> 0).toString(16).padStart(8, '0')).join(' '),
    ]),
  );
  assert.deepEqual(frozen, {
    branch: 'aee16df3 b4dedecb 73a88641 8ad5bb84',
    loop: 'ea40c97f d585acf7 42c7e69d 621674ba',
    check: '4a0b4a44 4d07a876 bce6e182 9a5cf7d7',
    toTag: '12df81f1 fb938dde 16b3fe83 c6cee2ff',
  });
  assert.equal(key.id, 6);
  assert.equal(mac(key, Uint8Array.from([1, 2, 3])), 'bc00f1444f29916fb5be');
  assert.equal(fingerprint(new Uint8Array(SECRET_BYTES).fill(0x5a)), '2d75c82caddc136b');
});

test('each purpose has a key of its own', () => {
  const key = keyOf(secretOf('first'));
  const distinct = new Set(PURPOSES.map((purpose) => key[purpose].join()));
  assert.equal(distinct.size, PURPOSES.length);
});

test('keys are HKDF-SHA-256 over secret, purpose and v1; words are little-endian', () => {
  const secret = secretOf('first');
  const derived = Buffer.from(hkdfSync('sha256', secret, 'rollcall', 'branch v1', 16));
  assert.deepEqual(
    [...keyOf(secret).branch],
    [0, 4, 8, 12].map((at) => derived.readInt32LE(at)),
  );
});

test('the token MAC is HMAC-SHA-256 cut to 80 bits, over the given length only', () => {
  const secret = secretOf('first');
  const tokenKey = Buffer.from(hkdfSync('sha256', secret, 'rollcall', 'token v1', 32));
  const bytes = Uint8Array.from({ length: 30 }, (_, i) => i);
  const expected = createHmac('sha256', tokenKey).update(bytes.subarray(0, 8)).digest('hex').slice(0, 20);
  assert.equal(mac(keyOf(secret), bytes, 8), expected);
  assert.notEqual(mac(keyOf(secret), bytes, 9), expected);
});

test('the MAC may be written into the buffer that is signed', () => {
  const key = keyOf(secretOf('first'));
  const bytes = new Uint8Array(30).fill(7);
  const apart = mac(key, bytes, 8);
  key.signToken(bytes, 8, bytes, 8);
  assert.equal(Buffer.from(bytes.subarray(8, 18)).toString('hex'), apart);
});

test('the key id is the first nibble of the hash of the secret', () => {
  for (const word of ['first', 'second', 'third', 'fourth', 'fifth']) {
    const digest = createHash('sha256').update(secretOf(word)).digest('hex');
    assert.equal(keyOf(secretOf(word)).id, Number.parseInt(digest[0]!, 16), word);
  }
});

test('one changed bit of the secret changes every key', () => {
  const secret = secretOf('first');
  const changed = secret.slice();
  changed[31]! ^= 1;
  for (const purpose of PURPOSES) {
    assert.notDeepEqual([...keyOf(secret)[purpose]], [...keyOf(changed)[purpose]], purpose);
  }
  const bytes = Uint8Array.from([1]);
  assert.notEqual(mac(keyOf(secret), bytes), mac(keyOf(changed), bytes));
  assert.notEqual(fingerprint(secret), fingerprint(changed));
});

test('keys come in the order of the secrets: current, previous', () => {
  const [current, previous] = createSigner([secretOf('second'), secretOf('first')]).keys;
  assert.deepEqual(current!.branch, keyOf(secretOf('second')).branch);
  assert.deepEqual(previous!.branch, keyOf(secretOf('first')).branch);
});
