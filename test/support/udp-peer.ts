import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A UDP socket that keeps what it hears, with its sender. */
export interface Heard {
  readonly text: string;
  readonly from: string;
}

export class Peer {
  readonly address: string;
  readonly heard: Heard[] = [];
  private readonly socket: Socket;
  private isClosed = false;
  private wakeUp: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    const { address, port } = socket.address();
    this.address = textOf(address, port);
    socket.on('message', (bytes, from) => {
      this.heard.push({ text: bytes.toString('latin1'), from: textOf(from.address, from.port) });
      this.wakeUp?.();
    });
  }

  static async bind(host: string, port = 0): Promise<Peer> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.bind(port, host);
    await once(socket, 'listening');
    socket.setRecvBufferSize(4 * 1024 * 1024);
    return new Peer(socket);
  }

  get port(): number {
    return this.socket.address().port;
  }

  send(text: string, to: { readonly host: string; readonly port: number }): void {
    this.socket.send(Buffer.from(text, 'latin1'), to.port, to.host);
  }

  /** Resolves when the kernel has it, which on loopback is when the receiver's socket has it. */
  async sent(text: string, to: { readonly host: string; readonly port: number }): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.socket.send(Buffer.from(text, 'latin1'), to.port, to.host, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  /** Answers every request by `reply`'s text. */
  answer(reply: (request: string) => string | undefined): void {
    this.socket.on('message', (bytes, from) => {
      const text = reply(bytes.toString('latin1'));
      if (text !== undefined) this.send(text, { host: from.address, port: from.port });
    });
  }

  /** Waits until `count` datagrams were heard in all; throws after `limitMs`. */
  async until(count: number, limitMs = 5000): Promise<readonly Heard[]> {
    const giveUpAt = performance.now() + limitMs;
    while (this.heard.length < count) {
      const leftMs = giveUpAt - performance.now();
      if (leftMs <= 0) throw new Error(`heard ${this.heard.length} of ${count} datagrams in ${limitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.wakeUp = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.heard;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.socket.close();
  }
}

function textOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
