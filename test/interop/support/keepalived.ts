import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import type { Lab } from './lab.ts';
import type { Namespace } from './namespaces.ts';
import { readyPart } from './parts.ts';
import type { Program } from './program.ts';

export interface KeepalivedOptions {
  /** With a device eth0 that has `ip`. */
  readonly namespace: Namespace;
  readonly ip: string;
  readonly peerIp: string;
  /** The higher one of two that live has the address. */
  readonly priority: number;
  readonly virtualIp: string;
}

/** One of two that share an address by VRRP. */
export function startKeepalived(lab: Lab, options: KeepalivedOptions): Program {
  const { namespace, ip, peerIp, priority, virtualIp } = options;
  const path = lab.path('keepalived.conf');
  const template = readFileSync(join(REPO_ROOT, 'test', 'interop', 'parts', 'keepalived.conf'), 'utf8');
  writeFileSync(
    path,
    template
      .replaceAll('NODE', namespace.name)
      .replaceAll('PRIORITY', `${priority}`)
      .replaceAll('OWN', ip)
      .replaceAll('PEER', peerIp)
      .replaceAll('VIRTUAL', virtualIp),
    { mode: 0o600 },
  );
  return lab.start({
    name: `keepalived at ${ip}`,
    env: readyPart('keepalived').env,
    command: namespace.command(
      'keepalived',
      ...['--vrrp', '--dont-fork', '--log-console', '--use-file', path],
      ...['--pid', lab.path('keepalived.pid'), '--vrrp_pid', lab.path('vrrp.pid')],
    ),
  });
}

/** Whether an address is the namespace's now. */
export async function hasAddress(namespace: Namespace, ip: string): Promise<boolean> {
  return (await namespace.run('ip', '-4', '-oneline', 'addr')).includes(` ${ip}/`);
}
