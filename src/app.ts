import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Config } from './config.ts';
import type { Machine } from './forwarding/route-plan.ts';
import { planRoutes, planSockets, sourceTowards } from './forwarding/route-plan.ts';
import type { Bound } from './forwarding/thread.ts';
import { ForwardingThread } from './forwarding/thread.ts';
import type { ReadinessState } from './http/readiness.ts';
import { notReadyReason } from './http/readiness.ts';
import type { HttpServer } from './http/server.ts';
import { startHttpServer } from './http/server.ts';
import type { Log } from './log.ts';
import { createLog } from './log.ts';
import { FORWARDING_SECONDS } from './metrics/catalog.ts';
import { createExposition } from './metrics/registry.ts';
import type { SocketState, Sources } from './metrics/sources.ts';
import type { Event } from './monitor/events.ts';
import type { Monitor } from './monitor/monitor.ts';
import { Monitoring } from './monitoring.ts';
import { monotonicMs } from './net/clock.ts';
import { kernelSockets } from './net/kernel-sockets.ts';
import type { TransportKind } from './net/transport/transport.ts';
import { RECEIVE_BUFFER_BYTES } from './net/transport/transport.ts';
import type { LocalSocket } from './proxy/routes.ts';
import type { Families, NameLookup } from './registrars/resolve.ts';
import { resolveRegistrars, systemLookup } from './registrars/resolve.ts';
import { loadSecrets } from './secrets/secret-file.ts';
import { fingerprint, SECRET_BYTES } from './secrets/signer.ts';
import type { Endpoint } from './sip/address.ts';
import { endpointText, hostText } from './sip/address.ts';
import { RegistrarWatch } from './watch/registrar-watch.ts';
import { ReturnPathWatch } from './watch/return-path-watch.ts';

/** Composition root of the main thread: ring, monitor, metrics, HTTP, log, and the forwarding worker's other end. */

export interface AppOptions {
  readonly version: string;
  readonly log?: Log;
  /** Of process and Node; at most one app of a process may have them. */
  readonly processMetrics?: 'include' | 'omit';
  /** Every event, after it was logged. */
  readonly onEvent?: (event: Event) => void;
  readonly machine?: Machine;
  readonly lookups?: NameLookup;
  /** How often the registrars' names are looked up again. */
  readonly refreshEveryMs?: number;
}

export interface RunningApp {
  /** Bound addresses, in the order of the sockets. */
  readonly listening: readonly Endpoint[];
  readonly http: { readonly host: string; readonly port: number };
  readonly transport: TransportKind;
  readonly monitor: Monitor;
  /**
   * Resolves if forwarding ends by itself. The process should then end, loudly: there is nothing in it worth
   * keeping, a supervisor has it up again at once, and a worker made anew in place would hide the defect
   * and leave half of the process in a state that nobody has tested.
   */
  readonly crashed: Promise<Error>;
  /** /readyz turns 503, what the sockets hold is forwarded, everything is let go, within a second. */
  stop(): Promise<void>;
}

/** Rejects with an Error whose message says what to do where the configuration can't be served here. */
export async function startApp(config: Config, options: AppOptions): Promise<RunningApp> {
  const log = options.log ?? createLog(config.logLevel);
  const machine = options.machine ?? { interfaces: networkInterfaces(), sourceTowards };
  const secrets = secretsOf(config, log);
  const inventory = readInventory(config.inventory);
  const sockets = planSockets(config, machine);
  const lookups = options.lookups ?? systemLookup();
  const resolve = () => resolveRegistrars(config.registrars, familiesOf(sockets), lookups);
  const registrars = await resolve();
  const plan = async (known: readonly Endpoint[], active: number) => ({
    routes: await planRoutes(config, sockets, known, active, machine),
    registrars: known,
  });

  const forwarding = new ForwardingThread({
    assignment: await plan(registrars, 0),
    secrets,
    transport: config.transport,
    cpuPriority: config.cpuPriority,
    rehearsal: config.rehearsal,
    maxLocalReplies: config.maxLocalReplies,
    durationBoundsSec: FORWARDING_SECONDS,
    onBug: (what, withheld) => log.error({ what, withheld }, 'a defect of ours dropped a datagram'),
    onShared: (registrar, error) => log.warn({ registrar, error }, NO_SOCKET_OF_ITS_OWN),
  });
  const bound = await forwarding.bound;
  tellBound(log, sockets, bound);

  const watch = new RegistrarWatch({
    registrars,
    resolve,
    plan,
    forwarding,
    log,
    refreshEveryMs: options.refreshEveryMs,
  });
  const returnPaths = new ReturnPathWatch({
    counts: forwarding.counters,
    contactMode: config.contactMode,
    log,
  });
  returnPaths.start(monotonicMs);
  const monitoring = await Monitoring.start({
    config,
    inventory,
    secret: secrets[0]!,
    forwarding,
    log,
    onEvent: options.onEvent,
  });
  const { monitor } = monitoring;
  const readiness: { -readonly [K in keyof ReadinessState]: ReadinessState[K] } = {
    sockets: 'bound',
    registrar: 'known',
    phase: 'running',
  };
  const startedAtSec = Date.now() / 1000;
  const sources: Sources = {
    monitor,
    forwarding: forwarding.counters,
    sockets: () => socketStates(sockets),
    tapDropped: () => forwarding.counters.single('tapDropped') + forwarding.counters.single('tapFailed'),
    monitorDelaySec: () => monitoring.delaySec,
    registrars: () => watch.states(),
    secretFingerprint: () => fingerprint(secrets[0]!),
    reload: () => ({ successful: true, successAtSec: startedAtSec }),
    build: { version: options.version, node: process.versions.node },
  };
  const release = async () => {
    watch.stop();
    returnPaths.stop();
    await forwarding.stop();
    monitoring.stop();
    log.flush();
  };
  const http = await startHttp(config, options, sources, () => notReadyReason(readiness), monitor, log).catch(
    async (error: unknown) => {
      await release();
      throw error;
    },
  );
  log.info({ http: `${http.host}:${http.port}` }, 'running');
  const curtain = setTimeout(() => monitoring.rehearse(), REHEARSE_AFTER_MS);
  return {
    listening: sockets.map((socket) => socket.bound),
    http: { host: http.host, port: http.port },
    transport: bound.transport,
    monitor,
    crashed: forwarding.crashed,
    stop: async () => {
      readiness.phase = 'stopping';
      log.info('stopping');
      clearTimeout(curtain);
      await release();
      await http.close();
    },
  };
}

/** What is to be said and answered at the start comes first. */
const REHEARSE_AFTER_MS = 250;

function secretsOf({ secretFile }: Config, log: Log): readonly Uint8Array[] {
  if (secretFile === undefined) return [new Uint8Array(randomBytes(SECRET_BYTES))];
  const { secrets, origin } = loadSecrets(secretFile);
  if (origin === 'created') {
    log.warn({ secretFile }, 'made a new secret: every node that shares this traffic needs the same file');
  }
  return secrets;
}

function familiesOf(sockets: readonly LocalSocket[]): Families {
  const hasIpv4 = sockets.some(({ bound }) => bound.isIpv4);
  const hasIpv6 = sockets.some(({ bound }) => !bound.isIpv4);
  return hasIpv4 && hasIpv6 ? 'both' : hasIpv4 ? 'ipv4' : 'ipv6';
}

function tellBound(log: Log, sockets: readonly LocalSocket[], bound: Bound): void {
  const { transport, why, receiveBufferBytes, priority } = bound;
  log.info({ transport, why }, 'transport');
  log.info(priority, 'CPU priority');
  for (const { index, bound: address, sentBy } of sockets) {
    const got = receiveBufferBytes[index]!;
    const socket = { socket: endpointText(address), sentBy: endpointText(sentBy), receiveBufferBytes: got };
    log.info(socket, 'listening');
    if (got < RECEIVE_BUFFER_BYTES) log.warn(socket, SMALL_BUFFER);
  }
}

const SMALL_BUFFER = `a storm of phones may overflow this receive buffer; set net.core.rmem_max=${RECEIVE_BUFFER_BYTES} with sysctl, or grant CAP_NET_ADMIN`;

const NO_SOCKET_OF_ITS_OWN =
  'the registrar gets no socket of its own: in a storm its answers may be lost behind the requests of phones';

const MAX_INVENTORY = 1_000_000;

function readInventory(path: string | undefined): readonly string[] {
  if (path === undefined) return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(`inventory: can't read ${path} (${why}); name a readable file with one extension a line`);
  }
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return lines.filter((line) => line !== '').slice(0, MAX_INVENTORY);
}

function socketStates(sockets: readonly LocalSocket[]): SocketState[] {
  const states = kernelSockets(sockets.map(({ bound }) => bound));
  return sockets.map(({ bound }, i) => ({
    name: endpointText(bound),
    drops: states[i]?.drops,
    receiveQueueBytes: states[i]?.receiveQueueBytes,
  }));
}

function startHttp(
  config: Config,
  { version, processMetrics }: AppOptions,
  sources: Sources,
  notReady: () => string | undefined,
  monitor: Monitor,
  log: Log,
): Promise<HttpServer> {
  const exposition = createExposition(sources, {
    processMetrics: processMetrics ?? 'include',
  });
  return startHttpServer({
    host: hostText(config.http),
    port: config.http.port,
    exposition,
    notReady,
    version,
    ledger: { aors: monitor, nowMs: monotonicMs },
    onError: (error) => log.error({ err: error }, 'a request over HTTP failed'),
  });
}
