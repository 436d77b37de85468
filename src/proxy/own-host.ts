import { Endpoint, isBroadcastOrMulticast, isUnspecified, readHost } from '../sip/address.ts';
import { equalsFolded } from '../sip/bytes.ts';
import type { Uri } from '../sip/uri.ts';
import { DEFAULT_PORT } from '../sip/via.ts';
import type { Routes } from './routes.ts';

const host = new Endpoint();

/** True where a sip URI's host and port name this proxy: an address of ours, or a name given by `--alias-host`. */
export function isOwnUri(bytes: Uint8Array, uri: Uri, routes: Routes): boolean {
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return false;
  return isOwnHost(bytes, uri.hostStart, uri.hostEnd, uri.port, routes);
}

/** The same for a host and port (0 = none stated) that stand elsewhere, as in `maddr`. */
export function isOwnHost(
  bytes: Uint8Array,
  start: number,
  end: number,
  port: number,
  routes: Routes,
): boolean {
  if (readHost(bytes, start, end, host)) {
    host.port = port === 0 ? DEFAULT_PORT : port;
    return isOwnAddress(host, routes);
  }
  for (const name of routes.aliasHosts) {
    if (equalsFolded(bytes, start, end, name)) return port === 0 || isOwnPort(port, routes);
  }
  return false;
}

function isOwnPort(port: number, routes: Routes): boolean {
  for (const { bound, sentBy } of routes.sockets)
    if (bound.port === port || sentBy.port === port) return true;
  return false;
}

/** True where a datagram sent to this address would come back to us. */
export function isOwnAddress(address: Endpoint, routes: Routes): boolean {
  for (let i = 0; i < routes.sockets.length; i++) {
    const { bound, sentBy } = routes.sockets[i]!;
    if (bound.sameAs(address) || sentBy.sameAs(address)) return true;
  }
  return false;
}

/** What no datagram of ours may be sent to, whoever names it: nowhere, everybody, ourselves. */
export function isSendable(target: Endpoint, routes: Routes): boolean {
  if (target.port === 0 || isUnspecified(target) || isBroadcastOrMulticast(target)) return false;
  return !isOwnAddress(target, routes);
}
