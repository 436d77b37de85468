import assert from 'node:assert/strict';
import { test } from 'node:test';
import { over, TRANSPORTS } from '../../support/transports.ts';
import { Peer } from '../../support/udp-peer.ts';
import { until } from '../../support/until.ts';
import { assignmentFor, startScripted } from '../scripted.ts';

/** What every transport must do, run over each of them. */

const OURS = { host: '127.77.50.10', port: 5060 };
const SECOND = { host: '127.77.50.11', port: 5060 };
const SOCKETS = [OURS, SECOND].map(({ host, port }) => `${host}:${port}`);
const TAIL = '0123456789'.repeat(70);

for (const transport of TRANSPORTS) {
  const run = (
    name: string,
    body: (peers: {
      readonly phone: Peer;
      readonly other: Peer;
      readonly started: ReturnType<typeof startScripted>;
    }) => Promise<void>,
    sockets: readonly string[] = SOCKETS,
    hosts: readonly [string, string] = ['127.77.50.12', '127.77.50.13'],
  ) =>
    test(`${transport}: ${name}`, over(transport), async () => {
      const [phone, other] = await Promise.all([Peer.bind(hosts[0]), Peer.bind(hosts[1])]);
      const started = startScripted({ transport, sockets, registrar: other.address });
      try {
        await started.thread.bound;
        await body({ phone, other, started });
      } finally {
        await started.thread.stop();
        phone.close();
        other.close();
      }
    });

  run(
    'sends what it received, byte for byte, grown and shrunk, from the socket that it is told',
    async ({ phone, other }) => {
      const cases = [
        { inserted: 0, removed: 0, socket: 0 },
        { inserted: 300, removed: 0, socket: 1 },
        { inserted: 0, removed: 200, socket: 0 },
        { inserted: 20, removed: 120, socket: 1 },
        // More than the headroom.
        { inserted: 3000, removed: 0, socket: 0 },
      ];
      for (const [i, { inserted, removed, socket }] of cases.entries()) {
        const line = `forward ${other.address} ${socket} ${inserted} ${removed}\n`;
        phone.send(line + TAIL, OURS);
        const heard = await other.until(i + 1);
        assert.equal(heard[i]!.text, line + '+'.repeat(inserted) + TAIL.slice(removed));
        assert.equal(heard[i]!.from, SOCKETS[socket]);
      }
    },
  );

  run('tells source and socket of each datagram', async ({ phone, other }) => {
    phone.send('source', OURS);
    other.send('source', SECOND);
    const [first] = await phone.until(1);
    assert.deepEqual(first, { text: `0:0:ffff:7f4d320c ${phone.port} 0`, from: SOCKETS[0] });
    const [second] = await other.until(1);
    assert.deepEqual(second, { text: `0:0:ffff:7f4d320d ${other.port} 1`, from: SOCKETS[1] });
  });

  run('takes everything from an empty datagram to 65,507 bytes', async ({ phone, other, started }) => {
    phone.send('', OURS);
    const line = `forward ${other.address} 0 0 0\n`;
    const sizes = [line.length, 1500, 9000, 65_507];
    for (const size of sizes) phone.send(line.padEnd(size, 'x'), OURS);
    const heard = await other.until(sizes.length);
    assert.deepEqual(
      heard.map(({ text }) => text.length),
      sizes,
    );
    assert.equal(started.thread.counters.datagrams('phone', 'dropped', 'garbage'), 1);
  });

  run('keeps the order of a burst that is longer than a batch', async ({ phone, other }) => {
    const count = 500;
    for (let i = 0; i < count; i++) phone.send(`forward ${other.address} 0 90 0\n${i}`, OURS);
    const heard = await other.until(count);
    assert.deepEqual(
      heard.map(({ text }) => Number(text.slice(text.indexOf('\n')).replaceAll('+', ''))),
      Array.from({ length: count }, (_, i) => i),
    );
  });

  run(
    'a datagram that the kernel refuses costs itself alone, and is counted',
    async ({ phone, other, started }) => {
      const { counters } = started.thread;
      for (let i = 0; i < 30; i++) {
        // A broadcast without leave to broadcast.
        const target = i % 3 === 1 ? '255.255.255.255:9' : other.address;
        phone.send(`forward ${target} 0 10 0\n${i}`, OURS);
      }
      await other.until(20);
      await until('every datagram to be settled', () => outcomes(started) === 30);
      assert.equal(counters.datagrams('phone', 'dropped', 'send_failed'), 10);
      assert.equal(counters.datagrams('phone', 'forwarded', 'request'), 20);
    },
  );

  run('answers of our own reach their target whatever their size', async ({ phone, other }) => {
    const sizes = [1, 600, 40_000];
    for (const size of sizes) phone.send(`answer ${other.address} 1 ${size}`, OURS);
    const heard = await other.until(3);
    assert.deepEqual(
      heard.map(({ text, from }) => [text.length, from]),
      sizes.map((size) => [size, SOCKETS[1]]),
    );
  });

  run(
    'a registrar that is away costs nobody else a datagram, and is served again when it is back',
    async ({ phone, other, started }) => {
      const { counters } = started.thread;
      const { port } = other;
      other.close();
      for (let i = 0; i < 20; i++) {
        phone.send(`forward 127.77.50.13:${port} 0 0 0\n`, OURS);
        phone.send('source', OURS);
        await phone.until(i + 1);
      }
      // A send that a pending error failed twice is a loss of the same kind as one that meets a closed port.
      await until('every datagram to be settled', () => outcomes(started) === 40);
      if (transport !== 'portable') assert.ok(counters.health(0, 'refused') > 0);
      const back = await Peer.bind('127.77.50.13', port);
      phone.send(`forward 127.77.50.13:${port} 0 0 0\nback`, OURS);
      const [first] = await back.until(1);
      assert.match(first!.text, /back$/);
      back.close();
    },
  );

  run(
    'of what goes to a registrar together, the refusal of one is not the loss of the next',
    async ({ phone, other, started }) => {
      const { address } = other;
      other.close();
      for (const count of [2, 5, 20]) {
        const before = outcomes(started);
        // While it rests they gather, and are sent together; the first one's refusal fails the second.
        phone.send('rest 100', OURS);
        for (let i = 0; i < count; i++) phone.send(`forward ${address} 0 0 0\n`, OURS);
        await until('every datagram to be settled', () => outcomes(started) === before + count);
      }
      assert.equal(started.thread.counters.datagrams('phone', 'dropped', 'send_failed'), 0);
      if (transport !== 'portable') assert.ok(started.thread.counters.health(0, 'refused') > 0);
    },
  );

  run(
    'a phone that is gone costs nobody else a datagram, and is not taken for the registrar',
    async ({ phone, other, started }) => {
      const { counters } = started.thread;
      const gone = await Peer.bind('127.77.50.15');
      gone.close();
      for (let i = 0; i < 20; i++) {
        phone.send(`forward ${gone.address} 0 0 0\n`, OURS);
        phone.send(`forward ${other.address} 0 0 0\n${i}`, OURS);
        await other.until(i + 1);
      }
      await until('every datagram to be settled', () => outcomes(started) === 40);
      assert.equal(counters.datagrams('phone', 'forwarded', 'request'), 40);
      assert.equal(counters.health(0, 'refused'), 0);
    },
  );

  run(
    'what the new registrar and the old one send arrives, whichever is active',
    async ({ phone, other, started }) => {
      const standby = await Peer.bind('127.77.50.14');
      let asked = 0;
      for (const active of [standby, other, standby]) {
        started.thread.assign(assignmentFor(SOCKETS, active.address));
        await new Promise((resolve) => setTimeout(resolve, 150));
        asked++;
        for (const peer of [standby, other]) {
          phone.send(`forward ${peer.address} 0 0 0\n`, OURS);
          const heard = await peer.until(asked);
          assert.equal(heard.at(-1)!.from, SOCKETS[0]);
          peer.send(`forward ${phone.address} 0 0 0\nfrom ${peer.address}`, OURS);
        }
        const heard = await phone.until(asked * 2);
        assert.deepEqual(
          new Set(heard.slice(-2).map(({ text }) => text.split('\n')[1])),
          new Set([`from ${standby.address}`, `from ${other.address}`]),
        );
      }
      standby.close();
    },
  );

  for (const sockets of [SOCKETS.slice(0, 1), SOCKETS]) {
    run(
      `after a rest it works on, and what stands in the sockets at the end is forwarded, with ${sockets.length} of ours`,
      async ({ phone, other, started }) => {
        const count = 60;
        for (let i = 1; i <= count; i++) {
          // Longer than it waits at a time for a datagram that does not come.
          if (i <= 3) await new Promise((resolve) => setTimeout(resolve, 150));
          phone.send(`forward ${other.address} 0 30 0\n${i}`, OURS);
          if (i <= 3) await other.until(i);
        }
        await other.until(4);
        await started.thread.stop();
        await other.until(count);
      },
      sockets,
    );
  }

  run(
    'IPv6 all the same',
    async ({ phone, other }) => {
      const line = `forward ${other.address} 0 100 0\n`;
      phone.send(line + TAIL, { host: '::1', port: 15_062 });
      const [heard] = await other.until(1);
      assert.equal(heard!.text, `${line}${'+'.repeat(100)}${TAIL}`);
      assert.equal(heard!.from, '[::1]:15062');
      phone.send('source', { host: '::1', port: 15_062 });
      const [own] = await phone.until(1);
      assert.equal(own!.text, `0:0:0:1 ${phone.port} 0`);
    },
    ['[::1]:15062'],
    ['::1', '::1'],
  );

  test(
    `${transport}: a port that is taken, or an address that is not ours, ends the start with what to do`,
    over(transport),
    async () => {
      const first = startScripted({ transport, sockets: SOCKETS });
      await first.thread.bound;
      const second = startScripted({ transport, sockets: SOCKETS });
      await assert.rejects(second.thread.bound, {
        message:
          "--listen 127.77.50.10:5060: another program has that UDP port already; find it with `ss -lunp 'sport = :5060'`, stop it, or give --listen another port",
      });
      await first.thread.stop();
      const foreign = startScripted({ transport, sockets: ['192.0.2.1:5060'] });
      await assert.rejects(foreign.thread.bound, {
        message:
          '--listen 192.0.2.1:5060: this machine does not have that address (see `ip address`); give --listen one of its own, or, for one that keepalived moves, set net.ipv4.ip_nonlocal_bind=1',
      });
    },
  );

  test(`${transport}: a thread that is told to stop lets go of its sockets`, over(transport), async () => {
    for (let i = 0; i < 3; i++) {
      const { thread } = startScripted({ transport, sockets: SOCKETS });
      await thread.bound;
      await thread.stop();
    }
  });
}

function outcomes({ thread }: ReturnType<typeof startScripted>): number {
  const { counters } = thread;
  return (
    counters.datagrams('phone', 'forwarded', 'request') +
    counters.datagrams('phone', 'answered', 'stun') +
    counters.datagrams('phone', 'dropped', 'send_failed')
  );
}
