import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AF_INET,
  addressOf,
  bind,
  close,
  connect,
  ECONNREFUSED,
  IOVEC_BYTES,
  MMSGHDR_BYTES,
  NAME_LENGTH_AT,
  SOCK_DGRAM,
  SOCKADDR_IN_BYTES,
  sendmmsg,
  socket,
} from '../../../src/net/linux.ts';
import {
  ControlMemory,
  MessageVector,
  OPTION_AT,
  QUEUE_BYTES,
} from '../../../src/net/transport/batched-memory.ts';
import { EpollIntake } from '../../../src/net/transport/epoll-intake.ts';
import type { Intake, Sink } from '../../../src/net/transport/intake.ts';
import { MAX_POSTS, Slots } from '../../../src/net/transport/intake.ts';
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
  const posted: (readonly [number: number, code: number])[] = [];
  /** What happened, in order: datagrams by their texts, posts by their numbers. */
  const order: (string | number)[] = [];
  /** What stands where they were posted from when it is told that they failed. */
  const stillThere: string[] = [];
  const textAt = (start: number, length: number): string =>
    Buffer.from(bytes.slice(start, start + length)).toString('latin1');
  /** The datagrams of this batch, and the socket that sends them on. */
  let batch: { readonly start: number; readonly length: number }[] = [];
  let forwarder = -1;
  const sink: Sink = {
    source: new Endpoint(),
    startBatch: () => {},
    take(place, slot, length) {
      const start = slot + HEADROOM_BYTES;
      const text = textAt(start, length);
      taken.push({ place, text, from: endpointText(sink.source) });
      order.push(text);
      batch.push({ start, length });
    },
    endBatch(fill) {
      fills.push(fill);
      if (forwarder >= 0) for (const { start, length } of batch) post(forwarder, start, length);
      batch = [];
    },
    failed: (place, code) => failures.push([place, code]),
    posted(number, code) {
      posted.push([number, code]);
      order.push(number);
      if (code !== 0) stillThere.push(textAt(postedFrom[number]!.start, postedFrom[number]!.length));
    },
  };
  const queue = new MessageVector(memory, 0);
  const posts = new MessageVector(memory, QUEUE_BYTES);
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
  const postedFrom: { readonly start: number; readonly length: number }[] = [];
  /** From there to whom the socket is connected to; false where there was no room. */
  const post = (fd: number, start: number, length: number): boolean => {
    if (intake.room === 0) return false;
    const place = MAX_POSTS - intake.room;
    postedFrom[place] = { start, length };
    memory.writeAddress(posts.iovecsAt + place * IOVEC_BYTES, addressOf(bytes) + start);
    memory.words[(posts.iovecsAt + place * IOVEC_BYTES + 8) >>> 2] = length;
    memory.words[(posts.headersAt + place * MMSGHDR_BYTES + NAME_LENGTH_AT) >>> 2] = 0;
    assert.equal(intake.post(fd, posts.address + place * MMSGHDR_BYTES), place);
    return true;
  };
  const postText = (fd: number, text: string): boolean => {
    const start = HEADROOM_BYTES + (MAX_POSTS - intake.room) * 256;
    bytes.set(Buffer.from(text), start);
    return post(fd, start, text.length);
  };
  const forwardBy = (fd: number): void => {
    forwarder = fd;
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
  const heard = { taken, fills, failures, posted, order, stillThere };
  return { intake, sink, ...heard, fds, open, connectTo, send, postText, forwardBy, shut, takeAll, end };
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

  run('says where much waits behind a batch, and loses nothing', async (phone, scene) => {
    scene.open(OURS);
    const count = 3 * BATCH + 5;
    for (let i = 0; i < count; i++) await phone.sent(`${i}`, OURS);
    scene.takeAll();
    assert.deepEqual(
      scene.taken.map(({ text }) => Number(text)),
      Array.from({ length: count }, (_, i) => i),
    );
    assert.ok(scene.fills.includes('queued'), scene.fills.join());
    scene.fills.length = 0;
    // As many as fit, and next to nothing behind them.
    for (let i = 0; i < BATCH + 1; i++) await phone.sent(`${i}`, OURS);
    scene.takeAll();
    assert.ok(!scene.fills.includes('queued'), scene.fills.join());
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

/** What is sent by the look that receives: io_uring's alone. */
const run = (
  name: string,
  body: (phone: Peer, scene: ReturnType<typeof setUp>) => Promise<void> | void,
): void => {
  test(`posts: ${name}`, over('uring'), async () => {
    const phone = await Peer.bind('127.77.50.32');
    const scene = setUp('uring');
    try {
      await body(phone, scene);
    } finally {
      scene.end();
      phone.close();
    }
  });
};

run(
  'go out in order with the next look, which tells of them before it brings anything',
  async (phone, scene) => {
    const fd = scene.open(OURS);
    scene.connectTo(fd, phone.address);
    await phone.sent('received', OURS);
    const texts = Array.from({ length: MAX_POSTS }, (_, i) => `posted ${i}`);
    for (const text of texts) assert.ok(scene.postText(fd, text));
    assert.equal(scene.intake.room, 0);
    assert.deepEqual(scene.posted, []);
    assert.equal(scene.intake.receive('wait', scene.sink), 1);
    assert.equal(scene.intake.room, MAX_POSTS);
    assert.deepEqual(scene.order, [...texts.keys(), 'received']);
    assert.deepEqual(
      scene.posted,
      texts.map((_, i) => [i, 0]),
    );
    assert.deepEqual(
      (await phone.until(MAX_POSTS)).map(({ text }) => text),
      texts,
    );
  },
);

run('one that fails is told with its error, and stops no other', async (phone, scene) => {
  const fd = scene.open(OURS);
  const refused = scene.open(SECOND);
  const gone = await Peer.bind('127.77.50.33');
  scene.connectTo(fd, phone.address);
  scene.connectTo(refused, gone.address);
  gone.close();
  scene.send(refused, 'nobody there');
  assert.ok(scene.postText(fd, 'first'));
  assert.ok(scene.postText(refused, 'second'));
  assert.ok(scene.postText(fd, 'third'));
  scene.intake.receive('take', scene.sink);
  assert.deepEqual(scene.posted, [
    [0, 0],
    [1, ECONNREFUSED],
    [2, 0],
  ]);
  assert.deepEqual(
    (await phone.until(2)).map(({ text }) => text),
    ['first', 'third'],
  );
  assert.ok(scene.postText(refused, 'again'));
  scene.intake.receive('take', scene.sink);
  assert.deepEqual(scene.posted.at(-1), [0, 0]);
});

run('what failed stands where it was received, however much has come since', async (phone, scene) => {
  scene.open(OURS);
  const refused = scene.open(SECOND);
  const gone = await Peer.bind('127.77.50.33');
  scene.connectTo(refused, gone.address);
  gone.close();
  scene.forwardBy(refused);
  await phone.sent('to be sent again', OURS);
  scene.intake.receive('take', scene.sink);
  scene.send(refused, 'nobody there');
  for (let i = 0; i < BATCH; i++) await phone.sent(`what has come since ${i}`, OURS);
  scene.intake.receive('take', scene.sink);
  assert.deepEqual(scene.posted, [[0, ECONNREFUSED]]);
  assert.deepEqual(scene.stillThere, ['to be sent again']);
  scene.takeAll();
  assert.equal(scene.taken.length, BATCH + 1);
});

run('each datagram of many can be posted on, one after the other', async (phone, scene) => {
  const fd = scene.open(OURS);
  scene.connectTo(fd, phone.address);
  scene.forwardBy(fd);
  const texts = Array.from({ length: 2 * BATCH }, (_, i) => `${i}`);
  for (const text of texts) {
    await phone.sent(text, OURS);
    scene.intake.receive('take', scene.sink);
  }
  scene.intake.receive('take', scene.sink);
  assert.equal(scene.posted.length, texts.length);
  assert.deepEqual(
    (await phone.until(texts.length)).map(({ text }) => text),
    texts,
  );
});

run('nothing is taken while a socket has more than its buffers hold', async (phone, scene) => {
  const fd = scene.open(OURS);
  scene.connectTo(fd, phone.address);
  for (let i = 0; i < BATCH; i++) await phone.sent(`${i}`, OURS);
  scene.intake.receive('take', scene.sink);
  assert.equal(scene.intake.room, 0);
  scene.takeAll();
  assert.equal(scene.intake.room, MAX_POSTS);
});

run('are told of when a socket is taken out, and none is taken while it is', async (phone, scene) => {
  const fd = scene.open(OURS);
  const second = scene.open(SECOND);
  scene.connectTo(fd, phone.address);
  scene.connectTo(second, phone.address);
  scene.forwardBy(fd);
  await phone.sent('its last', SECOND);
  assert.ok(scene.postText(second, 'from the one that goes'));
  scene.intake.remove(1, scene.sink);
  assert.deepEqual(scene.order, [0, 'its last']);
  assert.equal((await phone.until(1))[0]?.text, 'from the one that goes');
  assert.equal(scene.intake.room, MAX_POSTS);
});
