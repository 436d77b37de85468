import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { SIP_PORT } from './addresses.ts';
import { defines, modulePath } from './kamailio.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespaces.ts';
import { readyPart } from './parts.ts';
import type { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

const START_LIMIT_MS = 60_000;
const KAMCMD_LIMIT_MS = 20_000;

export interface KamailioCallsOptions {
  readonly ip: string;
  /** How it tells that a binding is known already; 0: by Contact, 3: by Call-ID. Default 0. */
  readonly matchingMode?: 0 | 3;
  /** Default: ours. */
  readonly namespace?: Namespace;
}

/** A Kamailio that is registrar and proxy; see kamailio-calls.cfg. */
export interface KamailioCalls {
  readonly ip: string;
  readonly program: Program;
  /** What kamcmd says of a user's bindings; '' where there is none. */
  bindings(user: string): Promise<string>;
  /** The Contacts that a user has, as kept. */
  contacts(user: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startKamailioCalls(lab: Lab, options: KamailioCallsOptions): Promise<KamailioCalls> {
  const { ip, namespace } = options;
  const part = readyPart('kamailio');
  const folder = lab.path('kamailio');
  mkdirSync(folder);
  const control = join(folder, 'ctl');
  const command = [
    'kamailio',
    ...['-f', join(REPO_ROOT, 'test', 'interop', 'parts', 'kamailio-calls.cfg')],
    ...modulePath(part),
    ...['-DD', '-E', '-m', '64', '-M', '8', '-Y', folder, '-P', join(folder, 'pid')],
    ...defines({
      PBX_UDP: `udp:${ip}:${SIP_PORT}`,
      PBX_CTL: `"unix:${control}"`,
      MATCHING_MODE: options.matchingMode,
    }),
  ] as const;
  const program = lab.start({
    name: `kamailio at ${ip}`,
    env: part.env,
    command: namespace ? namespace.command(...command) : command,
  });
  const kamcmd = async (...args: readonly string[]): Promise<string> => {
    const env = { ...process.env, ...part.env };
    const run = promisify(execFile)('kamcmd', ['-s', `unix:${control}`, ...args], {
      env,
      timeout: KAMCMD_LIMIT_MS,
    });
    return (await run).stdout;
  };
  await waitUntil(`an answer from Kamailio at ${ip}`, () => kamcmd('core.version'), {
    withinMs: START_LIMIT_MS,
    everyMs: 100,
    program,
  });
  const bindings = (user: string): Promise<string> => kamcmd('ul.lookup', 'location', user).catch(() => '');
  return {
    ip,
    program,
    bindings,
    contacts: async (user) => {
      const answer = await bindings(user);
      return [...answer.matchAll(/^\s*Address: (.*)$/gm)].map(([, address]) => address!);
    },
    stop: program.stop,
  };
}
