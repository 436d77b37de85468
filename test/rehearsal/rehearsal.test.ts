import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ATTEMPT_KINDS, CHANGES, RESULTS } from '../../src/monitor/lists.ts';
import { Monitor } from '../../src/monitor/monitor.ts';
import { DEFAULT_MONITOR_OPTIONS } from '../../src/monitor/options.ts';
import { Tapped } from '../../src/monitor/tapped.ts';
import type { Decide } from '../../src/net/forwarder.ts';
import { RingReader } from '../../src/net/ring/reader.ts';
import type { TransportKind } from '../../src/net/transport/transport.ts';
import { decide } from '../../src/proxy/decide.ts';
import type { Datagram, Decision } from '../../src/proxy/decision.ts';
import type { Routes } from '../../src/proxy/routes.ts';
import { Rehearsal } from '../../src/rehearsal/rehearsal.ts';
import type { Stage } from '../../src/rehearsal/stage.ts';
import { BATCH, rehearsalBytes, rehearsalRing } from '../../src/rehearsal/stage.ts';
import { kernel } from '../../src/sip/kernel/kernel.ts';
import { KERNEL_BYTES } from '../../src/sip/kernel/layout.ts';
import { createSharedMemory } from '../../src/sip/kernel/web-assembly.ts';
import type { Setting } from '../proxy/support/passing.ts';
import { routesOf } from '../proxy/support/passing.ts';

/** Behind some memory that is not its own. */
const OFFSET = 64 * 1024;
/** A rehearsal may put so many turns off before this is called hanging. */
const MOST_TURNS = 100_000;

interface Played {
  readonly outcomes: Map<string, number>;
  readonly monitor: Monitor;
  readonly transactions: number;
  readonly intermissionAt: number;
  readonly ends: number;
  readonly turns: readonly string[];
  /** Memory before its stage. */
  readonly before: Uint8Array;
}

/** Plays all of it; `turn` says, by the number of the turn, when the last real batch came. */
function play(
  setting: Setting,
  transactions: number,
  heardAtMs: (turn: number) => number = () => 0,
  deciding: Decide = decide,
  transport: TransportKind = 'batched',
): Played {
  const routes = routesOf(setting);
  const kernelAt = (OFFSET + rehearsalBytes(routes.sockets.length) + 63) & ~63;
  const memory = createSharedMemory(kernelAt + KERNEL_BYTES);
  kernel.moveTo(memory, kernelAt);
  const stage: Stage = { buffer: memory.buffer, offset: OFFSET };
  const reader = new RingReader(rehearsalRing(stage));
  const monitor = new Monitor({ ...DEFAULT_MONITOR_OPTIONS, aorSeries: 10_000 }, () => {});
  const outcomes = new Map<string, number>();
  let [ends, played, decided, intermissionAt] = [0, 0, 0, 0];
  const rehearsal = new Rehearsal({
    stage,
    assignment: { routes, registrars: [routes.registrar] },
    durationBoundsSec: [0.001, 0.01],
    transport,
    decide: (datagram: Datagram, routes: Routes, decision: Decision) => {
      decided++;
      deciding(datagram, routes, decision);
      const outcome = `${decision.from} ${decision.outcome} ${decision.reason}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    },
    transactions,
    onIntermission: () => {
      assert.equal(intermissionAt, 0);
      intermissionAt = decided;
    },
    onEnd: (count) => {
      ends++;
      played = count;
    },
  });
  const tapped = new Tapped();
  const turns: string[] = [];
  let turn = 0;
  while (!rehearsal.isOver && turn < MOST_TURNS) {
    turns.push(rehearsal.turn(heardAtMs(turn)));
    turn++;
    while (reader.next(tapped)) monitor.observe(tapped);
    reader.release();
  }
  while (reader.next(tapped)) monitor.observe(tapped);
  assert.equal(turns.at(-1), 'wait', 'it is over');
  const before = new Uint8Array(memory.buffer, 0, OFFSET);
  return { outcomes, monitor, transactions: played, intermissionAt, ends, turns, before };
}

const SETTINGS: readonly (readonly [title: string, setting: Setting, transport?: TransportKind])[] = [
  ['direct', {}],
  ['over the portable transport', {}, 'portable'],
  ['alias', { contactMode: 'alias' }],
  ['path', { contactMode: 'path' }],
  ['alias and path', { contactMode: 'alias+path' }],
  ['rport forced', { rport: 'force' }],
  [
    'IPv6',
    {
      us: ['[fd00::7]:5060'],
      registrar: '[fd00::8]:5060',
      registrarNets: ['fd00::8/128'],
      phoneNets: ['fc00::/7'],
    },
  ],
];

describe('a rehearsal', () => {
  for (const [title, setting, transport] of SETTINGS) {
    it(`is forwarded, all of it, and heard by a monitor: ${title}`, () => {
      const { outcomes, monitor, transactions } = play(setting, 4000, undefined, undefined, transport);
      const forwarded = [
        ['phone forwarded request', 4000],
        ['registrar forwarded response', 4000],
      ];
      assert.deepEqual([...outcomes].sort(), forwarded);
      assert.equal(transactions, 4000);
      const { counts } = monitor;
      const { results, changes, aors } = counts.domains.get('rehearsal.invalid')!;
      const seen = (list: readonly string[], cells: Float64Array) =>
        list.filter((_, i) => cells[i]! > 0).sort();
      assert.deepEqual(seen(RESULTS, results), ['auth_failure', 'challenged', 'forbidden', 'ok']);
      assert.deepEqual(seen(CHANGES, changes), ['learned', 'refreshed', 'removed', 'restarted']);
      assert.ok(counts.attempts.every((count, i) => ATTEMPT_KINDS[i] === 'query' || count > 100));
      assert.ok(aors > 1200, `${aors} AORs`);
      assert.deepEqual([counts.retransmissions, counts.challengesAbandoned, monitor.inFlight], [0, 0, 0]);
    });
  }

  it('tells once that half of it is played, and once that it is over', () => {
    const { intermissionAt, ends } = play({}, 2000);
    assert.ok(intermissionAt >= 2000 && intermissionAt <= 2000 + 2 * BATCH, `${intermissionAt}`);
    assert.equal(ends, 1);
  });

  it('plays nothing in a turn in which a real batch came', () => {
    const { transactions, turns } = play({}, 100, (turn) => Math.min(turn, 30));
    assert.deepEqual(turns.slice(0, 30), Array(30).fill('nap'));
    assert.equal(transactions, 100);
    assert.deepEqual(turns.length > 30 ? turns.at(-1) : 'too early', 'wait');
  });

  it('writes nothing outside of its stage', () => {
    assert.ok(play({}, 500).before.every((byte) => byte === 0));
  });

  it('ends where its datagrams are not forwarded', () => {
    const { outcomes, transactions, ends } = play({ registrarNets: ['0.0.0.0/0', '::/0'] }, 200);
    assert.deepEqual([transactions, ends], [0, 1]);
    assert.ok(outcomes.size > 0);
  });

  it('ends with a defect of ours', () => {
    const failing = () => {
      throw new Error('told to throw');
    };
    const { transactions, ends } = play({}, 200, () => 0, failing);
    assert.deepEqual([transactions, ends], [0, 1]);
  });
});
