import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startApp } from '../../src/app.ts';
import { ForwardingThread } from '../../src/forwarding/thread.ts';
import { endpointFrom } from '../../src/sip/address.ts';
import { assignmentFor } from '../net/scripted.ts';
import { over, TRANSPORTS } from '../support/transports.ts';
import { Peer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';
import { config, keptLog, register, response } from './settings.ts';

const OURS = { host: '127.77.50.1', port: 5060 };
const HTTP = Object.assign(endpointFrom('127.77.50.1')!, { port: 0 });

for (const transport of TRANSPORTS) {
  test(
    `${transport}: a REGISTER goes to the registrar, its 200 to the phone, and both are told at /metrics`,
    over(transport),
    async (t) => {
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
    },
  );
}

test('a socket that is taken ends the start with what to do, and nothing is left behind', async () => {
  const taken = await Peer.bind(OURS.host, OURS.port);
  const settings = config({ listenOn: '127.77.50.1:5060', registrarAt: '127.77.50.2:5060', http: HTTP });
  const options = { version: '0', log: keptLog().log, processMetrics: 'omit' } as const;
  await assert.rejects(startApp(settings, options), {
    message: /^--listen 127\.77\.50\.1:5060: another program has that UDP port already; /,
  });
  taken.close();
  const app = await startApp(settings, options);
  const busyHttp = endpointFrom(`${app.http.host}:${app.http.port}`)!;
  const elsewhere = { ...settings, listen: [endpointFrom('127.77.50.7:5060')!], http: busyHttp };
  await assert.rejects(startApp(elsewhere, options), {
    message: /^--http .*: another program listens there already/,
  });
  // Its SIP socket was let go.
  (await Peer.bind('127.77.50.7', 5060)).close();
  await app.stop();
});

test('told to stop, it forwards what it was sent before, and lets go of everything', async () => {
  const [registrar, phone] = await Promise.all([Peer.bind('127.77.50.2'), Peer.bind('127.77.50.3')]);
  const { log, lines } = keptLog();
  const settings = config({ listenOn: '127.77.50.1:5060', registrarAt: registrar.address, http: HTTP });
  const options = { version: '0', log, processMetrics: 'omit' } as const;
  for (let round = 1; round <= 2; round++) {
    const app = await startApp(settings, options);
    for (let i = 0; i < 50; i++) phone.send(register(phone.address, 24_000 + i), OURS);
    await registrar.until(50 * round - 49);
    await app.stop();
    await registrar.until(50 * round);
    await assert.rejects(fetch(`http://${app.http.host}:${app.http.port}/readyz`));
  }
  assert.ok(lines.every(({ level }) => level < 50));
  registrar.close();
  phone.close();
});

test('a registrar whose port is closed loses its traffic to the standby, all of it at once, with a line in the log', async () => {
  const [standby, phone] = await Promise.all([Peer.bind('127.77.50.2'), Peer.bind('127.77.50.3')]);
  const { log, lines } = keptLog();
  const settings = config({ listenOn: '127.77.50.1:5060', registrarAt: '127.77.50.8:5099', http: HTTP });
  const second = { host: '127.77.50.2', port: standby.port };
  const app = await startApp(
    { ...settings, transport: 'batched', registrars: [...settings.registrars, second] },
    { version: '0', log, processMetrics: 'omit' },
  );
  try {
    let sent = 0;
    await until('traffic at the standby', () => {
      phone.send(register(phone.address, 24_001 + sent++), OURS);
      return standby.heard.length > 0;
    });
    const change = lines.find(({ msg }) => msg === 'the active registrar changes')!;
    assert.equal(change.to, standby.address);
    const metrics = await (await fetch(`http://${app.http.host}:${app.http.port}/metrics`)).text();
    assert.match(metrics, /rollcall_registrar_up\{registrar="127\.77\.50\.8:5099"\} 0\n/);
    assert.match(metrics, /rollcall_registrar_active\{registrar="127\.77\.50\.2:\d+"\} 1\n/);
  } finally {
    await app.stop();
    standby.close();
    phone.close();
  }
});

test('a name that leads elsewhere moves the traffic; one that leads nowhere any more changes nothing', async () => {
  const [first, second, phone] = await Promise.all(
    ['127.77.50.2', '127.77.50.8', '127.77.50.3'].map((host) =>
      Peer.bind(host, host.endsWith('3') ? 0 : 5070),
    ),
  );
  const { log, lines } = keptLog();
  let addresses: readonly string[] = ['127.77.50.2'];
  const settings = config({ listenOn: '127.77.50.1:5060', registrarAt: '127.77.50.2:5070', http: HTTP });
  const app = await startApp(
    { ...settings, registrars: [{ host: 'pbx.example', port: 5070 }] },
    {
      version: '0',
      log,
      processMetrics: 'omit',
      lookups: { srv: async () => [], addresses: async () => addresses },
      refreshEveryMs: 20,
    },
  );
  try {
    let sent = 0;
    const call = () => phone!.send(register(phone!.address, 24_001 + sent++), OURS);
    call();
    await first!.until(1);
    addresses = ['127.77.50.8'];
    await until('traffic at the new address', () => {
      call();
      return second!.heard.length > 0;
    });
    addresses = [];
    await until('the line in the log', () =>
      lines.some(({ msg }) => msg.startsWith('registrar names could not')),
    );
    const before = second!.heard.length;
    call();
    await second!.until(before + 1);
    assert.ok(lines.some(({ msg }) => msg === 'the registrars have other addresses now'));
  } finally {
    await app.stop();
    for (const peer of [first!, second!, phone!]) peer.close();
  }
});

const needsLinux = { skip: process.platform === 'linux' ? false : 'needs Linux' };
test(
  'the forwarding thread alone is real-time, where that is granted and asked for',
  needsLinux,
  async () => {
    const settings = config({ listenOn: '127.77.50.1:5060', registrarAt: '127.77.50.2:5060', http: HTTP });
    const startedWith = async (cpuPriority: 'auto' | 'normal') => {
      const { log, lines } = keptLog();
      const app = await startApp({ ...settings, cpuPriority }, { version: '0', log, processMetrics: 'omit' });
      const count = realtimeThreads();
      await app.stop();
      return { told: lines.find(({ msg }) => msg === 'CPU priority')!.cpuPriority, count };
    };
    assert.deepEqual(await startedWith('normal'), { told: 'normal', count: 0 });
    const got = await startedWith('auto');
    assert.equal(got.count, got.told === 'realtime' ? 1 : 0);
    assert.equal(realtimeThreads(), 0);
  },
);

/** Of this process: those with a real-time priority, the fortieth field of their stat (man 5 proc), the name in brackets being the second. */
function realtimeThreads(): number {
  const priorities = readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[40 - 3]);
  });
  return priorities.filter((priority) => priority > 0).length;
}

test('a forwarding thread that dies is told, with why', async () => {
  const thread = new ForwardingThread({
    assignment: assignmentFor(['127.77.50.1:5060'], '127.77.50.2:5060'),
    secrets: [new Uint8Array(32)],
    transport: 'portable',
    cpuPriority: 'normal',
    rehearsal: 'off',
    maxLocalReplies: 1,
    durationBoundsSec: [1],
    onBug: () => {},
    onShared: () => {},
    module: new URL('../net/crashing.worker.js', import.meta.url),
  });
  await thread.bound;
  assert.match(String(await thread.crashed), /out of the blue/);
  await thread.stop();
});
