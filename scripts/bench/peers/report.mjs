// What `bench:peers` makes of the load's figures.
import { median } from '../median.mjs';

/** What the load says of each phase, by name, and what Rollcall says of itself afterwards. @typedef {Record<string, any>} Turn */

/** @type {readonly { title: string, of: (turn: Turn) => number | undefined, isCompared?: boolean, isSummed?: boolean }[]} */
const COLUMNS = [
  { title: 'CPU us', of: ({ saturated }) => saturated?.cpuUs, isCompared: true },
  { title: 'of it the busiest thread', of: ({ saturated }) => saturated?.busiestThreadUs, isCompared: true },
  { title: 'per second', of: ({ saturated }) => saturated?.perSec, isCompared: true },
  { title: 'load busy', of: ({ saturated }) => saturated?.loadBusy },
  { title: 'CPU us at the rate', of: ({ rate }) => rate?.cpuUs, isCompared: true },
  { title: 'p50 added ms', of: ({ rate, direct }) => rate && direct && rate.p50Ms - direct.p50Ms },
  {
    title: 'p99 added ms',
    of: ({ rate, direct }) => rate && direct && rate.p99Ms - direct.p99Ms,
  },
  { title: 'p99 ms', of: ({ rate }) => rate?.p99Ms },
  { title: 'longest ms', of: ({ rate }) => rate?.longestMs },
  { title: 'begun late', of: ({ rate }) => rate?.begunLate, isSummed: true },
  { title: 'storm s', of: ({ storm }) => storm?.seconds, isCompared: true },
  { title: 'sent again', of: ({ storm }) => storm?.resent },
  { title: 'in the ledger', of: ({ ledger }) => ledger?.aors },
  { title: 'after s', of: ({ ledger }) => ledger?.seconds },
  { title: 'records dropped', of: ({ ledger }) => ledger?.dropped, isSummed: true },
  { title: 'RSS MiB', of: ({ storm, rate, saturated }) => (storm ?? rate ?? saturated)?.rssMib },
  { title: 'lost', of: (turn) => sumOf(turn, ({ lost }) => lost), isSummed: true },
  { title: 'late', of: (turn) => sumOf(turn, ({ late }) => late), isSummed: true },
  { title: 'wrong', of: wrongIn, isSummed: true },
];

const sum = (/** @type {number[]} */ list) => list.reduce((a, b) => a + b, 0);
const rounded = (/** @type {number} */ value) => Number(value.toPrecision(Math.abs(value) < 100 ? 3 : 6));

/** Datagrams that were not what they should be. */
export function wrongIn(/** @type {Turn} */ turn) {
  return sumOf(turn, ({ wrong }) => sum(Object.values(wrong)));
}

/** Before somebody answers, datagrams may be lost. @param {Turn} turn @param {(phase: any) => number} count */
function sumOf({ probe: _, ledger: __, ...phases }, count) {
  return sum(Object.values(phases).map(count));
}

/** One line for one turn. */
export function lineOf(/** @type {Turn} */ turn) {
  const cells = COLUMNS.map(({ title, of }) => ({ title, value: of(turn) }));
  return cells
    .filter(({ value }) => value !== undefined)
    .map(({ title, value }) => `${title} ${rounded(Number(value))}`)
    .join(', ');
}

/** One row for each contender, then what the first named is as a multiple of each other, round by round. */
export function print(/** @type {Map<string, Turn[]>} */ results, /** @type {string} */ subject) {
  console.log('medians; what is dropped, lost or wrong: all together');
  console.table(Object.fromEntries([...results].map(([name, turns]) => [name, rowOf(turns)])));
  const own = results.get(subject);
  if (own === undefined) return;
  for (const [name, turns] of results) {
    if (name === subject) continue;
    for (const { title, of } of COLUMNS.filter(({ isCompared }) => isCompared)) {
      const pairs = turns.map((turn, i) => [of(own[i] ?? {}), of(turn)]);
      const ratios = pairs.filter(([a, b]) => a && b).map(([a = 0, b = 1]) => rounded(a / b));
      if (ratios.length > 0)
        console.log(`${subject} / ${name}, ${title}: ${rounded(median(ratios))} (${ratios.join(', ')})`);
    }
  }
}

function rowOf(/** @type {Turn[]} */ turns) {
  /** @type {Record<string, number>} */
  const row = {};
  for (const { title, of, isSummed } of COLUMNS) {
    const list = turns.map(of).filter((value) => value !== undefined);
    if (list.length > 0) row[title] = isSummed ? sum(list) : rounded(median(list));
  }
  return row;
}
