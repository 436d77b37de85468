import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ringBytesFor } from '../../src/forwarding/ring-size.ts';
import { MAX_RING_BYTES, MIN_RING_BYTES } from '../../src/net/ring/memory.ts';

const MIB = 2 ** 20;

/** Memory of a machine or container, and the ring there, both in MiB. */
const SIZES = [
  [64, 64],
  [512, 64],
  [1000, 64],
  [1024, 128],
  [2048, 256],
  [3900, 256],
  [4096, 512],
  [8192, 512],
  [24_000, 512],
  [2 ** 30, 512],
] as const;

test('the ring takes a power of two, an eighth of the memory at most, between bounds', () => {
  for (const [memory, ring] of SIZES) {
    const bytes = ringBytesFor(memory * MIB);
    assert.equal(bytes, ring * MIB, `${memory} MiB`);
    assert.ok(bytes >= MIN_RING_BYTES && bytes <= MAX_RING_BYTES);
  }
});
