import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HealthFacts } from '../../src/registrars/selection.ts';
import {
  REFUSED_AFTER_MS,
  RegistrarSelection,
  SILENT_AFTER_MS,
  SILENT_AFTER_REQUESTS,
  TRUSTED_AFTER_MS,
} from '../../src/registrars/selection.ts';

const NOTHING: HealthFacts = { sent: 0, heard: 0, refused: 0 };
const answering = (n: number): HealthFacts => ({ sent: n, heard: n, refused: 0 });

describe('the active registrar', () => {
  it('is the first in the order, and unknown until something was sent', () => {
    const selection = new RegistrarSelection(2);
    assert.equal(selection.observe([NOTHING, NOTHING], 0), undefined);
    assert.equal(selection.observe([NOTHING, NOTHING], 1_000_000), undefined);
    assert.equal(selection.active, 0);
    assert.equal(selection.healthOf(0), 'unknown');
  });

  it('stays while it answers, however late', () => {
    const selection = new RegistrarSelection(2);
    for (let second = 0; second < 100; second++) {
      const heard = Math.max(0, second - 5);
      assert.equal(
        selection.observe([{ sent: second, heard, refused: 0 }, NOTHING], second * 1000),
        undefined,
      );
    }
    assert.equal(selection.healthOf(0), 'up');
  });

  it('changes once for all traffic when requests stay unanswered', () => {
    const selection = new RegistrarSelection(2);
    selection.observe([answering(50), NOTHING], 0);
    const silent: HealthFacts = { sent: 50 + SILENT_AFTER_REQUESTS, heard: 50, refused: 0 };
    assert.equal(selection.observe([silent, NOTHING], 1000), undefined);
    assert.equal(selection.observe([silent, NOTHING], 999 + SILENT_AFTER_MS), undefined);
    assert.deepEqual(selection.observe([silent, NOTHING], 1000 + SILENT_AFTER_MS), {
      from: 0,
      to: 1,
      why: 'silent',
    });
    assert.equal(selection.observe([silent, NOTHING], 1001 + SILENT_AFTER_MS), undefined);
    assert.deepEqual([selection.healthOf(0), selection.healthOf(1)], ['down', 'unknown']);
  });

  it('does not change for a handful of unanswered requests', () => {
    const selection = new RegistrarSelection(2);
    const few: HealthFacts = { sent: SILENT_AFTER_REQUESTS - 1, heard: 0, refused: 0 };
    for (let second = 0; second < 60; second++) selection.observe([few, NOTHING], second * 1000);
    assert.equal(selection.active, 0);
  });

  it('believes an ICMP error sooner, but not against answers', () => {
    const refused = new RegistrarSelection(2);
    const error: HealthFacts = { sent: 1, heard: 0, refused: 1 };
    refused.observe([error, NOTHING], 0);
    assert.equal(refused.observe([error, NOTHING], REFUSED_AFTER_MS)?.why, 'refused');

    const forged = new RegistrarSelection(2);
    for (let second = 0; second < 30; second++) {
      forged.observe([{ sent: second, heard: second, refused: second }, NOTHING], second * 1000);
    }
    assert.equal(forged.active, 0);
  });

  it('has nowhere to go with one registrar, and says that it is down, then up again at once', () => {
    const selection = new RegistrarSelection(1);
    const silent: HealthFacts = { sent: 9, heard: 0, refused: 0 };
    selection.observe([silent], 0);
    assert.equal(selection.observe([silent], SILENT_AFTER_MS), undefined);
    assert.deepEqual([selection.active, selection.healthOf(0)], [0, 'down']);
    selection.observe([{ ...silent, heard: 1 }], SILENT_AFTER_MS + 1);
    assert.equal(selection.healthOf(0), 'up');
  });

  it('gives each its trial in turn where none answers', () => {
    const selection = new RegistrarSelection(3);
    const sent = [0, 0, 0];
    const visited: number[] = [];
    for (let second = 0; second < 40; second++) {
      sent[selection.active]! += 2;
      const change = selection.observe(
        sent.map((n) => ({ sent: n, heard: 0, refused: 0 })),
        second * 1000,
      );
      if (change !== undefined) visited.push(change.to);
    }
    assert.deepEqual(visited, [1, 2, 0, 1]);
  });

  it('goes back to the preferred one when it is heard again, but not for a late answer', () => {
    const selection = new RegistrarSelection(2);
    const silent: HealthFacts = { sent: 9, heard: 0, refused: 0 };
    selection.observe([silent, NOTHING], 0);
    selection.observe([silent, NOTHING], SILENT_AFTER_MS);
    assert.equal(selection.active, 1);

    const late: HealthFacts = { sent: 9, heard: 1, refused: 0 };
    assert.equal(selection.observe([late, answering(1)], SILENT_AFTER_MS + 500), undefined);
    assert.equal(selection.observe([late, answering(90)], SILENT_AFTER_MS + 90_000), undefined);

    const back: HealthFacts = { sent: 9, heard: 2, refused: 0 };
    const change = selection.observe([back, answering(91)], SILENT_AFTER_MS + 90_000 + TRUSTED_AFTER_MS);
    assert.deepEqual(change, { from: 1, to: 0, why: 'preferred_is_back' });
  });
});
