/**
 * Attacks on the way back to the phones, over real sockets: what is refused is counted, and nobody who was not
 * called hears of it.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningApp } from '../../src/app.ts';
import { startApp } from '../../src/app.ts';
import { createSigner } from '../../src/secrets/signer.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { secretOf } from '../proxy/support/passing.ts';
import { tokenFor } from '../proxy/support/tokens.ts';
import { Peer } from '../support/udp-peer.ts';
import { config, keptLog, register } from './settings.ts';

const US = { host: '127.77.54.1', port: 5060 };
const OURS = '127.77.54.1:5060';
const COUNT_LIMIT_MS = 10_000;

interface Scene {
  readonly app: RunningApp;
  readonly pbx: Peer;
  readonly victim: Peer;
  readonly attacker: Peer;
  /** Somebody who has nothing to do with any of it. */
  readonly outsider: Peer;
  /** What the PBX has of the victim: the signed parameter of its Contact, and the user part of its Path. */
  readonly alias: string;
  readonly path: string;
}

async function open(t: TestContext): Promise<Scene> {
  const [pbx, victim, attacker, outsider] = await Promise.all(
    [2, 3, 4, 5].map((last) => Peer.bind(`127.77.54.${last}`)),
  );
  assert.ok(pbx && victim && attacker && outsider);
  const http = Object.assign(endpointFrom(US.host)!, { port: 0 });
  const settings = config({ listenOn: OURS, registrarAt: pbx.address, contactMode: 'alias+path', http });
  const app = await startApp(settings, { version: '0', log: keptLog().log, processMetrics: 'omit' });
  t.after(async () => {
    await app.stop();
    for (const peer of [pbx, victim, attacker, outsider]) peer.close();
  });
  victim.send(register(victim.address, 100), US);
  const [registered] = await pbx.until(1);
  const alias = /;rollcall=(\w+)/.exec(registered!.text)?.[1];
  const path = /^Path: <sip:(\w+)@/m.exec(registered!.text)?.[1];
  assert.ok(alias && path);
  return { app, pbx, victim, attacker, outsider, alias, path };
}

let requests = 0;

/** A request by `sender` outside of any dialog. */
function ask(sender: Peer, method: string, uri: string, route = ''): void {
  requests++;
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${sender.address};branch=z9hG4bKattack${requests}`,
    'Max-Forwards: 70',
    'To: <sip:100@iptlab.com>',
    `From: <sip:200@iptlab.com>;tag=a${requests}`,
    `Call-ID: attack-${requests}`,
    `CSeq: 1 ${method}`,
    ...(route === '' ? [] : [`Route: ${route}`]),
    'Content-Length: 0',
  ];
  sender.send(`${lines.join('\r\n')}\r\n\r\n`, US);
}

/** What is sent may be counted a little later (METRICS.md): so it waits for the count, and fails where it is another one. */
async function isCounted(app: RunningApp, from: string, outcome: string, reason: string, expected: number) {
  const sample = `rollcall_datagrams_total{from="${from}",outcome="${outcome}",reason="${reason}"} `;
  const read = async (): Promise<number> => {
    const metrics = await (await fetch(`http://${app.http.host}:${app.http.port}/metrics`)).text();
    const line = metrics.split('\n').find((each) => each.startsWith(sample));
    return Number(line?.slice(sample.length) ?? 0);
  };
  const giveUpAt = performance.now() + COUNT_LIMIT_MS;
  let count = await read();
  while (count < expected && performance.now() < giveUpAt) {
    await sleep(20);
    count = await read();
  }
  assert.equal(count, expected, sample);
}

const statuses = (peer: Peer, from: number): string[] =>
  peer.heard.slice(from).map(({ text }) => text.split('\r\n')[0]!);
const damaged = (token: string): string =>
  `${token.slice(0, 8)}${token[8] === '0' ? '1' : '0'}${token.slice(9)}`;

test("false tokens from the PBX's side: 403, counted, and the phone hears nothing", async (t) => {
  const { app, pbx, victim, alias, path } = await open(t);
  const retired = createSigner([secretOf('retired')]);
  const before = pbx.heard.length;
  const phone = `sip:100@${victim.address}`;
  const uris = [
    damaged(alias),
    alias.slice(0, -1),
    tokenFor('alias', victim.address, 0, retired),
    path, // not made for this place
  ].map((token) => `${phone};rollcall=${token}`);
  const routes = [
    damaged(path),
    path.slice(0, 14),
    tokenFor('path', victim.address, 0, retired),
    alias, // not made for this place
  ].map((token) => `<sip:${token}@${OURS};lr>`);
  for (const uri of uris) ask(pbx, 'INVITE', uri);
  for (const route of routes) ask(pbx, 'INVITE', phone, route);
  ask(pbx, 'OPTIONS', uris[0]!);
  ask(pbx, 'ACK', uris[1]!);
  // The one good call comes last: when it has arrived, all that went before it would have, too.
  ask(pbx, 'INVITE', `${phone};rollcall=${alias}`);

  const [only] = await victim.until(1);
  assert.match(only!.text, new RegExp(`Call-ID: attack-${requests}\r\n`));
  await pbx.until(before + 8);
  assert.deepEqual(statuses(pbx, before), Array(8).fill('SIP/2.0 403 Forbidden'));
  assert.equal(victim.heard.length, 1);
  await isCounted(app, 'registrar', 'answered', 'bad_token', 8);
  await isCounted(app, 'registrar', 'dropped', 'bad_token', 2);
});

test('genuine tokens in the hands of another phone: 403, counted, and the phone hears nothing', async (t) => {
  const { app, pbx, victim, attacker, alias, path } = await open(t);
  const before = pbx.heard.length;
  const phone = `sip:100@${victim.address}`;
  ask(attacker, 'INVITE', `${phone};rollcall=${alias}`);
  ask(attacker, 'INVITE', `sip:100@${OURS};rollcall=${alias}`);
  ask(attacker, 'MESSAGE', phone, `<sip:${path}@${OURS};lr>`);
  ask(attacker, 'REGISTER', 'sip:iptlab.com', `<sip:${path}@${OURS};lr>`);
  await attacker.until(4);
  assert.deepEqual(statuses(attacker, 0), Array(4).fill('SIP/2.0 403 Forbidden'));

  ask(pbx, 'INVITE', `${phone};rollcall=${alias}`);
  const [only] = await victim.until(1);
  assert.match(only!.text, new RegExp(`Call-ID: attack-${requests}\r\n`));
  assert.equal(pbx.heard.length, before);
  await isCounted(app, 'phone', 'answered', 'bad_token', 4);
});

test('a phone that names another phone, or anybody: the PBX hears it, and nobody else', async (t) => {
  const { app, pbx, victim, attacker, outsider, alias } = await open(t);
  const before = pbx.heard.length;
  for (const { address } of [victim, outsider]) {
    ask(attacker, 'INVITE', `sip:x@${address}`);
    ask(attacker, 'INVITE', 'sip:x@iptlab.com', `<sip:${address};lr>`);
    ask(attacker, 'INVITE', 'sip:x@iptlab.com', `<sip:${OURS};lr>, <sip:${address}>`);
    ask(attacker, 'INVITE', `sip:x@${OURS};maddr=${address.split(':')[0]}`);
  }
  await pbx.until(before + 8);
  ask(pbx, 'INVITE', `sip:100@${victim.address};rollcall=${alias}`);
  await victim.until(1);
  assert.equal(victim.heard.length, 1);
  assert.deepEqual([outsider.heard, attacker.heard], [[], []]);
  await isCounted(app, 'phone', 'forwarded', 'request', 1 + 8);
});
