// Who is measured, and how each is started.
import { join } from 'node:path';
import { RECEIVE_BUFFER_BYTES } from '../../../dist/src/net/transport/transport.js';
import { defines, modulePath } from '../../../dist/test/interop/support/kamailio.js';
import { ensureParts } from '../../lib/parts.mjs';
import { inRoot } from '../../lib/paths.mjs';

export const PROXY = '127.79.0.1:15060';
export const REGISTRAR = '127.79.0.2:15060';
const HTTP = '127.79.0.1:19090';

/** @typedef {{ command: string[], env: Record<string, string>, raw: boolean, http?: string }} Contender `raw`: it is no SIP proxy; `http`: where it tells its metrics */

/** @type {Record<string, (folder: string, dist: string) => Contender | string>} A contender, or why it can't be had. */
export const CONTENDERS = {
  limit: () => ({
    command: [process.execPath, inRoot('scripts', 'bench', 'peers', 'limit.mjs'), PROXY, REGISTRAR],
    env: {},
    raw: true,
  }),
  kamailio: (folder) => kamailio(folder, undefined),
  'kamailio-metrics': (folder) => kamailio(folder, `tcp:${HTTP}`),
  rollcall: (folder, dist) => ({
    command: [
      ...[process.execPath, join(dist, 'bin', 'rollcall.js'), 'run', '--contact-mode', 'direct'],
      ...['--listen', PROXY, '--registrar', REGISTRAR, '--http', HTTP],
      ...['--secret-file', join(folder, 'secret')],
    ],
    env: {},
    raw: false,
    http: HTTP,
  }),
};

/**
 * One UDP worker, and its fastest allocator: the default one keeps books of each piece of memory, which is unfair to it.
 *
 * @param {string} folder
 * @param {string | undefined} http where it shall keep metrics, and tell them
 */
function kamailio(folder, http) {
  const [part] = ensureParts(['kamailio']);
  if (!part?.ok) return part?.reason ?? 'there is no such part';
  const [registrarIp, registrarPort] = REGISTRAR.split(':');
  return {
    command: [
      'kamailio',
      ...['-f', inRoot('scripts', 'bench', 'peers', 'kamailio.cfg'), ...modulePath(part)],
      ...['-DD', '-E', '-n', '1', '-x', 'tlsf', '-X', 'tlsf', '-m', '256', '-M', '8'],
      ...['-b', String(RECEIVE_BUFFER_BYTES), '-Y', folder, '-P', join(folder, 'pid')],
      ...defines({
        LISTEN: `udp:${PROXY}`,
        REGISTRAR_IP: `"${registrarIp}"`,
        REGISTRAR_PORT: registrarPort,
        HTTP: http,
      }),
    ],
    env: part.env,
    raw: false,
  };
}
