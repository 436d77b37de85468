import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import type { Endpoint } from '../sip/address.ts';
import { endpointFrom, hostText } from '../sip/address.ts';
import type { Phone, PhoneMaker } from './phone.ts';
import type { DemoRegistrar } from './registrar.ts';

/** Monotonic milliseconds. */
export type Clock = () => number;

export interface Running {
  readonly address: Endpoint;
  stop(): Promise<void>;
}

export interface RunningPhone extends Running {
  readonly phone: Phone;
  /** Lets it notice that its plans were changed from outside. */
  wake(): void;
  /** From here on it says nothing any more; what it is told goes nowhere. */
  hush(): void;
}

/** A registrar at an address; port 0 takes a free one. */
export async function runRegistrar(
  registrar: DemoRegistrar,
  host: string,
  port: number,
  clock: Clock,
): Promise<Running> {
  const socket = await bind(host, port);
  socket.on('message', (bytes, { address, port: from }) => {
    const answer = registrar.respond(bytes, endpointOf(address, from), clock());
    if (answer !== undefined) send(socket, answer, address, from);
  });
  return { address: addressOf(socket), stop: () => close(socket) };
}

/** A phone at a free port of `host` that sends everything to `proxy`. */
export async function runPhone(
  make: PhoneMaker,
  host: string,
  proxy: Endpoint,
  clock: Clock,
): Promise<RunningPhone> {
  const socket = await bind(host, 0);
  const address = addressOf(socket);
  const phone = make(address, clock());
  const proxyHost = hostText(proxy);
  let timer: NodeJS.Timeout | undefined;
  let isHushed = false;

  const say = (bytes: Uint8Array | undefined) => {
    if (bytes !== undefined) send(socket, bytes, proxyHost, proxy.port);
  };
  const wake = () => {
    clearTimeout(timer);
    if (isHushed) return;
    const waitMs = phone.nextAtMs - clock();
    if (waitMs < MAX_TIMER_MS) timer = setTimeout(turn, Math.max(waitMs, 0));
  };
  const turn = () => {
    say(phone.tick(clock()));
    wake();
  };
  const hush = () => {
    isHushed = true;
    clearTimeout(timer);
  };
  socket.on('message', (bytes) => {
    if (isHushed) return;
    say(phone.receive(bytes, clock()));
    wake();
  });
  wake();
  const stop = () => {
    hush();
    return close(socket);
  };
  return { address, phone, wake, hush, stop };
}

/** The longest wait that setTimeout keeps. */
const MAX_TIMER_MS = 2_147_483_647;

function bind(host: string, port: number): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, host, () => {
      socket.off('error', reject);
      // A send to a port that is closed: UDP loses it, and so do we.
      socket.on('error', () => {});
      resolve(socket);
    });
  });
}

function send(socket: Socket, bytes: Uint8Array, host: string, port: number): void {
  socket.send(bytes, port, host, () => {});
}

function addressOf(socket: Socket): Endpoint {
  const { address, port } = socket.address();
  return endpointOf(address, port);
}

/** What the system calls an address always is one. */
function endpointOf(host: string, port: number): Endpoint {
  const endpoint = endpointFrom(host)!;
  endpoint.port = port;
  return endpoint;
}

function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
