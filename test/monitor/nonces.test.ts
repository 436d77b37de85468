import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Exchange } from '../../src/monitor/exchange.ts';
import { NonceKey } from '../../src/monitor/nonce-key.ts';
import { Nonces } from '../../src/monitor/nonces.ts';
import { OpenChallenges } from '../../src/monitor/open-challenges.ts';
import { ChainedRows } from '../../src/monitor/row-ring.ts';
import { HashInput } from '../../src/sip/siphash.ts';

const SEC = 1000;
const MANY = 2000;
const HOUR_MS = 3_600_000;

/** Some differ in one half only, and some of their hashes together with an AOR's are equal. */
const NONCES = [
  [1, 1],
  [1, 2],
  [2, 1],
  [0, 0],
].map(([a = 0, b = 0]) => Object.assign(new NonceKey(), { a, b }));
const AORS = [
  { aorA: 1, aorB: 1 },
  { aorA: 1, aorB: 2 },
  { aorA: 2, aorB: 1 },
  { aorA: 0, aorB: 0 },
];

const nonces = fc.nat({ max: NONCES.length - 1 });
const aors = fc.nat({ max: AORS.length - 1 });
const nameOf = (nonce: number, aor: number): string => `${nonce} ${aor}`;

/** What is forgotten by age, and of which what is heard of again goes to the end in its turn. */
class AgingModel<V> {
  private readonly rows: { readonly name: string; atMs: number; isRenewed: boolean; readonly value: V }[] =
    [];
  private readonly max: number;
  private readonly memoryMs: number;
  constructor(max: number, memoryMs: number) {
    this.max = max;
    this.memoryMs = memoryMs;
  }

  get(name: string): V | undefined {
    return this.rows.find((row) => row.name === name)?.value;
  }

  atMs(name: string): number | undefined {
    return this.rows.find((row) => row.name === name)?.atMs;
  }

  /** Enters or renews; gives what had to go early. */
  set(name: string, value: () => V, nowMs: number): V | undefined {
    const known = this.rows.find((row) => row.name === name);
    if (known) {
      known.atMs = nowMs;
      known.isRenewed = true;
      return undefined;
    }
    this.forget(nowMs);
    const gone = this.rows.length >= this.max ? this.rows.shift()?.value : undefined;
    this.rows.push({ name, atMs: nowMs, isRenewed: false, value: value() });
    return gone;
  }

  forget(nowMs: number): void {
    for (;;) {
      const [oldest] = this.rows;
      if (oldest === undefined) return;
      if (!oldest.isRenewed && nowMs - oldest.atMs < this.memoryMs) return;
      this.rows.shift();
      if (oldest.isRenewed) this.rows.push({ ...oldest, isRenewed: false });
    }
  }
}

test('a nonce is rejected for the AORs that it was rejected for, until an hour is over or it had to go', () => {
  const step = fc.record({
    what: fc.constantFrom('reject', 'reject', 'look', 'forget'),
    nonce: nonces,
    aor: aors,
    afterMs: fc.constantFrom(0, SEC, HOUR_MS / 3),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), (steps, max) => {
      let evictions = 0;
      let expectedEvictions = 0;
      const table = new Nonces(max, new OpenChallenges(max, assert.fail), () => evictions++);
      const model = new AgingModel<true>(max, HOUR_MS);
      let nowMs = 0;
      const check = (nonce: number, aor: number): void => {
        const expected = model.get(nameOf(nonce, aor)) ? 'rejected' : 'old';
        assert.equal(table.standing(NONCES[nonce]!, AORS[aor]!, nowMs), expected, nameOf(nonce, aor));
      };
      for (const { what, nonce, aor, afterMs } of steps) {
        nowMs += afterMs;
        if (what === 'forget') {
          table.forget(nowMs);
          model.forget(nowMs);
        } else if (what === 'reject') {
          table.reject(NONCES[nonce]!, AORS[aor]!, nowMs);
          if (model.set(nameOf(nonce, aor), () => true, nowMs)) expectedEvictions++;
        } else {
          check(nonce, aor);
        }
        assert.equal(evictions, expectedEvictions);
      }
      for (let nonce = 0; nonce < NONCES.length; nonce++) {
        for (let aor = 0; aor < AORS.length; aor++) check(nonce, aor);
      }
    }),
    { numRuns: 500 },
  );
});

/** A challenge as the model has it. */
interface ModelChallenge {
  readonly aor: number;
  readonly atMs: number;
  readonly startMs: number;
  isDone: boolean;
}

/** A nonce and an AOR. */
interface ModelUse {
  isAccepted: boolean;
  startMs: number;
  readonly open: ModelChallenge[];
}

/** The same with objects and lists, and without limits. */
class ModelNonces {
  readonly challenges: ModelChallenge[] = [];
  private readonly uses = new Map<string, ModelUse>();
  private readonly issues = new Map<number, { atMs: number; readonly phones: Set<number> }>();
  private readonly rejected = new Set<string>();

  issue(
    nonce: number,
    aor: number,
    phone: number,
    startMs: number,
    challenge: ModelChallenge,
    nowMs: number,
  ) {
    const issue = this.issues.get(nonce) ?? { atMs: nowMs, phones: new Set() };
    issue.atMs = nowMs;
    issue.phones.add(phone);
    this.issues.set(nonce, issue);
    const use = this.uses.get(nameOf(nonce, aor)) ?? { isAccepted: false, startMs, open: [] };
    this.uses.set(nameOf(nonce, aor), use);
    use.isAccepted = false;
    use.startMs = startMs;
    if (!use.open.includes(challenge)) use.open.push(challenge);
  }

  answer(nonce: number, aor: number, nowMs: number): number | undefined {
    const use = this.uses.get(nameOf(nonce, aor));
    if (use === undefined) return undefined;
    for (let open = use.open.shift(); open !== undefined; open = use.open.shift()) {
      if (open.isDone) continue;
      open.isDone = true;
      return open.startMs;
    }
    const isOld = nowMs - this.issues.get(nonce)!.atMs > 32 * SEC;
    return isOld || use.isAccepted || this.rejected.has(nameOf(nonce, aor)) ? undefined : use.startMs;
  }

  standing(nonce: number, aor: number, nowMs: number): string {
    if (this.rejected.has(nameOf(nonce, aor))) return 'rejected';
    const atMs = this.issues.get(nonce)?.atMs;
    if (atMs === undefined || nowMs - atMs > 30 * SEC) return 'old';
    return this.uses.get(nameOf(nonce, aor))?.isAccepted ? 'old' : 'fresh';
  }

  isProven(nonce: number, phone: number): boolean {
    const phones = this.issues.get(nonce)?.phones;
    return phones !== undefined && phones.size === 1 && phones.has(phone);
  }

  accept(nonce: number, aor: number): void {
    const use = this.uses.get(nameOf(nonce, aor));
    if (use) use.isAccepted = true;
  }

  reject(nonce: number, aor: number): void {
    this.rejected.add(nameOf(nonce, aor));
  }

  abandoned(nowMs: number): number[] {
    const over = this.challenges.filter(({ isDone, atMs }) => !isDone && nowMs - atMs >= 32 * SEC);
    for (const challenge of over) challenge.isDone = true;
    return over.map(({ aor }) => aor);
  }
}

const DEEDS = [
  ...['challenge', 'challenge', 'challenge', 'copy', 'copy', 'answer', 'answer', 'answer'],
  ...['accept', 'reject', 'give up'],
] as const;

test('what was issued, answered, accepted and turned down is told as objects and lists would tell it', () => {
  const step = fc.record({
    what: fc.constantFrom(...DEEDS),
    nonce: fc.nat(),
    aor: fc.nat(),
    phone: fc.nat({ max: 2 }),
    // What is older than a minute is forgotten, which the model does not do: there it ends.
    afterMs: fc.constantFrom(0, 0, 0, 1, SEC, 7 * SEC, 25 * SEC),
  });
  const setting = fc.record({
    // Few, so that several challenges of one are open at a time.
    kinds: fc.constantFrom(1, 2, NONCES.length),
    first: fc.constantFrom(0, 0x7ffffffe, -3),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), setting, (steps, { kinds, first }) => {
      const challenges = new OpenChallenges(1000, assert.fail);
      const ring = Reflect.get(challenges, 'ring');
      assert.ok(Reflect.has(ring, 'first'));
      Reflect.set(ring, 'first', first);
      const table = new Nonces(1000, challenges, assert.fail);
      const model = new ModelNonces();
      const exchanges: { readonly exchange: Exchange; readonly aor: number; readonly phone: number }[] = [];
      let nowMs = 0;
      for (const { what, phone, afterMs, ...picked } of steps) {
        nowMs += afterMs;
        if (nowMs > 60 * SEC) break;
        const nonce = picked.nonce % kinds;
        const aor = picked.aor % kinds;
        const name = NONCES[nonce]!;
        const who = AORS[aor]!;
        const told: number[] = [];
        challenges.advance(nowMs, (abandoned) => told.push(Number(abandoned.aor)));
        assert.deepEqual(told, model.abandoned(nowMs));
        if (what === 'challenge') {
          const exchange = Object.assign(new Exchange(), who, { aor: `${aor}`, handshakeStartMs: nowMs - 5 });
          exchange.phone.d = phone;
          exchange.challenge = challenges.add(exchange, nowMs);
          exchanges.push({ exchange, aor, phone });
          model.challenges.push({ aor, atMs: nowMs, startMs: nowMs - 5, isDone: false });
        }
        const of = what === 'copy' ? (nonce + phone) % Math.max(exchanges.length, 1) : exchanges.length - 1;
        const issued = exchanges[of];
        if ((what === 'challenge' || what === 'copy') && issued) {
          const { exchange } = issued;
          table.issue(name, exchange, nowMs);
          const start = exchange.handshakeStartMs;
          model.issue(nonce, issued.aor, issued.phone, start, model.challenges[of]!, nowMs);
        } else if (what === 'answer') {
          assert.equal(table.answer(name, who, nowMs), model.answer(nonce, aor, nowMs));
        } else if (what === 'accept') {
          table.accept(name, who);
          model.accept(nonce, aor);
        } else if (what === 'reject') {
          table.reject(name, who, nowMs);
          model.reject(nonce, aor);
        } else if (what === 'give up') {
          challenges.giveUp();
          for (const challenge of model.challenges) challenge.isDone = true;
        }
        for (let other = 0; other < AORS.length; other++) {
          assert.equal(table.standing(name, AORS[other]!, nowMs), model.standing(nonce, other, nowMs));
        }
        const source = Object.assign(new Exchange().phone, { d: phone });
        assert.equal(table.isProven(name, source), model.isProven(nonce, phone));
        table.forget(nowMs);
      }
    }),
    { numRuns: 2000 },
  );
});

/** A table, and how many uses have further challenges noted beside them. */
function tableOf(max = 1000) {
  const challenges = new OpenChallenges(max, assert.fail);
  const table = new Nonces(max, challenges, assert.fail);
  const more: unknown = Reflect.get(table, 'more');
  assert.ok(more instanceof Map);
  /** A challenge for an AOR, with a nonce. */
  const challenge = (nonce: number, aor: number, nowMs: number): void => {
    const exchange = Object.assign(new Exchange(), AORS[aor]!, { handshakeStartMs: nowMs });
    exchange.challenge = challenges.add(exchange, nowMs);
    table.issue(NONCES[nonce]!, exchange, nowMs);
  };
  return { challenges, table, more: more as Map<string, number[]>, challenge };
}

test('further challenges are noted while they are open, and no longer', () => {
  const { challenges, table, more, challenge } = tableOf();
  for (let i = 0; i < 5; i++) challenge(0, 0, 0);
  assert.equal(more.size, 1);
  for (let i = 0; i < 5; i++) assert.equal(table.answer(NONCES[0]!, AORS[0]!, 1), 0);
  assert.equal(more.size, 0);
  // One nonce for years: nobody answers, and it is issued again and again.
  for (let nowMs = 0; nowMs < 600 * SEC; nowMs += SEC) {
    challenges.advance(nowMs, () => {});
    table.forget(nowMs);
    challenge(1, 0, nowMs);
    for (const list of more.values()) assert.ok(list.length <= 33, `${list.length}`);
  }
  table.forget(1000 * SEC);
  assert.equal(more.size, 0);
});

test('nobody makes a long chain, not even of nonces that are the AORs they are sent for', () => {
  const { table } = tableOf(MANY);
  const rejected = Reflect.get(table, 'rejected');
  assert.ok(rejected instanceof ChainedRows);
  let steps = 0;
  const olderThan = rejected.olderThan.bind(rejected);
  rejected.olderThan = (at) => {
    steps++;
    return olderThan(at);
  };
  const input = new HashInput();
  const out = new Int32Array(2);
  for (let i = 0; i < MANY; i++) {
    const text = Buffer.from(`${i}@example.com`);
    input
      .clear()
      .field(text, 0, text.length)
      .sipHash128(Int32Array.of(1, 2, 3, 4), out);
    const [a = 0, b = 0] = out;
    table.reject(Object.assign(new NonceKey(), { a, b }), { aorA: a, aorB: b }, 0);
  }
  assert.ok(steps < MANY, `${steps} steps`);
});

test('an AOR to which a nonce is issued again is known as long as one to which it was issued then', () => {
  const { challenges, table, challenge } = tableOf();
  for (const [aor, atMs] of [
    [0, 0],
    [1, 0],
    [0, 40 * SEC],
    [1, 40 * SEC],
    [2, 40 * SEC],
  ] as const) {
    challenge(0, aor, atMs);
  }
  // As each REGISTER does.
  for (let nowMs = 40 * SEC; nowMs <= 71 * SEC; nowMs += SEC) table.forget(nowMs);
  for (const aor of [0, 1, 2]) table.accept(NONCES[0]!, AORS[aor]!);
  for (const aor of [0, 1, 2]) assert.equal(table.standing(NONCES[0]!, AORS[aor]!, 69 * SEC), 'old');
  challenges.giveUp();
  for (const aor of [0, 1, 2]) assert.equal(table.answer(NONCES[0]!, AORS[aor]!, 70 * SEC), undefined);
  table.forget(103 * SEC);
  assert.equal(table.answer(NONCES[0]!, AORS[1]!, 70 * SEC), undefined);
});
