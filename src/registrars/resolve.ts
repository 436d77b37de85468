import { lookup, Resolver } from 'node:dns/promises';
import type { RegistrarName } from '../config.ts';
import type { Endpoint } from '../sip/address.ts';
import { endpointFrom, endpointText } from '../sip/address.ts';
import { DEFAULT_PORT } from '../sip/via.ts';

/** More addresses than this are not looked at: a name with so many is no pair of registrars. */
export const MAX_ADDRESSES = 16;

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

/** The two questions to the name system; each answers an empty list where the name has no such record. */
export interface NameLookup {
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** Numeric addresses, both families. */
  addresses(name: string): Promise<readonly string[]>;
}

/**
 * The machine's own way to names: hosts file and resolver for addresses, DNS for SRV. Rejects where the
 * name system failed, as opposed to saying that there is none.
 */
export function systemLookup(resolver: Resolver = new Resolver()): NameLookup {
  return {
    srv: async (name) => (await resolver.resolveSrv(name).catch(none)).map(recordOf),
    addresses: async (name) => (await lookup(name, { all: true }).catch(none)).map(({ address }) => address),
  };
}

/** What is ours of an answer: from Node 24 on they have more in them. */
function recordOf({ priority, weight, port, name }: SrvRecord): SrvRecord {
  return { priority, weight, port, name };
}

const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);

function none(error: unknown): never[] {
  if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code))) return [];
  throw error;
}

/** Which of the addresses our sockets can reach. */
export type Families = 'ipv4' | 'ipv6' | 'both';

export function familiesOf(bound: readonly Endpoint[]): Families {
  const hasIpv4 = bound.some(({ isIpv4 }) => isIpv4);
  const hasIpv6 = bound.some(({ isIpv4 }) => !isIpv4);
  return hasIpv4 && hasIpv6 ? 'both' : hasIpv4 ? 'ipv4' : 'ipv6';
}

/**
 * The registrars' addresses in the operator's order, none twice. An address stands for itself; a name with
 * a port is looked up as an address, without one as SRV first (RFC 3263 §4.2). Equal answers of the name
 * system in another order give the same list: weights are an order here, not a lottery, since one
 * registrar takes all traffic. Rejects with a sentence that says which name failed.
 */
export async function resolveRegistrars(
  names: readonly RegistrarName[],
  families: Families,
  lookups: NameLookup,
): Promise<readonly Endpoint[]> {
  const out: Endpoint[] = [];
  for (const name of names) {
    const found = await resolveOne(name, families, lookups).catch((error: unknown) => {
      throw new Error(lookupFailed(name, error), { cause: error });
    });
    if (found.length === 0) throw new Error(noAddress(name, families));
    for (const endpoint of found) if (!out.some((known) => known.sameAs(endpoint))) out.push(endpoint);
  }
  return out.slice(0, MAX_ADDRESSES);
}

function lookupFailed({ host }: RegistrarName, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `registrar: looking up ${host} failed (${why}); check the resolver, or give the address itself.`;
}

function noAddress({ host }: RegistrarName, families: Families): string {
  const kind = families === 'both' ? '' : families === 'ipv4' ? 'IPv4 ' : 'IPv6 ';
  return `registrar: ${host} has no ${kind}address; check the name, or give the address itself.`;
}

async function resolveOne(
  { host, port }: RegistrarName,
  families: Families,
  lookups: NameLookup,
): Promise<readonly Endpoint[]> {
  const numeric = endpointFrom(host);
  if (numeric !== undefined) {
    numeric.port = port === 0 ? DEFAULT_PORT : port;
    return isOf(families, numeric) ? [numeric] : [];
  }
  if (port !== 0) return addressesOf(host, port, families, lookups);
  const records = [...(await lookups.srv(`_sip._udp.${host}`))].sort(bySrvOrder).slice(0, MAX_ADDRESSES);
  const out: Endpoint[] = [];
  for (const record of records) {
    // RFC 2782: a target of "." says that the service is decidedly not there.
    if (record.name !== '' && record.name !== '.') {
      out.push(...(await addressesOf(record.name, record.port, families, lookups)));
    }
  }
  return records.length > 0 ? out : addressesOf(host, DEFAULT_PORT, families, lookups);
}

function bySrvOrder(a: SrvRecord, b: SrvRecord): number {
  return a.priority - b.priority || b.weight - a.weight || compare(a.name, b.name) || a.port - b.port;
}

async function addressesOf(
  host: string,
  port: number,
  families: Families,
  lookups: NameLookup,
): Promise<Endpoint[]> {
  const out: Endpoint[] = [];
  for (const textual of (await lookups.addresses(host)).slice(0, MAX_ADDRESSES)) {
    const endpoint = endpointFrom(textual);
    if (endpoint === undefined || !isOf(families, endpoint)) continue;
    endpoint.port = port;
    out.push(endpoint);
  }
  return out.sort((a, b) => compare(endpointText(a), endpointText(b)));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isOf(families: Families, endpoint: Endpoint): boolean {
  return families === 'both' || endpoint.isIpv4 === (families === 'ipv4');
}
