import type { ContactMode, Network } from './proxy/routes.ts';
import type { Endpoint } from './sip/address.ts';

export const TRANSPORTS = ['auto', 'uring', 'batched', 'portable'] as const;
export const CPU_PRIORITIES = ['auto', 'normal'] as const;
export const REHEARSALS = ['on', 'off'] as const;
export const AOR_LABELS = ['plain', 'hash', 'none'] as const;
export const AOR_DOMAINS = ['keep', 'ignore'] as const;
export const REGISTRAR_LISTS = ['auto', 'all', 'own'] as const;
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A registrar as the operator named it. */
export interface RegistrarName {
  /** A numeric address without brackets, or a lower-case host name. */
  readonly host: string;
  /** 0 = none stated: a name is looked up as SRV first (RFC 3263 §4.2); an address means 5060. */
  readonly port: number;
}

/**
 * What one instance does, checked and parsed: what flags, environment and file said, defaults in place.
 * `undefined` means that the default is worked out from addresses that only the start knows.
 */
export interface Config {
  /** 1 to 32, no two the same; ports stated. A wildcard address stands for every unicast address. */
  readonly listen: readonly Endpoint[];
  /** What goes into Via, Path and Record-Route; port 0 = the socket's own. */
  readonly advertise: Endpoint | undefined;
  /** Lower-case host names that are us. */
  readonly aliasHosts: readonly string[];
  /** At least one, in the order of preference. */
  readonly registrars: readonly RegistrarName[];
  /** undefined: the registrars' addresses, any port; the exact port where the address is ours or loopback. */
  readonly registrarNets: readonly Network[] | undefined;
  readonly registrarLists: (typeof REGISTRAR_LISTS)[number];
  /** undefined: private ranges, loopback, on-link networks. */
  readonly phoneNets: readonly Network[] | undefined;
  readonly contactMode: ContactMode;
  readonly rport: 'auto' | 'rfc' | 'force';
  readonly proxyRequire: 'enforce' | 'pass';
  readonly viaCheck: 'enforce' | 'observe';
  readonly stun: 'answer' | 'ignore';
  readonly foreignRoute: 'keep' | 'strip';
  /** undefined: a secret that is made at the start and dies with the process. */
  readonly secretFile: string | undefined;
  readonly transport: (typeof TRANSPORTS)[number];
  /** Of the forwarding thread; auto: real-time where the kernel grants it and the load is moderate. */
  readonly cpuPriority: (typeof CPU_PRIORITIES)[number];
  /** Whether made-up phones register at the start, so that the compiler is done when real ones come. */
  readonly rehearsal: (typeof REHEARSALS)[number];
  /** Port 0 (only where a program makes the configuration): whichever port is free. */
  readonly http: Endpoint;
  /** Live series per family that carries an `aor` label; 0 = none. */
  readonly aorSeries: number;
  readonly aorLabels: (typeof AOR_LABELS)[number];
  readonly aorDomain: (typeof AOR_DOMAINS)[number];
  readonly maxAors: number;
  readonly maxSources: number;
  /** Path of the file that names the expected phones. */
  readonly inventory: string | undefined;
  /** Answers of our own per second; 0 = none. */
  readonly maxLocalReplies: number;
  readonly logLevel: (typeof LOG_LEVELS)[number];
}
