import type { Socket } from 'node:dgram';
import { latin1 } from '../../proxy/support/passing.ts';
import type { Program } from '../support/program.ts';
import type { From } from './places.ts';
import { PHONE, PROXY, placeText, REGISTRAR, SOURCE } from './places.ts';
import { Sentinel, TO_ROLLCALL } from './sentinel.ts';
import { socketAt } from './socket-at.ts';

export interface Sent {
  readonly target: string;
  readonly sent: string;
}

/** A running `rollcall run`, asked one datagram at a time. */
export class RollcallProcess {
  private readonly sentinel: Sentinel;
  private readonly sockets: Readonly<Record<From, Socket>>;
  private readonly heard: Sent[] = [];

  private constructor(program: Program, sockets: Readonly<Record<From, Socket>>) {
    this.sentinel = new Sentinel(program, TO_ROLLCALL);
    this.sockets = sockets;
    for (const [socket, place] of [
      [sockets.phone, PHONE],
      [sockets.registrar, REGISTRAR],
    ] as const) {
      socket.on('message', (bytes) => {
        const sent = latin1(bytes);
        if (!this.sentinel.takes(sent)) this.heard.push({ target: placeText(place), sent });
      });
    }
  }

  static async connect(program: Program): Promise<RollcallProcess> {
    const sockets = { phone: await socketAt(PHONE), registrar: await socketAt(REGISTRAR) };
    return new RollcallProcess(program, sockets);
  }

  close(): void {
    for (const socket of Object.values(this.sockets)) socket.close();
  }

  /** All that it sends on account of a datagram. */
  async offer(bytes: Uint8Array, from: From): Promise<readonly Sent[]> {
    this.heard.length = 0;
    this.sockets[from].send(bytes, PROXY.direct.port, PROXY.direct.ip);
    // What it sends at once goes out socket by socket: a second answer comes when all of the first turn is out.
    await this.sentinel.pass(this.sockets[from], SOURCE[from], PROXY.direct);
    await this.sentinel.pass(this.sockets[from], SOURCE[from], PROXY.direct);
    return [...this.heard];
  }
}
