import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { SIP_PORT } from './addresses.ts';
import type { Lab } from './lab.ts';
import type { ReadyPart } from './parts.ts';
import { readyPart } from './parts.ts';
import type { Program } from './program.ts';
import type { KamailioBinding } from './ul-dump.ts';
import { rpc, ulDump } from './ul-dump.ts';
import { waitUntil } from './wait-until.ts';

const START_LIMIT_MS = 60_000;
const KAMCMD_LIMIT_MS = 20_000;

/** What the registrar does with every request; `drop`: nothing, as if it were gone. */
export type RegistrarMode = 'ok' | 'drop' | 'trying' | '403' | '404' | '423' | '500' | '503';

export interface KamailioOptions {
  readonly ip: string;
  readonly port?: number;
  /** Shorter requests are raised to it. Default 10. */
  readonly minExpiresSec?: number;
  /** Longer requests are cut to it. Default 3600. */
  readonly maxExpiresSec?: number;
  /** After it a nonce is stale. Default 300. */
  readonly nonceExpireSec?: number;
  /** Per AOR. Default 5. */
  readonly maxContacts?: number;
}

/** A Kamailio with users u0 to u19999 (the password of u7 is pw7), realm and domain lab.test. */
export interface KamailioRegistrar {
  readonly ip: string;
  readonly port: number;
  readonly program: Program;
  setMode(mode: RegistrarMode): Promise<void>;
  /** What kamcmd prints. Answers beyond some tens of kilobytes are too much for it: use ulDump or rpc. */
  kamcmd(...args: readonly string[]): Promise<string>;
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>;
  ulDump(): Promise<KamailioBinding[]>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export const REGISTRAR_DOMAIN = 'lab.test';

/** Unpacked in a folder, its modules are not where it would look for them. */
export function modulePath({ dir }: ReadyPart): string[] {
  if (!dir) return [];
  const libraries = join(dir, 'usr', 'lib');
  const modules = readdirSync(libraries)
    .map((name) => join(libraries, name, 'kamailio', 'modules'))
    .find((path) => existsSync(path));
  return modules ? ['-L', modules] : [];
}

export function defines(values: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : ['-A', `${name}=${value}`],
  );
}

export async function startKamailioRegistrar(lab: Lab, options: KamailioOptions): Promise<KamailioRegistrar> {
  const { ip, port = SIP_PORT } = options;
  const part = readyPart('kamailio');
  const runDir = lab.path('kamailio');
  mkdirSync(runDir);
  const ctlPath = join(runDir, 'ctl');
  const url = `http://${ip}:${port}/RPC`;
  const program = lab.start({
    name: `kamailio at ${ip}:${port}`,
    env: part.env,
    command: [
      'kamailio',
      ...['-f', join(REPO_ROOT, 'test', 'interop', 'parts', 'kamailio-registrar.cfg')],
      ...modulePath(part),
      // In the foreground, messages to stderr; memory (MB, shared and private) for a dump of 20,000 bindings.
      ...['-DD', '-E', '-m', '512', '-M', '64', '-Y', runDir, '-P', join(runDir, 'pid')],
      ...defines({
        REG_UDP: `udp:${ip}:${port}`,
        REG_TCP: `tcp:${ip}:${port}`,
        REG_CTL: `"unix:${ctlPath}"`,
        MIN_EXPIRES_SEC: options.minExpiresSec,
        MAX_EXPIRES_SEC: options.maxExpiresSec,
        NONCE_EXPIRE_SEC: options.nonceExpireSec,
        MAX_CONTACTS: options.maxContacts,
      }),
    ],
  });
  const kamcmd = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, ...part.env };
    const { stdout } = await promisify(execFile)('kamcmd', ['-s', `unix:${ctlPath}`, ...args], {
      env,
      timeout: KAMCMD_LIMIT_MS,
    });
    return stdout;
  };
  await waitUntil(`an answer from Kamailio at ${url}`, () => rpc(url, 'core.version'), {
    withinMs: START_LIMIT_MS,
    program,
  });
  return {
    ip,
    port,
    program,
    kamcmd,
    setMode: async (mode) => {
      await kamcmd('htable.sets', 'ctl', 'mode', `s:${mode}`);
    },
    rpc: (method, params) => rpc(url, method, params),
    ulDump: () => ulDump(url),
    stop: program.stop,
    kill: program.kill,
  };
}
