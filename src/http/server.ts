import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { formatFor } from '../metrics/negotiate.ts';
import type { Exposition } from '../metrics/registry.ts';
import { Endpoint, endpointFrom, isLoopback } from '../sip/address.ts';
import type { AorReader } from './aor-api.ts';
import { answerAors } from './aor-api.ts';
import { indexPage } from './index-page.ts';

/** A scraper or two, a load balancer's probe, some people; a page that everybody may open needs no more. */
export const MAX_CONNECTIONS = 128;
/** So that one address, by intent or by a leak, can't take them all. */
export const MAX_CONNECTIONS_PER_ADDRESS = 32;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_REQUESTS_PER_CONNECTION = 1000;

/** How long a client may take; all of them are generous for a person and short for somebody who holds us up. */
export interface HttpLimits {
  readonly headersMs: number;
  readonly requestMs: number;
  /** From the request to the last byte of the answer taken. */
  readonly answerMs: number;
  readonly keepAliveMs: number;
  /** How often the first two are looked at. */
  readonly checkEveryMs: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  headersMs: 5_000,
  requestMs: 10_000,
  answerMs: 30_000,
  keepAliveMs: 5_000,
  checkEveryMs: 1_000,
};

/** How long close() lets an answer that is under way finish. */
const CLOSE_GRACE_MS = 500;

export interface HttpOptions {
  /** A numeric address, IPv6 without brackets, and a port; 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly exposition: Exposition;
  /** Why not to send traffic here; undefined where all is well. Asked at every /readyz. */
  readonly notReady: () => string | undefined;
  readonly version: string;
  /**
   * The ledger behind `/api/v1/aors`. Extensions and addresses are private, so it answers only where the server
   * itself listens on loopback.
   */
  readonly ledger?: LedgerAccess;
  /** A request of ours that failed: a fault in Rollcall, for the log. */
  readonly onError: (error: unknown) => void;
  readonly limits?: HttpLimits;
}

export interface LedgerAccess {
  readonly aors: AorReader;
  /** Monotonic milliseconds, the clock of the ledger's times. */
  readonly nowMs: () => number;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  /** Takes no more connections, lets answers under way finish for half a second, then cuts. */
  close(): Promise<void>;
}

/**
 * Serves `/metrics`, `/healthz`, `/readyz`, `/` and `/api/v1/aors`. Rejects with an Error whose message says what to do where
 * the address can't be bound.
 */
export function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
    handler(options, limits),
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_CONNECTION;
  limitPerAddress(server);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new Error(bindTrouble(error, options))));
    server.listen({ host: options.host, port: options.port }, () => {
      server.removeAllListeners('error');
      server.on('error', options.onError);
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: address, port, close: () => close(server) });
    });
  });
}

/** A page with nothing but its own style; `nosniff` and the rest for a browser that is led here by others. */
const SECURITY_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
} as const;

const TEXT = 'text/plain; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
const JSON_TYPE = 'application/json; charset=utf-8';
const API_ROOT = '/api/';
const ANYWHERE = new Endpoint();

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

type Page = (request: IncomingMessage) => Answer | Promise<Answer>;

function pages({ exposition, notReady, version }: HttpOptions): ReadonlyMap<string, Page> {
  return new Map<string, Page>([
    ['/', () => ({ status: 200, contentType: HTML, body: indexPage(version) })],
    [
      '/metrics',
      async (request) => ({ status: 200, ...(await exposition.render(formatFor(request.headers.accept))) }),
    ],
    ['/healthz', () => text(200, 'alive')],
    [
      '/readyz',
      () => {
        const reason = notReady();
        return reason === undefined ? text(200, 'ready') : text(503, reason);
      },
    ],
  ]);
}

/** Paths below the API's root, which are too many for a table of pages. */
function api({ ledger, host }: HttpOptions): Page {
  const isPrivate = isLoopback(endpointFrom(host) ?? ANYWHERE);
  return ({ url = '' }) => {
    if (!isPrivate) return json(403, { error: 'the API answers only where --http is a loopback address' });
    const query = new URLSearchParams(url.split('?', 2)[1] ?? '');
    const answer = ledger && answerAors(ledger.aors, ledger.nowMs(), pathOf(url), query);
    if (answer === undefined) return json(404, { error: 'not found: there is /api/v1/aors' });
    return json(answer.status, answer.body);
  };
}

const json = (status: number, body: unknown): Answer => ({
  status,
  contentType: JSON_TYPE,
  body: `${JSON.stringify(body)}\n`,
});

const text = (status: number, line: string): Answer => ({ status, contentType: TEXT, body: `${line}\n` });

function handler(options: HttpOptions, limits: HttpLimits) {
  const byPath = pages(options);
  const apiPage = api(options);
  const busy = new WeakSet<Socket>();
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { socket } = request;
    // A thousand requests fit into one packet. No scraper and no browser asks before it has its answer.
    if (busy.has(socket)) {
      socket.destroy();
      return;
    }
    busy.add(socket);
    // Inactivity would not do: who takes a byte now and then is active.
    const cut = setTimeout(() => socket.destroy(), limits.answerMs).unref();
    response.once('close', () => {
      clearTimeout(cut);
      busy.delete(socket);
    });
    // Nothing here reads a body, and a connection with an unread one is of no further use.
    if (hasBody(request)) response.shouldKeepAlive = false;
    send(request, response, await answerTo(request, byPath, apiPage, options.onError));
  };
}

async function answerTo(
  request: IncomingMessage,
  byPath: ReadonlyMap<string, Page>,
  apiPage: Page,
  onError: (error: unknown) => void,
): Promise<Answer> {
  const path = pathOf(request.url ?? '');
  const page = path.startsWith(API_ROOT) ? apiPage : byPath.get(path);
  if (page === undefined) return text(404, `not found: there are ${[...byPath.keys()].join(', ')}`);
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return text(405, 'only GET and HEAD are answered here');
  try {
    return await page(request);
  } catch (error) {
    onError(error);
    return text(500, 'this is a fault in Rollcall; its log says more');
  }
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, contentType, body }: Answer,
): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** The path of a request target in origin or absolute form (RFC 9112 §3.2), without its query. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '');
  return path.split(/[?#]/, 1)[0] || '/';
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function limitPerAddress(server: Server): void {
  const open = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = open.get(address)! - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > MAX_CONNECTIONS_PER_ADDRESS) socket.destroy();
  });
}

function bindTrouble(error: NodeJS.ErrnoException, { host, port }: HttpOptions): string {
  const where = `--http ${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where}: another program listens there already; stop it, or give --http another port`;
    case 'EADDRNOTAVAIL':
      return `${where}: this machine does not have that address; give --http one of its own, such as 127.0.0.1:9760`;
    case 'EACCES':
      return `${where}: not allowed to listen there; ports below 1024 need a privilege, so give --http a higher one`;
    default:
      return `${where}: can't listen there (${error.code ?? error.message}); give --http another address`;
  }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
