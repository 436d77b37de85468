import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openDry } from '../../../src/net/transport/dry.ts';
import { arenaBytes, BATCH } from '../../../src/net/transport/transport.ts';
import { Endpoint, endpointFrom } from '../../../src/sip/address.ts';
import { createSharedMemory } from '../../../src/sip/kernel/web-assembly.ts';
import { Peer } from '../../support/udp-peer.ts';

const OFFSET = 4096;
const OURS = endpointFrom('127.77.50.18')!;
OURS.port = 5060;

for (const kind of ['portable', 'batched', 'uring'] as const) {
  describe(`a dry transport (${kind})`, () => {
    let peer: Peer;
    before(async () => {
      peer = await Peer.bind('127.77.50.16');
    });
    after(() => peer.close());

    function open(registrar = OURS) {
      const { buffer } = createSharedMemory(OFFSET + arenaBytes(1));
      const bytes = new Uint8Array(buffer);
      const socket = { index: 0, bound: OURS, sentBy: OURS };
      const transport = openDry(kind, [socket], { bytes, offset: OFFSET, length: arenaBytes(1) });
      transport.faceRegistrar(0, registrar);
      return { transport, bytes };
    }

    it('takes back what is sent, and nothing of it leaves', async () => {
      const target = endpointFrom(peer.address.split(':')[0]!)!;
      target.port = Number(peer.address.split(':')[1]);
      const { transport, bytes } = open(target);
      const elsewhere = new Endpoint().copyFrom(target);
      elsewhere.port++;
      try {
        const texts = Array.from({ length: BATCH }, (_, i) => `message ${i}`);
        const seen: [string, number][] = [];
        const show = (start: number, end: number, tag: number): void => {
          seen.push([Buffer.from(bytes.subarray(start, end)).toString(), tag]);
        };
        for (const to of [target, elsewhere]) {
          texts.forEach((text, i) => {
            const start = OFFSET + 100 * i;
            bytes.set(Buffer.from(text), start);
            transport.send(bytes, start, start + text.length, 0, to, i + 7);
          });
          transport.takeBack(show);
          assert.deepEqual(
            seen.splice(0),
            texts.map((text, i) => [text, i + 7]),
          );
        }
        transport.takeBack(show);
        assert.deepEqual(seen, []);
      } finally {
        transport.close();
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.deepEqual(peer.heard, []);
    });
  });
}
