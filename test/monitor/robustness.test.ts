import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Event } from '../../src/monitor/events.ts';
import { Tapped } from '../../src/monitor/tapped.ts';
import { fixturesIn } from '../support/fixtures.ts';
import type { Register } from './support/messages.ts';
import { bytesOf, register, response } from './support/messages.ts';
import { AOR, Wire } from './support/wire.ts';

const CORPUS = ['seed', 'rfc4475', 'rfc5118', 'repaired'].flatMap(fixturesIn).map(({ bytes }) => bytes);

/** A few words that mean something to one of our parsers, to be put anywhere. */
const WORDS = [
  '\r\n',
  '\r\n\r\n',
  '\n ',
  'Contact: ',
  '*',
  '<',
  '>',
  '"',
  '\\',
  ',',
  ';',
  ';expires=0',
  ';expires=99999999999',
  ';+sip.instance="<',
  ';rollcall=',
  'sip:',
  'sip:@',
  '%',
  '%00',
  '@',
  '[',
  '[::1]',
  'Expires: 0\r\n',
  'CSeq: 1 REGISTER\r\n',
  'nonce="',
  'stale=true',
  'Digest ',
  '\0',
  '\xff',
  'SIP/2.0 200 OK\r\n',
  'REGISTER ',
  '401',
  ';branch=z9hG4bK',
];

/** What happens to a datagram on its way to a careless sender. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), length: fc.nat(40) }),
  fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), byte: fc.nat(255) }),
  fc.record({ kind: fc.constant('insert' as const), at: fc.nat(), word: fc.constantFrom(...WORDS) }),
  fc.record({ kind: fc.constant('repeat' as const), at: fc.nat(), length: fc.nat(300) }),
  fc.record({ kind: fc.constant('end' as const), at: fc.nat() }),
);

function mutate(
  bytes: Uint8Array,
  mutations: readonly (typeof mutation extends fc.Arbitrary<infer M> ? M : never)[],
): Uint8Array {
  let out = [...bytes];
  for (const change of mutations) {
    const at = change.at % (out.length + 1);
    if (change.kind === 'cut') out.splice(at, change.length);
    else if (change.kind === 'flip') out[at % Math.max(1, out.length)] = change.byte;
    else if (change.kind === 'insert') out.splice(at, 0, ...bytesOf(change.word));
    else if (change.kind === 'repeat') out.splice(at, 0, ...out.slice(at, at + change.length));
    else out = out.slice(0, at);
  }
  return Uint8Array.from(out);
}

/** Strings of events and views are bounded and printable, and hold no secret. */
function assertDecent(wire: Wire): void {
  for (const event of wire.events) {
    for (const [name, value] of Object.entries(event satisfies Event)) {
      if (typeof value !== 'string') continue;
      assert.match(value, /^[\x20-\x7e]*$/, `${name} of ${event.kind}`);
      assert.ok(value.length <= 512, `${name} of ${event.kind} has ${value.length} characters`);
    }
  }
  for (const aor of wire.monitor.aors()) {
    assert.match(aor, /^[\x21-\x7e]+$/);
    for (const { contact, userAgent, instance } of wire.monitor.bindingsOf(aor)) {
      assert.match(contact + userAgent + instance, /^[\x20-\x7e]*$/);
    }
  }
  for (const domain of wire.monitor.counts.domains.keys()) assert.match(domain, /^[\x21-\x7e]{1,253}$/);
  const { bindings, aors } = wire.gauges();
  const listed = [...wire.monitor.aors()];
  assert.equal(aors, listed.length);
  assert.equal(
    bindings,
    listed.reduce((sum, aor) => sum + wire.monitor.bindingsOf(aor).length, 0),
  );
}

describe('whatever the bytes are', () => {
  it('the monitor takes every message of the corpus, in both roles, and never throws', () => {
    const wire = new Wire();
    for (const bytes of CORPUS) {
      wire.tap('request', bytes);
      wire.tap('response', bytes);
      wire.wait(1);
    }
    assertDecent(wire);
  });

  it('the monitor takes mutated registrations and never throws', () => {
    const base: Register = register({
      aor: AOR,
      branch: 'z9hG4bK1',
      contacts: [
        '"K" <sip:24001@10.0.13.244;rollcall=24g>;+sip.instance="<urn:uuid:1>";reg-id=1;expires=60',
        '<sip:b@[::1]>',
      ],
      nonce: 'n1',
      expires: 600,
    });
    const answers = [
      response(base, 200, { contacts: base.contacts!, expires: 600 }),
      response(base, 401, { nonces: ['n1', 'n2'], stale: true }),
      response(base, 423, { extra: ['Min-Expires: 600', 'Retry-After: 5 (x)'] }),
    ];
    const messages = [base.bytes, ...answers, ...CORPUS];
    const step = fc.record({
      pick: fc.nat(messages.length - 1),
      mutations: fc.array(mutation, { maxLength: 3 }),
      waitMs: fc.oneof(fc.constant(0), fc.nat(100_000)),
      offset: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const wire = new Wire({ maxAors: 5, maxExchanges: 8, maxSources: 3, aorSeries: 4 });
        for (const { pick, mutations, waitMs } of steps) {
          wire.nowMs += waitMs;
          const bytes = mutate(messages[pick]!, mutations);
          wire.tap(pick % 2 === 0 ? 'request' : 'response', bytes);
          wire.tap('request', bytes);
        }
        wire.wait(4000);
        assertDecent(wire);
        assert.equal(wire.monitor.inFlight, 0);
      }),
      { numRuns: 400 },
    );
  });

  it('looks at nothing outside the range it was given', () => {
    const inner = register({ aor: AOR, branch: 'z9hG4bK1', contacts: ['<sip:a@10.0.0.1>'] }).bytes;
    for (const filler of ['REGISTER ', '\r\n', '"', '>', 'Contact: *\r\nExpires: 0\r\n\r\n']) {
      const wire = new Wire();
      const around = bytesOf(filler.repeat(2000)).slice(0, inner.length + 600);
      around.set(inner, 300);
      const tapped = new Tapped();
      tapped.atMs = wire.nowMs;
      tapped.bytes = around;
      tapped.start = 300;
      tapped.end = 300 + inner.length;
      wire.monitor.observe(tapped);
      assert.deepEqual(wire.attempts(), { initial: 1 });
    }
  });

  it('takes time in proportion to the datagram: floods of contacts, parameters, headers', () => {
    const floods = [
      `Contact: ${'<sip:a@10.0.0.1>,'.repeat(3000)}<sip:a@10.0.0.2>`,
      `Contact: <sip:a@10.0.0.1${';p=1'.repeat(15_000)}>`,
      `Contact: <sip:a@10.0.0.1>${';p="1"'.repeat(9000)}`,
      `Contact: <sip:a@10.0.0.1${';rollcall=1'.repeat(5000)}>`,
      `Authorization: Digest ${'a="b",'.repeat(9000)} nonce="x", response="y"`,
      `${'Authorization: Digest nonce="x", response="y"\r\n'.repeat(1000)}X: y`,
    ];
    for (const flood of floods) {
      const wire = new Wire();
      for (let i = 0; i < 3; i++) {
        const request = wire.send({ cseq: i, extra: [flood] });
        wire.answer(request, 200, { extra: [flood] });
      }
      wire.wait(100_000);
      assertDecent(wire);
    }
  });
});
