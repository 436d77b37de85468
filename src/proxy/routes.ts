import { Endpoint } from '../sip/address.ts';
import type { Signer } from './signer.ts';

/** One local UDP socket. */
export interface LocalSocket {
  /** Its place in `Routes.sockets`; 0 to 31, because a token holds five bits of it. */
  readonly index: number;
  /** The unicast address it is bound to. */
  readonly bound: Endpoint;
  /** What goes into Via, Path and Record-Route: `--advertise`, else the bound address. */
  readonly sentBy: Endpoint;
}

export type ContactMode = 'alias' | 'path' | 'alias+path' | 'direct';

/**
 * The configuration that a decision sees. Immutable: a reload or a change of the active registrar makes a
 * new one and hands it over between two datagrams.
 */
export interface Routes {
  readonly sockets: readonly LocalSocket[];
  /** Where requests from phones go. */
  readonly registrar: Endpoint;
  /** The socket that faces the active registrar. */
  readonly registrarSocket: number;
  /** Sources that are the PBX's side, and the only places requests from phones may go (port 0 = any port). */
  readonly registrarNets: readonly Network[];
  /** Where a request from the PBX may go without a token. */
  readonly phoneNets: readonly Network[];
  /** Which socket faces a network that a tokenless request goes to; the first that contains the target counts. */
  readonly facing: readonly Facing[];
  /** Lower-case host names that are us, in Route and Request-URI (`--alias-host`). */
  readonly aliasHosts: readonly Uint8Array[];
  readonly contactMode: ContactMode;
  readonly rport: 'auto' | 'rfc' | 'force';
  readonly proxyRequire: 'enforce' | 'pass';
  readonly viaCheck: 'enforce' | 'observe';
  readonly stun: 'answer' | 'ignore';
  readonly foreignRoute: 'keep' | 'strip';
  readonly signer: Signer;
}

export interface Facing {
  readonly network: Network;
  readonly socket: number;
}

/** An address prefix, with a port of 0 for any. */
export interface Network {
  readonly base: Endpoint;
  /** 0 to 128; IPv4 prefixes count from the mapped form's 96. */
  readonly prefixBits: number;
}

/** The network of one host: its port counts where it is not 0. */
export function hostNetwork(host: Endpoint): Network {
  return { base: new Endpoint().copyFrom(host), prefixBits: 128 };
}

export function contains(network: Network, address: Endpoint): boolean {
  const { base, prefixBits } = network;
  if (base.port !== 0 && base.port !== address.port) return false;
  return (
    sameBits(base.a, address.a, prefixBits) &&
    sameBits(base.b, address.b, prefixBits - 32) &&
    sameBits(base.c, address.c, prefixBits - 64) &&
    sameBits(base.d, address.d, prefixBits - 96)
  );
}

function sameBits(a: number, b: number, bits: number): boolean {
  if (bits <= 0) return true;
  return bits >= 32 ? a === b : (a ^ b) >>> (32 - bits) === 0;
}

export function containsAny(networks: readonly Network[], address: Endpoint): boolean {
  for (let i = 0; i < networks.length; i++) if (contains(networks[i]!, address)) return true;
  return false;
}
