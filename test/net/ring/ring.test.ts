import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { MIN_RING_BYTES, ringFootprint } from '../../../src/net/ring/memory.ts';
import { RingReader } from '../../../src/net/ring/reader.ts';
import type { RingRecord } from '../../../src/net/ring/record.ts';
import { RingWriter } from '../../../src/net/ring/writer.ts';
import { Header, REGISTRATION_HEADERS } from '../../../src/sip/headers.ts';
import { kernel } from '../../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../../src/sip/kernel/web-assembly.ts';
import type { Message } from '../../../src/sip/message.ts';
import { endpoint, OFFSET, parsed, payload, place, record, TOO_MANY_LINES, transaction } from './records.ts';

/** What a record holds, in a form that compares. */
function shown({
  atMs,
  kind,
  phone,
  registrar,
  bytes,
  start,
  end,
  message,
  transaction,
}: RingRecord): unknown {
  const text = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('latin1');
  return {
    atMs,
    kind,
    phone: { ...phone },
    registrar: { ...registrar },
    bytes: Buffer.from(bytes.subarray(start, end)),
    transaction: transaction && { ...transaction, sentBy: { ...transaction.sentBy } },
    message: message && {
      status: message.status,
      isRequest: message.isRequest,
      method: message.method,
      fault: message.fault,
      lines: Array.from({ length: message.headerCount }, (_, line) => [
        message.idOf(line),
        text(message.lineStart(line), message.valueStart(line)),
        text(message.valueStart(line), message.valueEnd(line)),
      ]),
      counts: Object.values(Header).map((id) => [message.countOf(id), message.firstOf(id)]),
    },
  };
}

test('what goes in comes out, in order, whatever the schedule; what does not fit is refused and never mixed in', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ offer: fc.integer({ min: 0, max: 2000 }) }) },
    { weight: 1, arbitrary: fc.record({ offer: fc.integer({ min: 30_000, max: 65_507 }) }) },
    { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 60 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const memory = place();
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      const into = record();
      const expected: unknown[] = [];
      const sizes: number[] = [];
      let held = 0;
      let seed = 0;
      let wasFull = false;
      let missed = 0;
      for (const step of steps) {
        if ('offer' in step) {
          seed++;
          const bytes = payload(seed, step.offer);
          const message = parsed(bytes);
          const kind = message.isRequest ? 'request' : 'response';
          const phone = endpoint(seed);
          const registrar = endpoint(seed + 1);
          const result = writer.offer(kind, seed / 3, phone, registrar, message, transaction(seed));
          writer.publish();
          const size = sizeOf(message);
          // A record wastes at most its own size at the ring's end.
          const mayBeFull = held + 2 * size > MIN_RING_BYTES || (wasFull && held > (MIN_RING_BYTES * 7) / 8);
          wasFull = result === 'full';
          if (result === 'full') {
            missed++;
            assert.ok(mayBeFull, `full with ${held} bytes`);
          } else {
            expected.push([
              missed,
              shown({
                atMs: seed / 3,
                kind,
                phone,
                registrar,
                bytes,
                start: 0,
                end: bytes.length,
                message: message.headerCount < TOO_MANY_LINES ? message : undefined,
                transaction: transaction(seed),
              }),
            ]);
            sizes.push(size);
            held += size;
          }
        } else {
          for (let i = 0; i < step.take && reader.next(into); i++) {
            held -= sizes.shift()!;
            assert.deepEqual([reader.missed, shown(into)], expected.shift());
          }
          reader.release();
        }
      }
      while (reader.next(into)) assert.deepEqual([reader.missed, shown(into)], expected.shift());
      assert.equal(expected.length, 0);
    }),
    { numRuns: 150 },
  );
});

/** An upper bound of what a record takes. */
function sizeOf(message: Message): number {
  return message.end - message.start + message.headerCount * 16 + 256;
}

/** Those lines of a message that the ring takes along, with its start line, where it is a part. */
function partOf(message: Message): Uint8Array {
  const { bytes, start, headersStart } = message;
  const parts = [bytes.subarray(start, headersStart)];
  for (let line = 0; line < message.headerCount; line++) {
    if (((REGISTRATION_HEADERS >>> message.idOf(line)) & 1) === 1)
      parts.push(bytes.subarray(message.lineStart(line), message.lineEnd(line)));
  }
  return Buffer.concat([...parts, Buffer.from('\r\n')]);
}

/** A ring at the beginning of the kernel's memory, and where a message may lie behind it. */
function besideTheKernel() {
  const shared = createSharedMemory(2 * MIN_RING_BYTES + KERNEL_BYTES);
  kernel.moveTo(shared, 2 * MIN_RING_BYTES);
  const memory = { buffer: shared.buffer, offset: 0, capacityBytes: MIN_RING_BYTES };
  return {
    memory,
    writer: new RingWriter(memory),
    reader: new RingReader(memory),
    /** What nobody may write to. */
    behind: new Uint8Array(shared.buffer, ringFootprint(MIN_RING_BYTES), 64).fill(0xa5),
    from: ringFootprint(MIN_RING_BYTES) + 69,
  };
}

test('a message that lies in the same memory, as the kernel does, comes with those lines that tell of registrations', () => {
  const { writer, reader, from } = besideTheKernel();
  let parts = 0;
  for (let seed = 0; seed < 300; seed++) {
    const bytes = payload(seed, 777);
    const end = from + bytes.length;
    writer.bytes.set(bytes, from);
    const message = parsed(writer.bytes, from, end);
    // Of every second one the kernel has the index no more, but that of another message; every third belongs to no known transaction.
    const hasIndex = seed % 4 >= 2;
    if (!hasIndex) parsed(payload(seed + 1, 500));
    const told = transaction(seed);
    if (seed % 3 === 0) told.sentBy.port = 0;
    const isPart = hasIndex && told.isKnown && message.headerCount < TOO_MANY_LINES;
    const expected = isPart ? partOf(message) : bytes;
    if (isPart) parts++;
    const kind = message.isRequest ? 'request' : 'response';
    const [phone, registrar] = [endpoint(1), endpoint(2)];
    const whole = {
      atMs: 1,
      kind,
      phone,
      registrar,
      bytes: expected,
      start: 0,
      end: expected.length,
    } as const;
    assert.equal(writer.offer(kind, 1, phone, registrar, message, told), 'taken');
    writer.publish();
    writer.bytes.fill(0, from, end);
    const into = record();
    assert.ok(reader.next(into));
    const index = message.headerCount < TOO_MANY_LINES ? parsed(expected) : undefined;
    const known = told.isKnown ? told : undefined;
    assert.deepEqual(shown(into), shown({ ...whole, message: index, transaction: known }));
    reader.release();
  }
  assert.ok(parts > 80, `${parts} parts`);
});

test('parts and whole messages fill a ring to its last byte, and no record harms another', () => {
  const { writer, reader, behind, from } = besideTheKernel();
  const into = record();
  const waiting: Buffer[] = [];
  const offer = (seed: number): boolean => {
    const bytes = payload(seed, seed % 700);
    writer.bytes.set(bytes, from);
    const message = parsed(writer.bytes, from, from + bytes.length);
    const told = transaction(seed);
    if (seed % 5 === 0) told.sentBy.port = 0;
    const isPart = told.isKnown && message.headerCount < TOO_MANY_LINES;
    const expected = Buffer.from(isPart ? partOf(message) : bytes);
    const kind = message.isRequest ? 'request' : 'response';
    const isTaken = writer.offer(kind, 1, endpoint(1), endpoint(2), message, told) === 'taken';
    writer.publish();
    if (isTaken) waiting.push(expected);
    return isTaken;
  };
  let refused = 0;
  for (let seed = 0; seed < 20_000; seed++) {
    if (offer(seed)) continue;
    refused++;
    for (let some = 1 + (seed % 300); some > 0 && reader.next(into); some--)
      assert.deepEqual(Buffer.from(into.bytes.subarray(into.start, into.end)), waiting.shift());
    reader.release();
  }
  while (reader.next(into))
    assert.deepEqual(Buffer.from(into.bytes.subarray(into.start, into.end)), waiting.shift());
  assert.equal(waiting.length, 0);
  assert.ok(refused > 20);
  assert.ok(behind.every((byte) => byte === 0xa5));
});

test('a part that nothing was left out of does not write behind the ring', () => {
  const { memory, behind, from } = besideTheKernel();
  // One of these takes 1024 bytes of the ring, which then has room for 256.
  for (let length = 500; length < 1000; length++) {
    new Uint8Array(memory.buffer, 0, 128).fill(0);
    const writer = new RingWriter(memory);
    const bytes = Buffer.from(`SIP/2.0 200 OK\r\nContact: <sip:${'1'.repeat(length)}>\r\n\r\n`);
    writer.bytes.set(bytes, from);
    const message = parsed(writer.bytes, from, from + bytes.length);
    const offer = () => writer.offer('response', 1, endpoint(1), endpoint(2), message, transaction(1));
    while (offer() === 'taken');
    assert.ok(
      behind.every((byte) => byte === 0xa5),
      `with ${length}`,
    );
  }
});

test('nothing is seen before it is published, and room comes back only with release', () => {
  const memory = place();
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  const into = record();
  const message = parsed(payload(1, 60_000));
  const offer = () => writer.offer('response', 0, endpoint(1), endpoint(2), message, transaction(1));
  assert.equal(offer(), 'taken');
  assert.equal(reader.next(into), false);
  writer.publish();
  assert.equal(reader.next(into), true);
  let taken = 0;
  while (offer() === 'taken') taken++;
  assert.equal(taken, 3);
  assert.equal(offer(), 'full');
  reader.release();
  assert.equal(offer(), 'taken');
});

test('positions pass 2^31 and 2^32 unharmed', () => {
  for (const start of [2 ** 31 - MIN_RING_BYTES, -MIN_RING_BYTES]) {
    const memory = place();
    const words = new Int32Array(memory.buffer);
    words[OFFSET / 4] = start;
    words[OFFSET / 4 + 16] = start;
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    const into = record();
    for (let i = 0; i < 2000; i++) {
      const bytes = payload(i, 700 + (i % 13));
      const whole = parsed(bytes);
      assert.equal(writer.offer('request', i, endpoint(i), endpoint(i), whole, transaction(i)), 'taken');
      writer.publish();
      assert.ok(reader.next(into));
      assert.deepEqual(Buffer.from(into.bytes.subarray(into.start, into.end)), Buffer.from(bytes));
      reader.release();
    }
  }
});

/** As the writing thread made it: all of it follows from its number. */
function assertWhole({ atMs: seed, bytes, start, end }: RingRecord): void {
  assert.equal(end - start, 100 + (seed % 900));
  for (let at = start; at < end; at += 97) assert.equal(bytes[at], (seed + at - start) & 255);
}

test('an empty ring gives back what a storm has filled, a step at a time, but for its beginning', () => {
  const capacityBytes = 2 ** 25;
  const memory = place(capacityBytes);
  const given: [number, number][] = [];
  const writer = new RingWriter(memory, (from, end) => given.push([from, end]));
  const reader = new RingReader(memory);
  const into = record();
  const dataAt = OFFSET + 128;
  /** Offers so many records of 60,000 bytes and takes them; answers the bytes that they took. */
  const pass = (records: number): number => {
    const message = parsed(payload(1, 60_000));
    const offer = () => writer.offer('response', 0, endpoint(1), endpoint(2), message, transaction(1));
    for (let i = 0; i < records; i++) assert.equal(offer(), 'taken');
    writer.publish();
    let bytes = 0;
    while (reader.next(into)) bytes += into.end - into.start;
    reader.release();
    return bytes;
  };
  pass(60);
  pass(5);
  assert.deepEqual(given, [], 'less than is kept');
  pass(300);
  for (let i = 0; i < 20; i++) pass(5);
  const end = given[0]![1];
  assert.ok(end - dataAt >= 300 * 60_000 && end - dataAt < 301 * 61_000);
  assert.deepEqual(given, [
    [end - 2 ** 23, end],
    [dataAt + 2 ** 22, end - 2 ** 23],
  ]);
});

test('two threads, a reader that keeps up: the ring starts over where it is empty, and nothing is lost or mixed up', async () => {
  const memory = place();
  const records = 50_000;
  const worker = new Worker(new URL('./writer.worker.js', import.meta.url), {
    workerData: { memory, records },
  });
  const words = new Int32Array(memory.buffer);
  const reader = new RingReader(memory);
  const into = record();
  let seen = 0;
  let last = -1;
  const bases = new Set<number>();
  const giveUpAt = performance.now() + 20_000;
  while (seen < records && performance.now() < giveUpAt) {
    while (reader.next(into)) {
      assert.ok(into.atMs > last);
      last = into.atMs;
      seen++;
      assertWhole(into);
    }
    reader.release();
    bases.add(words[OFFSET / 4 + 1]!);
  }
  await worker.terminate();
  assert.equal(seen, records);
  assert.ok(bases.size > 1, 'it never started over');
});

test('two threads: everything taken arrives whole and in order while the ring overflows', async () => {
  const memory = place();
  const records = 20_000;
  const worker = new Worker(new URL('./writer.worker.js', import.meta.url), {
    workerData: { memory, records },
  });
  assert.deepEqual(await once(worker, 'message'), ['full']);
  let outcome: { readonly taken: number; readonly full: number } | undefined;
  worker.once('message', (message) => {
    outcome = message;
  });
  const reader = new RingReader(memory);
  const into = record();
  let seen = 0;
  let last = -1;
  while (outcome === undefined || seen < outcome.taken) {
    for (let i = 0; i < 50 && reader.next(into); i++) {
      assert.ok(into.atMs > last);
      last = into.atMs;
      seen++;
      assertWhole(into);
      assert.equal(into.phone.port, into.atMs & 0xffff);
    }
    reader.release();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(outcome.taken, records);
  assert.equal(seen, records);
  assert.ok(outcome.full > 0);
  await worker.terminate();
});
