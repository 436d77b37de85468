import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ContactMode } from '../../../src/proxy/routes.ts';
import { pjsipUser } from '../support/asterisk.ts';
import { parseExposition, total } from '../support/exposition.ts';
import { hasAddress, startKeepalived } from '../support/keepalived.ts';
import { openLab } from '../support/lab.ts';
import type { Namespace } from '../support/namespaces.ts';
import {
  addAddress,
  bridge,
  connect,
  openNamespace,
  plug,
  setDown,
  setUp,
  sysctl,
} from '../support/namespaces.ts';
import { openNat } from '../support/nat.ts';
import { needs } from '../support/needs.ts';
import type { Phone } from '../support/phone.ts';
import { startPhone } from '../support/phone.ts';
import type { Program } from '../support/program.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { secretFile, startRollcall } from '../support/rollcall.ts';
import { waitUntil } from '../support/wait-until.ts';
import { ON_A_BAD_LINE, observeCall, settledReachability } from './observe.ts';
import type { Pbx } from './pbx.ts';
import { startPbx } from './pbx.ts';

/*
 * Two machines with a Rollcall each, one secret, and one address that keepalived gives to one of them. A phone
 * behind a NAT registers through the first; the second delivers its calls when the first is gone.
 */
const VIRTUAL = '203.0.113.100';
const PBX = '203.0.113.10';
const LIMIT_MS = 20_000;
/** The phone must not register anew in the meantime. */
const REGISTER_EVERY_SEC = 600;
const USER = 'u0';

interface Node {
  readonly name: 'first' | 'second';
  readonly namespace: Namespace;
  readonly ip: string;
  rollcall: Rollcall;
  keepalived: Program;
}

describe('an address that moves to the other Rollcall', {
  concurrency: 2,
  ...needs('asterisk16', 'sipp', 'iproute2', 'nftables', 'conntrack', 'keepalived'),
}, () => {
  for (const contactMode of ['alias', 'path'] as const satisfies readonly ContactMode[])
    describeOne(contactMode);
});

function describeOne(contactMode: ContactMode): void {
  describe(contactMode, { concurrency: 1 }, () => {
    const lab = openLab();
    const secret = secretFile(lab);
    let pbx: Pbx;
    let first: Node;
    let second: Node;
    let phone: Phone;

    before(async () => {
      const nat = openNat(lab, { serverHosts: [], phones: 1 });
      // The namespace in front of the NAT is a switch, with the PBX in it, and two machines plugged in.
      bridge(nat.servers, 'switch', ['net']);
      addAddress(nat.servers, 'switch', `${PBX}/24`);
      [first, second] = await Promise.all([
        openNode(nat.servers, 'first', '203.0.113.11', '203.0.113.12', 150),
        openNode(nat.servers, 'second', '203.0.113.12', '203.0.113.11', 100),
      ]);
      const user = pjsipUser({ user: USER, rewriteContact: 'yes', forceRport: 'yes', qualify: 'yes' });
      pbx = await startPbx(lab, 'pjsip16', { ip: PBX, callerIp: PBX, namespace: nat.servers }, user);
      await holds(first);
      phone = startPhone(lab, {
        user: USER,
        ip: nat.phoneIp(0),
        proxy: { ip: VIRTUAL },
        namespace: nat.phones[0]!,
        registerEverySec: REGISTER_EVERY_SEC,
        hangUpAfterMs: LIMIT_MS,
      });
      await phone.registered();
    });
    after(lab.close);

    async function openNode(
      network: Namespace,
      name: Node['name'],
      ip: string,
      peerIp: string,
      priority: number,
    ): Promise<Node> {
      const namespace = openNamespace(lab, name);
      connect({ namespace, name: 'eth0' }, { namespace: network, name });
      plug(network, 'switch', name);
      addAddress(namespace, 'eth0', `${ip}/24`);
      // Both listen on the address all the time, the one that does not have it, too.
      sysctl(namespace, 'net.ipv4.ip_nonlocal_bind=1');
      const [rollcall, keepalived] = [
        await startNode(namespace, ip),
        startVrrp(namespace, ip, peerIp, priority),
      ];
      return { name, namespace, ip, rollcall, keepalived };
    }

    const startNode = (namespace: Namespace, ip: string): Promise<Rollcall> =>
      startRollcall(lab, {
        ip: VIRTUAL,
        httpIp: ip,
        registrar: `${PBX}:5060`,
        contactMode,
        secretFile: secret,
        namespace,
      });
    const startVrrp = (namespace: Namespace, ip: string, peerIp: string, priority: number): Program =>
      startKeepalived(lab, { namespace, ip, peerIp, priority, virtualIp: VIRTUAL });

    const holds = (node: Node): Promise<true> =>
      waitUntil(
        `${VIRTUAL} at the ${node.name}`,
        async () => ((await hasAddress(node.namespace, VIRTUAL)) ? true : undefined),
        { withinMs: LIMIT_MS, everyMs: 100, program: node.keepalived },
      );
    const fromPbx = async ({ rollcall }: Node, method: string): Promise<number> =>
      total(parseExposition(await rollcall.metrics()), 'rollcall_requests_total', {
        from: 'registrar',
        method,
      });
    const byesAnswered = async ({ rollcall }: Node): Promise<number> =>
      total(parseExposition(await rollcall.metrics()), 'rollcall_responses_total', {
        from: 'phone',
        method: 'BYE',
        code: '2xx',
      });
    const callable = async (): Promise<void> => {
      const seen = await settledReachability(pbx, { user: USER, qualifies: true }, ON_A_BAD_LINE);
      assert.equal(seen, 'reachable');
    };
    const us = `${VIRTUAL}:5060`;
    const through = { invite: 'through', ack: 'through', bye: 'through', over: true };

    it('the first delivers calls while it lives', async () => {
      await callable();
      assert.deepEqual(await observeCall(pbx, phone, 'pbx', us), through);
      // Once, or again where the phone took long to say that it rings.
      assert.ok((await fromPbx(first, 'INVITE')) >= 1);
      assert.equal(await fromPbx(second, 'INVITE'), 0);
    });

    it('the first is gone at once: the second delivers calls to the phone that it has never heard of', async () => {
      setDown(first.namespace, 'eth0');
      await Promise.all([first.rollcall.kill(), first.keepalived.kill()]);
      await holds(second);
      await callable();
      assert.deepEqual(await observeCall(pbx, phone, 'pbx', us), through);
      assert.ok((await fromPbx(second, 'INVITE')) >= 1);
    });

    it('a call that the second delivered is ended through the first, which is back', async () => {
      const call = await pbx.call(phone, { ending: 'is hung up on' });
      const acks = (): number =>
        phone
          .trace()
          .filter(
            ({ direction, method, status }) => direction === 'received' && method === 'ACK' && status === 0,
          ).length;
      await waitUntil('the ACK', () => (acks() > 2 ? true : undefined), { withinMs: LIMIT_MS });
      setUp(first.namespace, 'eth0');
      first.rollcall = await startNode(first.namespace, first.ip);
      first.keepalived = startVrrp(first.namespace, first.ip, second.ip, 150);
      await holds(first);
      // The PBX may know the second's hardware address for a moment longer.
      await waitUntil(
        "the PBX's OPTIONS at the first",
        async () => (await fromPbx(first, 'OPTIONS')) || undefined,
        {
          withinMs: LIMIT_MS,
          everyMs: 200,
        },
      );
      await call.end();
      assert.equal(await call.over(LIMIT_MS), true);
      await waitUntil("the phone's 200 to the BYE", async () => (await byesAnswered(first)) || undefined, {
        withinMs: LIMIT_MS,
        everyMs: 200,
      });
      assert.ok((await fromPbx(first, 'BYE')) >= 1);
    });

    it('the phone has registered once, through the first alone', async () => {
      const registers = phone
        .trace()
        .filter(
          ({ direction, method, status }) =>
            direction === 'received' && method === 'REGISTER' && status === 200,
        );
      assert.equal(registers.length, 1);
      assert.equal(
        total(parseExposition(await second.rollcall.metrics()), 'rollcall_requests_total', {
          method: 'REGISTER',
        }),
        0,
      );
    });
  });
}
