import { parentPort, workerData } from 'node:worker_threads';
import type { RingPlace } from '../../../src/net/ring/memory.ts';
import { RingWriter } from '../../../src/net/ring/writer.ts';
import { Endpoint } from '../../../src/sip/address.ts';
import { Message } from '../../../src/sip/message.ts';
import { Transaction } from '../../../src/sip/transaction.ts';

/**
 * Offers numbered records as fast as it can until so many were taken, and says so: `full` when one was
 * refused for the first time, then how many were taken and refused.
 */
const { memory, records } = workerData as { memory: RingPlace; records: number };
const LIMIT_MS = 20_000;
const writer = new RingWriter(memory);
const phone = new Endpoint();
const message = new Message();
const transaction = new Transaction();
const bytes = new Uint8Array(1000);
let taken = 0;
let full = 0;
const giveUpAt = performance.now() + LIMIT_MS;
for (let seed = 0; taken < records && performance.now() < giveUpAt; seed++) {
  const length = 100 + (seed % 900);
  for (let i = 0; i < length; i++) bytes[i] = (seed + i) & 255;
  phone.port = seed & 0xffff;
  message.reset(bytes, 0, length);
  if (writer.offer('request', seed, phone, phone, message, transaction) === 'taken') taken++;
  else if (full++ === 0) parentPort!.postMessage('full');
  if (seed % 3 === 0) writer.publish();
}
writer.publish();
parentPort!.postMessage({ taken, full });
