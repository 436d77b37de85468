import assert from 'node:assert/strict';
import type { RingPlace } from '../../../src/net/ring/memory.ts';
import { MIN_RING_BYTES, ringFootprint } from '../../../src/net/ring/memory.ts';
import type { RingRecord } from '../../../src/net/ring/record.ts';
import { Endpoint } from '../../../src/sip/address.ts';
import { Message } from '../../../src/sip/message.ts';
import { parse } from '../../../src/sip/parse.ts';
import { Transaction } from '../../../src/sip/transaction.ts';

export const OFFSET = 192;

export function place(capacityBytes = MIN_RING_BYTES): RingPlace {
  const size = OFFSET + ringFootprint(capacityBytes) + 70_000;
  return { buffer: new SharedArrayBuffer(size + (8 - (size % 8))), offset: OFFSET, capacityBytes };
}

export function record(): RingRecord {
  return {
    atMs: 0,
    kind: 'request',
    phone: new Endpoint(),
    registrar: new Endpoint(),
    bytes: new Uint8Array(),
    start: 0,
    end: 0,
    message: undefined,
    transaction: undefined,
  };
}

export function endpoint(seed: number): Endpoint {
  const out = new Endpoint().setIpv4(seed * 2654435761);
  if (seed % 3 === 0) out.a = seed;
  out.port = seed & 0xffff;
  return out;
}

/** So many lines and more are not told. */
export const TOO_MANY_LINES = 513;

/** A datagram that tells its number and length in every byte of its body; about so long, for it has some header lines. */
export function payload(seed: number, length: number): Uint8Array {
  const start = seed % 2 === 0 ? 'REGISTER sip:iptlab.com SIP/2.0' : `SIP/2.0 ${200 + (seed % 300)} Some`;
  const count = seed % 41 === 40 ? TOO_MANY_LINES - 1 + (seed % 2) : seed % 23;
  const lines = Array.from(
    { length: count },
    (_, i) => `${['v', 'Contact', 'X', 'To'][i % 4]}: ${seed}/${i}`,
  );
  const head = Buffer.from([start, ...lines, '', ''].join('\r\n'));
  const body = Uint8Array.from(
    { length: Math.max(length - head.length, 0) },
    (_, i) => (seed * 31 + i * 7) & 255,
  );
  return new Uint8Array(Buffer.concat([head, body]));
}

export function parsed(bytes: Uint8Array, start = 0, end = bytes.length): Message {
  const message = new Message();
  assert.ok(parse(bytes, start, end, message));
  return message;
}

export function transaction(seed: number): Transaction {
  const out = new Transaction();
  for (let word = 0; word < out.branch.length; word++) out.branch[word] = Math.imul(seed + word, 2654435761);
  out.sentBy.copyFrom(endpoint(seed + 7));
  out.cseq = seed * 3;
  return out;
}
