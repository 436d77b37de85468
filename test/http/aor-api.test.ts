import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AorReader, ApiAnswer } from '../../src/http/aor-api.ts';
import { answerAors, MAX_PAGE } from '../../src/http/aor-api.ts';
import { startHttpServer } from '../../src/http/server.ts';
import type { BindingView } from '../../src/monitor/binding-view.ts';

const NOW_MS = 1_000_000;

function binding(user: number): BindingView {
  return {
    contact: `sip:${user}@10.0.0.${user % 250}:5060`,
    source: `10.0.0.${user % 250}:5060`,
    userAgent: 'Elite 1.0',
    instance: '',
    regId: 0,
    grantedExpiresSec: 360,
    refreshedAtMs: NOW_MS - 60_000,
    expiresAtMs: NOW_MS + 300_000,
    learned: false,
  };
}

/** `count` AORs, 1@lab.test and on, one binding each. */
function ledgerOf(count: number): AorReader {
  const names = Array.from({ length: count }, (_, i) => `${i + 1}@lab.test`);
  return {
    aors: () => names,
    bindingsOf: (aor) => (names.includes(aor) ? [binding(Number.parseInt(aor, 10))] : []),
  };
}

interface Page {
  readonly aors: readonly { readonly aor: string; readonly bindings: readonly unknown[] }[];
  readonly next?: number;
}

function ask(ledger: AorReader, path: string, query = ''): ApiAnswer | undefined {
  return answerAors(ledger, NOW_MS, path, new URLSearchParams(query));
}

function page(ledger: AorReader, query: string): Page {
  const answer = ask(ledger, '/api/v1/aors', query);
  assert.equal(answer?.status, 200);
  return answer?.body as Page;
}

describe('GET /api/v1/aors', () => {
  it('tells each AOR with its bindings, times as seconds from now', () => {
    assert.deepEqual(ask(ledgerOf(1), '/api/v1/aors'), {
      status: 200,
      body: {
        aors: [
          {
            aor: '1@lab.test',
            bindings: [
              {
                contact: 'sip:1@10.0.0.1:5060',
                source: '10.0.0.1:5060',
                userAgent: 'Elite 1.0',
                instance: '',
                regId: 0,
                grantedExpiresSec: 360,
                learned: false,
                refreshedAgoSec: 60,
                expiresInSec: 300,
              },
            ],
          },
        ],
      },
    });
  });

  it('comes in pages that together hold every AOR once', () => {
    const ledger = ledgerOf(25);
    const seen: string[] = [];
    let offset: number | undefined = 0;
    let pages = 0;
    while (offset !== undefined) {
      const { aors, next }: Page = page(ledger, `limit=10&offset=${offset}`);
      seen.push(...aors.map(({ aor }) => aor));
      offset = next;
      pages++;
    }
    assert.equal(pages, 3);
    assert.deepEqual(seen, [...ledger.aors()]);
  });

  it('ends a page that is exactly full without a next one', () => {
    assert.equal(page(ledgerOf(10), 'limit=10').next, undefined);
  });

  for (const query of ['limit=0', `limit=${MAX_PAGE + 1}`, 'limit=ten', 'offset=-1', 'limit=1e3']) {
    it(`refuses ${query}`, () => assert.equal(ask(ledgerOf(1), '/api/v1/aors', query)?.status, 400));
  }
});

describe('GET /api/v1/aors/{aor}', () => {
  it('tells one AOR, its name percent-decoded', () => {
    const answer = ask(ledgerOf(3), '/api/v1/aors/2%40lab.test');
    assert.equal(answer?.status, 200);
    assert.deepEqual((answer?.body as Page['aors'][number] | undefined)?.aor, '2@lab.test');
  });

  it('says 404 for one without bindings and 400 for broken encoding', () => {
    assert.equal(ask(ledgerOf(3), '/api/v1/aors/9@lab.test')?.status, 404);
    assert.equal(ask(ledgerOf(3), '/api/v1/aors/%zz')?.status, 400);
  });

  it('leaves other paths to others', () => assert.equal(ask(ledgerOf(1), '/api/v1/aorsx'), undefined));
});

describe('the API over HTTP', () => {
  const options = {
    port: 0,
    exposition: { render: async () => ({ contentType: 'text/plain', body: '' }) },
    notReady: () => undefined,
    version: '0',
    onError: (error: unknown) => assert.fail(String(error)),
    ledger: { aors: ledgerOf(2), nowMs: () => NOW_MS },
  };

  it('answers JSON on loopback, 404 for what it does not have', async () => {
    const server = await startHttpServer({ ...options, host: '127.77.30.9' });
    try {
      const url = `http://127.77.30.9:${server.port}`;
      const response = await fetch(`${url}/api/v1/aors?limit=1`);
      assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8');
      assert.deepEqual(((await response.json()) as Page).next, 1);
      assert.equal((await fetch(`${url}/api/v1/nothing`)).status, 404);
      assert.equal((await fetch(`${url}/api/v1/aors`, { method: 'POST' })).status, 405);
    } finally {
      await server.close();
    }
  });

  it('tells nobody anything where the server is open to others', async () => {
    const server = await startHttpServer({ ...options, host: '0.0.0.0' });
    try {
      const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/aors`);
      assert.equal(response.status, 403);
      assert.ok(!(await response.text()).includes('lab.test'));
    } finally {
      await server.close();
    }
  });
});
