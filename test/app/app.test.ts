import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp } from '../../src/app.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { Peer } from '../support/udp-peer.ts';
import { config, keptLog, register, response } from './settings.ts';

const HTTP = Object.assign(endpointFrom('127.77.50.1')!, { port: 0 });

for (const transport of ['portable', 'batched'] as const) {
  test(`${transport}: a REGISTER goes to the registrar, its 200 to the phone, and both are told at /metrics`, async (t) => {
    const registrar = await Peer.bind('127.77.50.2');
    const phone = await Peer.bind('127.77.50.3');
    const { log, lines } = keptLog();
    const app = await startApp(
      config({ listenOn: '127.77.50.1:5060', registrarAt: registrar.address, transport, http: HTTP }),
      { version: '0', log, processMetrics: 'omit' },
    );
    t.after(async () => {
      await app.stop();
      registrar.close();
      phone.close();
    });
    assert.equal(app.transport, transport);
    registrar.answer((request) => response(request, '200 OK'));
    phone.send(register(phone.address, 24001), { host: '127.77.50.1', port: 5060 });

    const [request] = await registrar.until(1);
    assert.match(
      request!.text,
      /^REGISTER sip:iptlab\.com SIP\/2\.0\r\nVia: SIP\/2\.0\/UDP 127\.77\.50\.1:5060;branch=z9hG4bK/,
    );
    assert.match(request!.text, /\r\nMax-Forwards: 69\r\n/);
    assert.equal(request!.from, '127.77.50.1:5060');
    const [ok] = await phone.until(1);
    assert.match(ok!.text, /^SIP\/2\.0 200 OK\r\nVia: SIP\/2\.0\/UDP 127\.77\.50\.3:/);
    assert.equal(ok!.from, '127.77.50.1:5060');

    const metrics = await (await fetch(`http://${app.http.host}:${app.http.port}/metrics`)).text();
    assert.match(
      metrics,
      /rollcall_datagrams_total\{from="phone",outcome="forwarded",reason="request"\} 1\n/,
    );
    assert.match(metrics, /rollcall_responses_total\{from="registrar",method="REGISTER",code="200"\} 1\n/);
    assert.match(metrics, /rollcall_socket_drops_total\{socket="127\.77\.50\.1:5060"\} 0\n/);
    assert.ok(lines.some((line) => line.transport === transport));
    assert.equal((await fetch(`http://${app.http.host}:${app.http.port}/readyz`)).status, 200);
  });
}
