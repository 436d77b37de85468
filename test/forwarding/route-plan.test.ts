import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import type { Machine } from '../../src/forwarding/route-plan.ts';
import { planRoutes, planSockets, sourceTowards } from '../../src/forwarding/route-plan.ts';
import type { Network, Routes } from '../../src/proxy/routes.ts';
import { contains } from '../../src/proxy/routes.ts';
import type { Endpoint } from '../../src/sip/address.ts';
import { endpointFrom, endpointText, hostText } from '../../src/sip/address.ts';
import { config } from '../app/settings.ts';

/** An interface address as os.networkInterfaces() has it. */
function face(cidr: string): NetworkInterfaceInfo {
  const [address] = cidr.split('/') as [string];
  return {
    address,
    cidr,
    netmask: '',
    mac: '',
    internal: false,
    ...(address.includes(':') ? { family: 'IPv6', scopeid: 0 } : { family: 'IPv4' }),
  } as NetworkInterfaceInfo;
}

/** A host on two networks, with a default route through the first. */
function machine(own: Partial<Machine> = {}): Machine {
  return {
    interfaces: {
      lo: [face('127.0.0.1/8'), face('::1/128')],
      eth0: [face('10.0.1.7/24'), face('fe80::1/64')],
      eth1: [face('192.168.4.7/22'), face('2001:db8:1::7/64')],
    },
    sourceTowards: async (target) =>
      endpointFrom(
        target.isIpv4 ? (hostText(target).startsWith('172.') ? '192.168.4.7' : '10.0.1.7') : '2001:db8:1::7',
      ),
    ...own,
  };
}

const REGISTRAR = endpointFrom('10.0.1.8:5060')!;

async function plan(
  listenOn: string,
  registrars: readonly Endpoint[] = [REGISTRAR],
  own: Partial<Parameters<typeof config>[0]> = {},
  host: Machine = machine(),
) {
  const settings = config({ listenOn, registrarAt: '10.0.1.8:5060', ...own });
  const sockets = planSockets(settings, host);
  return planRoutes(settings, sockets, registrars, 0, host);
}

function shown(networks: readonly Network[]): string[] {
  return networks.map(({ base, prefixBits }) => {
    const bits = base.isIpv4 ? prefixBits - 96 : prefixBits;
    return `${base.port === 0 ? hostText(base) : endpointText(base)}/${bits}`;
  });
}

/** Which socket a tokenless request to `target` would leave from, as decide reads the list. */
function facing(routes: Pick<Routes, 'facing' | 'sockets'>, target: string): string | undefined {
  const found = routes.facing.find(({ network }) => contains(network, endpointFrom(target)!));
  return found && endpointText(routes.sockets[found.socket]!.bound);
}

test('a wildcard is one socket per unicast address of its family, link-local ones left out', () => {
  const sockets = planSockets(config({ listenOn: '0.0.0.0:5060', registrarAt: '10.0.1.8:5060' }), machine());
  assert.deepEqual(
    sockets.map(({ index, bound, sentBy }) => [index, endpointText(bound), endpointText(sentBy)]),
    [
      [0, '10.0.1.7:5060', '10.0.1.7:5060'],
      [1, '192.168.4.7:5060', '192.168.4.7:5060'],
      [2, '127.0.0.1:5060', '127.0.0.1:5060'],
    ],
  );
  const six = planSockets(config({ listenOn: '[::]:5062', registrarAt: '10.0.1.8:5060' }), machine());
  assert.deepEqual(
    six.map(({ bound }) => endpointText(bound)),
    ['[::1]:5062', '[2001:db8:1::7]:5062'],
  );
});

test('an address named beside the wildcard is there once', () => {
  const settings = config({ listenOn: '0.0.0.0:5060', registrarAt: '10.0.1.8:5060' });
  const listen = [endpointFrom('10.0.1.7:5060')!, ...settings.listen];
  const sockets = planSockets({ ...settings, listen }, machine());
  assert.deepEqual(
    sockets.map(({ bound }) => endpointText(bound)),
    ['10.0.1.7:5060', '192.168.4.7:5060', '127.0.0.1:5060'],
  );
});

test('what is advertised stands in for each address of its family, but for loopback that nobody named', () => {
  const advertised = (listenOn: string, advertise: string) =>
    planSockets(
      config({ listenOn, registrarAt: '10.0.1.8:5060', advertise: endpointFrom(advertise)! }),
      machine(),
    ).map(({ sentBy }) => endpointText(sentBy));
  assert.deepEqual(advertised('0.0.0.0:5060', '203.0.113.5'), [
    '203.0.113.5:5060',
    '203.0.113.5:5060',
    '127.0.0.1:5060',
  ]);
  assert.deepEqual(advertised('127.0.0.1:5060', '203.0.113.5:5080'), ['203.0.113.5:5080']);
  assert.deepEqual(advertised('[::1]:5060', '203.0.113.5'), ['[::1]:5060']);
});

test('more addresses than sockets can have, or none at all, end the start with what to do', () => {
  const many = { eth0: Array.from({ length: 33 }, (_, i) => face(`10.0.1.${i + 1}/24`)) };
  const settings = config({ listenOn: '0.0.0.0:5060', registrarAt: '10.0.1.8:5060' });
  assert.throws(() => planSockets(settings, machine({ interfaces: many })), {
    message:
      'listen: 0.0.0.0:5060 stands for 33 addresses, and 32 is the most; name the ones to use with --listen',
  });
  assert.throws(() => planSockets(settings, machine({ interfaces: {} })), {
    message:
      'listen: 0.0.0.0:5060 stands for no address of this machine; bring an interface up, or give --listen an address',
  });
});

test("the registrar's side is every registrar's address, any port", async () => {
  const { registrarNets } = await plan('0.0.0.0:5060', [REGISTRAR, endpointFrom('10.9.9.9:5070')!]);
  assert.deepEqual(shown(registrarNets), ['10.0.1.8/32', '10.9.9.9/32']);
});

test('a registrar on our own address, or on loopback, is its exact port', async () => {
  const ours = ['10.0.1.7:5080', '127.0.0.1:5080', '127.5.5.5:5060'].map((text) => endpointFrom(text)!);
  const { registrarNets } = await plan('10.0.1.7:5060', ours);
  assert.deepEqual(shown(registrarNets), ['10.0.1.7:5080/32', '127.0.0.1:5080/32', '127.5.5.5:5060/32']);
  const behind = await plan('10.0.1.7:5060', [endpointFrom('203.0.113.5:5080')!], {
    advertise: endpointFrom('203.0.113.5')!,
  });
  assert.deepEqual(shown(behind.registrarNets), ['203.0.113.5:5080/32']);
});

test('phones without a token are in private ranges, on loopback, or on a link of ours', async () => {
  const { phoneNets } = await plan('0.0.0.0:5060');
  const reached = (text: string) => phoneNets.some((network) => contains(network, endpointFrom(text)!));
  for (const inside of [
    '10.200.0.1',
    '172.31.0.1',
    '192.168.77.1',
    '127.9.9.9',
    '[2001:db8:1::99]',
    '[fd00::1]',
  ]) {
    assert.ok(reached(inside), inside);
  }
  for (const outside of ['8.8.8.8', '172.32.0.1', '[2001:db8:2::1]']) assert.ok(!reached(outside), outside);
});

test('what the operator says about networks stands', async () => {
  const nets = [{ base: endpointFrom('198.51.100.0')!, prefixBits: 120 }];
  const routes = await plan('0.0.0.0:5060', [REGISTRAR], { registrarNets: nets, phoneNets: nets });
  assert.deepEqual(shown(routes.registrarNets), ['198.51.100.0/24']);
  assert.deepEqual(shown(routes.phoneNets), ['198.51.100.0/24']);
});

test('the socket that faces the registrar is the one on its network, else the one the kernel sends from', async () => {
  const socketFor = async (registrar: string) => {
    const routes = await plan('0.0.0.0:5060', [endpointFrom(registrar)!]);
    return endpointText(routes.sockets[routes.registrarSocket]!.bound);
  };
  assert.equal(await socketFor('10.0.1.8:5060'), '10.0.1.7:5060');
  assert.equal(await socketFor('192.168.7.200:5060'), '192.168.4.7:5060');
  assert.equal(await socketFor('127.0.0.1:5070'), '127.0.0.1:5060');
  assert.equal(await socketFor('172.20.0.1:5060'), '192.168.4.7:5060');
  assert.equal(await socketFor('8.8.8.8:5060'), '10.0.1.7:5060');
});

test('a kernel that would send from an address that we do not listen on leaves a socket of that family', async () => {
  const routes = await plan('192.168.4.7:5060', [endpointFrom('8.8.8.8:5060')!]);
  assert.equal(routes.registrarSocket, 0);
  await assert.rejects(plan('10.0.1.7:5060', [endpointFrom('[2001:db8:9::1]:5060')!]), {
    message:
      'listen: no IPv6 address, but [2001:db8:9::1]:5060 must be reached; add an IPv6 address with --listen',
  });
});

test('requests without a token leave from the socket on the target network, else from the way out', async () => {
  const routes = await plan('0.0.0.0:5060');
  assert.equal(facing(routes, '10.0.1.99'), '10.0.1.7:5060');
  assert.equal(facing(routes, '192.168.5.1'), '192.168.4.7:5060');
  assert.equal(facing(routes, '127.1.2.3'), '127.0.0.1:5060');
  assert.equal(facing(routes, '172.16.9.9'), '192.168.4.7:5060');
  assert.equal(facing(routes, '10.77.0.1'), '10.0.1.7:5060');
  assert.equal(facing(routes, '8.8.8.8'), '10.0.1.7:5060');
  assert.equal(facing(routes, '[2001:db8::1]'), undefined);
});

test('the kernel tells where it would send from, and sends nothing', async () => {
  assert.equal(hostText((await sourceTowards(endpointFrom('127.77.50.20:9')!))!), '127.0.0.1');
});
