import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signAssignment } from '../../src/forwarding/protocol.ts';
import type { ForwardingThread } from '../../src/forwarding/thread.ts';
import { CounterReader, createCounters, ForwardingCounters } from '../../src/net/counters.ts';
import { Forwarder } from '../../src/net/forwarder.ts';
import { ReplyLimiter } from '../../src/net/reply-limiter.ts';
import { MIN_RING_BYTES, ringFootprint } from '../../src/net/ring/memory.ts';
import type { RingRecord } from '../../src/net/ring/record.ts';
import { RingWriter } from '../../src/net/ring/writer.ts';
import { Decision } from '../../src/proxy/decision.ts';
import { createSigner } from '../../src/secrets/signer.ts';
import { endpointText } from '../../src/sip/address.ts';
import { over, TRANSPORTS } from '../support/transports.ts';
import { Peer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';
import { record } from './ring/records.ts';
import type { ScriptedOptions } from './scripted.ts';
import { assignmentFor, startScripted } from './scripted.ts';

const OURS = { host: '127.77.50.15', port: 5060 };
const SOCKETS = ['127.77.50.15:5060'];

function textOf({ bytes, start, end }: RingRecord): string {
  return Buffer.from(bytes.subarray(start, end)).toString('latin1');
}

/** A thread that listens, between a phone and a registrar. */
async function between(
  options: Omit<ScriptedOptions, 'sockets' | 'registrar'>,
  work: (peers: { thread: ForwardingThread; phone: Peer; registrar: Peer }) => Promise<void>,
): Promise<void> {
  const phone = await Peer.bind('127.77.50.16');
  const registrar = await Peer.bind('127.77.50.17');
  const { thread } = startScripted({ ...options, sockets: SOCKETS, registrar: registrar.address });
  try {
    await thread.bound;
    await work({ thread, phone, registrar });
  } finally {
    await thread.stop();
    phone.close();
    registrar.close();
  }
}

for (const transport of TRANSPORTS) {
  test(
    `${transport}: the tap has a REGISTER and the response to it as they were received`,
    over(transport),
    () =>
      between({ transport }, async ({ thread, phone, registrar }) => {
        const request = `forward ${registrar.address} 0 120 0 register\nREGISTER body`;
        phone.send(request, OURS);
        await registrar.until(1);
        const response = `forward ${phone.address} 0 0 30 register_response\n${'r'.repeat(50)}`;
        registrar.send(response, OURS);
        await phone.until(1);
        const beforeMs = Number(process.hrtime.bigint()) / 1e6;

        const into = record();
        const seen: unknown[] = [];
        await until('both records', () => {
          while (thread.tap.next(into)) {
            assert.ok(
              into.atMs <= beforeMs && into.atMs > beforeMs - 60_000,
              'not the clock of process.hrtime',
            );
            seen.push([into.kind, endpointText(into.phone), endpointText(into.registrar), textOf(into)]);
          }
          return seen.length === 2;
        });
        assert.deepEqual(seen, [
          ['request', phone.address, registrar.address, request],
          ['response', phone.address, registrar.address, response],
        ]);
        assert.equal(phone.heard[0]!.text.length, response.length - 30);
      }),
  );

  test(
    `${transport}: a monitor that stands still loses records, counted, and not one packet`,
    over(transport),
    () =>
      between({ transport, ringBytes: MIN_RING_BYTES }, async ({ thread, phone, registrar }) => {
        const count = 1000;
        const line = `forward ${registrar.address} 0 100 0 register\n`;
        for (let i = 0; i < count; i++) {
          phone.send(`${line}${String(i).padEnd(700, 'x')}`, OURS);
          if (i % 50 === 49) await registrar.until(i + 1);
        }
        assert.deepEqual(
          registrar.heard.map(({ text }) => text),
          Array.from({ length: count }, (_, i) => `${line}${'+'.repeat(100)}${String(i).padEnd(700, 'x')}`),
        );
        const { counters } = thread;
        await until(
          'every record to be counted',
          () => counters.single('tapTaken') + counters.single('tapDropped') === count,
        );
        // What was posted is counted when the thread looks at its sockets again.
        await until(
          'every datagram to be counted as sent',
          () => counters.datagrams('phone', 'forwarded', 'request') === count,
        );
        assert.ok(counters.single('tapDropped') > count / 2);

        const into = record();
        let seen = 0;
        while (thread.tap.next(into)) {
          assert.equal(textOf(into), registrar.heard[seen++]!.text.replace('+'.repeat(100), ''));
        }
        assert.equal(seen, counters.single('tapTaken'));
        thread.tap.release();
        phone.send(`${line}again`, OURS);
        await registrar.until(count + 1);
        await until('the record', () => thread.tap.next(into));
        assert.match(textOf(into), /again$/);
      }),
  );

  test(
    `${transport}: a record that breaks is counted and told where it is missing, and its packet goes on`,
    over(transport),
    () =>
      between({ transport }, async ({ thread, phone, registrar }) => {
        const lines = ['register', 'broken', 'register'].map(
          (tap) => `forward ${registrar.address} 0 0 0 ${tap}\n`,
        );
        for (const line of lines) phone.send(line, OURS);
        await registrar.until(3);
        assert.deepEqual(
          registrar.heard.map(({ text }) => text),
          lines,
        );
        const into = record();
        const missed: number[] = [];
        await until('both records', () => {
          while (thread.tap.next(into)) missed.push(thread.tap.missed);
          return missed.length === 2;
        });
        assert.deepEqual(missed, [0, 1]);
        assert.equal(thread.counters.single('tapFailed'), 1);
      }),
  );

  test(
    `${transport}: a decision that throws costs its datagram, is told once a second, and the loop goes on`,
    over(transport),
    async () => {
      const phone = await Peer.bind('127.77.50.16');
      const { thread, bugs } = startScripted({ transport, sockets: SOCKETS });
      try {
        await thread.bound;
        for (let i = 0; i < 20; i++) phone.send('throw', OURS);
        phone.send('source', OURS);
        await phone.until(1);
        assert.equal(thread.counters.datagrams('phone', 'dropped', 'bug'), 20);
        assert.equal(thread.counters.single('bugs'), 20);
        await until('the report', () => bugs.length > 0);
        assert.match(bugs[0]!.what, /told to throw\n +at /);
        assert.ok(bugs.length < 20);
      } finally {
        await thread.stop();
        phone.close();
      }
    },
  );

  test(
    `${transport}: answers of our own are limited, all of them together, and what is held back is counted`,
    over(transport),
    async () => {
      const phone = await Peer.bind('127.77.50.16');
      const { thread } = startScripted({ transport, sockets: SOCKETS, maxLocalReplies: 5 });
      try {
        await thread.bound;
        for (let i = 0; i < 60; i++) phone.send('source', OURS);
        const { counters } = thread;
        const answered = () => counters.datagrams('phone', 'answered', 'stun');
        const held = () => counters.datagrams('phone', 'dropped', 'reply_limit');
        await until('every datagram to be settled', () => answered() + held() === 60);
        await phone.until(answered());
        assert.ok(answered() >= 5 && answered() < 30, `${answered()} answers`);
      } finally {
        await thread.stop();
        phone.close();
      }
    },
  );
}

/** A forwarder over a transport that brings nothing, and answers so where the registrar is faced. */
function idleForwarder(facing: () => string | undefined) {
  const buffer = createCounters();
  const shared: string[] = [];
  const signer = createSigner([new Uint8Array(32)]);
  const { routes } = signAssignment(assignmentFor(SOCKETS, '127.77.50.17:5060'), signer);
  const place = {
    buffer: new SharedArrayBuffer(ringFootprint(MIN_RING_BYTES)),
    offset: 0,
    capacityBytes: MIN_RING_BYTES,
  };
  const forwarder = new Forwarder({
    transport: {
      kind: 'batched',
      receiveBufferBytes: [],
      send: () => {},
      faceRegistrar: facing,
      run: async () => {},
      close: () => {},
    },
    decide: (_datagram, _routes, decision) => {
      decision.outcome = 'dropped';
    },
    decision: new Decision(),
    assignment: { routes, registrars: [] },
    counters: new ForwardingCounters(buffer, [1]),
    tap: new RingWriter(place),
    limiter: new ReplyLimiter(1, 0),
    reportBug: (error) => {
      throw error;
    },
    reportShared: (registrar, error) => shared.push(`${endpointText(registrar)} ${error}`),
  });
  return { forwarder, counted: new CounterReader(buffer, [1]), routes, shared };
}

test('batches behind which much waits are counted, and no others', () => {
  const { forwarder, counted } = idleForwarder(() => undefined);
  const seen = (['queued', 'part', 'part', 'queued'] as const).map((fill) => {
    forwarder.startBatch();
    forwarder.endBatch(fill);
    return counted.single('queuedBatches');
  });
  assert.deepEqual(seen, [1, 1, 1, 2]);
});

test('a registrar that gets no socket of its own is told, with why', () => {
  const answers = [undefined, 'EPERM'];
  const { forwarder, routes, shared } = idleForwarder(() => answers.shift());
  assert.deepEqual(shared, []);
  forwarder.assign({ routes, registrars: [] });
  assert.deepEqual(shared, ['127.77.50.17:5060 EPERM']);
});
