import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TightLoops } from '../../src/monitor/tight-loops.ts';
import { Endpoint } from '../../src/sip/address.ts';

const MINUTE_MS = 60_000;

/** The first two look alike but for their names: what is counted together is not told together. */
const PHONES = [
  { aor: 'a@x', hash: 7, host: 1 },
  { aor: 'b@x', hash: 7, host: 1 },
  { aor: 'a@x', hash: 7, host: 2 },
  { aor: 'c@x', hash: 8, host: 1 },
].map(({ aor, hash, host }) => ({ aor, hash, phone: new Endpoint().setIpv4(host), cell: `${hash} ${host}` }));

/** What TightLoops is to do, with texts and sets. Of more than eight too many in one cell it may pass over some. */
class Model {
  private readonly perMin: number;
  private minute = Number.NaN;
  private readonly cells = new Map<string, number>();
  private watched = new Map<string, number>();
  private nominated = new Set<string>();
  private passable = new Set<string>();
  private uncertain = new Set<string>();

  constructor(perMin: number) {
    this.perMin = perMin;
  }

  /** Whether this is the one too many. */
  note(name: string, cell: string, minute: number): 'told' | 'not told' | 'either' {
    if (minute !== this.minute) this.turn(minute);
    const sent = this.cells.get(cell) ?? 0;
    this.cells.set(cell, sent + 1);
    const excess = sent - this.perMin;
    if (excess > 0) (excess <= 8 ? this.nominated : this.passable).add(name);
    const count = this.watched.get(name);
    if (count === undefined) return 'not told';
    this.watched.set(name, count + 1);
    if (count !== this.perMin) return 'not told';
    return this.uncertain.has(name) ? 'either' : 'told';
  }

  private turn(minute: number): void {
    const isNext = minute === this.minute + 1;
    const names = isNext ? [...this.nominated, ...this.passable] : [];
    this.watched = new Map(names.map((name) => [name, 0]));
    this.uncertain = new Set(names.filter((name) => !this.nominated.has(name)));
    this.nominated = new Set();
    this.passable = new Set();
    this.cells.clear();
    this.minute = minute;
  }
}

test('whoever sent too many in the minute before, and in this one, is told once a minute', () => {
  const step = fc.record({
    phone: fc.nat({ max: PHONES.length - 1 }),
    times: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 20 })),
    minutes: fc.constantFrom(0, 0, 0, 1, 1, 2),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, perMin) => {
      const loops = new TightLoops(perMin);
      const model = new Model(perMin);
      let minute = 0;
      for (const { phone: which, times, minutes } of steps) {
        minute += minutes;
        const { aor, hash, phone, cell } = PHONES[which]!;
        for (let i = 0; i < times; i++) {
          const told: string[] = [];
          loops.note(aor, hash, phone, minute * MINUTE_MS + i, (...what) => told.push(what.join(' ')));
          const due = model.note(`${which}`, cell, minute);
          const isTold = due === 'either' ? told.length > 0 : due === 'told';
          assert.deepEqual(told, isTold ? [`${aor} 0.0.0.${which === 2 ? 2 : 1}`] : []);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('who loops beside one that is many times louder, in the same cell, is told, whatever their rhythm', () => {
  const [loud, quiet] = PHONES as [(typeof PHONES)[0], (typeof PHONES)[0]];
  for (let oneIn = 2; oneIn <= 100; oneIn++) {
    const loops = new TightLoops(30);
    const told: string[] = [];
    const perMinute = 60 * oneIn;
    for (let i = 0; i < 2 * perMinute; i++) {
      const { aor, hash, phone } = i % oneIn === 0 ? quiet : loud;
      loops.note(aor, hash, phone, (i * MINUTE_MS) / perMinute, (name) => told.push(name));
    }
    assert.deepEqual(told.sort(), [loud.aor, quiet.aor], `one in ${oneIn}`);
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
        loops.note('a@x', 7, phone, minute * MINUTE_MS, (_aor, source) => told.add(source));
    }
  }
  assert.equal(told.size, 10_000);
});
