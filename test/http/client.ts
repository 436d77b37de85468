import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Ask {
  readonly port: number;
  readonly path: string;
  readonly host?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export function ask({
  port,
  path,
  host = '127.77.30.1',
  method = 'GET',
  headers = {},
  body,
}: Ask): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, headers, agent: false, timeout: 10_000 });
    sent.once('timeout', () => sent.destroy(new Error('no answer within 10 s')));
    sent.once('error', reject);
    sent.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.end(body);
  });
}

/** A connection that says `opening` and what it gets until the server closes it. */
export interface Held {
  readonly socket: Socket;
  /** Resolves to all that was received when the connection has ended, however it did. */
  readonly ended: Promise<string>;
}

export function hold(port: number, opening: string, localAddress: string): Promise<Held> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ host: '127.77.30.1', port, localAddress });
    const ended = new Promise<string>((done) => socket.once('close', () => done(received)));
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
    });
    socket.once('error', () => resolve({ socket, ended }));
    socket.once('connect', () => {
      socket.write(opening);
      resolve({ socket, ended });
    });
  });
}
