import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SETTINGS } from '../../src/cli/settings.ts';
import { RollcallProcess, rollcall } from './process.ts';

const HOST = '127.77.40.2';
const folder = mkdtempSync(join(tmpdir(), 'rollcall-cli-'));
after(() => rmSync(folder, { recursive: true }));

function boundSocket(port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, HOST, () => resolve(socket));
  });
}

function flags(port: number, secret: string, ...more: readonly string[]): string[] {
  return [
    `--listen=${HOST}:${port}`,
    '--registrar=127.77.40.3:5060',
    '--contact-mode=direct',
    `--http=${HOST}:${port}`,
    `--secret-file=${join(folder, secret)}`,
    ...more,
  ];
}

describe('rollcall', () => {
  it('tells its commands, and its version', async () => {
    const help = await rollcall(['--help']);
    assert.equal(help.code, 0);
    for (const name of ['run', 'demo', 'check']) assert.match(help.out, new RegExp(`\n  rollcall ${name} `));
    const version = await rollcall(['--version']);
    assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
  });

  it('is used wrongly without a command, and with one that there is not', async () => {
    const none = await rollcall([]);
    assert.deepEqual([none.code, none.out], [2, '']);
    const wrong = await rollcall(['chekc']);
    assert.deepEqual(wrong, {
      code: 2,
      out: '',
      err: 'rollcall: there is no command "chekc"; did you mean check?\n',
    });
  });

  for (const command of ['run', 'check', 'demo']) {
    it(`${command} --help fits a screen`, async () => {
      const { code, out, err } = await rollcall([command, '--help']);
      assert.deepEqual([code, err], [0, '']);
      const lines = out.split('\n');
      assert.ok(lines.length <= 45, `${lines.length} lines`);
      for (const line of lines) assert.ok(line.length <= 100, line);
    });
  }

  it('run --help names every setting with its default', async () => {
    const { out } = await rollcall(['run', '--help']);
    for (const { key, otherwise, form } of SETTINGS) {
      const line = out.split('\n').find((candidate) => candidate.startsWith(`  --${key} `));
      assert.ok(line, `--${key} is not in the help`);
      if (otherwise !== undefined && form !== '') assert.ok(line.endsWith(` [${otherwise}]`), line);
    }
  });
});

describe('rollcall check', () => {
  it('says what run would do, binds nothing and makes no secret', async () => {
    const taken = await boundSocket(5071);
    try {
      const { code, out, err } = await rollcall(['check', ...flags(5071, 'unmade')]);
      assert.deepEqual([code, err], [0, '']);
      assert.deepEqual(out.split('\n'), [
        `listen     ${HOST}:5071`,
        `registrar  127.77.40.3:5060, active, from ${HOST}:5071`,
        'contacts   direct',
        `secret     ${join(folder, 'unmade')}, not there yet: the first start makes it`,
        `http       ${HOST}:5071`,
        '',
      ]);
      assert.equal(existsSync(join(folder, 'unmade')), false);
    } finally {
      taken.close();
    }
  });

  it('ends with 2 for a file with errors, and names the line of each', async () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'registrar: 10.0.1.8\ncontact-mode: direct\nlisten: eth0\nhtpt: 127.0.0.1:1\n');
    const { code, out, err } = await rollcall(['check', '--config', file]);
    assert.deepEqual([code, out], [2, '']);
    assert.deepEqual(err.split('\n').slice(0, -1), [
      `rollcall: ${file}:4: there is no setting "htpt"; did you mean http?`,
      `rollcall: ${file}:3: listen: "eth0" is not an address; write IP:PORT, such as 10.0.0.5:5060 or [2001:db8::5]:5060.`,
    ]);
  });

  it('ends with 1 for what this machine has not', async () => {
    writeFileSync(join(folder, 'short'), 'abcdef\n', { mode: 0o600 });
    const inventory = join(folder, 'nowhere.txt');
    const { code, err } = await rollcall([
      'check',
      ...flags(5072, 'short', '--registrar=2001:db8::8', `--inventory=${inventory}`),
    ]);
    assert.equal(code, 1);
    const lines = err.split('\n').slice(0, -1);
    assert.equal(lines.length, 3, err);
    assert.equal(
      lines[0],
      'rollcall: registrar: 2001:db8::8 has no IPv4 address; check the name, or give the address itself.',
    );
    assert.match(lines[1]!, /^rollcall: secret-file: .*\/short must hold one or two lines of 64 hex digits/);
    assert.match(lines[2]!, /^rollcall: inventory: can't read .*\/nowhere\.txt \(ENOENT/);
  });
});

describe('rollcall run', () => {
  it('ends with 2, and a sentence each, where its flags are wrong', async () => {
    const { code, out, err } = await rollcall(['run', '--contact-mode=direct', '--registrar=10.0.1.8:x']);
    assert.deepEqual([code, out], [2, '']);
    assert.equal(
      err,
      'rollcall: --registrar: "10.0.1.8:x" is neither an address nor a host name; write HOST or HOST:PORT, such as 10.0.1.8:5060 or pbx.example.com.\n',
    );
  });

  it('ends with 1 where its address is taken, and says which', async () => {
    const taken = await boundSocket(5073);
    try {
      const { code, err } = await rollcall(['run', ...flags(5073, 's1')]);
      assert.equal(code, 1);
      assert.match(err, /^rollcall: .*127\.77\.40\.2:5073.*\.\n$/);
    } finally {
      taken.close();
    }
  });

  it('runs on flags, environment and file, logs JSON lines, and ends with 0 on SIGTERM', async () => {
    const file = join(folder, 'good.yaml');
    writeFileSync(
      file,
      `registrar: 127.77.40.3:5060\nlisten: ${HOST}:1\nsecret-file: ${join(folder, 's2')}\n`,
    );
    const running = new RollcallProcess(['run', `--listen=${HOST}:5074`, `--http=${HOST}:5074`], {
      ROLLCALL_CONFIG: file,
      ROLLCALL_CONTACT_MODE: 'direct',
    });
    await running.says(/"msg":"running"/);
    const ready = await fetch(`http://${HOST}:5074/readyz`);
    assert.equal(ready.status, 200);
    assert.equal(statSync(join(folder, 's2')).mode & 0o777, 0o600);
    running.signal('SIGTERM');
    running.signal('SIGINT');
    const { code, out, err } = await running.ended;
    assert.deepEqual([code, err], [0, '']);
    for (const line of out.split('\n').slice(0, -1)) assert.equal(typeof JSON.parse(line), 'object');
  });
});
