import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterReader, createCounters, ForwardingCounters, Health, Single } from '../../src/net/counters.ts';
import { ReplyLimiter } from '../../src/net/reply-limiter.ts';
import { LOCAL_STATUSES, OUTCOMES, REASONS, SIDES } from '../../src/proxy/reasons.ts';
import { METHODS } from '../../src/sip/methods.ts';

const BOUNDS = [0.001, 0.01];

test('every cell is its own: what is counted in one shows in no other', () => {
  const buffer = createCounters();
  const counters = new ForwardingCounters(buffer, BOUNDS);
  const reader = new CounterReader(buffer, BOUNDS);
  let n = 0;
  const expected: [() => number, number][] = [];
  const count = (times: () => void, read: () => number) => {
    n = (n % 7) + 1;
    for (let i = 0; i < n; i++) times();
    expected.push([read, n]);
  };
  for (const from of SIDES) {
    for (const outcome of OUTCOMES) {
      for (const reason of REASONS) {
        count(
          () => counters.add(counters.datagramCell(from, outcome, reason)),
          () => reader.datagrams(from, outcome, reason),
        );
      }
    }
    for (const method of METHODS) {
      count(
        () => counters.request(from, method),
        () => reader.requests(from, method),
      );
      const statuses = method === 'REGISTER' ? [100, 200, 401, 423, 699] : [100, 200, 302, 404, 500, 603];
      for (const status of statuses) {
        const code = method === 'REGISTER' ? String(status) : `${Math.trunc(status / 100)}xx`;
        count(
          () => counters.response(from, method, status),
          () => reader.responses(from, method, code),
        );
      }
    }
  }
  for (const status of LOCAL_STATUSES) {
    count(
      () => counters.answered(status),
      () => reader.localResponses(status),
    );
  }
  for (const place of [0, 1, 15]) {
    for (const what of ['sent', 'heard', 'refused'] as const) {
      count(
        () => counters.health(place, Health[what]),
        () => reader.health(place, what),
      );
    }
  }
  for (const single of ['oversizedRequests', 'tapTaken', 'tapDropped', 'bugs'] as const) {
    count(
      () => counters.count(Single[single]),
      () => reader.single(single),
    );
  }
  for (const [read, times] of expected) assert.equal(read(), times);
});

test('statuses that no response has, and a seventeenth registrar, count nowhere', () => {
  const buffer = createCounters();
  const counters = new ForwardingCounters(buffer, BOUNDS);
  counters.response('phone', 'REGISTER', 99);
  counters.response('registrar', 'other', 700);
  counters.health(16, Health.sent);
  assert.ok(new Float64Array(buffer).every((cell) => cell === 0));
});

test('durations fall into their buckets, +Inf last', () => {
  const buffer = createCounters();
  const counters = new ForwardingCounters(buffer, BOUNDS);
  for (const seconds of [0.0005, 0.001, 0.002, 5]) counters.duration(seconds);
  const { bounds, buckets, sum, count } = new CounterReader(buffer, BOUNDS).durationSeconds;
  assert.deepEqual([...bounds], BOUNDS);
  assert.deepEqual([...buckets], [2, 1, 1]);
  assert.equal(count, 4);
  assert.ok(Math.abs(sum - 5.0035) < 1e-9);
});

test('the reply limiter lets one second through at once, then the rate', () => {
  const limiter = new ReplyLimiter(10, 0);
  const admitted = (nowMs: number, tries: number) =>
    Array.from({ length: tries }, () => limiter.admits(nowMs)).filter(Boolean).length;
  assert.equal(admitted(0, 50), 10);
  assert.equal(admitted(100, 50), 1);
  assert.equal(admitted(1000, 50), 9);
  assert.equal(admitted(60_000, 50), 10);
  assert.equal(new ReplyLimiter(0, 0).admits(1e9), false);
});
