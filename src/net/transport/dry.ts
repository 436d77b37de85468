import type { LocalSocket } from '../../proxy/routes.ts';
import type { Endpoint } from '../../sip/address.ts';
import { endpointFrom } from '../../sip/address.ts';
import { openBatched } from './batched.ts';
import type { Arena, DryTransport, Show, TransportKind } from './transport.ts';

/** Nothing is ever received. */
const RECEIVE_BUFFER_BYTES = 4096;

/**
 * A transport that nothing goes through, for a rehearsal: of the class that forwards on this machine, so that what is compiled for the
 * one serves the other. Where that needs sockets it has some, on loopback, that nobody knows of. `arena`: as much as a transport with so
 * many sockets has.
 */
export function openDry(kind: TransportKind, sockets: readonly LocalSocket[], arena: Arena): DryTransport {
  if (kind === 'portable') return new Paper(arena);
  const options = { sockets: sockets.map(onLoopback), receiveBufferBytes: RECEIVE_BUFFER_BYTES };
  try {
    return openBatched('batched', options, arena);
  } catch {
    // Whatever it is, no rehearsal is worth a start that fails.
    return new Paper(arena);
  }
}

function onLoopback(socket: LocalSocket): LocalSocket {
  return { ...socket, bound: endpointFrom(socket.bound.isIpv4 ? '127.0.0.1' : '[::1]')! };
}

/** Writes down what is sent, where it lies in the arena's memory; the rest is lost. */
class Paper implements DryTransport {
  readonly kind = 'portable';
  readonly receiveBufferBytes: readonly number[] = [];
  private readonly bytes: Uint8Array;
  private sent: { readonly start: number; readonly end: number; readonly tag: number }[] = [];

  constructor({ bytes }: Arena) {
    this.bytes = bytes;
  }

  send(bytes: Uint8Array, start: number, end: number, _socket: number, _target: Endpoint, tag: number): void {
    if (bytes === this.bytes) this.sent.push({ start, end, tag });
  }

  takeBack(show: Show): void {
    for (const { start, end, tag } of this.sent) show(start, end, tag);
    this.sent = [];
  }

  faceRegistrar(): string | undefined {
    return undefined;
  }

  async run(): Promise<void> {}

  close(): void {}
}
