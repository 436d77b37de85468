import assert from 'node:assert/strict';
import { Tapped } from '../../src/monitor/tapped.ts';
import { MIN_RING_BYTES, ringFootprint } from '../../src/net/ring/memory.ts';
import { RingReader } from '../../src/net/ring/reader.ts';
import type { RingKind } from '../../src/net/ring/record.ts';
import { RingWriter } from '../../src/net/ring/writer.ts';
import { Endpoint } from '../../src/sip/address.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import { MAX_DATAGRAM_BYTES, Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import type { Transaction } from '../../src/sip/transaction.ts';

const MESSAGE_AT = ringFootprint(MIN_RING_BYTES);
const KERNEL_AT = (MESSAGE_AT + MAX_DATAGRAM_BYTES + 63) & ~63;
const memory = createSharedMemory(KERNEL_AT + KERNEL_BYTES);
kernel.moveTo(memory, KERNEL_AT);
const place = { buffer: memory.buffer, offset: 0, capacityBytes: MIN_RING_BYTES };
const writer = new RingWriter(place);
const reader = new RingReader(place);
const message = new Message();
const tapped = new Tapped();
const nobody = new Endpoint();

/** What comes of a datagram on its way through the ring between the threads: those lines of it that the monitor is to read. */
export function throughRing(kind: RingKind, bytes: Uint8Array, transaction: Transaction): Uint8Array {
  writer.bytes.set(bytes, MESSAGE_AT);
  assert.ok(parse(writer.bytes, MESSAGE_AT, MESSAGE_AT + bytes.length, message));
  assert.equal(writer.offer(kind, 0, nobody, nobody, message, transaction), 'taken');
  writer.publish();
  assert.ok(reader.next(tapped));
  const passed = tapped.bytes.slice(tapped.start, tapped.end);
  reader.release();
  return passed;
}
