import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { HttpOptions, HttpServer } from '../../src/http/server.ts';
import { DEFAULT_LIMITS, MAX_CONNECTIONS_PER_ADDRESS, startHttpServer } from '../../src/http/server.ts';
import type { Exposition } from '../../src/metrics/registry.ts';
import { ask, hold } from './client.ts';

const HOST = '127.77.30.1';

const EXPOSITION: Exposition = {
  render: async (format) => ({ contentType: `text/x-${format}`, body: `told as ${format}\n` }),
};

const started: HttpServer[] = [];
after(() => Promise.all(started.map((server) => server.close())));

async function start(options: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttpServer({
    host: HOST,
    port: 0,
    exposition: EXPOSITION,
    notReady: () => undefined,
    version: '0.0.0-test',
    onError: (error) => assert.fail(String(error)),
    ...options,
  });
  started.push(server);
  return server;
}

describe('the pages', () => {
  it('tells the metrics in the format that was asked for', async () => {
    const { port } = await start();
    const plain = await ask({ port, path: '/metrics' });
    assert.deepEqual(
      [plain.status, plain.headers['content-type'], plain.body],
      [200, 'text/x-prometheus', 'told as prometheus\n'],
    );
    const open = await ask({ port, path: '/metrics', headers: { accept: 'application/openmetrics-text' } });
    assert.equal(open.body, 'told as openmetrics\n');
  });

  it('says that it is alive, whether or not it is ready', async () => {
    const { port } = await start({ notReady: () => 'not ready: still looking' });
    const reply = await ask({ port, path: '/healthz' });
    assert.deepEqual([reply.status, reply.body], [200, 'alive\n']);
  });

  it('is ready as soon as no reason stands against it, and no longer when one does', async () => {
    let reason: string | undefined = 'not ready: still looking';
    const { port } = await start({ notReady: () => reason });
    const states: [number, string][] = [];
    for (const next of [undefined, 'stopping', undefined]) {
      const { status, body } = await ask({ port, path: '/readyz' });
      states.push([status, body]);
      reason = next;
    }
    assert.deepEqual(states, [
      [503, 'not ready: still looking\n'],
      [200, 'ready\n'],
      [503, 'stopping\n'],
    ]);
  });

  it('leads from / to the others and loads nothing from elsewhere', async () => {
    const { port } = await start();
    const { status, headers, body } = await ask({ port, path: '/' });
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.match(body, /Rollcall 0\.0\.0-test/);
    const links = [...body.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link);
    assert.deepEqual(links, ['/metrics', '/healthz', '/readyz']);
  });

  it('takes a query, a fragment and an absolute target for the path that they hold', async () => {
    const { port } = await start();
    for (const path of ['/healthz?x=/metrics', `http://${HOST}:${port}/healthz`, `HTTP://other/healthz?y`]) {
      assert.equal((await ask({ port, path })).body, 'alive\n', path);
    }
    assert.match((await ask({ port, path: `http://${HOST}` })).body, /<h1>/);
  });

  it('answers HEAD as GET, without the body', async () => {
    const { port } = await start();
    const get = await ask({ port, path: '/metrics' });
    const head = await ask({ port, path: '/metrics', method: 'HEAD' });
    assert.equal(head.body, '');
    assert.equal(head.headers['content-length'], String(get.body.length));
    assert.equal(head.headers['content-type'], get.headers['content-type']);
  });

  it('sends every answer with headers that keep a browser from making more of it', async () => {
    const { port } = await start();
    for (const path of ['/', '/metrics', '/nothing']) {
      const { headers } = await ask({ port, path });
      assert.equal(headers['x-content-type-options'], 'nosniff', path);
      assert.equal(headers['x-frame-options'], 'DENY', path);
      assert.equal(headers['cache-control'], 'no-store', path);
      assert.match(
        String(headers['content-security-policy']),
        /default-src 'none'.*frame-ancestors 'none'/,
        path,
      );
    }
  });
});

describe('what is refused', () => {
  it('names the pages there are where one is not', async () => {
    const { port } = await start();
    for (const path of ['/metric', '/metrics/', '//metrics', '/%6detrics', '/../metrics', '*']) {
      const reply = await ask({ port, path });
      assert.deepEqual(
        [reply.status, reply.body],
        [404, 'not found: there are /, /metrics, /healthz, /readyz\n'],
        path,
      );
    }
  });

  it('names the methods there are where another is used', async () => {
    const { port } = await start();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE']) {
      const reply = await ask({ port, path: '/metrics', method });
      assert.deepEqual([reply.status, reply.headers.allow], [405, 'GET, HEAD'], method);
      assert.equal(reply.body, 'only GET and HEAD are answered here\n');
    }
  });

  it('ends the connection of a request that comes with a body', async () => {
    const { port } = await start();
    const asked = await ask({
      port,
      path: '/healthz',
      method: 'POST',
      body: 'x'.repeat(100_000),
      headers: { connection: 'keep-alive' },
    });
    assert.equal(asked.status, 405);
    assert.equal(asked.headers.connection, 'close');
    const held = await hold(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', HOST);
    held.socket.once('data', () => held.socket.end());
    assert.match(await held.ended, /Connection: keep-alive/);
  });

  it('answers 500 to a request that fails inside, says so to the log, and goes on', async () => {
    const errors: unknown[] = [];
    const broken = new Error('a metric is broken');
    const { port } = await start({
      exposition: { render: () => Promise.reject(broken) },
      onError: (error) => errors.push(error),
    });
    const reply = await ask({ port, path: '/metrics' });
    assert.deepEqual([reply.status, reply.body], [500, 'this is a fault in Rollcall; its log says more\n']);
    assert.deepEqual(errors, [broken]);
    assert.equal((await ask({ port, path: '/healthz' })).status, 200);
  });
});

describe('clients that hold it up', () => {
  const QUICK = { ...DEFAULT_LIMITS, headersMs: 300, requestMs: 600, checkEveryMs: 50 };

  it('cuts a connection whose request does not come to an end', async () => {
    const { port } = await start({ limits: QUICK });
    const silent = await hold(port, '', HOST);
    const slow = await hold(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ', HOST);
    const endless = await hold(
      port,
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbody',
      HOST,
    );
    assert.doesNotMatch(await silent.ended, / 200 /);
    assert.match(await slow.ended, /^HTTP\/1\.1 408 /);
    assert.match(await endless.ended, /^HTTP\/1\.1 405 /);
  });

  it('cuts a connection that does not take its answer', async () => {
    const huge = 'x'.repeat(64 * 1024 * 1024);
    const { port } = await start({
      exposition: { render: async () => ({ contentType: 'text/plain', body: huge }) },
      limits: { ...DEFAULT_LIMITS, answerMs: 300 },
    });
    const held = await hold(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n', HOST);
    held.socket.pause();
    setTimeout(() => held.socket.resume(), 600);
    assert.ok((await held.ended).length < huge.length);
  });

  it('leaves room for others when one address takes all the connections that it can get', async () => {
    const { port } = await start();
    const greedy = await Promise.all(
      Array.from({ length: MAX_CONNECTIONS_PER_ADDRESS + 10 }, () =>
        hold(port, 'GET / HTTP/1.1\r\n', '127.77.30.9'),
      ),
    );
    const first = await Promise.race(greedy.map(({ ended }) => ended));
    assert.equal(first, '', 'those over the limit are cut without a word');
    assert.equal((await ask({ port, path: '/healthz' })).status, 200);
    for (const { socket } of greedy) socket.destroy();
  });

  it('takes an address back when its connections have ended', async () => {
    const { port } = await start();
    const all = await Promise.all(
      Array.from({ length: MAX_CONNECTIONS_PER_ADDRESS }, () =>
        hold(port, 'GET / HTTP/1.1\r\n', '127.77.30.9'),
      ),
    );
    const get = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    assert.equal(await (await hold(port, get, '127.77.30.9')).ended, '');
    for (const { socket } of all) socket.end();
    await Promise.all(all.map(({ ended }) => ended));
    assert.match(await (await hold(port, get, '127.77.30.9')).ended, /^HTTP\/1\.1 200 /);
  });

  it('renders once for a thousand requests in one packet', async () => {
    let rendered = 0;
    const { port } = await start({
      exposition: {
        render: async () => {
          rendered++;
          return { contentType: 'text/plain', body: 'x' };
        },
      },
    });
    const held = await hold(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(1000), HOST);
    await held.ended;
    assert.equal(rendered, 1);
  });
});

describe('binding and stopping', () => {
  it('takes a free port where 0 is asked for, and IPv6', async () => {
    const server = await start({ host: '::1' });
    assert.equal(server.host, '::1');
    assert.ok(server.port > 0);
    assert.equal((await ask({ host: '::1', port: server.port, path: '/healthz' })).status, 200);
  });

  it('says what to do where it cannot listen', async () => {
    const { port } = await start();
    await assert.rejects(start({ port }), {
      message: `--http ${HOST}:${port}: another program listens there already; stop it, or give --http another port`,
    });
    await assert.rejects(start({ host: '192.0.2.1', port: 9760 }), {
      message:
        '--http 192.0.2.1:9760: this machine does not have that address; give --http one of its own, such as 127.0.0.1:9760',
    });
    await assert.rejects(start({ host: '2001:db8::1', port: 9760 }), {
      message: /^--http \[2001:db8::1\]:9760: /,
    });
  });

  it('closes at once with idle connections, and sets the port free', async () => {
    const server = await startHttpServer({
      host: HOST,
      port: 0,
      exposition: EXPOSITION,
      notReady: () => undefined,
      version: 'x',
      onError: (error) => assert.fail(String(error)),
    });
    const idle = await hold(server.port, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n', HOST);
    await new Promise((resolve) => idle.socket.once('data', resolve));
    const unfinished = await hold(server.port, 'GET /healthz HTTP/1.1\r\n', HOST);
    await server.close();
    assert.match(await idle.ended, / 200 /);
    assert.equal(await unfinished.ended, '');
    await start({ port: server.port });
  });
});
