import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { addressOf, whyMissing } from '../../../src/net/linux.ts';
import { ringFootprint } from '../../../src/net/ring/memory.ts';
import { adviseRing } from '../../../src/net/ring/pages.ts';
import { createSharedMemory } from '../../../src/sip/kernel/web-assembly.ts';

const CAPACITY = 2 ** 24;
const PAGE = 2 ** 21;
/** The ring stands somewhere in its memory, on no border of pages. */
const OFFSET = 64 * 1001;
const END = OFFSET + ringFootprint(CAPACITY);

/** A memory full of ones, with a ring in it. */
function fullMemory() {
  const { buffer } = createSharedMemory(END + 3 * PAGE);
  const bytes = new Uint8Array(buffer).fill(1);
  return { bytes, giveBack: adviseRing({ buffer, offset: OFFSET, capacityBytes: CAPACITY }) };
}

/** Where the ones are no more, in ranges [from, end). */
function emptied(bytes: Uint8Array): [number, number][] {
  const ranges: [number, number][] = [];
  for (let from = bytes.indexOf(0); from >= 0; ) {
    const end = bytes.indexOf(1, from);
    ranges.push([from, end < 0 ? bytes.length : end]);
    from = end < 0 ? -1 : bytes.indexOf(0, end);
  }
  return ranges;
}

const skip = whyMissing() ?? false;
const skipHuge =
  skip ||
  (existsSync('/sys/kernel/mm/transparent_hugepage') ? false : 'this kernel has no huge pages to ask for');

test('huge pages are asked for, for the ring and nothing else', { skip: skipHuge }, () => {
  const { bytes } = fullMemory();
  const base = addressOf(bytes);
  const advised = /^([0-9a-f]+)-([0-9a-f]+) [\s\S]*?^VmFlags:(.*)$/gm;
  let length = 0;
  for (const [, from, end, flags] of readFileSync('/proc/self/smaps', 'latin1').matchAll(advised)) {
    if (!flags!.includes(' hg')) continue;
    const [first, last] = [Number.parseInt(from!, 16), Number.parseInt(end!, 16)];
    if (first < base || first >= base + bytes.length) continue;
    assert.ok(first >= base + OFFSET && last <= base + END);
    length += last - first;
  }
  assert.ok(length > CAPACITY - 2 * PAGE, `${length} bytes`);
});

test('what is given back, in steps, is whole pages of the ring and nothing else', { skip }, () => {
  const { bytes, giveBack } = fullMemory();
  const base = addressOf(bytes) % PAGE;
  const middle = OFFSET + 9 * 2 ** 20 + 7;
  giveBack(middle, END);
  const [[upper, end] = [0, 0], ...none] = emptied(bytes);
  assert.deepEqual(none, []);
  assert.ok(upper >= middle && upper < middle + PAGE && end <= END && end > END - PAGE);
  assert.deepEqual([(base + upper) % PAGE, (base + end) % PAGE], [0, 0]);
  const lower = OFFSET + 2 ** 22;
  giveBack(lower, middle);
  // No page between the steps is left out.
  const [[from] = [0], ...more] = emptied(bytes);
  assert.deepEqual(more, []);
  assert.ok(from >= lower && from < lower + PAGE);
  assert.equal(emptied(bytes)[0]![1], end);
});
