import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog } from '../../src/log.ts';
import type { NoticeEvent, SuspicionEvent } from '../../src/monitor/events.ts';
import { monotonicMs } from '../../src/net/clock.ts';
import { keptLog } from './settings.ts';

function notice(detail: string, atMs = monotonicMs()): NoticeEvent {
  return { kind: 'notice', atMs, notice: 'third_party', aor: '24001@iptlab.com', detail };
}

test('an event is one line: its fields, and when it happened by the wall clock', () => {
  const { log, lines } = keptLog();
  new EventLog(log).write(notice('line\nbreak', monotonicMs() - 60_000));
  assert.equal(lines.length, 1);
  const { time, at, level, ...rest } = lines[0] as never as Record<string, string | number>;
  assert.deepEqual(rest, {
    event: 'notice',
    notice: 'third_party',
    aor: '24001@iptlab.com',
    detail: 'line\nbreak',
    msg: 'notice',
  });
  assert.equal(level, 30);
  const behindMs = Date.parse(String(time)) - Date.parse(String(at));
  assert.ok(behindMs >= 59_990 && behindMs < 61_000, `${behindMs} ms`);
});

test('a flood of one kind is held back and counted, and hides no other kind', () => {
  const { log, lines } = keptLog();
  const events = new EventLog(log);
  for (let i = 0; i < 1000; i++) events.write(notice(String(i)));
  const told = lines.length;
  assert.ok(told >= 100 && told < 200, `${told} lines`);
  const suspicion: SuspicionEvent = {
    kind: 'suspicion',
    atMs: monotonicMs(),
    pattern: 'scanner',
    aor: '',
    source: '10.0.0.1:5060',
    sourceProven: false,
    detail: '',
  };
  events.write(suspicion);
  assert.equal(lines.length, told + 1);
  assert.equal(lines.at(-1)!.event, 'suspicion');
  assert.equal(lines.at(-1)!.level, 40);
});

test('what was held back stands in the next line of its kind', async () => {
  const { log, lines } = keptLog();
  const events = new EventLog(log);
  const sent = 500;
  for (let i = 0; i < sent; i++) events.write(notice(String(i)));
  const told = lines.length;
  let more = 0;
  while (lines.length === told) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    events.write(notice('later'));
    more++;
  }
  assert.equal(lines.at(-1)!.withheld, sent - told + more - 1);
});
