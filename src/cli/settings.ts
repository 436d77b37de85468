import {
  AOR_DOMAINS,
  AOR_LABELS,
  CPU_PRIORITIES,
  LOG_LEVELS,
  REGISTRAR_LISTS,
  REHEARSALS,
  TRANSPORTS,
} from '../config.ts';
import type { Reading } from './values.ts';
import {
  oneOf,
  readAdvertise,
  readAliasHost,
  readFileName,
  readHttp,
  readListen,
  readPhoneNet,
  readRegistrar,
  readRegistrarNet,
  readSwitch,
  wholeNumber,
} from './values.ts';

export type Group = 'Addresses' | 'Calls and messages' | 'Metrics' | 'Running';

/** One setting: a flag, a key of the file and an environment variable at once. */
export interface Setting<T> {
  /** Kebab-case: the flag's name and the file's key. */
  readonly key: string;
  readonly group: Group;
  /** What the value looks like, for the help; empty for a switch. */
  readonly form: string;
  readonly help: string;
  /** How many values it takes; 1 = not repeatable. */
  readonly most: number;
  readonly read: (text: string) => Reading<T>;
  /** What is read where nobody gave a value. */
  readonly otherwise?: string;
  /** How the help names the default, where it is not `otherwise`. */
  readonly shownDefault?: string;
}

/** Sockets have five bits in a token: 0 to 31. */
const MAX_LISTENS = 32;
const MAX_REGISTRARS = 16;
const MAX_NETWORKS = 256;
const MAX_ALIASES = 64;

export const LISTEN = {
  key: 'listen',
  group: 'Addresses',
  form: 'IP:PORT',
  help: 'UDP address for phones and registrar',
  most: MAX_LISTENS,
  read: readListen,
  otherwise: '0.0.0.0:5060',
} as const satisfies Setting<unknown>;

export const ADVERTISE = {
  key: 'advertise',
  group: 'Addresses',
  form: 'IP[:PORT]',
  help: 'address to write into Via',
  most: 1,
  read: readAdvertise,
  shownDefault: 'the bound address',
} as const satisfies Setting<unknown>;

export const ALIAS_HOST = {
  key: 'alias-host',
  group: 'Addresses',
  form: 'NAME',
  help: 'a name that is also us, in Route and Request-URI',
  most: MAX_ALIASES,
  read: readAliasHost,
} as const satisfies Setting<unknown>;

export const REGISTRAR = {
  key: 'registrar',
  group: 'Addresses',
  form: 'HOST[:PORT]',
  help: 'the PBX; more than one: standby, in this order',
  most: MAX_REGISTRARS,
  read: readRegistrar,
  shownDefault: 'required',
} as const satisfies Setting<unknown>;

export const REGISTRAR_NET = {
  key: 'registrar-net',
  group: 'Addresses',
  form: 'CIDR|IP:PORT',
  help: "sources that are the PBX's side",
  most: MAX_NETWORKS,
  read: readRegistrarNet,
  shownDefault: 'the registrars',
} as const satisfies Setting<unknown>;

export const PHONE_NET = {
  key: 'phone-net',
  group: 'Addresses',
  form: 'CIDR',
  help: 'where the PBX may send',
  most: MAX_NETWORKS,
  read: readPhoneNet,
  shownDefault: 'private and on-link',
} as const satisfies Setting<unknown>;

export const CONTACT_MODE = {
  key: 'contact-mode',
  group: 'Calls and messages',
  form: 'MODE',
  help: 'how calls come back: alias, path, alias+path or direct',
  most: 1,
  read: oneOf(['alias', 'path', 'alias+path', 'direct']),
  otherwise: 'alias',
} as const satisfies Setting<unknown>;

export const RPORT = {
  key: 'rport',
  group: 'Calls and messages',
  form: 'auto|rfc|force',
  help: 'answer to the source port',
  most: 1,
  read: oneOf(['auto', 'rfc', 'force']),
  otherwise: 'auto',
} as const satisfies Setting<unknown>;

export const PROXY_REQUIRE = {
  key: 'proxy-require',
  group: 'Calls and messages',
  form: 'enforce|pass',
  help: 'unknown Proxy-Require: 420, or pass',
  most: 1,
  read: oneOf(['enforce', 'pass']),
  otherwise: 'enforce',
} as const satisfies Setting<unknown>;

export const VIA_CHECK = {
  key: 'via-check',
  group: 'Calls and messages',
  form: 'enforce|observe',
  help: 'forged Vias: drop, or send to our nets only',
  most: 1,
  read: oneOf(['enforce', 'observe']),
  otherwise: 'enforce',
} as const satisfies Setting<unknown>;

export const STRIP_ROUTE = {
  key: 'strip-route',
  group: 'Calls and messages',
  form: '',
  help: "take phones' foreign Route headers off",
  most: 1,
  read: readSwitch,
  otherwise: 'false',
} as const satisfies Setting<unknown>;

export const STUN = {
  key: 'stun',
  group: 'Calls and messages',
  form: '',
  help: 'answer STUN Binding requests',
  most: 1,
  read: readSwitch,
  otherwise: 'false',
} as const satisfies Setting<unknown>;

export const MAX_LOCAL_REPLIES = {
  key: 'max-local-replies',
  group: 'Calls and messages',
  form: 'N',
  help: 'answers of our own per second',
  most: 1,
  read: wholeNumber(0, 1_000_000),
  otherwise: '1000',
} as const satisfies Setting<unknown>;

export const HTTP = {
  key: 'http',
  group: 'Metrics',
  form: 'IP:PORT',
  help: '/metrics, /healthz, /readyz',
  most: 1,
  read: readHttp,
  otherwise: '127.0.0.1:9760',
} as const satisfies Setting<unknown>;

export const AOR_SERIES = {
  key: 'aor-series',
  group: 'Metrics',
  form: 'N',
  help: 'extensions with series of their own',
  most: 1,
  read: wholeNumber(0, 100_000),
  otherwise: '2000',
} as const satisfies Setting<unknown>;

export const AOR_LABEL_STYLE = {
  key: 'aor-labels',
  group: 'Metrics',
  form: 'plain|hash|none',
  help: 'how they are named',
  most: 1,
  read: oneOf(AOR_LABELS),
  otherwise: 'plain',
} as const satisfies Setting<unknown>;

export const AOR_DOMAIN = {
  key: 'aor-domain',
  group: 'Metrics',
  form: 'keep|ignore',
  help: 'ignore: 24001@a and 24001@b are one',
  most: 1,
  read: oneOf(AOR_DOMAINS),
  otherwise: 'keep',
} as const satisfies Setting<unknown>;

export const REGISTRAR_LIST_STYLE = {
  key: 'registrar-lists',
  group: 'Metrics',
  form: 'auto|all|own',
  help: 'whether a 200 lists all bindings',
  most: 1,
  read: oneOf(REGISTRAR_LISTS),
  otherwise: 'auto',
} as const satisfies Setting<unknown>;

export const INVENTORY = {
  key: 'inventory',
  group: 'Metrics',
  form: 'FILE',
  help: 'the phones to expect, an AOR a line',
  most: 1,
  read: readFileName,
} as const satisfies Setting<unknown>;

export const MAX_AORS = {
  key: 'max-aors',
  group: 'Metrics',
  form: 'N',
  help: 'AORs remembered',
  most: 1,
  read: wholeNumber(1, 10_000_000),
  otherwise: '1000000',
} as const satisfies Setting<unknown>;

export const MAX_SOURCES = {
  key: 'max-sources',
  group: 'Metrics',
  form: 'N',
  help: 'source addresses remembered',
  most: 1,
  read: wholeNumber(1, 10_000_000),
  otherwise: '100000',
} as const satisfies Setting<unknown>;

export const SECRET_FILE = {
  key: 'secret-file',
  group: 'Running',
  form: 'FILE',
  help: 'made on the first start',
  most: 1,
  read: readFileName,
  shownDefault: '$STATE_DIRECTORY/secret',
} as const satisfies Setting<unknown>;

export const TRANSPORT = {
  key: 'transport',
  group: 'Running',
  form: 'HOW',
  help: 'auto, uring, batched or portable',
  most: 1,
  read: oneOf(TRANSPORTS),
  otherwise: 'auto',
} as const satisfies Setting<unknown>;

export const CPU_PRIORITY = {
  key: 'cpu-priority',
  group: 'Running',
  form: 'auto|normal',
  help: 'forwarding: real-time where granted, or not',
  most: 1,
  read: oneOf(CPU_PRIORITIES),
  otherwise: 'auto',
} as const satisfies Setting<unknown>;

export const REHEARSAL = {
  key: 'rehearsal',
  group: 'Running',
  form: 'on|off',
  help: 'made-up phones first, for the compiler',
  most: 1,
  read: oneOf(REHEARSALS),
  otherwise: 'on',
} as const satisfies Setting<unknown>;

export const LOG_LEVEL = {
  key: 'log-level',
  group: 'Running',
  form: 'LEVEL',
  help: LOG_LEVELS.join(', '),
  most: 1,
  read: oneOf(LOG_LEVELS),
  otherwise: 'info',
} as const satisfies Setting<unknown>;

/** Every setting, in the order of the help. */
export const SETTINGS: readonly Setting<unknown>[] = [
  LISTEN,
  ADVERTISE,
  ALIAS_HOST,
  REGISTRAR,
  REGISTRAR_NET,
  PHONE_NET,
  CONTACT_MODE,
  RPORT,
  PROXY_REQUIRE,
  VIA_CHECK,
  STRIP_ROUTE,
  STUN,
  MAX_LOCAL_REPLIES,
  HTTP,
  AOR_SERIES,
  AOR_LABEL_STYLE,
  AOR_DOMAIN,
  REGISTRAR_LIST_STYLE,
  INVENTORY,
  MAX_AORS,
  MAX_SOURCES,
  SECRET_FILE,
  TRANSPORT,
  CPU_PRIORITY,
  REHEARSAL,
  LOG_LEVEL,
];

export function environmentName(key: string): string {
  return `ROLLCALL_${key.toUpperCase().replaceAll('-', '_')}`;
}
