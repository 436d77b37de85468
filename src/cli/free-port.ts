import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

/** How many ports are tried before somebody is told that none is free. */
const MAX_TRIES = 100;

/** The first TCP port from `first` on that nobody listens on at `host`. */
export async function nextFreeTcpPort(host: string, first: number): Promise<number> {
  for (let port = first; port < first + MAX_TRIES; port++) if (await isFree(host, port)) return port;
  throw new Error(
    `http: no port from ${first} to ${first + MAX_TRIES - 1} is free on ${host}; stop something`,
  );
}

function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}

/** A UDP port that was free a moment ago. */
export function freeUdpPort(host: string): Promise<number> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, host, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
