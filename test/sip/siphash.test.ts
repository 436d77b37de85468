import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HashInput } from '../../src/sip/siphash.ts';

/**
 * SipHash-2-4 with 128 bits of output, key 00 01 … 0f, over 00 01 … of 0 to 63 bytes: the reference
 * implementation's `vectors_sip128` (checked against OpenSSL's SIPHASH with size 16 too).
 */
const VECTORS: readonly string[] = [
  'a3817f04ba25a8e66df67214c7550293',
  'da87c1d86b99af44347659119b22fc45',
  '8177228da4a45dc7fca38bdef60affe4',
  '9c70b60c5267a94e5f33b6b02985ed51',
  'f88164c12d9c8faf7d0f6e7c7bcd5579',
  '1368875980776f8854527a07690e9627',
  '14eeca338b208613485ea0308fd7a15e',
  'a1f1ebbed8dbc153c0b84aa61ff08239',
  '3b62a9ba6258f5610f83e264f31497b4',
  '264499060ad9baabc47f8b02bb6d71ed',
  '00110dc378146956c95447d3f3d0fbba',
  '0151c568386b6677a2b4dc6f81e5dc18',
  'd626b266905ef35882634df68532c125',
  '9869e247e9c08b10d029934fc4b952f7',
  '31fcefac66d7de9c7ec7485fe4494902',
  '5493e99933b0a8117e08ec0f97cfc3d9',
  '6ee2a4ca67b054bbfd3315bf85230577',
  '473d06e8738db89854c066c47ae47740',
  'a426e5e423bf4885294da481feaef723',
  '78017731cf65fab074d5208952512eb1',
  '9e25fc833f2290733e9344a5e83839eb',
  '568e495abe525a218a2214cd3e071d12',
  '4a29b54552d16b9a469c10528eff0aae',
  'c9d184ddd5a9f5e0cf8ce29a9abf691c',
  '2db479ae78bd50d8882a8a178a6132ad',
  '8ece5f042d5e447b5051b9eacb8d8f6f',
  '9c0b53b4b3c307e87eaee08678141f66',
  'abf248af69a6eae4bfd3eb2f129eeb94',
  '0664da1668574b88b935f3027358aef4',
  'aa4b9dc4bf337de90cd4fd3c467c6ab7',
  'ea5c7f471faf6bde2b1ad7d4686d2287',
  '2939b0183223fafc1723de4f52c43d35',
  '7c3956ca5eeafc3e363e9d556546eb68',
  '77c6077146f01c32b6b69d5f4ea9ffcf',
  '37a6986cb8847edf0925f0f1309b54de',
  'a705f0e69da9a8f907241a2e923c8cc8',
  '3dc47d1f29c448461e9e76ed904f6711',
  '0d62bf01e6fc0e1a0d3c4751c5d3692b',
  '8c03468bca7c669ee4fd5e084bbee7b5',
  '528a5bb93baf2c9c4473cce5d0d22bd9',
  'df6a301e95c95dad97ae0cc8c6913bd8',
  '801189902c857f39e73591285e70b6db',
  'e617346ac9c231bb3650ae34ccca0c5b',
  '27d93437efb721aa401821dcec5adf89',
  '89237d9ded9c5e78d8b1c9b166cc7342',
  '4a6d8091bf5e7d651189fa94a250b14c',
  '0e33f96055e7ae893ffc0e3dcf492902',
  'e61c432b720b19d18ec8d84bdc63151b',
  'f7e5aef549f782cf379055a608269b16',
  '438d030fd0b7a54fa837f2ad201a6403',
  'a590d3ee4fbf04e3247e0d27f286423f',
  '5fe2c1a172fe93c4b15cd37caef9f538',
  '2c97325cbd06b36eb2133dd08b3a017c',
  '92c814227a6bca949ff0659f002ad39e',
  'dce850110bd8328cfbd50841d6911d87',
  '67f14984c7da791248e32bb5922583da',
  '1938f2cf72d54ee97e94166fa91d2a36',
  '74481e9646ed49fe0f6224301604698e',
  '57fca5de98a9d6d8006438d0583d8a1d',
  '9fecde1cefdc1cbed4763674d9575359',
  'e3040c00eb28f15366ca73cbd872e740',
  '7697009a6a831dfecca91c5993670f7a',
  '5853542321f567a005d547a4f04759bd',
  '5150d1772f50834a503e069a973fbd7c',
];

const KEY = words(Uint8Array.from({ length: 16 }, (_, i) => i));

function words(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer);
  return Int32Array.from([0, 4, 8, 12], (at) => view.getInt32(at, true));
}

/** The hash as the reference prints it: each word's bytes from its lowest on. */
function hex(hash: Int32Array): string {
  const view = new DataView(new ArrayBuffer(16));
  hash.forEach((word, i) => {
    view.setInt32(i * 4, word, true);
  });
  return Buffer.from(view.buffer).toString('hex');
}

function hashOf(bytes: Uint8Array, length = bytes.length, key = KEY): string {
  const out = new Int32Array(4);
  const input = new HashInput();
  input.bytes.set(bytes);
  input.length = length;
  input.sipHash128(key, out);
  return hex(out);
}

test('the 64 reference vectors of SipHash-2-4-128', () => {
  assert.equal(VECTORS.length, 64);
  VECTORS.forEach((expected, length) => {
    const bytes = Uint8Array.from({ length }, (_, i) => i);
    assert.equal(hashOf(bytes), expected, `${length} bytes`);
  });
});

test('half of the hash is the first half of the whole', () => {
  const input = new HashInput().clear().word(7).word(9);
  const [whole, half] = [new Int32Array(4), new Int32Array(2)];
  input.sipHash128(KEY, whole);
  input.sipHash128(KEY, half);
  assert.deepEqual([...half], [...whole.subarray(0, 2)]);
});

test('what stands behind the length is not read', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 16 }), (bytes, behind) => {
      const longer = Uint8Array.from([...bytes, ...behind]);
      assert.equal(hashOf(longer, bytes.length), hashOf(bytes));
    }),
    { numRuns: 300 },
  );
});

test('every bit of the key counts', () => {
  const bytes = Uint8Array.from({ length: 20 }, (_, i) => i);
  const seen = new Set([hashOf(bytes)]);
  for (let bit = 0; bit < 128; bit++) {
    const key = KEY.slice();
    key[bit >>> 5] = key[bit >>> 5]! ^ (1 << (bit & 31));
    seen.add(hashOf(bytes, bytes.length, key));
  }
  assert.equal(seen.size, 129);
});

test('fields do not run into each other: what is hashed tells where each ended', () => {
  const fields = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\0'), maxLength: 4 }), {
    maxLength: 4,
  });
  const inputOf = (list: readonly string[]): string => {
    const input = new HashInput().clear();
    for (const field of list) input.field(new Uint8Array(Buffer.from(field)), 0, field.length);
    return Buffer.from(input.bytes.subarray(0, input.length)).toString('hex');
  };
  fc.assert(
    fc.property(fields, fields, (one, other) => {
      assert.equal(inputOf(one) === inputOf(other), JSON.stringify(one) === JSON.stringify(other));
    }),
    { numRuns: 500 },
  );
  assert.notEqual(inputOf(['ab', 'c']), inputOf(['a', 'bc']));
  assert.notEqual(inputOf(['ab']), inputOf(['ab', '']));
});

test('a field and a word are little-endian, the field behind its length', () => {
  const input = new HashInput()
    .clear()
    .field(Uint8Array.from([9, 8, 7]), 1, 3)
    .word(0x01020304)
    .word(-1);
  assert.deepEqual([...input.bytes.subarray(0, input.length)], [2, 0, 8, 7, 4, 3, 2, 1, 255, 255, 255, 255]);
});

test('two of the longest datagrams fit as fields; what comes behind is cut and breaks nothing', () => {
  const long = new Uint8Array(65_507).fill(0x61);
  const input = new HashInput().clear().field(long, 0, long.length).field(long, 0, long.length);
  assert.equal(input.length, 2 * (65_507 + 2));
  input.field(long, 0, long.length).word(1).field(long, 0, 5);
  assert.ok(input.length <= input.bytes.length, `${input.length}`);
});
