import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REPO_ROOT } from '../../support/repo-root.ts';
import type { Lab } from '../support/lab.ts';
import type { Namespace } from '../support/namespaces.ts';
import { readyPart } from '../support/parts.ts';
import type { Program } from '../support/program.ts';

/** Phones that other people have written, each with one account at lab.test, in a network namespace of its own. */
export interface Softphone {
  readonly namespace: Namespace;
  readonly ip: string;
  readonly user: string;
  readonly password: string;
  /** Where it sends everything. */
  readonly proxyIp: string;
  readonly expiresSec: number;
}

const PARTS = join(REPO_ROOT, 'test', 'interop', 'parts');

/** Copies a configuration with the names in capitals filled in. */
function fill(from: string, to: string, phone: Softphone, more: Readonly<Record<string, string>> = {}): void {
  const values = {
    USER: phone.user,
    PASSWORD: phone.password,
    PROXY: phone.proxyIp,
    ADDRESS: phone.ip,
    EXPIRES: `${phone.expiresSec}`,
    ...more,
  };
  let text = readFileSync(join(PARTS, from), 'utf8');
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(name, value);
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, text);
}

let folders = 0;

/** A folder inside of a root file system: where the program sees it, and where we do. */
function folderIn(lab: Lab, root: string): { readonly inside: string; readonly outside: string } {
  const inside = `/run/rollcall-${process.pid}-softphone-${++folders}`;
  const outside = join(root, inside);
  mkdirSync(outside, { recursive: true });
  const remove = (): void => rmSync(outside, { recursive: true, force: true });
  lab.onClose(remove);
  process.once('exit', remove);
  return { inside, outside };
}

export function startBaresip(lab: Lab, phone: Softphone): Program {
  const part = readyPart('baresip');
  const folder = lab.path('baresip');
  const modules = join(part.dir ?? '/', 'usr', 'lib', 'baresip', 'modules');
  fill('baresip/config', join(folder, 'config'), phone, { MODULES: modules });
  fill('baresip/accounts', join(folder, 'accounts'), phone);
  writeFileSync(join(folder, 'contacts'), '');
  return lab.start({
    name: `baresip ${phone.user}`,
    env: part.env,
    command: phone.namespace.command('baresip', '-f', folder),
  });
}

/** It ends when its input does, hence the shell around it; and without a default route it takes itself for offline. */
export function startLinphonec(lab: Lab, phone: Softphone): Program {
  const root = readyPart('linphone').dir ?? '/';
  const { inside, outside } = folderIn(lab, root);
  // It looks for both in its home, and does not make them.
  for (const name of ['.local/share/linphone', '.config/linphone']) {
    mkdirSync(join(outside, name), { recursive: true });
  }
  fill('linphonec/linphonerc', join(outside, 'linphonerc'), phone);
  const script = 'tail -f /dev/null | chroot "$@"';
  const linphonec = [root, '/usr/bin/linphonec', '-c', `${inside}/linphonerc`] as const;
  return lab.start({
    name: `linphonec ${phone.user}`,
    env: { HOME: inside },
    command: phone.namespace.command('sh', '-c', script, 'sh', ...linphonec),
  });
}

const MODULE_FOLDERS = ['/usr/lib/asterisk/modules', '/usr/lib/x86_64-linux-gnu/asterisk/modules'];

/** An Asterisk as a client: chan_pjsip's outbound registration. */
export function startAsteriskClient(lab: Lab, phone: Softphone): Program {
  const root = readyPart('asterisk16').dir ?? '/';
  const { inside, outside } = folderIn(lab, root);
  const modules = MODULE_FOLDERS.find((path) => existsSync(join(root, path))) ?? '';
  for (const name of ['asterisk.conf', 'logger.conf', 'modules.conf', 'pjsip.conf']) {
    const more = { FOLDER: inside, MODULES: modules };
    fill(`asterisk-client/${name}`, join(outside, name), phone, more);
  }
  return lab.start({
    name: `asterisk as ${phone.user}`,
    command: phone.namespace.command(
      'chroot',
      root,
      '/usr/sbin/asterisk',
      '-f',
      '-C',
      `${inside}/asterisk.conf`,
    ),
  });
}
