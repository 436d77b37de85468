import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TOKEN_PURPOSES } from '../../src/proxy/token.ts';
import { createSigner } from '../../src/secrets/signer.ts';
import { secretOf, signer } from './support/passing.ts';
import { afterRotation, rotated, tokenFor, tokenParts } from './support/tokens.ts';

const IPV4 = '203.0.113.7:41234';
const IPV6 = '[2001:db8::7]:41234';
const ALPHABET = '0123456789abcdefghijklmnopqrstuv';

/** The token's bits, most significant first, its padding included. */
function bitsOf(token: string): string {
  return [...token].map((c) => ALPHABET.indexOf(c).toString(2).padStart(5, '0')).join('');
}

function tokenOf(bits: string): string {
  return (bits.match(/.{5}/g) ?? []).map((group) => ALPHABET[Number.parseInt(group, 2)]).join('');
}

function flipped(token: string, bit: number): string {
  const bits = [...bitsOf(token)];
  bits[bit] = bits[bit] === '0' ? '1' : '0';
  return tokenOf(bits.join(''));
}

/** Phones are registered with these: what signs them may change, what they look like may not. */
test('tokens are frozen as v1: 29 characters for IPv4, 48 for IPv6, lower case', () => {
  assert.equal(tokenFor('path', IPV4), '2g0cm03h0ugh5ug7kudhuen1468hs');
  assert.equal(tokenFor('alias', IPV4), '2ggcm03h0ugh46pvclj3bvupv470c');
  assert.equal(tokenFor('rr', IPV4, 31), '2hfsm03h0ugh49uul4c2dhc59fuoq');
  assert.equal(tokenFor('alias', IPV6), '2ig2008dn0000000000000000000f88ijegk7919jmfppcvn');
});

test('layout: version and key id, family, purpose, socket, address, port, 80 bits of MAC', () => {
  const bits = bitsOf(tokenFor('rr', IPV4, 5));
  assert.equal(bits.length, 145);
  const field = (from: number, length: number): number => Number.parseInt(bits.slice(from, from + length), 2);
  assert.equal(field(0, 4), 1);
  assert.equal(field(4, 4), signer.keys[0]!.id);
  assert.equal(field(8, 1), 0);
  assert.equal(field(9, 2), 2);
  assert.equal(field(11, 5), 5);
  assert.deepEqual(
    [field(16, 8), field(24, 8), field(32, 8), field(40, 8), field(48, 16)],
    [203, 0, 113, 7, 41234],
  );
  assert.equal(bits.slice(144), '0', 'the one bit that is left over');
});

const flow = fc.oneof(
  fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })).map(([ip, port]) => `${ip}:${port}`),
  fc
    .tuple(fc.array(fc.nat(0xffff), { minLength: 8, maxLength: 8 }), fc.integer({ min: 1, max: 65_535 }))
    .map(([groups, port]) => `[${groups.map((group) => group.toString(16)).join(':')}]:${port}`),
);
const purpose = fc.constantFrom(...TOKEN_PURPOSES);

test('what is written is what is read, in upper case too, by whoever shares the secret', () => {
  const sameSecret = createSigner([secretOf('first')]);
  fc.assert(
    fc.property(purpose, fc.nat(31), flow, (how, socket, to) => {
      const token = tokenFor(how, to, socket);
      const read = tokenParts(token, sameSecret);
      assert.deepEqual([read?.purpose, read?.socket], [how, socket]);
      assert.equal(tokenFor(how, read!.flow, socket), token, `${to} came back as ${read!.flow}`);
      assert.deepEqual(tokenParts(token.toUpperCase()), read);
    }),
    { numRuns: 300 },
  );
});

test('an IPv4-mapped address is the IPv4 address', () => {
  assert.equal(tokenFor('path', '[::ffff:203.0.113.7]:41234'), tokenFor('path', IPV4));
});

test('every single flipped bit voids it', () => {
  for (const token of [tokenFor('alias', IPV4, 3), tokenFor('path', IPV6, 3)]) {
    for (let bit = 0; bit < token.length * 5; bit++) {
      assert.equal(tokenParts(flipped(token, bit)), undefined, `bit ${bit} of ${token}`);
    }
    assert.notEqual(tokenParts(token), undefined);
  }
});

test('other lengths void it: cut, extended, empty, the other family’s', () => {
  for (const [token, other] of [
    [tokenFor('alias', IPV4), 48],
    [tokenFor('alias', IPV6), 29],
  ] as const) {
    for (let length = 0; length < token.length; length++) {
      assert.equal(tokenParts(token.slice(0, length)), undefined, `first ${length}`);
      assert.equal(tokenParts(token.slice(token.length - length)), undefined, `last ${length}`);
    }
    assert.equal(tokenParts(`${token}0`), undefined);
    assert.equal(tokenParts(`0${token}`), undefined);
    assert.equal(tokenParts(token.padEnd(other, '0').slice(0, other)), undefined);
  }
});

test('characters outside the alphabet void it', () => {
  const token = tokenFor('alias', IPV4);
  for (const odd of ['w', 'W', 'z', '@', '`', '/', ':', ' ', '%', '\0', '\u00e9']) {
    assert.equal(tokenParts(odd + token.slice(1)), undefined, JSON.stringify(odd));
    assert.equal(tokenParts(token.slice(0, 28) + odd), undefined, JSON.stringify(odd));
  }
});

test('stray bits behind the last byte void it: one flow has one spelling', () => {
  const token = tokenFor('alias', IPV4);
  const last = ALPHABET.indexOf(token.at(-1)!);
  assert.equal(last % 2, 0);
  assert.equal(tokenParts(token.slice(0, 28) + ALPHABET[last + 1]), undefined);
});

test('a purpose that does not exist is refused though its MAC holds', () => {
  const key = signer.keys[0]!;
  const packed = new Uint8Array(18);
  packed.set([(1 << 4) | key.id, 3 << 5, 203, 0, 113, 7, 0xa1, 0x12]);
  key.signToken(packed, 8, packed, 8);
  assert.equal(tokenParts(packedToken(packed)), undefined);
  packed[1] = 2 << 5;
  key.signToken(packed, 8, packed, 8);
  assert.deepEqual(tokenParts(packedToken(packed)), { purpose: 'rr', socket: 0, flow: IPV4 });
});

test('a version that does not exist is refused though its MAC holds', () => {
  const key = signer.keys[0]!;
  for (const version of [0, 2, 15]) {
    const packed = new Uint8Array(18);
    packed.set([(version << 4) | key.id, 0, 203, 0, 113, 7, 0xa1, 0x12]);
    key.signToken(packed, 8, packed, 8);
    assert.equal(tokenParts(packedToken(packed)), undefined, `${version}`);
  }
});

test('a port of 0 is nowhere: refused though its MAC holds', () => {
  const key = signer.keys[0]!;
  const packed = new Uint8Array(18);
  packed.set([(1 << 4) | key.id, 0, 203, 0, 113, 7, 0, 0]);
  key.signToken(packed, 8, packed, 8);
  assert.equal(tokenParts(packedToken(packed)), undefined);
});

function packedToken(packed: Uint8Array): string {
  const bits = [...packed].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return tokenOf(bits.padEnd(145, '0'));
}

test('rotation: the previous key is still taken, the retired one is not, the new one signs', () => {
  const old = tokenFor('alias', IPV4);
  const fresh = tokenFor('alias', IPV4, 0, rotated);
  assert.notEqual(old, fresh);
  assert.notEqual(tokenParts(old, rotated), undefined);
  assert.notEqual(tokenParts(fresh, rotated), undefined);
  assert.equal(tokenParts(old, afterRotation), undefined);
  assert.notEqual(tokenParts(fresh, afterRotation), undefined);
  assert.equal(tokenParts(fresh, signer), undefined);
});

test('two keys of one id are both tried', () => {
  const words = Array.from({ length: 64 }, (_, i) => `word ${i}`);
  const sameId = words.filter((word) => createSigner([secretOf(word)]).keys[0]!.id === signer.keys[0]!.id);
  assert.ok(sameId.length > 1);
  const tied = createSigner([secretOf(sameId[0]!), secretOf('first')]);
  assert.notEqual(tokenParts(tokenFor('alias', IPV4), tied), undefined);
  assert.notEqual(tokenParts(tokenFor('alias', IPV4, 0, tied), tied), undefined);
  assert.equal(tokenParts(tokenFor('alias', IPV4, 0, tied), signer), undefined);
});

test('no random text is a token', () => {
  const text = fc.string({
    unit: fc.constantFrom(...ALPHABET, ...ALPHABET.toUpperCase(), 'w', '-'),
    minLength: 0,
    maxLength: 60,
  });
  const sized = fc
    .tuple(fc.constantFrom(29, 48), fc.array(fc.constantFrom(...ALPHABET), { minLength: 48, maxLength: 48 }))
    .map(([length, characters]) => `2${characters.join('')}`.slice(0, length));
  fc.assert(
    fc.property(fc.oneof(text, sized), (candidate) => {
      assert.equal(tokenParts(candidate, rotated), undefined);
    }),
    { numRuns: 3000 },
  );
});
