import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AorEntry } from '../../src/monitor/aor-entry.ts';
import { Binding } from '../../src/monitor/binding.ts';
import { DomainCounts } from '../../src/monitor/counts.ts';
import { TightLoops } from '../../src/monitor/tight-loops.ts';
import { Endpoint } from '../../src/sip/address.ts';

const MINUTE_MS = 60_000;

/** The first two look alike but for their names: what is counted together is not told together. */
const PHONES = [
  { aor: 'a@x', hash: 7, host: 1 },
  { aor: 'b@x', hash: 7, host: 1 },
  { aor: 'a@x', hash: 7, host: 2 },
  { aor: 'c@x', hash: 8, host: 1 },
].map(({ aor, hash, host }) => ({
  sender: { aor, aorA: hash, phone: new Endpoint().setIpv4(host) },
  cell: `${hash} ${host}`,
}));

/** An entry for each AOR, in which each phone has a binding; those stand in the order of the phones. */
function enter(phones: typeof PHONES): readonly { readonly entry: AorEntry; readonly binding: Binding }[] {
  const entries = new Map<string, AorEntry>();
  return phones.map(({ sender: { aor, aorA, phone } }) => {
    const entry = entries.get(aor) ?? new AorEntry({ aor, host: 'x', aorA, aorB: 0 }, new DomainCounts());
    entries.set(aor, entry);
    const binding = new Binding(entry).cameFrom(phone);
    binding.nextOfAor = entry.first;
    entry.first = binding;
    return { entry, binding };
  });
}

type Due = 'told' | 'not told' | 'either';

/** What TightLoops is to do, with texts and sets. Of more than eight too many in one cell it may pass over some. */
class Model {
  private readonly perMin: number;
  private minute = Number.NaN;
  private readonly cells = new Map<string, number>();
  private readonly repeats = new Map<string, number>();
  private watched = new Map<string, number>();
  private readonly told = new Set<string>();
  private nominated = new Set<string>();
  private passable = new Set<string>();
  private uncertain = new Set<string>();

  constructor(perMin: number) {
    this.perMin = perMin;
  }

  /** Whether this is the one too many. */
  noteRepeat(name: string, minute: number): Due {
    if (minute !== this.minute) this.turn(minute);
    const count = (this.repeats.get(name) ?? 0) + 1;
    this.repeats.set(name, count);
    return count === this.perMin + 1 ? 'told' : 'not told';
  }

  /** The same. */
  note(name: string, cell: string, minute: number): Due {
    if (minute !== this.minute) this.turn(minute);
    const repeats = this.repeats.get(name) ?? 0;
    const sent = this.cells.get(cell) ?? 0;
    this.cells.set(cell, sent + 1);
    const excess = sent + repeats - this.perMin;
    if (excess > 0) (excess <= 8 ? this.nominated : this.passable).add(name);
    const count = this.watched.get(name);
    if (count === undefined) return 'not told';
    this.watched.set(name, count + 1);
    if (this.told.has(name) || count + 1 + repeats <= this.perMin) return 'not told';
    this.told.add(name);
    return this.uncertain.has(name) ? 'either' : 'told';
  }

  private turn(minute: number): void {
    const isNext = minute === this.minute + 1;
    const names = isNext ? [...this.nominated, ...this.passable] : [];
    this.watched = new Map(names.map((name) => [name, 0]));
    this.uncertain = new Set(names.filter((name) => !this.nominated.has(name)));
    this.nominated = new Set();
    this.passable = new Set();
    this.told.clear();
    this.cells.clear();
    this.repeats.clear();
    this.minute = minute;
  }
}

test('whoever repeats himself too often is told at once, all others when they did in the minute before, too; once a minute', () => {
  const step = fc.record({
    phone: fc.nat({ max: PHONES.length - 1 }),
    how: fc.constantFrom('repeat', 'other'),
    times: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 20 })),
    minutes: fc.constantFrom(0, 0, 0, 1, 1, 2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, perMin) => {
      const loops = new TightLoops(perMin);
      const model = new Model(perMin);
      const entered = enter(PHONES);
      let minute = 0;
      for (const { phone: which, how, times, minutes } of steps) {
        minute += minutes;
        const { sender, cell } = PHONES[which]!;
        const { entry, binding } = entered[which]!;
        for (let i = 0; i < times; i++) {
          const told: string[] = [];
          const onLoop = (...what: string[]): void => void told.push(what.join(' '));
          const nowMs = minute * MINUTE_MS + i;
          if (how === 'repeat') loops.noteRepeat(binding, nowMs, onLoop);
          else loops.note(sender, entry, nowMs, onLoop);
          const due =
            how === 'repeat' ? model.noteRepeat(`${which}`, minute) : model.note(`${which}`, cell, minute);
          const isTold = due === 'either' ? told.length > 0 : due === 'told';
          assert.deepEqual(told, isTold ? [`${sender.aor} 0.0.0.${which === 2 ? 2 : 1}`] : []);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('what a binding counted of another address is nothing to this one', () => {
  const loops = new TightLoops(2);
  const [{ sender }] = PHONES as [(typeof PHONES)[0]];
  const [{ entry, binding }] = enter([PHONES[0]!]) as [ReturnType<typeof enter>[0]];
  const told: string[] = [];
  const onLoop = (...what: string[]): void => void told.push(what.join(' '));
  const elsewhere = new Endpoint().setIpv4(9);
  for (let i = 0; i < 2; i++) loops.noteRepeat(binding, i, onLoop);
  binding.cameFrom(elsewhere);
  for (let i = 0; i < 2; i++) loops.noteRepeat(binding, i, onLoop);
  assert.deepEqual(told, []);
  loops.note(sender, entry, 5, onLoop);
  assert.deepEqual(told, []);
  loops.noteRepeat(binding, 6, onLoop);
  assert.deepEqual(told, ['a@x 0.0.0.9']);
});

test('who loops beside one that is many times louder, in the same cell, is told, whatever their rhythm', () => {
  const [loud, quiet] = PHONES as [(typeof PHONES)[0], (typeof PHONES)[0]];
  for (let oneIn = 2; oneIn <= 100; oneIn++) {
    const loops = new TightLoops(30);
    const told: string[] = [];
    const perMinute = 60 * oneIn;
    for (let i = 0; i < 2 * perMinute; i++) {
      const { sender } = i % oneIn === 0 ? quiet : loud;
      loops.note(sender, undefined, (i * MINUTE_MS) / perMinute, (name) => told.push(name));
    }
    assert.deepEqual(told.sort(), [loud.sender.aor, quiet.sender.aor], `one in ${oneIn}`);
  }
});

test('no more than ten thousand are counted one by one', () => {
  const loops = new TightLoops(1);
  const told = new Set<string>();
  const phone = new Endpoint();
  for (let minute = 0; minute < 2; minute++) {
    for (let host = 0; host < 10_500; host++) {
      phone.setIpv4(0x0a000000 + host);
      for (let i = 0; i < 4; i++)
        loops.note({ aor: 'a@x', aorA: 7, phone }, undefined, minute * MINUTE_MS, (_aor, source) =>
          told.add(source),
        );
    }
  }
  assert.equal(told.size, 10_000);
});
