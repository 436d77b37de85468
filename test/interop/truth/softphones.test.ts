import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asterisk } from '../support/asterisk.ts';
import { startAsterisk } from '../support/asterisk.ts';
import type { ExposedSample } from '../support/exposition.ts';
import { parseExposition, total } from '../support/exposition.ts';
import { openLab } from '../support/lab.ts';
import type { Namespace } from '../support/namespaces.ts';
import { addAddress, addRoute, bridge, connect, openNamespace } from '../support/namespaces.ts';
import { needs } from '../support/needs.ts';
import type { Program } from '../support/program.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { startRollcall } from '../support/rollcall.ts';
import { waitUntil } from '../support/wait-until.ts';
import { lifeSec } from './run.ts';
import type { Softphone } from './softphones.ts';
import { startAsteriskClient, startBaresip, startLinphonec } from './softphones.ts';

/*
 * Phones that other people have written, each in its own way, go on registering: to Rollcall that must look like what
 * it is, three phones that are there. In namespaces, because baresip and linphonec want no loopback.
 */
const WATCH_SEC = lifeSec({ usual: 55, longest: 600 });
const PBX_IP = '10.77.90.10';
const PROXY_IP = '10.77.90.20';
const phoneIp = (index: number): string => `10.77.90.${101 + index}`;

const KINDS = [
  { name: 'baresip', start: startBaresip, expiresSec: 14 },
  { name: 'linphonec', start: startLinphonec, expiresSec: 14 },
  // It refreshes ten seconds before the end.
  { name: 'asterisk', start: startAsteriskClient, expiresSec: 20 },
] as const;

const EXPECTED: readonly string[] = ['ok', 'challenged', 'stale'];

const userOf = (index: number): string => `u${index}`;

function pjsipUser(index: number): string {
  const user = userOf(index);
  return [
    `[${user}](phone)`,
    `auth=${user}`,
    `aors=${user}`,
    'rewrite_contact=no',
    `[${user}](password)`,
    `username=${user}`,
    `password=pw-${user}`,
    `[${user}](binding)`,
    'max_contacts=3',
    'remove_existing=no',
    '',
  ].join('\n');
}

describe('phones that other people have written', {
  ...needs('asterisk16', 'asterisk22', 'linphone', 'baresip', 'iproute2'),
}, () => {
  const lab = openLab();
  after(lab.close);
  let servers: Namespace;
  let asterisk: Asterisk;
  let rollcall: Rollcall;
  let phones: readonly Program[];

  const samples = async (): Promise<ExposedSample[]> => parseExposition(await rollcall.metrics());
  const results = (all: readonly ExposedSample[], result: string): number =>
    total(all, 'rollcall_register_results_total', { result });
  const changes = (all: readonly ExposedSample[], change: string): number =>
    total(all, 'rollcall_binding_changes_total', { change });

  before(async () => {
    servers = openNamespace(lab, 'servers');
    const homes = KINDS.map(({ name }) => openNamespace(lab, name));
    for (const [index, namespace] of homes.entries()) {
      connect({ namespace, name: 'eth0' }, { namespace: servers, name: `port${index}` });
      addAddress(namespace, 'eth0', `${phoneIp(index)}/24`);
    }
    bridge(
      servers,
      'lan',
      homes.map((_, index) => `port${index}`),
    );
    for (const ip of [PBX_IP, PROXY_IP]) addAddress(servers, 'lan', `${ip}/24`);
    for (const namespace of homes) addRoute(namespace, 'default', PROXY_IP);
    const users = KINDS.map((_, index) => pjsipUser(index)).join('\n');
    asterisk = await startAsterisk(lab, {
      part: 'asterisk22',
      channelDriver: 'pjsip',
      ip: PBX_IP,
      users,
      namespace: servers,
    });
    rollcall = await startRollcall(lab, {
      ip: PROXY_IP,
      registrar: `${PBX_IP}:5060`,
      contactMode: 'alias',
      namespace: servers,
    });
    phones = KINDS.map(({ start, expiresSec }, index) => {
      const phone: Softphone = {
        namespace: homes[index]!,
        ip: phoneIp(index),
        user: userOf(index),
        password: `pw-${userOf(index)}`,
        proxyIp: PROXY_IP,
        expiresSec,
      };
      return start(lab, phone);
    });
  });

  it('all register', async () => {
    const registered = async () => ((await contacts()).length === KINDS.length ? true : undefined);
    await waitUntil('a contact of each', registered, { withinMs: 30_000, everyMs: 250 });
    const all = await waitUntil(
      'three bindings',
      async () => {
        const now = await samples();
        return total(now, 'rollcall_bindings') >= KINDS.length ? now : undefined;
      },
      { withinMs: 30_000, everyMs: 100, program: rollcall.program },
    );
    assert.equal(total(all, 'rollcall_bindings'), KINDS.length);
    assert.equal(changes(all, 'learned') + changes(all, 'added'), KINDS.length);
  });

  /** What Asterisk has, as user@host:port. */
  async function contacts(): Promise<string[]> {
    const lines = (await asterisk.cli('pjsip show contacts')).matchAll(
      /^\s*Contact:\s+(u\d+)\/sip:([^\s;]+)/gm,
    );
    return [...lines].map(([, user, contact]) => `${user} ${contact}`).sort();
  }

  it(`for ${WATCH_SEC} s nothing happens but refreshes`, async (t) => {
    const first = await samples();
    const contactsBefore = await contacts();
    await sleep(WATCH_SEC * 1000);
    for (const phone of phones) assert.ok(phone.running(), phone.lastWords());
    const all = await samples();
    // The least often that any of them refreshes, with one refresh to spare.
    const least = KINDS.length * (Math.floor(WATCH_SEC / 14) - 1);
    const refreshed = changes(all, 'refreshed') - changes(first, 'refreshed');
    assert.ok(refreshed >= least, `${refreshed} refreshes, not even ${least}`);
    // The end of a nonce is no failure.
    const others = all.filter(({ name, labels: { result = '' }, value }) => {
      return name === 'rollcall_register_results_total' && value > 0 && !EXPECTED.includes(result);
    });
    assert.deepEqual(others, [], rollcall.program.lastWords());
    assert.equal(total(all, 'rollcall_binding_changes_total'), changes(all, 'refreshed') + KINDS.length);
    assert.equal(total(all, 'rollcall_aor_auth_failures_total'), 0);
    assert.equal(total(all, 'rollcall_challenges_abandoned_total'), 0);
    assert.equal(total(all, 'rollcall_bindings'), KINDS.length);
    assert.equal(total(all, 'rollcall_aors_by_contacts', { contacts: '1' }), KINDS.length);
    const dropped = all.filter(({ name, labels, value }) => {
      const isKeepalive = labels.reason === 'keepalive';
      return name === 'rollcall_datagrams_total' && labels.outcome === 'dropped' && value > 0 && !isKeepalive;
    });
    assert.deepEqual(dropped, []);
    assert.deepEqual(await contacts(), contactsBefore);
    const told = EXPECTED.map((result) => `${result} ${results(all, result)}`);
    t.diagnostic(`${told.join(', ')}; ${refreshed} refreshes in ${WATCH_SEC} s`);
  });
});
