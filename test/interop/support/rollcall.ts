import { writeFileSync } from 'node:fs';
import type { ContactMode } from '../../../src/proxy/routes.ts';
import { commandPath } from '../../support/command-path.ts';
import { SIP_PORT } from './addresses.ts';
import type { HttpAnswer } from './http.ts';
import { http, httpWithin } from './http.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespaces.ts';
import type { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

/** Long: a test may start a dozen of them on two cores, with their PBXs and phones. */
const START_LIMIT_MS = 60_000;
/** Its last word of a start, asked before /readyz is: within a namespace each question is a process of its own. */
const RUNNING = '"msg":"running"';
const HTTP_PORT = 9080;

export interface RollcallOptions {
  readonly ip: string;
  /** Default 5060. */
  readonly port?: number;
  /** IP:PORT of the registrar. */
  readonly registrar: string;
  /** Default 9080. */
  readonly httpPort?: number;
  /** Where /metrics is. Default: the same address. */
  readonly httpIp?: string;
  readonly contactMode?: ContactMode;
  /** A file to share between two starts; default: one of its own. */
  readonly secretFile?: string;
  /** Default: ours. */
  readonly namespace?: Namespace;
  /** Further flags, as on the command line. */
  readonly flags?: readonly string[];
}

export interface Rollcall {
  readonly ip: string;
  readonly port: number;
  /** http://IP:PORT, without a slash at the end. */
  readonly http: string;
  readonly program: Program;
  /** The text of /metrics, now. */
  metrics(): Promise<string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** A secret file as an administrator would make one, readable by its owner alone. */
export function secretFile(lab: Lab): string {
  const path = lab.path('secret');
  writeFileSync(path, `${'0123456789abcdef'.repeat(4)}\n`, { mode: 0o600 });
  return path;
}

/** Starts the real command and waits until it says that it is ready. */
export async function startRollcall(lab: Lab, options: RollcallOptions): Promise<Rollcall> {
  const { ip, port = SIP_PORT, httpPort = HTTP_PORT, contactMode = 'direct', flags = [] } = options;
  const { namespace } = options;
  const address = `${options.httpIp ?? ip}:${httpPort}`;
  const ask = (path: string): Promise<HttpAnswer> => {
    const url = `http://${address}${path}`;
    return namespace ? httpWithin(namespace, url) : http(url);
  };
  const command = [
    process.execPath,
    commandPath(),
    'run',
    ...['--listen', `${ip}:${port}`, '--registrar', options.registrar, '--http', address],
    ...['--contact-mode', contactMode, '--secret-file', options.secretFile ?? secretFile(lab)],
    // A dozen at the same time would keep two cores busy for a minute; test/app/ and test/cli/ have it.
    ...['--rehearsal', 'off'],
    ...flags,
  ] as const;
  const program = lab.start({
    name: `rollcall at ${ip}:${port}`,
    command: namespace ? namespace.command(...command) : command,
  });
  await waitUntil(
    `/readyz of Rollcall at ${address}`,
    async () => {
      if (namespace && !program.output().includes(RUNNING)) return undefined;
      const { status, body } = await ask('/readyz');
      if (status === 200) return true;
      throw new Error(`HTTP ${status}: ${body.slice(0, 200)}`);
    },
    { withinMs: START_LIMIT_MS, program },
  );
  return {
    ip,
    port,
    http: `http://${address}`,
    program,
    metrics: async () => (await ask('/metrics')).body,
    stop: program.stop,
    kill: program.kill,
  };
}
