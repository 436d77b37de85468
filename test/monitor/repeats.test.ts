import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Ledger } from '../../src/monitor/ledger.ts';
import type { MonitorOptions } from '../../src/monitor/options.ts';
import type { Register, RegisterFields, ResponseFields } from './support/messages.ts';
import { register } from './support/messages.ts';
import { AOR, Wire } from './support/wire.ts';

/** What a phone does next. Few choices of each, so that it often does again what it did before. */
const step = fc.record({
  aor: fc.constantFrom('24001@iptlab.com', '24001@iptlab.com', '24002@iptlab.com'),
  host: fc.constantFrom('10.0.13.244', '10.0.13.244', '10.0.13.244', '10.0.13.77'),
  port: fc.constantFrom(5060, 5060, 5060, 5062),
  contacts: often<readonly string[]>(
    ['<sip:24001@10.0.13.244>'],
    ['<sip:24001@10.0.13.244>;expires=360'],
    ['<sip:24001@10.0.13.244>;expires=360;q=0.5'],
    ['<sip:24001@10.0.13.244>;+sip.instance="<urn:uuid:1>"'],
    ['<sip:24001@10.0.13.77:5062>'],
    ['<sip:24001@10.0.13.244>', '<sip:24001@10.0.13.77:5062>'],
    ['<sip:24001@10.0.13.244>, <sip:24001@10.0.13.77:5062>'],
    ['<sip:24001@10.0.13.244>;expires=0'],
    ['*'],
    ['<sip:24001@10.0.13.244'],
    [],
  ),
  expires: often<number | undefined>(undefined, 60, 3600, 0),
  callId: often('call-1', 'call-2'),
  userAgent: often('Elite 1.0', 'friendly-scanner', ''),
  from: often<string | undefined>(undefined, '24009@iptlab.com'),
  nonce: often<string | undefined>(undefined, 'n1', 'n2'),
  number: often<'next' | 'same' | 'lower'>('next', 'same', 'lower'),
  answer: often<'grant' | 'challenge' | 'forbidden' | 'none' | 'late'>(
    'grant',
    'challenge',
    'forbidden',
    'none',
    'late',
  ),
  answered: often<'at_once' | 'after_the_next'>('at_once', 'after_the_next', 'after_the_next'),
  listed: often<'own' | 'none' | 'other' | 'both' | 'twice' | 'rewritten'>(
    'own',
    'none',
    'other',
    'both',
    'twice',
    'rewritten',
  ),
  granted: often<number | undefined>(undefined, 60, 3600),
  registrar: often('10.0.1.8:5060', '10.0.1.9:5060'),
  copies: often(0, 1),
  /** Before it, one more copy of the request before, or of that before. */
  lateCopy: often(0, 1, 2),
  waitMs: often(20, 1000, 30_000, 50_000, 400_000, 4_000_000),
  clock: often<'ticks' | 'stands'>('ticks', 'stands'),
  /** So many times more. */
  again: fc.constantFrom(0, 1, 1, 2, 4),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function often<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 25, arbitrary: fc.constant(usual) },
    ...others.map((other) => fc.constant(other)),
  );
}

/** One monitor and the phones before it. */
class Scene {
  readonly wire: Wire;
  private readonly numbers = new Map<string, number>();
  private readonly display: () => string;
  /** What was sent last, the latest first. */
  private readonly sent: { readonly bytes: Uint8Array; readonly phone: string }[] = [];
  private waiting: (() => void) | undefined = undefined;

  constructor(options: Partial<MonitorOptions>, display: () => string) {
    this.wire = new Wire(options);
    this.display = display;
  }

  play(next: Step): void {
    const { wire } = this;
    const phone = `${next.host}:${next.port}`;
    wire.registrar = next.registrar;
    const late = this.sent[next.lateCopy - 1];
    if (late !== undefined) wire.tap('request', late.bytes, late.phone);
    const request = wire.send(this.fieldsOf(next), phone);
    this.sent.unshift({ bytes: request.bytes, phone });
    for (let copy = 0; copy < next.copies; copy++) wire.tap('request', request.bytes, phone);
    wire.nowMs += 15;
    const answer = (): void => this.answer(request, next);
    const { waiting } = this;
    this.waiting = next.answered === 'after_the_next' ? answer : undefined;
    if (next.answered === 'at_once') answer();
    waiting?.();
    wire.nowMs += next.waitMs;
    if (next.clock === 'ticks') wire.monitor.advance(wire.nowMs);
  }

  private answer(request: Register, { answer, ...next }: Step): void {
    const { wire } = this;
    const phone = `${next.host}:${next.port}`;
    if (answer === 'late') wire.wait(40);
    if (answer === 'grant' || answer === 'late')
      wire.answer(request, 200, grantOf({ answer, ...next }), phone);
    else if (answer === 'challenge') wire.answer(request, 401, { nonces: ['n1'] }, phone);
    else if (answer === 'forbidden') wire.answer(request, 403, {}, phone);
  }

  private fieldsOf(next: Step): Omit<RegisterFields, 'branch'> {
    const { aor, callId, contacts, expires, from, nonce, number, userAgent } = next;
    const last = this.numbers.get(callId) ?? 10;
    const cseq = number === 'next' ? last + 1 : number === 'same' ? last : last - 1;
    this.numbers.set(callId, Math.max(last, cseq));
    return {
      ...{ aor, callId, contacts, cseq, userAgent, display: this.display() },
      ...(expires !== undefined && { expires }),
      ...(from !== undefined && { from }),
      ...(nonce !== undefined && { nonce }),
    };
  }

  /** Everything that a monitor says. */
  get said(): unknown {
    const { monitor, events } = this.wire;
    const aors = [...monitor.aors()].sort();
    return {
      counts: monitor.counts,
      events,
      inFlight: monitor.inFlight,
      contacts: monitor.aorsByContacts,
      bindings: aors.map((aor) => [aor, monitor.bindingsOf(aor)]),
      series: ['auth_failures', 'challenges', 'binding_changes'].map((family) => [
        ...monitor.series(family as 'challenges'),
      ]),
      storm: [monitor.storm, monitor.stormRecoveredRatio],
    };
  }
}

/** What the 200 lists. */
function grantOf({ contacts, granted, listed }: Step): ResponseFields {
  const own = contacts
    .filter((contact) => contact !== '*')
    .map((contact) => contact.replace(/;expires=\d+/, ''));
  const lists: Record<Step['listed'], readonly string[]> = {
    own,
    none: [],
    other: ['<sip:24001@10.0.13.99>;expires=100'],
    both: [...own, '<sip:24001@10.0.13.99>;expires=100'],
    twice: [...own, ...own],
    rewritten: own.map((contact) =>
      contact.replaceAll('24001@', '24001@192.0.2.1:').replace(/:10\.[^>]*/, ':5071'),
    ),
  };
  return { contacts: lists[listed], ...(granted !== undefined && { expires: granted }) };
}

/** Calls of `Ledger.refreshAgain` while `work` runs. */
function countRepeats(work: () => void): number {
  const { refreshAgain } = Ledger.prototype;
  let count = 0;
  Ledger.prototype.refreshAgain = function (...args): void {
    count++;
    refreshAgain.apply(this, args);
  };
  try {
    work();
  } finally {
    Ledger.prototype.refreshAgain = refreshAgain;
  }
  return count;
}

const OWN_URI = 'sip:24001@10.0.13.244';
const OWN = `<${OWN_URI}>;expires=360`;
const OTHER_URI = 'sip:24001@10.0.13.77:5062';
const OTHER = `<${OTHER_URI}>`;
const STRANGER = '<sip:24099@10.0.13.99>;expires=60';

/** A wire past its warm-up, with one binding. */
function bound(): Wire {
  const wire = new Wire().warm();
  wire.bind({ contacts: [OWN], cseq: 10 });
  return wire;
}

describe('a REGISTER that says what the one before said', () => {
  it('is not read again, nor is its 200', () => {
    const wire = new Wire().warm();
    const again = countRepeats(() => {
      for (let cseq = 10; cseq < 15; cseq++) wire.wait(100).bind({ cseq });
    });
    assert.equal(again, 4);
    assert.deepEqual(wire.changes(), { added: 1, refreshed: 4 });
    assert.deepEqual(wire.results(), { ok: 5 });
    assert.equal(wire.monitor.bindingsOf('24001@iptlab.com')[0]?.refreshedAtMs, wire.nowMs);
  });

  it('is read with another word in what the monitor reads', () => {
    const usual = { contacts: ['<sip:24001@10.0.13.244>;expires=360'], cseq: 11, userAgent: 'Elite 1.0' };
    const others = [
      { contacts: ['<sip:24001@10.0.13.244>;expires=361'] },
      { contacts: ['<sip:24001@10.0.13.245>;expires=360'] },
      { userAgent: 'Elite 1.1' },
      { callId: 'another' },
      { expires: 360 },
      { from: '24002@iptlab.com' },
      { display: 'K ' },
      { cseq: 10 },
    ];
    for (const other of others) {
      const wire = new Wire().warm();
      wire.bind({ ...usual, cseq: 10 });
      assert.equal(
        countRepeats(() => void wire.bind({ ...usual, ...other })),
        0,
        JSON.stringify(other),
      );
    }
  });

  it('is read where another REGISTER was accepted since', () => {
    const wire = bound();
    const request = wire.send({ contacts: [OWN], cseq: 11 });
    wire.bind({ contacts: [OWN], callId: 'another', cseq: 1 });
    wire.answer(request, 200, { contacts: [OWN] });
    assert.deepEqual(wire.changes(), { added: 1, restarted: 2 });
  });

  it('is read where its binding had lapsed, and nobody has looked yet', () => {
    const wire = bound();
    wire.wait(360 + 9.99);
    wire.nowMs += 20;
    wire.bind({ contacts: [OWN], cseq: 11 });
    assert.deepEqual(wire.changes(), { added: 2, expired: 1 });
  });

  it('is read where a list had left its binding out', () => {
    const wire = bound();
    wire.wait(1).bind({ contacts: [`${OTHER};expires=10`], callId: 'another' }, {}, '10.0.13.77:5062');
    assert.deepEqual(wire.contacts(), [OTHER_URI]);
    wire.wait(30).bind({ contacts: [OWN], cseq: 11 });
    assert.deepEqual(wire.contacts(), [OWN_URI]);
    assert.deepEqual(wire.gauges(), { bindings: 1, aors: 1 });
  });

  it('is read where its 200 lists somebody else as well, or instead', () => {
    for (const listed of [[OWN, STRANGER], [STRANGER]]) {
      const wire = new Wire().warm();
      wire.bind({ contacts: [OWN], cseq: 10 }, { contacts: listed });
      wire.wait(80).bind({ contacts: [OWN], cseq: 11 }, { contacts: listed });
      assert.deepEqual(wire.changes(), { added: 1, refreshed: 1, learned: 2, expired: 1 });
    }
  });

  it('is read where its AOR has another contact by now', () => {
    const wire = new Wire({ registrarLists: 'all' }).warm();
    wire.bind({ contacts: [OWN], cseq: 10 });
    const both = { contacts: [OWN, `${OTHER};expires=360`] };
    wire.wait(1).bind({ contacts: [`${OTHER};expires=360`], callId: 'another' }, both, '10.0.13.77:5062');
    wire.wait(1).bind({ contacts: [OWN], cseq: 11 });
    assert.deepEqual(wire.contacts(), [OWN_URI]);
  });

  it('is read where something is odd about it, to be told now and then', () => {
    const wire = new Wire().warm();
    const fields = { contacts: ['<sip:24001@10.0.13.244>;expires=3600'], from: '24002@iptlab.com' };
    wire.bind({ ...fields, cseq: 10 });
    wire.wait(700).bind({ ...fields, cseq: 11 });
    assert.deepEqual(wire.notices(), ['warming_up_over', 'third_party', 'third_party']);
  });

  it('is read where it takes back what somebody has registered since', () => {
    const wire = new Wire({ registrarLists: 'own' }).warm();
    const fields = { contacts: [`${OTHER};expires=0`, OWN] };
    wire.bind({ ...fields, cseq: 10 }, { contacts: [OWN] });
    const both = { contacts: [OWN, `${OTHER};expires=360`] };
    wire.wait(1).bind({ contacts: [`${OTHER};expires=360`], callId: 'another' }, both, '10.0.13.77:5062');
    wire.wait(1).bind({ ...fields, cseq: 11 }, { contacts: [OWN] });
    assert.deepEqual(wire.contacts(), [OWN_URI]);
  });

  it('is a copy where it was refused before, however long its phone is known', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [OWN], cseq: 10 });
    wire.wait(100).bind({ contacts: [OWN], cseq: 11 });
    const refused = wire.send({ contacts: [OWN], cseq: 12 });
    wire.answer(refused, 401, { nonces: ['n1'] });
    wire.wait(1).tap('request', refused.bytes);
    assert.equal(wire.monitor.counts.retransmissions, 1);
    assert.deepEqual(wire.attempts(), { initial: 3 });
  });

  it('is a copy where it was answered before that one which made its binding', () => {
    const wire = new Wire().warm();
    const [before, making] = [11, 10].map((cseq) => wire.send({ contacts: [OWN], cseq }));
    wire.answer(before!, 401, { nonces: ['n1'] });
    wire.answer(making!, 200, { contacts: [OWN] });
    for (let copy = 1; copy <= 3; copy++) wire.wait(10).tap('request', before!.bytes);
    assert.equal(wire.monitor.counts.retransmissions, 3);
    assert.deepEqual(wire.attempts(), { initial: 2 });
  });

  it('is a copy where it was refused before and its first copy was not seen', () => {
    const wire = new Wire().warm();
    wire.bind({ contacts: [OWN], cseq: 10 });
    wire.wait(100).bind({ contacts: [OWN], cseq: 11 });
    const unseen = register({ aor: AOR, branch: 'z9hG4bKunseen', contacts: [OWN], cseq: 12 });
    wire.answer(unseen, 401, { nonces: ['n1'] });
    wire.wait(1).tap('request', unseen.bytes);
    wire.wait(40);
    assert.equal(wire.monitor.counts.retransmissions, 1);
    assert.deepEqual(wire.attempts(), { initial: 2 });
    assert.deepEqual(wire.results(), { ok: 2, unclassified: 1 });
  });

  it('is told as what a monitor tells that reads every message', () => {
    let repeats = 0;
    const property = fc.property(fc.array(step, { minLength: 4, maxLength: 40 }), (steps) => {
      let number = 0;
      const reading = new Scene({}, () => `n${++number} `);
      const knowing = new Scene({}, () => '');
      for (const next of steps.flatMap((each) => Array<Step>(1 + each.again).fill(each))) {
        const none = countRepeats(() => reading.play(next));
        repeats += countRepeats(() => knowing.play(next));
        assert.equal(none, 0);
        assert.deepEqual(knowing.said, reading.said);
      }
    });
    fc.assert(property, { numRuns: 300 });
    assert.ok(repeats > 1000, `${repeats} repeats`);
  });
});
