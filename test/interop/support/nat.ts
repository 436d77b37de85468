import type { Lab } from './lab.ts';
import type { Namespace } from './namespaces.ts';
import {
  addAddress,
  addRoute,
  bridge,
  connect,
  forgetMappings,
  nft,
  openNamespace,
  setUp,
  sysctl,
} from './namespaces.ts';

/**
 * Phones behind a NAT, servers in front of it:
 *
 *     phones 10.99.1.2 … --- [ 10.99.1.1  router  203.0.113.1 ] --- servers 203.0.113.2 …
 *
 * Nothing comes in that was not asked for from inside, and each mapping is for one destination alone.
 */
export interface Nat {
  readonly servers: Namespace;
  /** phones[0] is 10.99.1.2, phones[1] is 10.99.1.3. */
  readonly phones: readonly Namespace[];
  phoneIp(index: number): string;
  /** The router forgets every mapping and gives out other ports from now on. */
  rebind(): void;
  /** The kernel's SIP helper rewrites addresses inside the messages (to and from port 5060). */
  alg(state: 'on' | 'off'): void;
  /** So many of a hundred UDP datagrams are lost on their way through the router, at random, in both directions. */
  loss(percent: number): void;
}

const PORTS_PER_BINDING = 1000;
const FIRST_PORT = 40_000;

const filter = (table: string, body: string): string => `table ip ${table}
delete table ip ${table}
table ip ${table} {
${body}
}
`;

const masquerade = (firstPort: number): string =>
  filter(
    'nat',
    ` chain out {
  type nat hook postrouting priority 100;
  oifname "wan" ip protocol udp masquerade to :${firstPort}-${firstPort + PORTS_PER_BINDING - 1} random
  oifname "wan" masquerade
 }
 chain through {
  type filter hook forward priority 0; policy drop;
  iifname "lan" accept
  ct state established,related accept
 }`,
  );

const SIP_HELPER = filter(
  'alg',
  ` ct helper sip5060 {
  type "sip" protocol udp;
 }
 chain before {
  type filter hook prerouting priority 0;
  udp dport 5060 ct helper set "sip5060"
 }`,
);

const random = (percent: number): string =>
  filter(
    'loss',
    ` chain some {
  type filter hook forward priority -10;
  ip protocol udp numgen random mod 100 < ${percent} drop
 }`,
  );

export interface NatOptions {
  /** Of the servers: 203.0.113.x. */
  readonly serverHosts: readonly number[];
  readonly phones: number;
}

export function openNat(lab: Lab, { serverHosts, phones: count }: NatOptions): Nat {
  const servers = openNamespace(lab, 'servers');
  const router = openNamespace(lab, 'router');
  const phones = Array.from({ length: count }, (_, index) => openNamespace(lab, `phone${index}`));
  const phoneIp = (index: number): string => `10.99.1.${index + 2}`;

  connect({ namespace: servers, name: 'net' }, { namespace: router, name: 'wan' });
  for (const host of serverHosts) addAddress(servers, 'net', `203.0.113.${host}/24`);
  addAddress(router, 'wan', '203.0.113.1/24');
  for (const [index, phone] of phones.entries()) {
    connect({ namespace: phone, name: 'eth0' }, { namespace: router, name: `port${index}` });
    addAddress(phone, 'eth0', `${phoneIp(index)}/24`);
  }
  bridge(
    router,
    'lan',
    phones.map((_, index) => `port${index}`),
  );
  addAddress(router, 'lan', '10.99.1.1/24');
  setUp(router, 'lan');
  for (const phone of phones) addRoute(phone, 'default', '10.99.1.1');
  sysctl(router, 'net.ipv4.ip_forward=1');

  let firstPort = FIRST_PORT;
  nft(router, masquerade(firstPort));
  return {
    servers,
    phones,
    phoneIp,
    rebind: () => {
      firstPort += PORTS_PER_BINDING;
      nft(router, masquerade(firstPort));
      forgetMappings(router);
    },
    alg: (state) => {
      nft(router, state === 'on' ? SIP_HELPER : 'delete table ip alg');
      // The helper looks after flows that begin while it is on.
      forgetMappings(router);
    },
    loss: (percent) => nft(router, percent === 0 ? 'delete table ip loss' : random(percent)),
  };
}
