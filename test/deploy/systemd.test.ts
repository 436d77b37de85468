import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { loadConfig } from '../../src/cli/config.ts';
import { needs } from '../interop/support/needs.ts';
import { readyPart } from '../interop/support/parts.ts';
import { REPO_ROOT } from '../support/repo-root.ts';

const FOLDER = join(REPO_ROOT, 'deploy', 'systemd');
const UNIT = join(FOLDER, 'rollcall.service');
const unit = readFileSync(UNIT, 'utf8');

/** What our unit leans on; the real ones differ from system to system. */
const SYSTEM_UNITS = [
  'sysinit.target',
  'basic.target',
  'shutdown.target',
  'network-online.target',
  'multi-user.target',
  'systemd-journald.socket',
  'system.slice',
  '-.slice',
];

/** systemd-analyze's exposure, ten times: 20 and less is what it calls OK and better; ours was 11 when this was written. */
const EXPOSURE_LIMIT = 15;

interface Verdict {
  readonly code: number | null;
  readonly output: string;
}

function systemdAnalyze(...args: string[]): Verdict {
  const { env } = readyPart('systemd');
  const done = spawnSync('systemd-analyze', args, {
    env: { ...process.env, ...env, SYSTEMD_COLORS: '0' },
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { code: done.status, output: `${done.stdout}${done.stderr}` };
}

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A system that has the unit and next to nothing else. */
function systemWith(
  text: string,
  command: 'usr/bin/rollcall' | 'usr/local/bin/rollcall' | undefined,
): string {
  const root = mkdtempSync(join(tmpdir(), 'rollcall-system-'));
  folders.push(root);
  const put = (path: string, content: string, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  for (const name of SYSTEM_UNITS) {
    const kind = name.endsWith('.socket') ? '[Socket]\nListenDatagram=/run/x\n' : '';
    put(`usr/lib/systemd/system/${name}`, `[Unit]\nDescription=${name}\n${kind}`);
  }
  put('usr/lib/systemd/system/systemd-journald.service', '[Service]\nExecStart=/usr/bin/true\n');
  put('usr/bin/true', '#!/bin/sh\n', 0o755);
  put('etc/systemd/system/rollcall.service', text);
  if (command !== undefined) put(command, '#!/bin/sh\n', 0o755);
  return root;
}

const verify = (text: string, command?: Parameters<typeof systemWith>[1]): Verdict =>
  systemdAnalyze('verify', '--man=no', `--root=${systemWith(text, command)}`, 'rollcall.service');

describe('the systemd unit', needs('systemd'), () => {
  it('is verified without a word, wherever npm put the command', () => {
    for (const command of ['usr/bin/rollcall', 'usr/local/bin/rollcall'] as const) {
      assert.deepEqual(verify(unit, command), { code: 0, output: '' });
    }
  });

  it('would not be, with a key that there is not or without the command', () => {
    assert.match(
      verify(unit.replace('PrivateTmp=', 'PrivateTemp='), 'usr/bin/rollcall').output,
      /Unknown key.*PrivateTemp/,
    );
    assert.match(verify(unit).output, /rollcall is not executable/);
  });

  it('leaves the service little to do harm with', () => {
    const folder = systemWith(unit, 'usr/bin/rollcall');
    const path = join(folder, 'etc/systemd/system/rollcall.service');
    const judge = (): Verdict =>
      systemdAnalyze('security', '--offline=true', '--no-pager', `--threshold=${EXPOSURE_LIMIT}`, path);
    const strict = judge();
    assert.equal(strict.code, 0, strict.output);
    writeFileSync(path, unit.replace('DynamicUser=yes', '').replace('CapabilityBoundingSet=', ''));
    assert.notEqual(judge().code, 0, 'this check sees no difference');
  });
});

/** What the transports call, and what lets two threads share one CPU. */
const OUR_SYSTEM_CALLS = [
  ...['socket', 'bind', 'connect', 'close', 'setsockopt', 'getsockopt', 'recvmmsg', 'sendmmsg', 'poll'],
  ...['epoll_create1', 'epoll_ctl', 'epoll_wait', 'sched_yield', 'sched_getattr', 'sched_setattr'],
  ...['io_uring_setup', 'io_uring_enter', 'io_uring_register', 'mmap'],
];

describe("the systemd unit's filter of system calls", needs('systemd'), () => {
  const membersOf = (name: string): readonly string[] => {
    if (!name.startsWith('@')) return [name];
    const lines = systemdAnalyze('syscall-filter', '--no-pager', name).output.split('\n');
    const members = lines.map((line) => line.trim()).filter((line) => /^@?\w[\w-]*$/.test(line));
    return members.flatMap((member) => (member === name ? [] : membersOf(member)));
  };

  it('lets through what Rollcall calls, and little that alters the system', () => {
    const allowed = new Set<string>();
    for (const [, not, names] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
      for (const call of names!.split(' ').flatMap(membersOf)) {
        if (not === '') allowed.add(call);
        else allowed.delete(call);
      }
    }
    assert.deepEqual(
      OUR_SYSTEM_CALLS.filter((call) => !allowed.has(call)),
      [],
    );
    const privileged = ['mount', 'chown', 'setuid', 'ptrace', 'setpriority', 'sched_setscheduler'];
    assert.deepEqual(
      privileged.filter((call) => allowed.has(call)),
      [],
    );
  });
});

describe('what the unit is started with', () => {
  const variables = [...readFileSync(join(FOLDER, 'rollcall.env'), 'utf8').matchAll(/^(\w+)=(.*)$/gm)];

  it('is a configuration that Rollcall takes, with the secret in the state folder', () => {
    const environment = {
      ...Object.fromEntries(variables.map(([, name, value]) => [name, value])),
      STATE_DIRECTORY: '/var/lib/rollcall',
    };
    const loaded = loadConfig([], { environment, readFile: () => assert.fail('no other file is named') });
    assert.ok('config' in loaded, JSON.stringify(loaded));
    assert.equal(loaded.config.secretFile, '/var/lib/rollcall/secret');
    assert.deepEqual(loaded.config.registrars, [{ host: '10.0.1.8', port: 5060 }]);
  });

  it('asks for no capability, which the SIP and HTTP ports do not need', () => {
    assert.match(unit, /^CapabilityBoundingSet=$/m);
    for (const [, name, value] of variables) {
      const port = /:(\d+)$/.exec(value ?? '')?.[1];
      if (port !== undefined) assert.ok(Number(port) >= 1024, name);
    }
  });

  it('does not forbid memory that is written and run, which Node cannot do without', () => {
    assert.doesNotMatch(unit, /^MemoryDenyWriteExecute=/m);
  });
});
