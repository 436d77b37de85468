import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { remembered } from '../../src/secrets/mac-memo.ts';

const MAC_BYTES = 10;

function computed(bytes: Uint8Array): string {
  return createHmac('sha256', 'key')
    .update(bytes)
    .digest('hex')
    .slice(0, 2 * MAC_BYTES);
}

/** Counts how often it had to be computed. */
function setUp(): { readonly ask: (bytes: Uint8Array) => string; readonly times: () => number } {
  let times = 0;
  const mac = remembered((bytes, length, out, outAt) => {
    times++;
    out.set(Buffer.from(computed(bytes.subarray(0, length)), 'hex'), outAt);
  }, MAC_BYTES);
  const ask = (bytes: Uint8Array): string => {
    const out = new Uint8Array(MAC_BYTES + 2).fill(0xee);
    const input = new Uint8Array(64).fill(0x55);
    input.set(bytes);
    mac(input, bytes.length, out, 1);
    assert.deepEqual([out[0], out[MAC_BYTES + 1]], [0xee, 0xee], 'the MAC and no more');
    return Buffer.from(out.subarray(1, MAC_BYTES + 1)).toString('hex');
  };
  return { ask, times: () => times };
}

test('says what would be computed, of anything, in any order, first and again', () => {
  // So few different bytes that inputs come again, and one is often the beginning of another.
  const input = fc.uint8Array({ max: 2, maxLength: 24 });
  const { ask } = setUp();
  fc.assert(
    fc.property(fc.array(input, { minLength: 1, maxLength: 30 }), (inputs) => {
      for (const bytes of [...inputs, ...inputs]) assert.equal(ask(bytes), computed(bytes));
    }),
    { numRuns: 300 },
  );
});

test('what share a slot are not taken for each other', () => {
  const { ask, times } = setUp();
  const count = 50_000;
  const inputOf = (number: number): Uint8Array => Uint8Array.of(number >> 16, number >> 8, number);
  for (let number = 0; number < count; number++) {
    const bytes = inputOf(number);
    if (ask(bytes) !== computed(bytes)) assert.fail(`${number}`);
  }
  assert.ok(times() > count - 100, 'all were new');
});

test('what is asked again at once is not computed again, unless it is too long', () => {
  const { ask, times } = setUp();
  for (const length of [0, 1, 8, 20]) {
    const before = times();
    const bytes = new Uint8Array(length).fill(7);
    ask(bytes);
    ask(bytes);
    assert.equal(times() - before, 1, `${length} bytes`);
  }
  const before = times();
  ask(new Uint8Array(21));
  ask(new Uint8Array(21));
  assert.equal(times() - before, 2);
});
