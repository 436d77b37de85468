import { decide } from '../../src/proxy/decide.ts';
import { Datagram, Decision } from '../../src/proxy/decision.ts';
import type { ContactMode, Routes } from '../../src/proxy/routes.ts';
import { hostNetwork } from '../../src/proxy/routes.ts';
import { createSigner, SECRET_BYTES } from '../../src/secrets/signer.ts';
import { Endpoint } from '../../src/sip/address.ts';
import { Transaction } from '../../src/sip/transaction.ts';
import type { Address } from './address.ts';
import type { Network, Packet } from './network.ts';
import { throughRing } from './ring-passage.ts';
import type { Tap } from './tap.ts';

/** The same in every life of the proxy: what it sent before a restart must find its way back after it. */
const SECRET = new Uint8Array(SECRET_BYTES).fill(7);
const signer = createSigner([SECRET]);

/** The real forwarding core on the simulated network: decide, edit, send, tap, as the forwarder does. */
export class ProxyNode {
  isDown = false;
  dropped = 0;
  private readonly network: Network;
  private readonly address: Address;
  private readonly registrar: Address;
  private readonly contactMode: ContactMode;
  private readonly tap: Tap;
  private readonly nowMs: () => number;
  private routes: Routes;
  private decision = new Decision();
  private datagram = new Datagram();

  constructor(
    network: Network,
    address: Address,
    registrar: Address,
    contactMode: ContactMode,
    tap: Tap,
    nowMs: () => number,
  ) {
    this.network = network;
    this.address = address;
    this.registrar = registrar;
    this.contactMode = contactMode;
    this.tap = tap;
    this.nowMs = nowMs;
    this.routes = this.makeRoutes();
    network.attach(address, (packet) => this.receive(packet));
  }

  /** A new process: nothing is left but the configuration and the secret. */
  restart(): void {
    this.routes = this.makeRoutes();
    this.decision = new Decision();
    this.datagram = new Datagram();
  }

  private makeRoutes(): Routes {
    const own = this.address.endpoint;
    return {
      sockets: [{ index: 0, bound: own, sentBy: own }],
      registrar: this.registrar.endpoint,
      registrarSocket: 0,
      registrarNets: [hostNetwork(portless(this.registrar.endpoint))],
      phoneNets: [],
      facing: [],
      aliasHosts: [],
      contactMode: this.contactMode,
      rport: 'auto',
      proxyRequire: 'enforce',
      viaCheck: 'enforce',
      stun: 'ignore',
      foreignRoute: 'keep',
      signer,
    };
  }

  private receive(packet: Packet): void {
    if (this.isDown) return;
    const { datagram, decision } = this;
    datagram.bytes = packet.bytes;
    datagram.start = 0;
    datagram.end = packet.bytes.length;
    datagram.source.copyFrom(packet.from.endpoint);
    decide(datagram, this.routes, decision);
    if (decision.outcome !== 'forwarded') {
      this.dropped++;
      throw new Error(
        `the proxy did not forward (${decision.outcome}, ${decision.reason}): ${textOf(packet)}`,
      );
    }
    const { message, edits, target, tap } = decision;
    const atMs = this.nowMs();
    const out = new Uint8Array(message.end - message.start + edits.growth);
    edits.copyTo(message.bytes, message.start, message.end, out, 0);
    const isToRegistrar = target.sameAs(this.registrar.endpoint);
    if (tap === 'register_response') {
      this.tap.offer({
        kind: 'response',
        atMs,
        phone: copy(target),
        registrar: packet.from.endpoint,
        bytes: throughRing('response', packet.bytes, decision.transaction),
        transaction: transactionOf(decision),
        about: packet.about,
        source: packet.from,
      });
    }
    if (tap === 'register') {
      this.tap.offer({
        kind: 'request',
        atMs,
        phone: packet.from.endpoint,
        registrar: copy(target),
        bytes: throughRing('request', packet.bytes, decision.transaction),
        transaction: transactionOf(decision),
        about: packet.about,
        source: packet.from,
      });
    }
    const to = isToRegistrar ? this.registrar : asAddress(target);
    this.network.send(isToRegistrar ? 'core' : 'access', {
      from: this.address,
      to,
      bytes: out,
      about: packet.about,
    });
  }
}

function portless(endpoint: Endpoint): Endpoint {
  const host = new Endpoint().copyFrom(endpoint);
  host.port = 0;
  return host;
}

function copy(endpoint: Endpoint): Endpoint {
  return new Endpoint().copyFrom(endpoint);
}

/** Only IPv4 lives in this network. */
function asAddress(endpoint: Endpoint): Address {
  const { d, port } = endpoint;
  const ip = `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
  return { ip, port, text: `${ip}:${port}`, endpoint: copy(endpoint) };
}

function textOf(packet: Packet): string {
  return `${packet.from.text} ${Buffer.from(packet.bytes).toString('latin1')}`;
}

/** As the ring brings it. */
function transactionOf({ transaction }: Decision): Transaction | undefined {
  return transaction.isKnown ? new Transaction().copyFrom(transaction) : undefined;
}
