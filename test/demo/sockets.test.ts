import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEMO_DOMAIN, demoCrowd } from '../../src/demo/crowd.ts';
import { DemoRegistrar } from '../../src/demo/registrar.ts';
import { runPhone, runRegistrar } from '../../src/demo/sockets.ts';
import { hostText } from '../../src/sip/address.ts';
import { seeded } from './simulation.ts';

const HOST = '127.77.40.1';
const DEADLINE_MS = 20_000;

describe('the crowd over real sockets, without a proxy between', () => {
  it('registers whoever may, on as many contacts as there are, and nobody else', async () => {
    const crowd = demoCrowd(seeded(11));
    const clock = () => performance.now();
    const registrar = new DemoRegistrar({
      domain: DEMO_DOMAIN,
      passwords: crowd.passwords,
      algorithms: ['MD5'],
      qop: 'auth',
      nonceLifetimeMs: 20_000,
      minExpiresSec: 10,
      maxExpiresSec: 60,
      defaultExpiresSec: 30,
      maxContacts: 4,
      unknownUsers: 'not_found',
      key: 'k',
    });
    const running = await runRegistrar(registrar, HOST, 0, clock);
    const phones = await Promise.all(
      crowd.groups
        .flatMap((group) => group.phones)
        .map((make) => runPhone(make, HOST, running.address, clock)),
    );
    try {
      assert.equal(hostText(running.address), HOST);
      assert.equal(new Set(phones.map(({ address }) => address.port)).size, phones.length);
      const expected = [...crowd.passwords.keys()].filter((user) => !['2041', '2042'].includes(user));
      const everRegistered = new Set<string>();
      const deadlineMs = clock() + DEADLINE_MS;
      const isDone = () => everRegistered.size === expected.length && registrar.verdicts.unknown_user > 0;
      while (!isDone() && clock() < deadlineMs) {
        for (const aor of registrar.registered(clock())) everRegistered.add(aor);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.deepEqual([...everRegistered].sort(), expected.map((user) => `${user}@${DEMO_DOMAIN}`).sort());
      for (const user of ['2031', '2032', '2033', '2034']) {
        assert.equal(registrar.bindingsOf(`${user}@${DEMO_DOMAIN}`, clock()).length, 2);
      }
      const { wrong_password, too_brief, unknown_user } = registrar.verdicts;
      assert.ok(wrong_password > 0 && too_brief > 0 && unknown_user > 0);
    } finally {
      await Promise.all(phones.map((phone) => phone.stop()));
      await running.stop();
    }
  });
});
