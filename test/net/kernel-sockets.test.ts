import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { kernelName, kernelSockets, parseTable } from '../../src/net/kernel-sockets.ts';
import { endpointFrom } from '../../src/sip/address.ts';

test('addresses are named as the kernel writes them', () => {
  assert.equal(kernelName(endpointFrom('127.0.0.1:5060')!), '0100007F:13C4');
  assert.equal(kernelName(endpointFrom('[2001:db8::1]:80')!), 'B80D0120000000000000000001000000:0050');
});

test('several sockets on one address count together, others not at all', () => {
  const table = parseTable(
    [
      '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
      '  100: 0100007F:13C4 00000000:0000 07 00000000:00000300 00:00000000 00000000     0        0 100 2 0000000000000000 7',
      '  100: 0100007F:13C4 0200007F:13C4 01 00000000:00000010 00:00000000 00000000     0        0 101 2 0000000000000000 5',
      '  101: 0100007F:13C5 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 102 2 0000000000000000 9',
      'cut off',
      '',
    ].join('\n'),
  );
  assert.deepEqual(table.get('0100007F:13C4'), { drops: 12, receiveQueueBytes: 0x310 });
  assert.equal(table.size, 2);
});

const LINUX = process.platform === 'linux' ? {} : { skip: 'only Linux tells about its sockets' };

test('a socket that nobody reads shows what waits and what was dropped', LINUX, async () => {
  const bound = endpointFrom('127.77.50.21:5060')!;
  const receiver = createSocket('udp4');
  receiver.bind({ address: '127.77.50.21', port: 5060 });
  await once(receiver, 'listening');
  receiver.setRecvBufferSize(4096);
  const sender = createSocket('udp4');
  sender.connect(5060, '127.77.50.21');
  await once(sender, 'connect');
  try {
    assert.deepEqual(kernelSockets([bound]), [{ drops: 0, receiveQueueBytes: 0 }]);
    // Nothing is received before the next turn of the event loop.
    for (let i = 0; i < 200; i++) sender.send(Buffer.alloc(500));
    const [state, other] = kernelSockets([bound, endpointFrom('127.77.50.21:5061')!]);
    assert.ok(state!.drops > 100, `${state!.drops} drops`);
    assert.ok(state!.receiveQueueBytes > 0);
    assert.equal(other, undefined);
  } finally {
    sender.close();
    receiver.close();
  }
});
