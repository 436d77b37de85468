import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Peer } from '../support/udp-peer.ts';
import { register, response } from './settings.ts';

const OURS = { host: '127.77.50.4', port: 5060 };

async function start(registrarAt: string, secretFile: string, transport: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./run-app.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [script, `${OURS.host}:${OURS.port}`, registrarAt, secretFile, transport],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  for await (const chunk of child.stdout!) if (String(chunk).includes('up\n')) return child;
  throw new Error(`the app did not come up: it ended with ${child.exitCode}`);
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

for (const [before, after] of [
  ['batched', 'batched'],
  ['portable', 'batched'],
] as const) {
  test(`killed between a REGISTER and its 200 (${before}), another one (${after}) delivers it, and forwards a repetition alike`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-restart-'));
    const secretFile = join(folder, 'secret');
    writeFileSync(secretFile, `${'5e'.repeat(32)}\n`);
    const [registrar, phone] = await Promise.all([Peer.bind('127.77.50.5'), Peer.bind('127.77.50.6')]);
    let child = await start(registrar.address, secretFile, before);
    t.after(async () => {
      await kill(child);
      registrar.close();
      phone.close();
      rmSync(folder, { recursive: true });
    });
    const request = register(phone.address, 24001);
    phone.send(request, OURS);
    const [first] = await registrar.until(1);
    await kill(child);

    child = await start(registrar.address, secretFile, after);
    registrar.send(response(first!.text, '200 OK'), OURS);
    const [ok] = await phone.until(1);
    assert.match(
      ok!.text,
      /^SIP\/2\.0 200 OK\r\nVia: SIP\/2\.0\/UDP 127\.77\.50\.6:\d+;branch=z9hG4bK24001;/,
    );
    assert.equal(ok!.from, '127.77.50.4:5060');
    phone.send(request, OURS);
    const [, second] = await registrar.until(2);
    assert.equal(second!.text, first!.text);
  });
}
