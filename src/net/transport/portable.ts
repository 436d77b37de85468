import type { RemoteInfo, Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalSocket } from '../../proxy/routes.ts';
import { Endpoint, endpointFrom, hostText } from '../../sip/address.ts';
import type { Receiver, Transport, TransportOptions, Turn } from './transport.ts';
import { BindError, MAX_DRAIN_MS, NAP_MS, TURN_MS } from './transport.ts';

/**
 * Node's own datagram sockets: one system call and some microseconds of JavaScript per datagram, on every
 * platform. A batch is one datagram. An ICMP error about the registrar is only seen by the silence behind it.
 */
export async function openPortable(options: TransportOptions): Promise<Transport> {
  const sockets: Socket[] = [];
  try {
    for (const socket of options.sockets) sockets.push(await bind(socket, options.receiveBufferBytes));
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
  return new PortableTransport(sockets);
}

/** Targets are numeric, so nothing is ever looked up; dgram's own lookup would cost a turn of the event loop. */
function asItIs(
  host: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void {
  callback(null, host, host.includes(':') ? 6 : 4);
}

async function bind({ bound }: LocalSocket, receiveBufferBytes: number): Promise<Socket> {
  const socket = createSocket({
    type: bound.isIpv4 ? 'udp4' : 'udp6',
    ipv6Only: !bound.isIpv4,
    lookup: asItIs as never,
  });
  try {
    // Asked for first, because without a lookup the socket may be bound before bind returns.
    const listening = once(socket, 'listening');
    socket.bind({ address: hostText(bound), port: bound.port, exclusive: true });
    await listening;
  } catch (error) {
    socket.close();
    throw new BindError(bound, (error as NodeJS.ErrnoException).code ?? 'unknown');
  }
  try {
    socket.setRecvBufferSize(receiveBufferBytes);
  } catch {
    // The kernel's limit stands; what was got is told at the start.
  }
  return socket;
}

class PortableTransport implements Transport {
  readonly kind = 'portable';
  readonly receiveBufferBytes: readonly number[];
  private readonly sockets: readonly Socket[];
  private receiver: Receiver | undefined;
  private received = 0;
  private pending = 0;

  constructor(sockets: readonly Socket[]) {
    this.sockets = sockets;
    this.receiveBufferBytes = sockets.map((socket) => socket.getRecvBufferSize());
    for (const [index, socket] of sockets.entries()) {
      socket.on('message', (bytes, from) => this.receive(bytes, from, index));
      // Some platforms tell here that an earlier datagram met a closed port: no reason to stop.
      socket.on('error', () => {});
    }
  }

  private receive(bytes: Uint8Array, from: RemoteInfo, index: number): void {
    const { receiver } = this;
    if (receiver === undefined) return;
    this.received++;
    const { datagram } = receiver;
    datagram.bytes = bytes;
    datagram.start = 0;
    datagram.end = bytes.length;
    datagram.socket = index;
    readSource(from, datagram.source);
    receiver.startBatch();
    receiver.take(0);
    receiver.endBatch('part');
  }

  send(bytes: Uint8Array, start: number, end: number, socket: number, target: Endpoint, tag: number): void {
    const receiver = this.receiver!;
    const isReceived = bytes === receiver.datagram.bytes;
    const out = isReceived ? bytes.subarray(start, end) : Buffer.from(bytes.subarray(start, end));
    this.pending++;
    this.sockets[socket]!.send(out, target.port, hostText(target), (error) => {
      this.pending--;
      if (error === null) receiver.sent(tag);
      else receiver.failed(tag);
    });
  }

  faceRegistrar(): undefined {}

  async run(receiver: Receiver, turn: () => Turn): Promise<void> {
    this.receiver = receiver;
    for (let next = turn(); next !== 'stop'; next = turn()) {
      await sleep(next === 'nap' ? NAP_MS : TURN_MS);
    }
    await this.drain();
    this.close();
  }

  /** Until a turn of the event loop brings nothing more. */
  private async drain(): Promise<void> {
    const giveUpAt = performance.now() + MAX_DRAIN_MS;
    let before = -1;
    while ((before !== this.received || this.pending > 0) && performance.now() < giveUpAt) {
      before = this.received;
      await sleep(5);
    }
  }

  close(): void {
    this.receiver = undefined;
    for (const socket of this.sockets) socket.close();
  }
}

/** `rinfo` has the address as text; a zone (`fe80::1%eth0`) is no part of it. */
function readSource(from: RemoteInfo, into: Endpoint): void {
  const zone = from.address.indexOf('%');
  const source = endpointFrom(zone < 0 ? from.address : from.address.slice(0, zone));
  into.copyFrom(source ?? NOWHERE);
  into.port = from.port;
}

const NOWHERE = new Endpoint();
