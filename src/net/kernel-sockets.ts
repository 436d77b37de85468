import { readFileSync } from 'node:fs';
import type { Endpoint } from '../sip/address.ts';

/** What the kernel says about sockets bound to an address of ours; several on one address count together. */
export interface KernelSocket {
  /** Datagrams that found the receive buffer full, since the socket was made. */
  readonly drops: number;
  readonly receiveQueueBytes: number;
}

const TABLES = { ipv4: '/proc/net/udp', ipv6: '/proc/net/udp6' } as const;
/** A host with more sockets than this is read no further. */
const MAX_LINES = 20_000;

/** In the order of `bounds`; undefined where the system does not tell (no Linux, no /proc). */
export function kernelSockets(bounds: readonly Endpoint[]): readonly (KernelSocket | undefined)[] {
  const tables = new Map<string, ReadonlyMap<string, KernelSocket> | undefined>();
  return bounds.map((bound) => {
    const path = bound.isIpv4 ? TABLES.ipv4 : TABLES.ipv6;
    if (!tables.has(path)) tables.set(path, readTable(path));
    return tables.get(path)?.get(kernelName(bound));
  });
}

function readTable(path: string): ReadonlyMap<string, KernelSocket> | undefined {
  try {
    return parseTable(readFileSync(path, 'latin1'));
  } catch {
    return undefined;
  }
}

/** By local address as the kernel writes it. Columns: sl local remote st tx:rx tr:when retrnsmt uid timeout inode ref pointer drops */
export function parseTable(text: string): ReadonlyMap<string, KernelSocket> {
  const out = new Map<string, KernelSocket>();
  for (const line of text.split('\n', MAX_LINES).slice(1)) {
    const columns = line.trim().split(/\s+/);
    const [, local, , , queues] = columns;
    if (local === undefined || queues === undefined || columns.length < 13) continue;
    const known = out.get(local);
    out.set(local, {
      drops: (known?.drops ?? 0) + Number(columns[12]),
      receiveQueueBytes:
        (known?.receiveQueueBytes ?? 0) + Number.parseInt(queues.slice(queues.indexOf(':') + 1), 16),
    });
  }
  return out;
}

/** Words of the address in host byte order (little-endian on every platform that we run on), the port as it is. */
export function kernelName(address: Endpoint): string {
  const words = address.isIpv4 ? [address.d] : [address.a, address.b, address.c, address.d];
  return `${words.map(swapped).join('')}:${hex(address.port, 4)}`;
}

function swapped(word: number): string {
  return hex(((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0, 8);
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
