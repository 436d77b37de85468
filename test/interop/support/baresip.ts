import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { SIP_PORT } from './addresses.ts';
import { REGISTRAR_DOMAIN } from './kamailio.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespaces.ts';
import { readyPart } from './parts.ts';
import type { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

const REGISTER_LIMIT_MS = 30_000;

/** A softphone that people use. It answers at once. */
export interface Baresip {
  readonly user: string;
  readonly program: Program;
  /** How many calls it has answered. */
  answered(): number;
  /** It hangs up the call that it has. */
  hangUp(): Promise<void>;
}

export interface BaresipOptions {
  /** One has room for one of them, which is told what to do on a fixed port. */
  readonly namespace: Namespace;
  readonly user: string;
  /** Where it sends everything. */
  readonly proxy: { readonly ip: string; readonly port?: number };
  /** What it asks for; it registers anew a little earlier. */
  readonly expiresSec: number;
}

/** Where its modules are: beside the program, unpacked or installed. */
const modulePath = (dir: string | undefined): string => join(dir ?? '/', 'usr', 'lib', 'baresip', 'modules');

/** One command to its control port; netstring around JSON. */
const COMMAND = `
const message = JSON.stringify({ command: process.argv[1] });
const socket = require('node:net').connect(4444, '127.0.0.1', () => socket.write(message.length + ':' + message + ','));
socket.once('data', (data) => { process.stdout.write(data); socket.destroy(); });
socket.once('error', (error) => { console.error(error.message); process.exitCode = 1; });`;

/** Starts it and waits until it is registered. It does not start on a loopback interface. */
export async function startBaresip(lab: Lab, options: BaresipOptions): Promise<Baresip> {
  const { namespace, user, proxy, expiresSec } = options;
  const { dir, env } = readyPart('baresip');
  const folder = lab.path('baresip');
  mkdirSync(folder);
  const config = readFileSync(join(REPO_ROOT, 'test', 'interop', 'parts', 'baresip.conf'), 'utf8');
  writeFileSync(join(folder, 'config'), config.replaceAll('MODULES', modulePath(dir)));
  const settings = [
    `auth_user=${user}`,
    `auth_pass=pw-${user}`,
    `outbound="sip:${proxy.ip}:${proxy.port ?? SIP_PORT};transport=udp"`,
    `regint=${expiresSec}`,
    'answermode=auto',
  ];
  writeFileSync(join(folder, 'accounts'), `<sip:${user}@${REGISTRAR_DOMAIN}>;${settings.join(';')}\n`);
  writeFileSync(join(folder, 'contacts'), '');
  const program = lab.start({
    name: `baresip of ${user}`,
    cwd: folder,
    env,
    command: namespace.command('baresip', '-f', folder),
  });
  await waitUntil(
    'baresip to say that it is registered',
    () => (program.output().includes('200 OK') ? true : undefined),
    { withinMs: REGISTER_LIMIT_MS, everyMs: 100, program },
  );
  return {
    user,
    program,
    answered: () => program.output().match(/Call established/g)?.length ?? 0,
    hangUp: async () => {
      await namespace.run(process.execPath, '-e', COMMAND, 'hangup');
    },
  };
}
