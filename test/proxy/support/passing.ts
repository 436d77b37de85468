import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { decide } from '../../../src/proxy/decide.ts';
import type { Tap } from '../../../src/proxy/decision.ts';
import { Datagram, Decision } from '../../../src/proxy/decision.ts';
import type { Outcome, Reason } from '../../../src/proxy/reasons.ts';
import type { Network, Routes } from '../../../src/proxy/routes.ts';
import { hostNetwork } from '../../../src/proxy/routes.ts';
import { createSigner } from '../../../src/secrets/signer.ts';
import type { Endpoint } from '../../../src/sip/address.ts';
import { endpointFrom, endpointText } from '../../../src/sip/address.ts';
import { kernel } from '../../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../../src/sip/kernel/web-assembly.ts';
import type { Method } from '../../../src/sip/methods.ts';

/** A secret that is the same in every run, from a word. */
export function secretOf(word: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(word).digest());
}

export const signer = createSigner([secretOf('first')]);

export function endpoint(text: string): Endpoint {
  const parsed = endpointFrom(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

/** `10.0.0.0/8`, `2001:db8::/32`. */
export function network(text: string): Network {
  const [host, bits] = text.split('/');
  const base = endpoint(host!);
  return { base, prefixBits: Number(bits) + (base.isIpv4 ? 96 : 0) };
}

/** The network of one host: every port of `10.0.0.1`, one of `10.0.0.1:5060`. */
export function hostNetworkOf(text: string): Network {
  return hostNetwork(endpoint(text));
}

export interface Setting
  extends Partial<Omit<Routes, 'sockets' | 'registrar' | 'registrarNets' | 'phoneNets'>> {
  readonly us?: readonly string[];
  readonly registrar?: string;
  readonly registrarNets?: readonly string[];
  readonly phoneNets?: readonly string[];
}

/** A proxy at 10.0.1.7:5060 in front of a registrar at 10.0.1.8:5060, direct mode, unless said otherwise. */
export function routesOf(setting: Setting = {}): Routes {
  const { us = ['10.0.1.7:5060'], registrar = '10.0.1.8:5060', registrarNets, phoneNets, ...rest } = setting;
  return {
    sockets: us.map((address, index) => ({ index, bound: endpoint(address), sentBy: endpoint(address) })),
    registrar: endpoint(registrar),
    registrarSocket: 0,
    registrarNets: registrarNets?.map(network) ?? [
      hostNetwork(Object.assign(endpoint(registrar), { port: 0 })),
    ],
    phoneNets: (phoneNets ?? ['10.0.0.0/8', '192.168.0.0/16', '172.16.0.0/12', 'fc00::/7']).map(network),
    facing: [],
    aliasHosts: [],
    contactMode: 'direct',
    rport: 'auto',
    proxyRequire: 'enforce',
    viaCheck: 'enforce',
    stun: 'ignore',
    foreignRoute: 'keep',
    signer,
    ...rest,
  };
}

/** What happened to one datagram, in values that a test can compare. */
export interface Verdict {
  readonly outcome: Outcome;
  readonly reason: Reason;
  /** The bytes to send, one character each; '' where nothing is sent. */
  readonly sent: string;
  /** Where to; '' where nothing is sent. */
  readonly target: string;
  readonly socket: number;
  readonly from: 'phone' | 'registrar';
  readonly tap: Tap;
  /** It had a SIP start line: only then method and status are counted. */
  readonly isSip: boolean;
  readonly method: Method;
  /** Of a received response; 0 for requests. */
  readonly status: number;
}

const decision = new Decision();
const out = new Uint8Array(1 << 18);
/** Garbage around the datagram, as in a receive arena: nothing may be read of it. */
const MARGIN = 48;

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** In a receive arena datagrams lie in the kernel's memory, and are read by other code than those that lie elsewhere. */
const ARENA_BYTES = 1 << 18;
const memory = createSharedMemory(KERNEL_BYTES + ARENA_BYTES);
kernel.moveTo(memory, 0);

/** How often `pass` decides. */
export const PASSES = 2;

/** Runs `decide` on one datagram as the forwarder would: twice, as it must not matter where the datagram lies. */
export function pass(input: string | Uint8Array, source: string, routes: Routes, socket = 0): Verdict {
  const bytes = typeof input === 'string' ? bytesOf(input) : input;
  const room = bytes.length + 2 * MARGIN;
  const verdict = passAt(new Uint8Array(room), 0, bytes, source, routes, socket);
  // A test may have moved the kernel.
  if (kernel.bytes.buffer !== memory.buffer || room > ARENA_BYTES) return verdict;
  const again = passAt(kernel.bytes, KERNEL_BYTES, bytes, source, routes, socket);
  assert.deepEqual(again, verdict, 'in the arena as elsewhere');
  return verdict;
}

function passAt(
  place: Uint8Array,
  at: number,
  bytes: Uint8Array,
  source: string,
  routes: Routes,
  socket: number,
): Verdict {
  const datagram = new Datagram();
  datagram.bytes = place;
  datagram.start = at + MARGIN;
  datagram.end = datagram.start + bytes.length;
  place.fill(0x41, at, datagram.end + MARGIN);
  place.set(bytes, datagram.start);
  datagram.source.copyFrom(endpoint(source));
  datagram.socket = socket;
  decide(datagram, routes, decision);
  return {
    outcome: decision.outcome,
    reason: decision.reason,
    sent: sentBytes(),
    target:
      decision.outcome === 'forwarded' || decision.outcome === 'answered'
        ? endpointText(decision.target)
        : '',
    socket: decision.socket,
    from: decision.from,
    tap: decision.tap,
    isSip: decision.isSip,
    method: decision.method,
    status: decision.status,
  };
}

function sentBytes(): string {
  const { outcome, message, edits, reply, replyLength } = decision;
  if (outcome === 'answered') return latin1(reply.subarray(0, replyLength));
  if (outcome !== 'forwarded') return '';
  const end = edits.copyTo(message.bytes, message.start, message.end, out, 0);
  return latin1(out.subarray(0, end));
}

/** Lines of a message with CRLF, the empty line at the end included. */
export function lines(...text: readonly string[]): string {
  return `${text.join('\r\n')}\r\n\r\n`;
}
