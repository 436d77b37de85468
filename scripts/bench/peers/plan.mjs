// What is asked of `bench:peers` on the command line.
import { parseArgs } from 'node:util';
import { CONTENDERS, PROXY, REGISTRAR } from './contenders.mjs';

const MODES = ['refresh', 'mixed', 'challenge'];
const PROBE_SECONDS = 20;
const CALM_PER_SEC = 2000;
const CALM_SECONDS = 5;
const LEAD_IN_SECONDS = 1;
const BASELINE_SECONDS = 1;
const STORM_ADDRESSES = 1000;
const MAX_ROUNDS = 100;
const MAX_SECONDS = 24 * 3600;
const MAX_RATE = 1_000_000;
const MAX_WINDOW = 10_000;
const MAX_AORS = 1_000_000;
const MAX_STORM = 300_000;
const MAX_ADDRESSES = 10_000;

const OPTIONS = /** @type {const} */ ({
  rounds: { type: 'string', default: '5' },
  mode: { type: 'string', default: 'refresh' },
  warmup: { type: 'string', default: '10' },
  seconds: { type: 'string', default: '3' },
  rate: { type: 'string', default: '4000' },
  'rate-seconds': { type: 'string', default: '3' },
  storm: { type: 'string', default: '0' },
  aors: { type: 'string', default: '1000' },
  addresses: { type: 'string', default: '64' },
  window: { type: 'string', default: '64' },
  only: { type: 'string', default: '' },
  build: { type: 'string', default: '' },
  json: { type: 'string', default: '' },
});

/** Throws RangeError or TypeError for what can't be done, in a sentence. */
export function planFrom(/** @type {string[]} */ args) {
  const { values } = parseArgs({ options: OPTIONS, args });
  /** @param {keyof typeof OPTIONS} name @param {number} least @param {number} most */
  const number = (name, least, most) => {
    const given = Number(values[name]);
    if (given >= least && given <= most) return given;
    throw new RangeError(`--${name} takes a number from ${least} to ${most}`);
  };
  if (!MODES.includes(values.mode)) throw new RangeError(`--mode takes one of ${MODES.join(', ')}`);
  const only = values.only.split(',').filter(Boolean);
  const known = Object.keys(CONTENDERS);
  if (!only.every((name) => known.includes(name)))
    throw new RangeError(`--only takes some of ${known.join(',')}`);
  const storm = number('storm', 0, MAX_STORM);
  const isStorm = storm > 0;
  const usual = {
    warmup: number('warmup', 0, MAX_SECONDS),
    seconds: number('seconds', 1, MAX_SECONDS),
    rate: number('rate', 0, MAX_RATE),
    rateSeconds: number('rate-seconds', 1, MAX_SECONDS),
  };
  return {
    rounds: number('rounds', 1, MAX_ROUNDS),
    only,
    build: values.build,
    json: values.json,
    isStorm,
    task: {
      ...{ proxy: PROXY, registrar: REGISTRAR, window: number('window', 1, MAX_WINDOW) },
      mode: isStorm ? 'challenge' : values.mode,
      aors: isStorm ? storm : number('aors', 1, MAX_AORS),
      addresses: isStorm ? STORM_ADDRESSES : number('addresses', 1, MAX_ADDRESSES),
      phases: [
        { name: 'probe', kind: 'probe', seconds: PROBE_SECONDS },
        ...(isStorm ? stormPhases() : usualPhases(usual)),
      ],
    },
  };
}

/** An ordinary day's traffic first: the load's own code is compiled meanwhile. */
function stormPhases() {
  return [
    { name: 'calm', kind: 'open', seconds: CALM_SECONDS, ratePerSec: CALM_PER_SEC },
    { name: 'storm', kind: 'storm', seconds: 0 },
  ];
}

/** @param {{ warmup: number, seconds: number, rate: number, rateSeconds: number }} given */
function usualPhases({ warmup, seconds, rate, rateSeconds }) {
  const open = { name: 'rate', kind: 'open', seconds: rateSeconds, ratePerSec: rate };
  const direct = { ...open, name: 'direct', seconds: BASELINE_SECONDS, direct: true };
  // What was compiled for another kind of load is compiled anew, in the load's own process, too.
  const leadIn = (/** @type {object} */ phase) => ({ ...phase, name: 'lead-in', seconds: LEAD_IN_SECONDS });
  return [
    ...(warmup > 0 ? [{ name: 'warm-up', kind: 'closed', seconds: warmup }] : []),
    { name: 'saturated', kind: 'closed', seconds },
    ...(rate >= 1 ? [leadIn(direct), direct, leadIn(open)] : []),
    ...(rate > 0 ? [open] : []),
  ];
}
