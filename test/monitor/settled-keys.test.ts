import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExchangeKey } from '../../src/monitor/exchange-key.ts';
import type { KeptKey } from '../../src/monitor/settled-keys.ts';
import { SettledKeys } from '../../src/monitor/settled-keys.ts';

interface Name {
  readonly branch: string;
  readonly host: string;
  readonly port: number;
  readonly cseq: number;
  /** Few values, so that chains grow. */
  readonly hash: number;
}

/** A key as a datagram states it, host in capitals. */
function stated({ branch, host, port, cseq, hash }: Name): ExchangeKey {
  const key = new ExchangeKey();
  key.bytes = Buffer.from(`..${host.toUpperCase()};${branch}`, 'latin1');
  key.hostStart = 2;
  key.hostEnd = 2 + host.length;
  key.branchStart = key.hostEnd + 1;
  key.branchEnd = key.bytes.length;
  key.port = port;
  key.cseq = cseq;
  key.hash = hash;
  return key;
}

/** Some time that depends on the name. */
const startOf = ({ cseq, port, host }: Name): number => cseq * 3 + port + host.length;

function kept(name: Name): KeptKey {
  const { branch, host, port, cseq, hash } = name;
  const key = Buffer.from(`...${branch}${host}`, 'latin1');
  const keyLength = branch.length + host.length;
  return {
    key,
    keyAt: 3,
    branchLength: branch.length,
    keyLength,
    port,
    cseq,
    hash,
    handshakeStartMs: startOf(name),
  };
}

const textOf = ({ branch, host, port, cseq, hash }: Name): string =>
  [branch, host, port, cseq, hash].join(' ');

const names: fc.Arbitrary<Name> = fc.record({
  branch: fc.string({ unit: fc.constantFrom('a', 'A', 'b'), minLength: 1, maxLength: 3 }),
  host: fc.constantFrom('a.b', 'ab', '10.0.0.1'),
  port: fc.constantFrom(5060, 65_535),
  cseq: fc.constantFrom(1, 2, 2_147_483_647),
  hash: fc.constantFrom(-1, 0, 1, 1024, 2_147_483_647),
});

test('knows what was added and not forgotten, and nothing else', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: names.map((name) => ({ add: name })) },
    { weight: 1, arbitrary: fc.constant({ add: undefined }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.array(names, { maxLength: 20 }), (steps, others) => {
      const keys = new SettledKeys();
      const model: Name[] = [];
      for (const { add } of steps) {
        if (add === undefined) {
          keys.forgetOldest();
          model.shift();
        } else if (!model.some((known) => textOf(known) === textOf(add))) {
          keys.add(kept(add), 1);
          model.push(add);
        }
        assert.equal(keys.size, model.length);
      }
      const known = new Map(model.map((name) => [textOf(name), startOf(name)]));
      for (const name of [...others, ...steps.flatMap(({ add }) => add ?? [])]) {
        assert.equal(keys.handshakeStartOf(stated(name)), known.get(textOf(name)), textOf(name));
      }
    }),
    { numRuns: 400 },
  );
});

test('grows while it is half way round, and goes on from the oldest', () => {
  const keys = new SettledKeys();
  const name = (cseq: number): Name => ({
    branch: `z9hG4bK${cseq}`,
    host: 'h',
    port: 5060,
    cseq,
    hash: cseq % 700,
  });
  let oldest = 0;
  for (let cseq = 0; cseq < 6000; cseq++) {
    keys.add(kept(name(cseq)), cseq);
    if (cseq % 3 !== 0) continue;
    assert.equal(keys.oldestMs, oldest);
    keys.forgetOldest();
    oldest++;
  }
  assert.equal(keys.size, 6000 - oldest);
  for (let cseq = 0; cseq < 6000; cseq++) {
    const expected = cseq >= oldest ? startOf(name(cseq)) : undefined;
    assert.equal(keys.handshakeStartOf(stated(name(cseq))), expected, `${cseq}`);
  }
  while (keys.size > 0) keys.forgetOldest();
  assert.equal(keys.oldestMs, Number.POSITIVE_INFINITY);
  assert.equal(keys.handshakeStartOf(stated(name(5999))), undefined);
});
