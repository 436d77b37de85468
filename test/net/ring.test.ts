import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import type { RingPlace, RingRecord } from '../../src/net/ring.ts';
import { MIN_RING_BYTES, RingReader, RingWriter, ringFootprint } from '../../src/net/ring.ts';
import { Endpoint } from '../../src/sip/address.ts';
import { Header, REGISTRATION_HEADERS } from '../../src/sip/headers.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import { Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import { Transaction } from '../../src/sip/transaction.ts';

const OFFSET = 192;

function place(capacityBytes = MIN_RING_BYTES): RingPlace {
  const size = OFFSET + ringFootprint(capacityBytes) + 70_000;
  return { buffer: new SharedArrayBuffer(size + (8 - (size % 8))), offset: OFFSET, capacityBytes };
}

function record(): RingRecord {
  return {
    atMs: 0,
    kind: 'request',
    phone: new Endpoint(),
    registrar: new Endpoint(),
    bytes: new Uint8Array(),
    start: 0,
    end: 0,
    message: undefined,
    transaction: undefined,
  };
}

function endpoint(seed: number): Endpoint {
  const out = new Endpoint().setIpv4(seed * 2654435761);
  if (seed % 3 === 0) out.a = seed;
  out.port = seed & 0xffff;
  return out;
}

/** So many lines and more are not told. */
const TOO_MANY_LINES = 513;

/** A datagram that tells its number and length in every byte of its body; about so long, for it has some header lines. */
function payload(seed: number, length: number): Uint8Array {
  const start = seed % 2 === 0 ? 'REGISTER sip:iptlab.com SIP/2.0' : `SIP/2.0 ${200 + (seed % 300)} Some`;
  const count = seed % 41 === 40 ? TOO_MANY_LINES - 1 + (seed % 2) : seed % 23;
  const lines = Array.from(
    { length: count },
    (_, i) => `${['v', 'Contact', 'X', 'To'][i % 4]}: ${seed}/${i}`,
  );
  const head = Buffer.from([start, ...lines, '', ''].join('\r\n'));
  const body = Uint8Array.from(
    { length: Math.max(length - head.length, 0) },
    (_, i) => (seed * 31 + i * 7) & 255,
  );
  return new Uint8Array(Buffer.concat([head, body]));
}

function parsed(bytes: Uint8Array, start = 0, end = bytes.length): Message {
  const message = new Message();
  assert.ok(parse(bytes, start, end, message));
  return message;
}

function transaction(seed: number): Transaction {
  const out = new Transaction();
  for (let word = 0; word < out.branch.length; word++) out.branch[word] = Math.imul(seed + word, 2654435761);
  out.sentBy.copyFrom(endpoint(seed + 7));
  out.cseq = seed * 3;
  return out;
}

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
  const worker = new Worker(new URL('./ring-writer.worker.js', import.meta.url), {
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
  const worker = new Worker(new URL('./ring-writer.worker.js', import.meta.url), {
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
