import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AF_INET,
  addressOf,
  bind,
  close,
  connect,
  ECONNREFUSED,
  NAME_LENGTH_AT,
  SOCK_DGRAM,
  SOCKADDR_IN_BYTES,
  sendmmsg,
  socket,
} from '../../../src/net/linux.ts';
import { ControlMemory, MessageVector, OPTION_AT } from '../../../src/net/transport/batched-memory.ts';
import { EpollIntake } from '../../../src/net/transport/epoll-intake.ts';
import type { Intake, Sink } from '../../../src/net/transport/intake.ts';
import { Slots } from '../../../src/net/transport/intake.ts';
import type { Fill } from '../../../src/net/transport/transport.ts';
import { arenaBytes, BATCH, HEADROOM_BYTES } from '../../../src/net/transport/transport.ts';
import { UringIntake } from '../../../src/net/transport/uring-intake.ts';
import { Endpoint, endpointText } from '../../../src/sip/address.ts';
import { over } from '../../support/transports.ts';
import { Peer } from '../../support/udp-peer.ts';
import { at } from '../scripted.ts';

/** What either way of receiving must do, with sockets that nobody reads beside it: what waits in them is known. */

const OURS = { host: '127.77.50.30', port: 5060 };
const SECOND = { host: '127.77.50.31', port: 5060 };

interface Taken {
  readonly place: number;
  readonly text: string;
  readonly from: string;
}

function setUp(kind: 'epoll' | 'uring') {
  const memory = new ControlMemory();
  const bytes = new Uint8Array(new SharedArrayBuffer(arenaBytes(2)));
  const slots = new Slots(bytes, 0, addressOf(bytes));
  const intake: Intake = kind === 'uring' ? new UringIntake(memory, slots) : new EpollIntake(memory, slots);
  const taken: Taken[] = [];
  const fills: Fill[] = [];
  const failures: (readonly [place: number, code: number])[] = [];
  const sink: Sink = {
    source: new Endpoint(),
    startBatch: () => {},
    take(place, slot, length) {
      const start = slot + HEADROOM_BYTES;
      const text = Buffer.from(bytes.slice(start, start + length)).toString('latin1');
      taken.push({ place, text, from: endpointText(sink.source) });
    },
    endBatch: (fill) => fills.push(fill),
    failed: (place, code) => failures.push([place, code]),
  };
  const queue = new MessageVector(memory, 0);
  const fds: number[] = [];
  const address = (text: string) => memory.writeSocketAddress(OPTION_AT, at(text), 'ipv4');
  const open = ({ host, port }: typeof OURS): number => {
    const fd = socket(AF_INET, SOCK_DGRAM, 0);
    address(`${host}:${port}`);
    assert.equal(bind(fd, memory.address + OPTION_AT, SOCKADDR_IN_BYTES), 0);
    assert.ok(intake.add(fds.length, fd, 'ipv4'));
    fds.push(fd);
    return fd;
  };
  const connectTo = (fd: number, target: string): void => {
    address(target);
    assert.equal(connect(fd, memory.address + OPTION_AT, SOCKADDR_IN_BYTES), 0);
  };
  const send = (fd: number, text: string): void => {
    const payload = new Uint8Array(4096);
    payload.set(Buffer.from(text));
    memory.writeAddress(queue.iovecsAt, addressOf(payload));
    memory.words[(queue.iovecsAt + 8) >>> 2] = text.length;
    memory.words[(queue.headersAt + NAME_LENGTH_AT) >>> 2] = 0;
    // An error that nobody has taken yet fails one send.
    assert.ok(sendmmsg(fd, queue.address, 1, 0) === 1 || sendmmsg(fd, queue.address, 1, 0) === 1);
  };
  const shut = (fd: number): void => {
    fds.splice(fds.indexOf(fd), 1);
    close(fd);
  };
  /** Looks until nothing more comes. */
  const takeAll = (): void => {
    for (let i = 0; i < 100 && intake.receive('take', sink) > 0; ) i++;
  };
  const end = (): void => {
    intake.close();
    for (const fd of fds) close(fd);
  };
  return { intake, sink, taken, fills, failures, fds, open, connectTo, send, shut, takeAll, end };
}

for (const kind of ['epoll', 'uring'] as const) {
  const run = (
    name: string,
    body: (phone: Peer, scene: ReturnType<typeof setUp>) => Promise<void> | void,
  ): void => {
    test(`${kind}: ${name}`, over(kind === 'uring' ? 'uring' : 'batched'), async () => {
      const phone = await Peer.bind('127.77.50.32');
      const scene = setUp(kind);
      try {
        await body(phone, scene);
      } finally {
        scene.end();
        phone.close();
      }
    });
  };

  run('takes what waits, in order, with its source', async (phone, { open, taken, takeAll }) => {
    open(OURS);
    for (let i = 0; i < 3; i++) await phone.sent(`datagram ${i}`, OURS);
    takeAll();
    assert.deepEqual(
      taken,
      [0, 1, 2].map((i) => ({ place: 0, text: `datagram ${i}`, from: phone.address })),
    );
  });

  run('says where a socket brought as much as fits, and loses nothing', async (phone, scene) => {
    scene.open(OURS);
    const count = 3 * BATCH + 5;
    for (let i = 0; i < count; i++) await phone.sent(`${i}`, OURS);
    scene.takeAll();
    assert.deepEqual(
      scene.taken.map(({ text }) => Number(text)),
      Array.from({ length: count }, (_, i) => i),
    );
    assert.ok(scene.fills.includes('full'), scene.fills.join());
    scene.fills.length = 0;
    await phone.sent('one more', OURS);
    scene.takeAll();
    assert.ok(!scene.fills.includes('full'), scene.fills.join());
  });

  run('a socket that has very much takes nothing from another', async (phone, scene) => {
    scene.open(OURS);
    scene.open(SECOND);
    const many = 4 * BATCH - 10;
    for (let i = 0; i < many; i++) await phone.sent(`many ${i}`, OURS);
    await phone.sent('one', SECOND);
    scene.intake.receive('take', scene.sink);
    assert.ok(scene.taken.length < many);
    assert.deepEqual(
      scene.taken.filter(({ place }) => place === 1).map(({ text }) => text),
      ['one'],
    );
  });

  run('an error is told once, and the socket goes on, however many come', async (phone, scene) => {
    const fd = scene.open(OURS);
    const gone = await Peer.bind('127.77.50.33');
    const { address } = gone;
    gone.close();
    const rounds = 200;
    for (let round = 1; round <= rounds; round++) {
      scene.connectTo(fd, address);
      scene.send(fd, 'nobody there');
      scene.takeAll();
      scene.connectTo(fd, phone.address);
      await phone.sent(`round ${round}`, OURS);
      scene.takeAll();
    }
    // Whoever rests after too many of them comes back in a moment.
    for (let i = 0; i < 50 && scene.taken.length < rounds; i++) scene.intake.receive('wait', scene.sink);
    assert.deepEqual(
      scene.taken.map(({ text }) => text),
      Array.from({ length: rounds }, (_, i) => `round ${i + 1}`),
    );
    assert.deepEqual(scene.failures[0], [0, ECONNREFUSED]);
    assert.ok(scene.failures.length >= 20, `${scene.failures.length} errors`);
  });

  run('what is taken out gives what it holds, and then nothing', async (phone, scene) => {
    scene.open(OURS);
    scene.open(SECOND);
    for (let i = 0; i < 2 * BATCH; i++) await phone.sent(`${i}`, SECOND);
    scene.intake.remove(1, scene.sink);
    assert.equal(scene.taken.length, 2 * BATCH);
    await phone.sent('too late', SECOND);
    await phone.sent('in time', OURS);
    scene.takeAll();
    assert.equal(scene.taken.at(-1)?.text, 'in time');
    assert.equal(scene.taken.length, 2 * BATCH + 1);
  });

  run('in place of one that was taken out another one works', async (phone, scene) => {
    scene.open(OURS);
    for (let i = 0; i < 10; i++) {
      const fd = scene.open(SECOND);
      await phone.sent(`second ${i}`, SECOND);
      await phone.sent(`first ${i}`, OURS);
      scene.takeAll();
      assert.deepEqual(
        new Set(scene.taken.slice(-2).map(({ place, text }) => `${place} ${text}`)),
        new Set([`0 first ${i}`, `1 second ${i}`]),
      );
      scene.intake.remove(1, scene.sink);
      scene.shut(fd);
    }
  });

  run('may be taken out, and closed, in the moment in which a datagram arrives', (_phone, scene) => {
    scene.open(OURS);
    const sender = scene.open(SECOND);
    for (const last of ['taken out', 'closed']) {
      // Sent in this very thread: the kernel has woken the request up, and has had no occasion to work on it.
      scene.connectTo(sender, `${OURS.host}:${OURS.port}`);
      scene.send(sender, `to one that is ${last}`);
    }
    scene.takeAll();
    assert.equal(scene.taken.length, 2);
    scene.connectTo(scene.fds[0]!, `${SECOND.host}:${SECOND.port}`);
    scene.send(scene.fds[0]!, 'to the last');
    scene.intake.remove(1, scene.sink);
    assert.equal(scene.taken.at(-1)?.text, 'to the last');
    scene.send(sender, 'to the first');
  });

  run('waits for the first datagram, and no longer than a tenth of a second or so', (_phone, scene) => {
    scene.open(OURS);
    for (let i = 0; i < 3; i++) assert.equal(scene.intake.receive('wait', scene.sink), 0);
  });

  test(
    `${kind}: lets go of its sockets at once, whatever it was about to ask the kernel for`,
    over(kind === 'uring' ? 'uring' : 'batched'),
    async () => {
      const phone = await Peer.bind('127.77.50.32');
      // Around the numbers at which a way of receiving has had all that it asked for.
      for (const count of [0, 31, 32, 33, BATCH, BATCH + 32, BATCH + 33, 2 * BATCH, 2 * BATCH + 32]) {
        const scene = setUp(kind);
        // Fails where the one before still has the address.
        scene.open(OURS);
        for (let i = 0; i < count; i++) await phone.sent(`${i}`, OURS);
        scene.takeAll();
        assert.equal(scene.taken.length, count);
        scene.end();
      }
      phone.close();
    },
  );
}
