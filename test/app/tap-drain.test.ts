import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { Tapped } from '../../src/monitor/tapped.ts';
import { monotonicMs } from '../../src/net/clock.ts';
import { RingReader } from '../../src/net/ring/reader.ts';
import { RingWriter } from '../../src/net/ring/writer.ts';
import { Endpoint } from '../../src/sip/address.ts';
import { Message } from '../../src/sip/message.ts';
import { Transaction } from '../../src/sip/transaction.ts';
import {
  Pace,
  RECORDS_PER_QUIET_TURN,
  RECORDS_PER_TURN,
  STEP_ASIDE_EVERY,
  TapDrain,
} from '../../src/tap-drain.ts';
import { place } from '../net/ring/records.ts';
import { until } from '../support/until.ts';

const CAPACITY = 2 ** 21;
const MESSAGE = new Message();
MESSAGE.reset(new Uint8Array(20), 0, 20);
const TRANSACTION = new Transaction();
/** As long as one such message. */
const RECORD_BYTES = 256;

/** A ring, and a drain that writes down what it asks of its observer. */
function setUp(observe: (tapped: Tapped) => void = () => {}, stepAside?: () => void, sharesCpu = true) {
  const memory = place(CAPACITY);
  const writer = new RingWriter(memory);
  const calls: string[] = [];
  const times: number[] = [];
  const faults: unknown[] = [];
  const lossesAt: number[] = [];
  let dropped = 0;
  let queuedBatches = 0;
  let queuedPerLook = 0;
  /** How much it had asked of its observer at each look. */
  const looksAt: number[] = [];
  const drain = new TapDrain({
    reader: new RingReader(memory),
    observer: {
      observe: (tapped) => {
        calls.push(`observe ${tapped.phone.port}`);
        observe(tapped);
      },
      advance: (nowMs) => {
        calls.push('advance');
        times.push(nowMs);
      },
      noteTapLoss: (records, untilMs) => {
        calls.push(`lost ${records}`);
        lossesAt.push(untilMs);
      },
    },
    tapped: new Tapped(),
    dropped: () => dropped,
    queuedBatches: () => {
      looksAt.push(calls.length);
      queuedBatches += queuedPerLook;
      return queuedBatches;
    },
    sharesCpu,
    stepAside,
    onFault: (error) => faults.push(error),
  });
  const phone = new Endpoint();
  const offer = (number: number) => {
    phone.port = number;
    assert.equal(writer.offer('request', number, phone, phone, MESSAGE, TRANSACTION), 'taken');
    writer.publish();
  };
  /** Records that never came into the ring. */
  const drop = (records: number) => {
    dropped += records;
    for (let i = 0; i < records; i++) writer.miss();
  };
  /** From now on so many batches come between two looks behind which much waits; answers how often was looked so far. */
  const press = (batches: number): number => {
    queuedPerLook = batches;
    return looksAt.length;
  };
  return { drain, calls, times, faults, lossesAt, looksAt, offer, drop, press };
}

test('an observer that throws loses that record and nothing else', () => {
  const { drain, calls, faults, offer } = setUp(({ phone }) => {
    if (phone.port === 2) throw new Error('two');
  });
  for (const number of [1, 2, 3]) offer(number);
  drain.start();
  drain.stop();
  assert.deepEqual(calls, ['observe 1', 'observe 2', 'observe 3', 'advance']);
  assert.deepEqual(faults.map(String), ['Error: two']);
});

test('losses are told once each, with their number', async (t) => {
  const { drain, calls, drop } = setUp();
  t.after(() => drain.stop());
  drain.start();
  drop(3);
  await until('the first loss', () => calls.includes('lost 3'));
  drop(2);
  await until('the second loss', () => calls.includes('lost 2'));
  drain.stop();
  assert.equal(calls.filter((call) => call.startsWith('lost')).length, 2);
});

test('a loss is told where it happened: before the record that came behind it, and by the time of that record', () => {
  const { drain, calls, lossesAt, offer, drop } = setUp();
  offer(1);
  drop(3);
  offer(2);
  offer(3);
  drop(1);
  offer(4);
  drain.start();
  drain.stop();
  assert.deepEqual(calls, [
    'observe 1',
    'lost 3',
    'observe 2',
    'observe 3',
    'lost 1',
    'observe 4',
    'advance',
  ]);
  assert.deepEqual(lossesAt, [2, 4]);
});

test('a loss that nothing came behind is told when the ring is empty, up to the present, and only once', async (t) => {
  const { drain, calls, lossesAt, offer, drop } = setUp();
  offer(1);
  drop(3);
  const nowMs = monotonicMs();
  t.after(() => drain.stop());
  drain.start();
  await until('the loss', () => calls.includes('lost 3'));
  assert.ok(lossesAt[0]! >= nowMs);
  offer(2);
  drop(2);
  offer(3);
  await until('the record behind it', () => calls.includes('observe 3'));
  assert.deepEqual(
    calls.filter((call) => call !== 'advance'),
    ['observe 1', 'lost 3', 'observe 2', 'lost 2', 'observe 3'],
  );
});

test('a long backlog is taken in slices, others get their turns, and time does not run ahead of it', async () => {
  const { drain, calls, offer } = setUp();
  const count = 5000;
  for (let i = 1; i <= count; i++) offer(i);
  let turns = 0;
  let isOver = false;
  const spin = () => {
    if (calls.length > 0 && calls.length < count) turns++;
    if (!isOver) setImmediate(spin);
  };
  spin();
  drain.start();
  await until('the whole backlog', () => calls.length > count);
  isOver = true;
  drain.stop();
  assert.equal(calls.indexOf('advance'), count);
  assert.ok(turns >= 2, `${turns} turns`);
});

test('where both threads share a CPU it steps aside every few records, but not when it has to hurry', async (t) => {
  let steps = 0;
  const { drain, calls, offer } = setUp(undefined, () => steps++);
  const offerMany = async (count: number): Promise<void> => {
    const wanted = calls.filter((call) => call.startsWith('observe')).length + count;
    for (let i = 1; i <= count; i++) offer(i);
    await until('the records', () => calls.filter((call) => call.startsWith('observe')).length === wanted);
  };
  t.after(() => drain.stop());
  drain.start();
  await offerMany(900);
  const first = steps;
  // Fewer where a machine takes long over its first records, which lets it hurry at once.
  assert.ok(first > 0 && first <= 900 / STEP_ASIDE_EVERY, `${first} steps`);
  // So many at once let it hurry the next time, whatever comes then.
  await offerMany(900);
  assert.equal(steps, first);
});

test('with more than a slice takes, it has to hurry at once', async (t) => {
  let steps = 0;
  const { drain, calls, offer } = setUp(undefined, () => steps++);
  for (let i = 1; i <= 5000; i++) offer(i);
  t.after(() => drain.stop());
  drain.start();
  await until('the records', () => calls.length > 5000);
  assert.ok(steps > 0 && steps <= 1000 / STEP_ASIDE_EVERY, `${steps} steps`);
});

test('it comes back when there is a turn of work, between bounds', () => {
  const seenAt = (perMs: number): number => {
    const pace = new Pace();
    let pauseMs = 100;
    for (let turn = 0; turn < 20; turn++) pauseMs = pace.pauseMs(Math.round(perMs * pauseMs));
    return Math.round(perMs * pauseMs);
  };
  assert.equal(seenAt(1), 150);
  assert.equal(seenAt(10), RECORDS_PER_QUIET_TURN);
  assert.equal(seenAt(15), RECORDS_PER_TURN);
  assert.equal(seenAt(50), RECORDS_PER_TURN);
  assert.equal(seenAt(1000), 2000);
  assert.equal(seenAt(0), 0);
});

test('it steps aside once for each few records that it has taken', () => {
  const at: number[] = [];
  const { drain, calls, offer } = setUp(undefined, () => at.push(calls.length));
  for (let i = 1; i <= 3 * STEP_ASIDE_EVERY + 1; i++) offer(i);
  drain.start();
  drain.stop();
  assert.deepEqual(
    at,
    [1, 2, 3].map((step) => step * STEP_ASIDE_EVERY),
  );
});

test('while datagrams queue up, records wait', async (t) => {
  const { drain, calls, offer, press } = setUp();
  for (const number of [1, 2, 3]) offer(number);
  const looks = press(1);
  t.after(() => drain.stop());
  drain.start();
  await until('a few looks', () => press(1) > looks + 5);
  assert.deepEqual(calls, []);
  press(0);
  await until('the records', () => calls.length > 0);
  drain.stop();
  assert.deepEqual(calls.slice(0, 4), ['observe 1', 'observe 2', 'observe 3', 'advance']);
});

/** A drain with a ring that has no more waiting room, while so many datagrams queue up that it should wait. */
async function pressedAndFull(
  t: TestContext,
  sharesCpu: boolean,
  records = Math.ceil((CAPACITY * 0.9) / RECORD_BYTES),
  observe?: () => void,
) {
  const { drain, calls, looksAt, offer, press } = setUp(observe, undefined, sharesCpu);
  const looks = press(50);
  t.after(() => drain.stop());
  drain.start();
  while (press(50) < looks + 3) await new Promise((resolve) => setTimeout(resolve, 5));
  for (let i = 1; i <= records; i++) offer(i);
  return { drain, calls, looksAt, press, offered: records };
}

test('records wait in nine tenths of the ring and not in more', async (t) => {
  const { drain, calls, press, offered } = await pressedAndFull(t, true);
  await until('what is more than that', () => calls.length > 0);
  const taken = calls.length;
  const later = press(50) + 5;
  await until('more looks', () => press(50) > later);
  assert.equal(calls.length, taken);
  assert.ok(taken <= 1000 && !calls.includes('advance'), `${taken} of ${offered}`);
  press(0);
  await until('all', () => calls.length > offered);
  drain.stop();
});

test('a ring that loses records is read, however much room it has, as long as it loses some', async (t) => {
  const { drain, calls, looksAt, offer, drop, press } = setUp(busy);
  t.after(() => drain.stop());
  for (let i = 1; i <= 200; i++) offer(i);
  press(1);
  drain.start();
  for (let slices = 1; slices <= 3; slices++) {
    drop(1);
    const looks = looksAt.length;
    await until('a slice and some looks', () => looksAt.length > looks + 4);
    assert.equal(calls.length, slices * 32);
  }
});

test('behind nine tenths, slices are short where both threads share a CPU, and else as ever', async (t) => {
  const longestSlice = async (sharesCpu: boolean): Promise<number> => {
    const { calls, looksAt, press } = await pressedAndFull(t, sharesCpu, CAPACITY / RECORD_BYTES - 1, busy);
    await until('room to wait in', () => calls.length > CAPACITY / RECORD_BYTES / 10);
    const from = looksAt.length;
    await until('it to wait', () => looksAt.length > from + 3);
    press(0);
    return Math.max(...looksAt.slice(1).map((at, i) => at - looksAt[i]!));
  };
  assert.equal(await longestSlice(true), 32);
  // One that nothing else delays is longer.
  assert.ok((await longestSlice(false)) > 32);
});

/** So long that 32 records take longer than a slice may under pressure, and less than one may else. */
function busy(): void {
  const untilMs = monotonicMs() + 0.1;
  while (monotonicMs() < untilMs);
}

test('without traffic time goes on, a little behind the clock', async () => {
  const { drain, times } = setUp();
  drain.start();
  await until('time to pass', () => times.length >= 3);
  drain.stop();
  assert.ok(times.every((time, i) => i === 0 || time >= times[i - 1]!));
  assert.ok(times.every((time) => time < monotonicMs() - 90));
});
