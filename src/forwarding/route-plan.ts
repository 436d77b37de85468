import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import type { Config } from '../config.ts';
import type { Facing, LocalSocket, Network } from '../proxy/routes.ts';
import { contains, hostNetwork } from '../proxy/routes.ts';
import { Endpoint, endpointFrom, endpointText, hostText, isLoopback, isUnspecified } from '../sip/address.ts';
import { ascii } from '../sip/bytes.ts';
import type { UnsignedRoutes } from './protocol.ts';

/** From what the operator said to what a decision sees: sockets, networks, and which socket faces which. */

/** What the machine says about itself. */
export interface Machine {
  /** As os.networkInterfaces() answers. */
  readonly interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;
  /** The address that the kernel would send from; undefined where it knows no way. */
  readonly sourceTowards: (target: Endpoint) => Promise<Endpoint | undefined>;
}

/** A configuration that this machine can't serve; the message says what to do. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** A flow token has five bits for the socket. */
export const MAX_SOCKETS = 32;

interface OnLink {
  readonly address: Endpoint;
  readonly network: Network;
}

/** Every address of every interface; those of a single link (fe80::) mean nothing in a Via and are left out. */
function onLinkNetworks({ interfaces }: Machine): readonly OnLink[] {
  const out: OnLink[] = [];
  for (const infos of Object.values(interfaces)) {
    for (const { address, cidr } of infos ?? []) {
      const endpoint = endpointFrom(address);
      if (endpoint === undefined || isLinkLocal(endpoint)) continue;
      const bits = Number(cidr?.slice(cidr.indexOf('/') + 1) ?? (endpoint.isIpv4 ? 32 : 128));
      out.push({
        address: endpoint,
        network: { base: endpoint, prefixBits: bits + (endpoint.isIpv4 ? 96 : 0) },
      });
    }
  }
  return out.sort((x, y) => y.network.prefixBits - x.network.prefixBits);
}

function isLinkLocal(address: Endpoint): boolean {
  return !address.isIpv4 && address.a >>> 22 === 0x3fa;
}

/** One socket per address: a wildcard stands for every unicast address of its family (RFC 3261 §18.1.1: sent-by must be true). */
export function planSockets(config: Config, machine: Machine): readonly LocalSocket[] {
  const bounds: { readonly bound: Endpoint; readonly isNamed: boolean }[] = [];
  const add = (host: Endpoint, port: number, isNamed: boolean) => {
    const bound = new Endpoint().copyFrom(host);
    bound.port = port;
    if (!bounds.some((known) => known.bound.sameAs(bound))) bounds.push({ bound, isNamed });
  };
  const networks = onLinkNetworks(machine);
  for (const listen of config.listen) if (!isUnspecified(listen)) add(listen, listen.port, true);
  for (const listen of config.listen.filter(isUnspecified)) {
    for (const { address } of networks)
      if (address.isIpv4 === listen.isIpv4) add(address, listen.port, false);
  }
  const listens = config.listen.map(endpointText).join(', ');
  if (bounds.length === 0) {
    throw new PlanError(
      `listen: ${listens} stands for no address of this machine; bring an interface up, or give --listen an address`,
    );
  }
  if (bounds.length > MAX_SOCKETS) {
    throw new PlanError(
      `listen: ${listens} stands for ${bounds.length} addresses, and ${MAX_SOCKETS} is the most; name the ones to use with --listen`,
    );
  }
  return bounds.map(({ bound, isNamed }, index) => ({
    index,
    bound,
    sentBy: sentBy(config, bound, isNamed),
  }));
}

/** A loopback socket that nobody named faces the PBX on this host, which should see loopback. */
function sentBy({ advertise }: Config, bound: Endpoint, isNamed: boolean): Endpoint {
  const out = new Endpoint();
  if (advertise === undefined || advertise.isIpv4 !== bound.isIpv4) return out.copyFrom(bound);
  if (!isNamed && isLoopback(bound)) return out.copyFrom(bound);
  out.copyFrom(advertise);
  if (out.port === 0) out.port = bound.port;
  return out;
}

/**
 * The configuration as the forwarding worker needs it, without the signer. `registrars` are the addresses of
 * all of them in the operator's order; `active` is the place of the one that gets the requests.
 */
export async function planRoutes(
  config: Config,
  sockets: readonly LocalSocket[],
  registrars: readonly Endpoint[],
  active: number,
  machine: Machine,
): Promise<UnsignedRoutes> {
  const networks = onLinkNetworks(machine);
  const registrar = registrars[active];
  if (registrar === undefined) throw new PlanError('registrar: there is none; give --registrar HOST[:PORT]');
  const phoneNets = config.phoneNets ?? [...PRIVATE_NETS, ...networks.map(({ network }) => network)];
  return {
    sockets,
    registrar,
    registrarSocket: await socketTowards(registrar, sockets, networks, machine),
    registrarNets: config.registrarNets ?? registrars.map((host) => registrarNet(host, sockets, networks)),
    phoneNets,
    facing: await planFacing(phoneNets, sockets, networks, machine),
    aliasHosts: config.aliasHosts.map(ascii),
    contactMode: config.contactMode,
    rport: config.rport,
    proxyRequire: config.proxyRequire,
    viaCheck: config.viaCheck,
    stun: config.stun,
    foreignRoute: config.foreignRoute,
  };
}

/** Any port of a registrar's address; where phones or we may share that address, its own port only. */
function registrarNet(
  registrar: Endpoint,
  sockets: readonly LocalSocket[],
  networks: readonly OnLink[],
): Network {
  const isOurs =
    networks.some(({ address }) => address.sameHost(registrar)) ||
    sockets.some(({ bound, sentBy }) => bound.sameHost(registrar) || sentBy.sameHost(registrar));
  const network = hostNetwork(registrar);
  if (!isOurs && !isLoopback(registrar)) network.base.port = 0;
  return network;
}

/** The socket on the target's own network, else the one that the kernel would choose. */
async function socketTowards(
  target: Endpoint,
  sockets: readonly LocalSocket[],
  networks: readonly OnLink[],
  machine: Machine,
): Promise<number> {
  const onLink = networks.find(({ network }) => contains(network, target));
  const near = onLink && socketIn(onLink, sockets);
  if (near !== undefined) return near.index;
  const source = await machine.sourceTowards(target);
  const chosen =
    sockets.find(({ bound }) => source?.sameHost(bound)) ??
    sockets.find(({ bound }) => bound.isIpv4 === target.isIpv4 && !isLoopback(bound)) ??
    sockets.find(({ bound }) => bound.isIpv4 === target.isIpv4);
  if (chosen !== undefined) return chosen.index;
  const family = target.isIpv4 ? 'IPv4' : 'IPv6';
  throw new PlanError(
    `listen: no ${family} address, but ${endpointText(target)} must be reached; add an ${family} address with --listen`,
  );
}

function socketIn({ address, network }: OnLink, sockets: readonly LocalSocket[]): LocalSocket | undefined {
  return (
    sockets.find(({ bound }) => bound.sameHost(address)) ??
    sockets.find(({ bound }) => contains(network, bound))
  );
}

/**
 * Which socket sends a request without a token: by network, narrow ones first; at the end everything else
 * of each family that we have.
 */
async function planFacing(
  phoneNets: readonly Network[],
  sockets: readonly LocalSocket[],
  networks: readonly OnLink[],
  machine: Machine,
): Promise<readonly Facing[]> {
  const out: Facing[] = [];
  for (const onLink of networks) {
    const socket = socketIn(onLink, sockets);
    if (socket !== undefined) out.push({ network: onLink.network, socket: socket.index });
  }
  const routed = [...phoneNets, ...EVERYWHERE].sort((x, y) => y.prefixBits - x.prefixBits);
  for (const network of routed) {
    if (!sockets.some(({ bound }) => bound.isIpv4 === network.base.isIpv4)) continue;
    out.push({ network, socket: await socketTowards(someHostOf(network), sockets, [], machine) });
  }
  return out;
}

/** An address to ask the kernel about; nothing is ever sent to it. */
function someHostOf({ base, prefixBits }: Network): Endpoint {
  const out = new Endpoint().copyFrom(isUnspecified(base) ? (base.isIpv4 ? FAR_IPV4 : FAR_IPV6) : base);
  if (prefixBits < 128) out.d |= 1;
  out.port = 9;
  return out;
}

function network(host: string, bits: number): Network {
  const base = endpointFrom(host)!;
  return { base, prefixBits: bits + (base.isIpv4 ? 96 : 0) };
}

/** RFC 1918, RFC 4193, and loopback. */
const PRIVATE_NETS = [
  network('10.0.0.0', 8),
  network('172.16.0.0', 12),
  network('192.168.0.0', 16),
  network('127.0.0.0', 8),
  network('fc00::', 7),
  network('::1', 128),
];
const EVERYWHERE = [network('0.0.0.0', 0), network('::', 0)];
/** Addresses for documentation (RFC 5737, RFC 3849): never on a link, so the default route is what counts. */
const FAR_IPV4 = endpointFrom('192.0.2.1')!;
const FAR_IPV6 = endpointFrom('2001:db8::1')!;

/** Asks the kernel by connecting a UDP socket, which sends nothing. */
export async function sourceTowards(target: Endpoint): Promise<Endpoint | undefined> {
  const socket = createSocket(target.isIpv4 ? 'udp4' : 'udp6');
  try {
    socket.connect(target.port, hostText(target));
    await once(socket, 'connect');
    return endpointFrom(socket.address().address);
  } catch {
    return undefined;
  } finally {
    socket.close();
  }
}
