import { join } from 'node:path';
import type { Config } from '../config.ts';
import { Endpoint, endpointText } from '../sip/address.ts';
import type { Given, GivenSettings } from './given.ts';
import { givenByEnvironment, givenByFile, givenByFlags } from './given.ts';
import type { Setting } from './settings.ts';
import {
  ADVERTISE,
  ALIAS_HOST,
  AOR_DOMAIN,
  AOR_LABEL_STYLE,
  AOR_SERIES,
  CONTACT_MODE,
  CPU_PRIORITY,
  environmentName,
  HTTP,
  INVENTORY,
  LISTEN,
  LOG_LEVEL,
  MAX_AORS,
  MAX_LOCAL_REPLIES,
  MAX_SOURCES,
  PHONE_NET,
  PROXY_REQUIRE,
  REGISTRAR,
  REGISTRAR_LIST_STYLE,
  REGISTRAR_NET,
  REHEARSAL,
  RPORT,
  SECRET_FILE,
  SETTINGS,
  STRIP_ROUTE,
  STUN,
  TRANSPORT,
  VIA_CHECK,
} from './settings.ts';
import { readFileName } from './values.ts';

/**
 * Flags, environment and file made into one Config. They are one schema (settings.ts); flags go over the
 * environment, that over the file, a list as a whole. The type is in ../config.ts, because nothing
 * imports cli/.
 */

/** What a configuration may depend on beside its arguments. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Throws where the file can't be read. */
  readonly readFile: (path: string) => string;
}

/** Either a configuration, or every sentence on what is wrong: place, fault, cure. */
export type LoadedConfig = { readonly config: Config } | { readonly problems: readonly string[] };

export const CONFIG_FILE: Setting<string> = {
  key: 'config',
  group: 'Running',
  form: 'FILE',
  help: 'YAML; its keys are the names of these flags',
  most: 1,
  read: readFileName,
};

export function loadConfig(args: readonly string[], surroundings: Surroundings): LoadedConfig {
  const { environment } = surroundings;
  const flags = givenByFlags(args, [CONFIG_FILE, ...SETTINGS]);
  const variables = givenByEnvironment(environment, [CONFIG_FILE, ...SETTINGS]);
  const reader = new SettingReader([flags, variables]);
  const fileName = reader.optional(CONFIG_FILE);
  if (fileName !== undefined) reader.addSource(readConfigFile(fileName, surroundings));
  const config = buildConfig(reader, environment);
  checkTogether(config, reader);
  return reader.problems.length === 0 ? { config } : { problems: reader.problems };
}

function readConfigFile(name: string, { readFile }: Surroundings): GivenSettings {
  try {
    return givenByFile(name, readFile(name), SETTINGS);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { values: new Map(), problems: [`config: can't read ${name} (${why}); name a readable file.`] };
  }
}

/** Takes settings out of the sources, the first that has one, and collects what is wrong. */
class SettingReader {
  readonly problems: string[];
  private readonly sources: GivenSettings[];
  /** A source says nothing because it is damaged: then nothing is missing for sure. */
  private isUnsure = false;

  constructor(sources: readonly GivenSettings[]) {
    this.sources = [...sources];
    this.problems = sources.flatMap((source) => source.problems);
  }

  addSource(source: GivenSettings): void {
    this.sources.push(source);
    this.isUnsure = source.values.size === 0 && source.problems.length > 0;
    this.problems.push(...source.problems);
  }

  private given(setting: Setting<unknown>): readonly Given[] {
    for (const source of this.sources) {
      const values = source.values.get(setting.key);
      if (values !== undefined) return values;
    }
    return setting.otherwise === undefined ? [] : [{ text: setting.otherwise, place: 'default' }];
  }

  /** Every value of a setting; undefined where there is none, or one is wrong. */
  list<T>(setting: Setting<T>): readonly T[] | undefined {
    const given = this.given(setting);
    if (given.length > setting.most) {
      const most = setting.most === 1 ? 'takes one value' : `takes at most ${setting.most} values`;
      this.problems.push(`${given[0]!.place}: has ${given.length} values and ${most}; take the others out.`);
      return undefined;
    }
    const out: T[] = [];
    for (const { text, place } of given) {
      const reading = text === '' ? { problem: `has no value; write ${setting.form}` } : setting.read(text);
      if ('value' in reading) out.push(reading.value);
      else this.problems.push(`${place}: ${reading.problem}.`);
    }
    return given.length > 0 && out.length === given.length ? out : undefined;
  }

  optional<T>(setting: Setting<T>): T | undefined {
    return this.list(setting)?.[0];
  }

  /** True where somebody gave it, rightly or wrongly. */
  isGiven(setting: Setting<unknown>): boolean {
    return this.given(setting).length > 0;
  }

  place(setting: Setting<unknown>): string {
    return this.given(setting)[0]?.place ?? setting.key;
  }

  /** The values of a setting that must have some; `instead` keeps the rest of the checks going. */
  required<T>(setting: Setting<T>, instead: readonly T[]): readonly T[] {
    const values = this.list(setting);
    if (values !== undefined) return values;
    if (!this.isUnsure && !this.isGiven(setting)) {
      const ways = `--${setting.key} ${setting.form}, ${environmentName(setting.key)} or ${setting.key}: in the file`;
      this.problems.push(`${setting.key}: is required; give ${ways}.`);
    }
    return instead;
  }

  one<T>(setting: Setting<T>, instead: T): T {
    return this.required(setting, [instead])[0] ?? instead;
  }
}

const NOWHERE = new Endpoint();

function buildConfig(reader: SettingReader, environment: Surroundings['environment']): Config {
  return {
    listen: reader.required(LISTEN, []),
    advertise: reader.optional(ADVERTISE),
    aliasHosts: reader.list(ALIAS_HOST) ?? [],
    registrars: reader.required(REGISTRAR, []),
    registrarNets: reader.list(REGISTRAR_NET),
    registrarLists: reader.one(REGISTRAR_LIST_STYLE, 'auto'),
    phoneNets: reader.list(PHONE_NET),
    contactMode: reader.one(CONTACT_MODE, 'alias'),
    rport: reader.one(RPORT, 'auto'),
    proxyRequire: reader.one(PROXY_REQUIRE, 'enforce'),
    viaCheck: reader.one(VIA_CHECK, 'enforce'),
    stun: reader.one(STUN, false) ? 'answer' : 'ignore',
    foreignRoute: reader.one(STRIP_ROUTE, false) ? 'strip' : 'keep',
    secretFile: readSecretFile(reader, environment),
    transport: reader.one(TRANSPORT, 'auto'),
    cpuPriority: reader.one(CPU_PRIORITY, 'auto'),
    rehearsal: reader.one(REHEARSAL, 'on'),
    http: reader.one(HTTP, NOWHERE),
    aorSeries: reader.one(AOR_SERIES, 0),
    aorLabels: reader.one(AOR_LABEL_STYLE, 'plain'),
    aorDomain: reader.one(AOR_DOMAIN, 'keep'),
    maxAors: reader.one(MAX_AORS, 1),
    maxSources: reader.one(MAX_SOURCES, 1),
    inventory: reader.optional(INVENTORY),
    maxLocalReplies: reader.one(MAX_LOCAL_REPLIES, 0),
    logLevel: reader.one(LOG_LEVEL, 'info'),
  };
}

/** Where the secret is kept: systemd's state folder, else the user's (XDG base directories). */
function readSecretFile(reader: SettingReader, environment: Surroundings['environment']): string {
  if (reader.isGiven(SECRET_FILE)) return reader.one(SECRET_FILE, '');
  const { STATE_DIRECTORY, XDG_STATE_HOME, HOME } = environment;
  // systemd separates several folders by colons; ours has one.
  if (STATE_DIRECTORY) return join(STATE_DIRECTORY.split(':')[0]!, 'secret');
  if (XDG_STATE_HOME) return join(XDG_STATE_HOME, 'rollcall', 'secret');
  if (HOME) return join(HOME, '.local', 'state', 'rollcall', 'secret');
  reader.problems.push('secret-file: neither STATE_DIRECTORY nor HOME is set; give --secret-file FILE.');
  return '';
}

/** What no single setting can say. */
function checkTogether(config: Config, reader: SettingReader): void {
  const listens = config.listen.map(endpointText);
  for (const [i, listen] of listens.entries()) {
    if (listens.indexOf(listen) < i) {
      reader.problems.push(`${reader.place(LISTEN)}: ${listen} is there twice; take one out.`);
    }
  }
  for (const { host, port } of config.registrars) {
    const registrar = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    if (listens.includes(registrar)) {
      const cure = "give the PBX's address, or listen on another port";
      reader.problems.push(`${reader.place(REGISTRAR)}: ${registrar} is our own listen address; ${cure}.`);
    }
  }
}
