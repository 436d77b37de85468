import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from '../../src/proxy/decide.ts';
import { Datagram, Decision } from '../../src/proxy/decision.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import { MAX_DATAGRAM_BYTES } from '../../src/sip/message.ts';
import { endpoint, pass, routesOf } from './support/passing.ts';

const AROUND = 1 << 18;
const ARENA = 4096;
const FILL = 0x7e;

const PHONE = '10.0.13.244:5060';
const HEAD = (uri: string, method = 'REGISTER'): string[] => [
  `${method} ${uri} SIP/2.0`,
  `Via: SIP/2.0/UDP ${PHONE};branch=z9hG4bK1;rport`,
  'From: <sip:24001@iptlab.com>;tag=1',
  'To: <sip:24001@iptlab.com>',
  'Call-ID: 1',
  `CSeq: 1 ${method}`,
];
const LONG = 'x'.repeat(32_550);
const STRICT = '<sip:10.0.1.8;';
const HARD: readonly (readonly [string, readonly string[]])[] = [
  ['a URI as long as a datagram', HEAD(`sip:${'x'.repeat(65_000)}@iptlab.com`)],
  ['a long URI and a strict Route as long', [...HEAD(`sip:${LONG}@iptlab.com`), `Route: ${STRICT}${LONG}>`]],
  [
    'a long URI and strict Routes',
    [...HEAD(`sip:${LONG}@iptlab.com`, 'INVITE'), `Route: ${STRICT}x>, ${STRICT}${'y'.repeat(32_500)}>`],
  ],
  ['a long token that is ours by its form', HEAD(`sip:24001@10.0.1.7;rollcall=${LONG}${LONG}`, 'INVITE')],
  ['many Contacts', [...HEAD('sip:iptlab.com'), ...new Array<string>(4000).fill('m: <sip:a@b>')]],
  ['as many header lines as fit', [...HEAD('sip:iptlab.com'), ...new Array<string>(12_000).fill('a:b')]],
  ['a long branch', [...HEAD('sip:iptlab.com').slice(0, 1), `Via: SIP/2.0/UDP h;branch=${LONG}${LONG}`]],
];

test('whatever comes, nothing is written outside of the kernel’s own memory', () => {
  kernel.moveTo(createSharedMemory(KERNEL_BYTES + 2 * AROUND), AROUND);
  const { bytes } = kernel;
  const decision = new Decision();
  for (const contactMode of ['direct', 'alias'] as const) {
    const routes = routesOf({ contactMode });
    for (const [name, lines] of HARD) {
      bytes.fill(FILL, 0, AROUND);
      bytes.fill(FILL, AROUND + KERNEL_BYTES);
      const text = Buffer.from([...lines, '', ''].join('\r\n'), 'latin1').subarray(0, MAX_DATAGRAM_BYTES);
      bytes.set(text, ARENA);
      const before = Buffer.from(bytes.subarray(0, AROUND));
      const datagram = new Datagram();
      datagram.bytes = bytes;
      datagram.start = ARENA;
      datagram.end = ARENA + text.length;
      datagram.source.copyFrom(endpoint(PHONE));
      decide(datagram, routes, decision);
      assert.ok(before.equals(bytes.subarray(0, AROUND)), `${name}: before`);
      const behind = bytes.subarray(AROUND + KERNEL_BYTES);
      assert.ok(
        behind.every((byte) => byte === FILL),
        `${name}: behind`,
      );
    }
  }
});

test('where the kernel lives does not matter to what goes out', () => {
  const routes = routesOf({ contactMode: 'direct' });
  const text = [...HEAD('sip:iptlab.com'), '', ''].join('\r\n');
  const { sent } = pass(text, PHONE, routes);
  assert.match(sent, /^REGISTER .*\r\nVia: SIP\/2\.0\/UDP 10\.0\.1\.7:5060;branch=z9hG4bK/);
  for (const at of [0, 64, 4096]) {
    kernel.moveTo(createSharedMemory(at + KERNEL_BYTES), at);
    assert.equal(pass(text, PHONE, routes).sent, sent);
  }
});
