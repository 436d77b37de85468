import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Speech } from '../../src/rehearsal/speech.ts';

const NUMBERS = { user: 42, serial: 1_234_567_890, nonce: 7, host: 109 };

function spoken(lines: readonly string[], at = 0): string {
  const bytes = new Uint8Array(200).fill(0x2e);
  const end = new Speech(lines).write(bytes, at, NUMBERS);
  assert.ok(bytes.subarray(0, at).every((byte) => byte === 0x2e));
  assert.ok(bytes.subarray(end).every((byte) => byte === 0x2e));
  return Buffer.from(bytes.subarray(at, end)).toString('latin1');
}

test('lines are written with their ends, where they are told to', () => {
  assert.equal(spoken(['one', 'two', ''], 5), 'one\r\ntwo\r\n\r\n');
});

test('each number takes the place of its letters, wherever they stand, with as many digits', () => {
  assert.equal(spoken(['a uuuuuuu@hhh ssssssssss uuuuuuu']), 'a 0000042@109 1234567890 0000042\r\n');
  assert.equal(spoken(['nnnnnnnnnn']), '0000000007\r\n');
});
