import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Place } from './places.ts';

const RECEIVE_BUFFER_BYTES = 1 << 20;

/** A UDP socket that is bound. */
export async function socketAt({ ip, port }: Place): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
  socket.bind(port, ip);
  await once(socket, 'listening');
  return socket;
}
