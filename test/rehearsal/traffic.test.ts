import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BUSY_BATCHES, Traffic, WINDOW_MS } from '../../src/rehearsal/traffic.ts';

/** What it says at each look: one every ms, and a batch every so many ms, from the first on. */
function looks(everyMs: number, count: number, traffic = new Traffic(), fromMs = 1000): string[] {
  return Array.from({ length: count }, (_, i) => {
    const nowMs = fromMs + i;
    return traffic.isQuiet(nowMs, nowMs - (i % everyMs));
  });
}

describe('traffic beside a rehearsal', () => {
  it('is quiet at once where nobody comes, but for the look that learns of the last one', () => {
    const traffic = new Traffic();
    const answers = [1, 2, 3].map((nowMs) => traffic.isQuiet(nowMs, 0));
    assert.deepEqual(answers, ['later', 'now', 'now']);
  });

  it('leaves the look behind each batch alone', () => {
    assert.deepEqual(looks(4, 8), ['later', 'now', 'now', 'now', 'later', 'now', 'now', 'now']);
  });

  it('is too much from so many batches in a window on, and as long as the window after it', () => {
    const traffic = new Traffic();
    const busy = looks(1, WINDOW_MS, traffic);
    assert.deepEqual(busy.slice(0, BUSY_BATCHES - 1), Array(BUSY_BATCHES - 1).fill('later'));
    assert.deepEqual(busy.slice(BUSY_BATCHES - 1), Array(WINDOW_MS - BUSY_BATCHES + 1).fill('no'));
    const silent = Array.from({ length: WINDOW_MS + 1 }, (_, i) =>
      traffic.isQuiet(1000 + WINDOW_MS + i, 1000 + WINDOW_MS - 1),
    );
    assert.deepEqual(silent.slice(0, WINDOW_MS), Array(WINDOW_MS).fill('no'));
    assert.equal(silent.at(-1), 'now');
  });

  it('is told apart by the number of batches, not by how often somebody looks', () => {
    assert.ok(looks(3, 10 * WINDOW_MS).every((look) => look !== 'no'));
    assert.ok(looks(2, 10 * WINDOW_MS).includes('no'));
  });
});
