import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApp } from '../../src/app.ts';
import { REHEARSED_TRANSACTIONS } from '../../src/rehearsal/rehearsal.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { startScripted } from '../net/scripted.ts';
import { over, TRANSPORTS } from '../support/transports.ts';
import { Peer } from '../support/udp-peer.ts';
import { config, keptLog, register, response } from './settings.ts';

const OURS = { host: '127.77.50.31', port: 5060 };
const HTTP = Object.assign(endpointFrom(OURS.host)!, { port: 0 });
/** As slow as machines get that run these tests. */
const REHEARSAL_LIMIT_MS = 60_000;

let [registrar, phone]: Peer[] = [];

before(async () => {
  registrar = await Peer.bind('127.77.50.32');
  phone = await Peer.bind('127.77.50.33');
  registrar.answer((request) => response(request, '200 OK'));
});

after(() => {
  registrar!.close();
  phone!.close();
});

function settings(own: Partial<Parameters<typeof config>[0]> = {}) {
  const places = { listenOn: `${OURS.host}:${OURS.port}`, registrarAt: registrar!.address, http: HTTP };
  return config({ ...places, rehearsal: 'on', ...own });
}

describe('a rehearsal at the start', () => {
  for (const transport of TRANSPORTS) {
    it(
      `${transport}: phones that register meanwhile are served, and they alone are told`,
      over(transport),
      async () => {
        const { log, lines } = keptLog();
        const app = await startApp(settings({ transport }), { version: '0', log, processMetrics: 'omit' });
        try {
          const [served, answered] = [registrar!.heard.length, phone!.heard.length];
          const giveUpAt = performance.now() + REHEARSAL_LIMIT_MS;
          let sent = 0;
          while (!lines.some(({ msg }) => msg === 'rehearsed')) {
            assert.ok(performance.now() < giveUpAt, 'it is still played');
            phone!.send(register(phone!.address, 24_000 + (sent % 10)), OURS);
            sent++;
            await phone!.until(answered + sent, 1000);
            await sleep(10);
          }
          await sleep(300);
          assert.ok(sent > 10, `${sent} sent`);
          assert.equal(registrar!.heard.length, served + sent);
          assert.ok(registrar!.heard.every(({ text }) => !text.includes('rehearsal')));

          const metrics = await (await fetch(`http://${app.http.host}:${app.http.port}/metrics`)).text();
          const told = (line: string) =>
            assert.ok(metrics.includes(`\n${line}\n`), `${line} in:\n${metrics}`);
          told(`rollcall_datagrams_total{from="phone",outcome="forwarded",reason="request"} ${sent}`);
          told(`rollcall_datagrams_total{from="registrar",outcome="forwarded",reason="response"} ${sent}`);
          told('rollcall_aors{domain="iptlab.com"} 10');
          told('rollcall_tap_dropped_total 0');
          assert.doesNotMatch(metrics, /rehearsal/);
          assert.doesNotMatch(JSON.stringify(lines), /rehearsal/);
          const { transactions } = lines.find(({ msg }) => msg === 'rehearsed')!;
          // Where the machine is slow, it is given up.
          assert.ok(transactions! > 0 && transactions! <= REHEARSED_TRANSACTIONS);
        } finally {
          await app.stop();
        }
      },
    );

    it(`${transport}: it holds nobody up who wants to stop`, over(transport), async () => {
      const app = await startApp(settings({ transport }), {
        version: '0',
        log: keptLog().log,
        processMetrics: 'omit',
      });
      await sleep(600);
      const startMs = performance.now();
      await app.stop();
      assert.ok(performance.now() - startMs < 1000);
    });
  }

  it('is not played where nobody wants it', async () => {
    const { thread } = startScripted({ transport: 'portable', sockets: [`${OURS.host}:${OURS.port}`] });
    await thread.bound;
    assert.equal(thread.rehearse(), undefined);
    await thread.stop();
  });
});
