import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RESULTS } from '../../src/monitor/lists.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import { Tapped } from '../../src/monitor/tapped.ts';
import { monotonicMs } from '../../src/net/clock.ts';
import { RingReader } from '../../src/net/ring/reader.ts';
import { RingWriter } from '../../src/net/ring/writer.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import { Transaction } from '../../src/sip/transaction.ts';
import { TapDrain } from '../../src/tap-drain.ts';
import { register, response } from '../monitor/support/messages.ts';
import { place } from '../net/ring/records.ts';

/** Two slices of the drain and some. */
const CAPACITY = 2 ** 21;
const PHONES = 200;
/** Transactions until an answer comes. */
const ANSWERED_AFTER = 20;
/** Of so many one is never answered. */
const UNANSWERED_EVERY = 50;
const MS_PER_TRANSACTION = 1;
const LATER_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Phones, their registrar, a ring that may be too small for them, and the monitor behind it. */
class Crowd {
  private readonly writer: RingWriter;
  private readonly drain: TapDrain;
  private readonly monitor = new Monitor(
    { maxAors: 1000, maxExchanges: 100_000, maxSources: 1000 },
    () => {},
  );
  private readonly message = new Message();
  private readonly unknown = new Transaction();
  private readonly phone = endpointFrom('10.0.13.244')!;
  private readonly registrar = endpointFrom('10.0.1.8')!;
  /** In the future, so that the drain's own clock is never ahead of the records. */
  private nowMs = monotonicMs() + HOUR_MS;
  private begun = 0;
  private readonly isRequestTaken: boolean[] = [];
  private dropped = 0;
  takenAnswers = 0;
  /** Requests that the ring took and nobody answered, and those whose answer it refused. */
  unanswered = 0;
  answersLost = 0;

  constructor() {
    const memory = place(CAPACITY);
    this.writer = new RingWriter(memory);
    this.drain = new TapDrain({
      reader: new RingReader(memory),
      observer: this.monitor,
      tapped: new Tapped(),
      dropped: () => this.dropped,
      queuedBatches: () => 0,
      sharesCpu: true,
      stepAside: undefined,
      onFault: (error) => assert.fail(String(error)),
    });
  }

  get lost(): number {
    return this.dropped;
  }

  transact(count: number): void {
    for (const end = this.begun + count; this.begun < end; this.begun++) {
      this.nowMs += MS_PER_TRANSACTION;
      this.isRequestTaken.push(this.offer('request', this.registerOf(this.begun).bytes));
      this.answer(this.begun - ANSWERED_AFTER);
    }
  }

  private answer(number: number): void {
    if (number < 0) return;
    const wasTaken = this.isRequestTaken[number]!;
    if (number % UNANSWERED_EVERY === 0) {
      if (wasTaken) this.unanswered++;
      return;
    }
    const contacts = ['<sip:1@10.0.13.244>;expires=3600'];
    const isTaken = this.offer('response', response(this.registerOf(number), 200, { contacts }));
    if (isTaken) this.takenAnswers++;
    else if (wasTaken) this.answersLost++;
  }

  private registerOf(number: number) {
    return register({
      aor: `${number % PHONES}@iptlab.com`,
      branch: `z9hG4bK${number}`,
      cseq: number,
      contacts: ['<sip:1@10.0.13.244>;expires=3600'],
    });
  }

  private offer(kind: 'request' | 'response', bytes: Uint8Array): boolean {
    assert.ok(parse(bytes, 0, bytes.length, this.message));
    const { phone, registrar, message, unknown } = this;
    const isTaken = this.writer.offer(kind, this.nowMs, phone, registrar, message, unknown) === 'taken';
    if (!isTaken) this.dropped++;
    this.writer.publish();
    return isTaken;
  }

  /** So many slices of the drain. */
  read(slices: number): void {
    for (let i = 0; i < slices; i++) {
      this.drain.start();
      this.drain.stop();
    }
  }

  /** What the monitor says when all is over. */
  end(): Record<(typeof RESULTS)[number], number> {
    // The last ones are answered.
    for (let i = ANSWERED_AFTER; i > 0; i--) this.answer(this.begun - i);
    this.read(CAPACITY / 2 ** 16);
    this.monitor.advance(this.nowMs + LATER_MS);
    const sums = RESULTS.map((name, i) => {
      let sum = 0;
      for (const { results } of this.monitor.counts.domains.values()) sum += results[i]!;
      return [name, sum];
    });
    return Object.fromEntries(sums);
  }
}

test('whatever the ring loses, and however late it is read, nobody counts as unanswered whose answer was lost', () => {
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ transactions: fc.integer({ min: 1, max: 1500 }) }) },
    { weight: 3, arbitrary: fc.record({ slices: fc.integer({ min: 1, max: 3 }) }) },
  );
  let losses = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 4, maxLength: 12 }), (steps) => {
      const crowd = new Crowd();
      for (const step of steps) {
        if ('transactions' in step) crowd.transact(step.transactions);
        else crowd.read(step.slices);
      }
      const { ok, timeout, unclassified } = crowd.end();
      assert.equal(ok, crowd.takenAnswers);
      assert.equal(timeout + unclassified, crowd.unanswered + crowd.answersLost);
      assert.ok(timeout <= crowd.unanswered, `${timeout} of ${crowd.unanswered}`);
      if (crowd.lost === 0) assert.equal(timeout, crowd.unanswered);
      else losses++;
    }),
    { numRuns: 20 },
  );
  assert.ok(losses > 3, `${losses} of 20 lost anything`);
});
