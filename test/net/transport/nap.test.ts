import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTransport } from '../../../src/net/transport/choose.ts';
import type { Receiver, TransportKind } from '../../../src/net/transport/transport.ts';
import { arenaBytes, TURN_MS } from '../../../src/net/transport/transport.ts';
import { Datagram } from '../../../src/proxy/decision.ts';
import { endpointFrom } from '../../../src/sip/address.ts';
import { createSharedMemory } from '../../../src/sip/kernel/web-assembly.ts';
import { over, TRANSPORTS } from '../../support/transports.ts';
import { Peer } from '../../support/udp-peer.ts';

const HOST = '127.77.50.26';
/** In which a datagram that is only waited for would be late. */
const NAPS = 50;
const OURS = { host: HOST, port: 5060 };

async function opened(kind: TransportKind) {
  const bound = endpointFrom(`${HOST}:5060`)!;
  const length = arenaBytes(1);
  const { buffer } = createSharedMemory(length);
  const options = { sockets: [{ index: 0, bound, sentBy: bound }], receiveBufferBytes: 65_536 };
  const arena = { bytes: new Uint8Array(buffer), offset: 0, length };
  const { transport } = await openTransport(kind, options, arena);
  return transport;
}

for (const kind of TRANSPORTS) {
  test(`${kind}: what comes while it naps is taken, and what is sent then leaves`, over(kind), async () => {
    const transport = await opened(kind);
    const peer = await Peer.bind('127.77.50.27');
    let [taken, told] = [0, 0];
    const datagram = new Datagram();
    const receiver: Receiver = {
      datagram,
      startBatch: () => {},
      take: () => {
        taken++;
        transport.send(datagram.bytes, datagram.start, datagram.end, 0, datagram.source, 0);
      },
      sent: () => told++,
      failed: () => assert.fail('not sent'),
      registrarUnreachable: () => {},
      endBatch: () => {},
    };
    for (let i = 0; i < 5; i++) await peer.sent(`number ${i}`, OURS);
    // Then nobody comes any more.
    let naps = 0;
    const startMs = performance.now();
    await transport.run(receiver, () => (taken < 5 || naps++ < NAPS ? 'nap' : 'stop'));
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < (NAPS * TURN_MS) / 4, `${tookMs} ms`);
    await peer.until(5);
    assert.deepEqual([taken, told], [5, 5]);
    peer.close();
  });
}
