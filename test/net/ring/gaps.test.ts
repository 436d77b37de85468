import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIN_RING_BYTES } from '../../../src/net/ring/memory.ts';
import { RingReader } from '../../../src/net/ring/reader.ts';
import { RingWriter } from '../../../src/net/ring/writer.ts';
import { Message } from '../../../src/sip/message.ts';
import { endpoint, parsed, payload, place, record, transaction } from './records.ts';

/** A ring with room for so many of the records that `offer` makes, each at its own time. */
function ofTen() {
  const memory = place();
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  const into = record();
  const message = parsed(payload(1, 25_800));
  const offer = (atMs: number) => {
    const result = writer.offer('response', atMs, endpoint(1), endpoint(2), message, transaction(1));
    writer.publish();
    return result;
  };
  /** The times of so many records, each with how many are missing before it, all in all. */
  const take = (count: number) => {
    const times: [atMs: number, missed: number][] = [];
    while (times.length < count && reader.next(into)) times.push([into.atMs, reader.missed]);
    reader.release();
    return times;
  };
  return { writer, reader, offer, take };
}

test('a ring that was full takes nothing until an eighth of it is free, and what is missing is told where it is', () => {
  const { offer, take } = ofTen();
  let now = 0;
  const offerMany = (count: number) => Array.from({ length: count }, () => offer(now++)).join(' ');
  assert.equal(offerMany(11), `${'taken '.repeat(10)}full`);
  take(1);
  assert.equal(offerMany(2), 'full full');
  take(1);
  assert.equal(offerMany(3), 'taken taken full');
  assert.deepEqual(
    take(20),
    [2, 3, 4, 5, 6, 7, 8, 9, 13, 14].map((atMs) => [atMs, atMs < 13 ? 0 : 3]),
  );
  assert.equal(offerMany(1), 'taken');
  assert.deepEqual(take(1), [[16, 4]]);
});

test('the oldest record tells its time before it is taken, and nothing is taken by looking', () => {
  const { writer, reader, offer, take } = ofTen();
  assert.equal(reader.oldestAtMs, undefined);
  for (let now = 0; now < 10; now++) offer(now);
  assert.equal(reader.oldestAtMs, 0);
  take(6);
  assert.equal(reader.oldestAtMs, 6);
  writer.miss();
  // The last one stands at the beginning again, behind a gap at the end.
  offer(10);
  take(4);
  assert.equal(reader.oldestAtMs, 10);
  assert.deepEqual(take(2), [[10, 1]]);
  assert.equal(reader.oldestAtMs, undefined);
});

test('what is lost otherwise does not make a ring full that has room', () => {
  const { writer, offer, take } = ofTen();
  for (let now = 0; now < 11; now++) offer(now);
  take(10);
  for (let now = 11; now < 20; now++) assert.equal(offer(now), 'taken');
  writer.miss();
  assert.equal(offer(20), 'taken');
});

test('a gap needs room of its own', () => {
  const memory = place();
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  // One record takes 256 bytes.
  const message = new Message();
  message.reset(new Uint8Array(20), 0, 20);
  const offerMany = (count: number) => {
    const offer = () => writer.offer('request', 0, endpoint(1), endpoint(2), message, transaction(1));
    for (let i = 0; i < count; i++) assert.equal(offer(), 'taken', `the record ${i}`);
    writer.publish();
    return offer;
  };
  offerMany(MIN_RING_BYTES / 256 - 1);
  const into = record();
  for (let i = 0; i < 10; i++) assert.ok(reader.next(into));
  reader.release();
  // There is room for exactly one more.
  const offer = offerMany(10);
  writer.miss();
  assert.equal(offer(), 'full');
});

test('a gap is told of in each place of the ring, its end included', () => {
  const { writer, offer, take } = ofTen();
  let missed = 0;
  for (let now = 0; now < 500; now++) {
    if (now % 3 > 0) {
      writer.miss();
      missed++;
    }
    assert.equal(offer(now), 'taken');
    assert.deepEqual(take(2), [[now, missed]]);
  }
});

test('a record that breaks while it is copied leaves the ring as it was', () => {
  const { writer, offer, take } = ofTen();
  writer.miss();
  const broken = new Message();
  let looks = 0;
  Object.defineProperty(broken, 'bytes', {
    get: () => {
      if (++looks === 2) throw new Error('broken');
      return new Uint8Array(20);
    },
  });
  const nobody = endpoint(1);
  assert.throws(() => writer.offer('response', 0, nobody, nobody, broken, transaction(1)), /broken/);
  writer.publish();
  assert.deepEqual(take(1), []);
  assert.equal(offer(1), 'taken');
  assert.deepEqual(take(2), [[1, 1]]);
});
