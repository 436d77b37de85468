import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespaces.ts';
import { readyPart } from './parts.ts';
import type { Program } from './program.ts';
import { waitUntil } from './wait-until.ts';

const TEMPLATES = join(REPO_ROOT, 'test', 'interop', 'parts', 'asterisk');
const START_LIMIT_MS = 60_000;
const CLI_LIMIT_MS = 20_000;
/** Debian has moved the modules between the releases. */
const MODULE_FOLDERS = ['/usr/lib/asterisk/modules', '/usr/lib/x86_64-linux-gnu/asterisk/modules'];

export interface AsteriskOptions {
  readonly part: 'asterisk16' | 'asterisk22';
  readonly channelDriver: 'pjsip' | 'sip';
  readonly ip: string;
  /** The sections of its users, as phones.conf; see pjsipUser and sipUser. */
  readonly users: string;
  /** Default: ours. */
  readonly namespace?: Namespace;
}

/** A running Asterisk with realm and domain lab.test. */
export interface Asterisk {
  readonly ip: string;
  readonly channelDriver: 'pjsip' | 'sip';
  readonly program: Program;
  /** What its command line interface answers. */
  cli(command: string): Promise<string>;
  /** Calls a user; it hangs up so many seconds after the answer. Returns before the phone rings. */
  originate(user: string, hangUpAfterSec: number): Promise<void>;
  /** The names of the channels that a user has now. */
  channels(user: string): Promise<string[]>;
  /** Ends every channel of a user, as an operator can. */
  hangUp(user: string): Promise<void>;
  /** How its own OPTIONS see a user's phone; `unasked`: it sends none. */
  reachability(user: string): Promise<'reachable' | 'unreachable' | 'unasked' | 'unregistered'>;
  /** How many bindings a user has. */
  bindings(user: string): Promise<number>;
  stop(): Promise<void>;
}

let started = 0;
const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Which of the templates an Asterisk with this channel driver reads, and by what name. */
function templatesFor(channelDriver: AsteriskOptions['channelDriver']): Record<string, string> {
  const modules = `modules-${channelDriver}.conf`;
  const both = { 'asterisk.conf': 'asterisk.conf', 'logger.conf': 'logger.conf', 'rtp.conf': 'rtp.conf' };
  const driver =
    channelDriver === 'pjsip'
      ? { 'pjsip.conf': 'pjsip.conf', 'sorcery.conf': 'sorcery.conf' }
      : { 'sip.conf': 'sip.conf' };
  return { ...both, ...driver, 'extensions.conf': 'extensions.conf', 'modules.conf': modules };
}

/** Writes its configuration; gives the folder's path as Asterisk will see it. */
function configure(lab: Lab, root: string, options: AsteriskOptions): string {
  const { channelDriver, ip, users } = options;
  removeAbandoned(join(root, 'run'));
  const inside = `/run/rollcall-${process.pid}-${++started}`;
  const outside = join(root, inside);
  mkdirSync(outside, { recursive: true });
  folders.add(outside);
  lab.onClose(() => {
    rmSync(outside, { recursive: true, force: true });
    folders.delete(outside);
  });
  const modules = MODULE_FOLDERS.find((path) => existsSync(join(root, path))) ?? '';
  const fill = (text: string): string =>
    text
      .replaceAll('FOLDER', inside)
      .replaceAll('MODULES', modules)
      .replaceAll('ADDRESS', ip)
      .replaceAll('TECHNOLOGY', channelDriver.toUpperCase());
  for (const [name, template] of Object.entries(templatesFor(channelDriver))) {
    writeFileSync(join(outside, name), fill(readFileSync(join(TEMPLATES, template), 'utf8')));
  }
  writeFileSync(join(outside, 'phones.conf'), users);
  return inside;
}

/** What a test run that was killed has left behind. */
function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/^rollcall-(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && !existsSync(`/proc/${pid}`)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

export async function startAsterisk(lab: Lab, options: AsteriskOptions): Promise<Asterisk> {
  const { part, channelDriver, ip, namespace } = options;
  const root = readyPart(part).dir ?? '/';
  const folder = configure(lab, root, options);
  const command = ['chroot', root, '/usr/sbin/asterisk', '-C', `${folder}/asterisk.conf`, '-f'] as const;
  const program = lab.start({
    name: `${part} ${channelDriver} at ${ip}`,
    command: namespace ? namespace.command(...command) : command,
  });
  // A short way to its folder: a Unix socket's path may have 107 characters.
  const shortcut = lab.path('asterisk');
  symlinkSync(join(root, folder), shortcut);
  const cli = oneByOne((line) => ask(join(shortcut, 'asterisk.ctl'), line));
  const { glance, forget } = glances(cli);
  await waitUntil(
    `${part} at ${ip}`,
    async () => ((await cli('core waitfullybooted')).includes('fully booted') ? true : undefined),
    { withinMs: START_LIMIT_MS, everyMs: 200, program },
  );
  const technology = channelDriver.toUpperCase();
  const channels = async (user: string): Promise<string[]> => {
    const lines = (await glance('core show channels concise')).split('\n');
    return lines
      .map((line) => line.split('!')[0]!)
      .filter((name) => name.startsWith(`${technology}/${user}-`));
  };
  return {
    ip,
    channelDriver,
    program,
    cli,
    originate: async (user, hangUpAfterSec) => {
      await cli(`channel originate ${technology}/${user} application Wait ${hangUpAfterSec}`);
      forget();
    },
    channels,
    hangUp: async (user) => {
      for (const name of await channels(user)) await cli(`channel request hangup ${name}`);
    },
    reachability: (user) =>
      channelDriver === 'pjsip' ? pjsipReachability(glance, user) : sipReachability(cli, user),
    bindings: async (user) => {
      if (channelDriver === 'pjsip') return (await pjsipContacts(glance, user)).length;
      return (await sipReachability(cli, user)) === 'unregistered' ? 0 : 1;
    },
    stop: program.stop,
  };
}

type Cli = Asterisk['cli'];

/**
 * One command over Asterisk's control socket, as `asterisk -rx` does it, which would be a new Asterisk for each.
 * The first line that comes back is a greeting; after the answer Asterisk hangs up.
 */
function ask(socket: string, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(socket);
    const chunks: Buffer[] = [];
    const fail = (error: Error): void => reject(new Error(`${line}: ${error.message}`, { cause: error }));
    connection.setTimeout(CLI_LIMIT_MS, () => connection.destroy(new Error('no answer from Asterisk')));
    connection.once('connect', () => connection.write(`cli quit after ${line}\0`));
    connection.on('data', (chunk) => chunks.push(chunk));
    connection.once('error', fail);
    connection.once('close', () => {
      const text = Buffer.concat(chunks).toString('latin1');
      resolve(text.slice(text.indexOf('\n') + 1));
    });
  });
}

/** Asterisk lets few wait in line. */
function oneByOne(cli: Cli): Cli {
  let last: Promise<unknown> = Promise.resolve();
  return (line) => {
    const answer = last.then(() => cli(line));
    last = answer.catch(() => undefined);
    return answer;
  };
}

const GLANCE_MS = 150;

/** Answers to many who ask the same within a moment are one answer; `forget` ends the moment. */
function glances(cli: Cli): { readonly glance: Cli; readonly forget: () => void } {
  const latest = new Map<string, { readonly atMs: number; readonly answer: Promise<string> }>();
  return {
    glance: (line) => {
      const nowMs = performance.now();
      const known = latest.get(line);
      if (known && nowMs - known.atMs < GLANCE_MS) return known.answer;
      const answer = cli(line);
      latest.set(line, { atMs: nowMs, answer });
      return answer;
    },
    forget: () => latest.clear(),
  };
}

async function pjsipContacts(cli: Cli, user: string): Promise<string[]> {
  return (await cli('pjsip show contacts')).split('\n').filter((line) => line.includes(` ${user}/sip`));
}

/** A line such as `Contact:  u0/sip:u0@10.0.0.1:5060 a1b2c3d4e5 Avail 1.234`. */
async function pjsipReachability(cli: Cli, user: string): ReturnType<Asterisk['reachability']> {
  const [line] = await pjsipContacts(cli, user);
  if (line === undefined) return 'unregistered';
  if (/\bAvail\b/.test(line)) return 'reachable';
  return /\bNonQual\b/.test(line) ? 'unasked' : 'unreachable';
}

async function sipReachability(cli: Cli, user: string): ReturnType<Asterisk['reachability']> {
  const peer = await cli(`sip show peer ${user}`);
  if (/Addr->IP\s*:\s*\(null\)/.test(peer)) return 'unregistered';
  if (/Status\s*:\s*OK/.test(peer)) return 'reachable';
  return /Status\s*:\s*Unmonitored/.test(peer) ? 'unasked' : 'unreachable';
}

type YesNo = 'yes' | 'no';

export interface PjsipUser {
  readonly user: string;
  readonly rewriteContact: YesNo;
  readonly forceRport: YesNo;
  /** Whether OPTIONS are sent to it. */
  readonly qualify: YesNo;
  /** Default yes. */
  readonly supportPath?: YesNo;
  /** Default yes. */
  readonly removeExisting?: YesNo;
  /** IP of a proxy that everything for this user goes through. */
  readonly outboundProxy?: string;
}

/** The sections of a chan_pjsip user; its password is pw-USER. */
export function pjsipUser(options: PjsipUser): string {
  const { user, rewriteContact, forceRport, qualify, outboundProxy } = options;
  const proxy = outboundProxy === undefined ? [] : [`outbound_proxy=sip:${outboundProxy}\\;lr`];
  return [
    `[${user}](phone)`,
    `auth=${user}`,
    `aors=${user}`,
    `rewrite_contact=${rewriteContact}`,
    `force_rport=${forceRport}`,
    ...proxy,
    `[${user}](password)`,
    `username=${user}`,
    `password=pw-${user}`,
    `[${user}](binding)`,
    `support_path=${options.supportPath ?? 'yes'}`,
    `remove_existing=${options.removeExisting ?? 'yes'}`,
    `qualify_frequency=${qualify === 'yes' ? 2 : 0}`,
    'qualify_timeout=2',
    ...proxy,
    '',
  ].join('\n');
}

export interface SipUser {
  readonly user: string;
  /** As after `nat=`. */
  readonly nat: string;
  /** Default no. */
  readonly supportPath?: YesNo;
  /** IP of a proxy that everything for this user goes through. */
  readonly outboundProxy?: string;
}

/** The section of a chan_sip user; its password is pw-USER. */
export function sipUser({ user, nat, supportPath = 'no', outboundProxy }: SipUser): string {
  return [
    `[${user}](phone)`,
    `secret=pw-${user}`,
    `nat=${nat}`,
    `supportpath=${supportPath}`,
    ...(outboundProxy === undefined ? [] : [`outboundproxy=${outboundProxy},force`]),
    '',
  ].join('\n');
}
