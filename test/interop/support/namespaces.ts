import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Lab } from './lab.ts';
import { readyPart } from './parts.ts';

/**
 * Private networks made of the kernel's network namespaces: no packet gets out, and none of the machine's own
 * settings are touched. Needs root.
 */
const PREFIX = 'rollcall-';
const COMMAND_LIMIT_MS = 20_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;
const REGISTERED = '/run/netns';

export interface Namespace {
  readonly name: string;
  /** A command that runs in it. */
  command(...command: readonly [string, ...string[]]): [string, ...string[]];
  /** Runs it to its end, and gives what it printed. */
  run(...command: readonly [string, ...string[]]): Promise<string>;
}

let made = 0;
const alive = new Set<string>();
process.once('exit', () => {
  for (const name of alive) remove(name);
});

function ip(...args: readonly string[]): void {
  const env = { ...process.env, ...readyPart('iproute2').env };
  execFileSync('ip', args, { env, timeout: COMMAND_LIMIT_MS, stdio: ['ignore', 'ignore', 'pipe'] });
}

function remove(name: string): void {
  try {
    ip('netns', 'del', name);
  } catch {
    // It is gone: that is what was wanted.
  }
  alive.delete(name);
}

/** What a test run that was killed has left behind. */
function removeAbandoned(): void {
  if (!existsSync(REGISTERED)) return;
  for (const name of readdirSync(REGISTERED).filter((entry) => entry.startsWith(PREFIX))) {
    const pid = Number(/^rollcall-(\d+)-/.exec(name)?.[1]);
    if (pid > 0 && !existsSync(`/proc/${pid}`)) remove(name);
  }
}

/** A namespace with a loopback interface that is up, gone when the lab closes. */
export function openNamespace(lab: Lab, role: string): Namespace {
  if (made === 0) removeAbandoned();
  const name = `${PREFIX}${process.pid}-${++made}-${role}`;
  ip('netns', 'add', name);
  alive.add(name);
  lab.onClose(() => remove(name));
  ip('-n', name, 'link', 'set', 'lo', 'up');
  const command = (...inside: readonly [string, ...string[]]): [string, ...string[]] => [
    'nsenter',
    `--net=${REGISTERED}/${name}`,
    '--',
    ...inside,
  ];
  return {
    name,
    command,
    run: async (...inside) => {
      const [file, ...args] = command(...inside);
      const limits = { timeout: COMMAND_LIMIT_MS, maxBuffer: OUTPUT_LIMIT_BYTES };
      return (await promisify(execFile)(file, args, limits)).stdout;
    },
  };
}

/** A cable between two namespaces. */
export function connect(
  a: { readonly namespace: Namespace; readonly name: string },
  b: { readonly namespace: Namespace; readonly name: string },
): void {
  const far = ['peer', 'name', b.name, 'netns', b.namespace.name];
  ip('link', 'add', 'name', a.name, 'netns', a.namespace.name, 'type', 'veth', ...far);
  setUp(a.namespace, a.name);
  setUp(b.namespace, b.name);
}

export function setUp({ name }: Namespace, device: string): void {
  ip('-n', name, 'link', 'set', device, 'up');
}

/** As if its cable were pulled. */
export function setDown({ name }: Namespace, device: string): void {
  ip('-n', name, 'link', 'set', device, 'down');
}

/** @param cidr such as 203.0.113.2/24 */
export function addAddress({ name }: Namespace, device: string, cidr: string): void {
  ip('-n', name, 'addr', 'add', cidr, 'dev', device);
}

export function addRoute({ name }: Namespace, to: string, via: string): void {
  ip('-n', name, 'route', 'add', to, 'via', via);
}

/** A switch, and the named devices of its namespace plugged into it. */
export function bridge({ name }: Namespace, device: string, ports: readonly string[]): void {
  ip('-n', name, 'link', 'add', device, 'type', 'bridge');
  for (const port of ports) plug({ name }, device, port);
  ip('-n', name, 'link', 'set', device, 'up');
}

/** Plugs one more device into a switch. */
export function plug({ name }: Pick<Namespace, 'name'>, device: string, port: string): void {
  ip('-n', name, 'link', 'set', port, 'master', device);
}

/** @param setting such as net.ipv4.ip_forward=1 */
export function sysctl({ name }: Namespace, setting: string): void {
  const [key, value] = setting.split('=');
  const path = `/proc/sys/${key!.replaceAll('.', '/')}`;
  execFileSync('nsenter', [`--net=${REGISTERED}/${name}`, 'sh', '-c', `echo ${value} > ${path}`], {
    timeout: COMMAND_LIMIT_MS,
  });
}

/** Feeds rules to nft in the namespace. */
export function nft({ name }: Namespace, rules: string): void {
  const env = { ...process.env, ...readyPart('nftables').env };
  execFileSync('nsenter', [`--net=${REGISTERED}/${name}`, 'nft', '-f', '-'], {
    env,
    input: rules,
    timeout: COMMAND_LIMIT_MS,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
}

/** Makes the namespace's kernel forget every NAT mapping, as a router does that is switched off and on. */
export function forgetMappings({ name }: Namespace): void {
  const env = { ...process.env, ...readyPart('conntrack').env };
  execFileSync('nsenter', [`--net=${REGISTERED}/${name}`, 'conntrack', '-F'], {
    env,
    timeout: COMMAND_LIMIT_MS,
    stdio: 'ignore',
  });
}
