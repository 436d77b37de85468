#!/usr/bin/env node
// Rollcall side by side with the kernel's limit and with Kamailio, on loopback, each on one CPU and the load on another one, in
// turn, round after round, each datagram checked (peers/load.mjs). CPU time is that of all of a contender's threads, per
// datagram that came out of it. Needs Linux, two CPUs, and to be root or to have CAP_NET_RAW and a large net.core.rmem_max.
//   npm run bench:peers                                     5 rounds: saturated, then 4,000 transactions a second
//   npm run bench:peers -- --mode mixed                     of 100 sequences 80 refreshes, 10 challenges, 5 wrong passwords, 5 OPTIONS
//   npm run bench:peers -- --storm 100000 --rounds 3        so many phones that register at once
//   npm run bench:peers -- --only rollcall --rounds 1 --aors 20000 --rate 0.7 --rate-seconds 600
//                                                           ten minutes at 70 % of what it did just before
//   npm run bench:peers -- --build ../other/dist            another build in turn with this one
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { capture, say } from '../lib/command.mjs';
import { inRoot } from '../lib/paths.mjs';
import { CONTENDERS } from './peers/contenders.mjs';
import { readLedger } from './peers/ledger.mjs';
import { planFrom } from './peers/plan.mjs';
import { lineOf, print, wrongIn } from './peers/report.mjs';

/** @typedef {import('./peers/contenders.mjs').Contender} Contender */
/** @typedef {ReturnType<typeof planFrom>} Plan */

const LOAD = inRoot('scripts', 'bench', 'peers', 'load.mjs');
/** Helper threads of the compiler and the collector would take the CPU from it while a datagram is due. */
const LOAD_FLAGS = ['--single-threaded'];
const [PROXY_CPU, LOAD_CPU] = ['0', '1'];
/** Until it has started, and, before a storm, is done with what it does then. */
const START_MS = 3000;
const SETTLED_MS = 9000;
const END_LIMIT_MS = 3000;
const MAX_WORDS = 2000;

const sleep = (/** @type {number} */ ms) => new Promise((done) => setTimeout(done, ms));

/** @returns {Map<string, Contender>} those that can be had, this build first */
function contendersOf(/** @type {Plan} */ { only, build }, /** @type {string} */ folder) {
  const wanted = only.length > 0 ? only : Object.keys(CONTENDERS);
  const all = wanted.map((name) => ({ name, maker: name, dist: inRoot('dist') }));
  if (build !== '') all.push({ name: 'other', maker: 'rollcall', dist: resolve(build) });
  const had = new Map();
  for (const { name, maker, dist } of all) {
    const own = join(folder, name);
    mkdirSync(own);
    writeFileSync(join(own, 'secret'), `${'5f'.repeat(32)}\n`, { mode: 0o600 });
    const made = CONTENDERS[maker]?.(own, dist);
    if (typeof made === 'string') say(`without ${name}: ${made}`);
    else if (made !== undefined) had.set(name, made);
  }
  return had;
}

/** Starts a contender, puts the load upon it, ends it. @param {Contender} contender @param {Plan} plan */
async function turn(contender, { task, isStorm }) {
  const child = spawn('taskset', ['-c', PROXY_CPU, ...contender.command], {
    env: { ...process.env, ...contender.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = (said + chunk).slice(-MAX_WORDS);
  });
  try {
    await sleep(isStorm ? SETTLED_MS : START_MS);
    const phases = await load({ ...task, pid: child.pid, raw: contender.raw });
    if (phases.length < 2) throw new Error(`no answer came through it; it said: ${said.trim()}`);
    const ledger = contender.http && { ledger: await readLedger(contender.http, task.aors) };
    return { ...Object.fromEntries(phases.map((phase) => [phase.name, phase])), ...ledger };
  } finally {
    child.kill('SIGTERM');
    await Promise.race([once(child, 'exit'), sleep(END_LIMIT_MS)]);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

/** @returns {Promise<any[]>} what it says of each phase */
async function load(/** @type {object} */ task) {
  const args = ['-c', LOAD_CPU, process.execPath, ...LOAD_FLAGS, LOAD, JSON.stringify(task)];
  const child = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let lines = '';
  child.stdout.on('data', (chunk) => {
    lines += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the load ended with ${code}`);
  return lines
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

async function main() {
  const plan = planFrom(process.argv.slice(2));
  if (availableParallelism() < 2 || !capture(['taskset', '-V']).ok) {
    throw new Error('it needs two CPUs, and taskset (of the package util-linux)');
  }
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-peers-'));
  /** @type {Map<string, any[]>} */
  const results = new Map();
  try {
    const contenders = [...contendersOf(plan, folder)];
    if (contenders.length === 0) throw new Error('there is nobody to be measured');
    for (let round = 0; round < plan.rounds; round++) {
      // Each is the first once in a while.
      const at = round % contenders.length;
      for (const [name, contender] of [...contenders.slice(at), ...contenders.slice(0, at)]) {
        const phases = await turn(contender, plan);
        results.set(name, [...(results.get(name) ?? []), phases]);
        say(`${round + 1} ${name}: ${lineOf(phases)}`);
        for (const { firstWrong } of Object.values(phases)) if (firstWrong) say(`${name}: ${firstWrong}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  print(results, 'rollcall');
  if (plan.json !== '') writeFileSync(plan.json, `${JSON.stringify(Object.fromEntries(results), null, 1)}\n`);
  return [...results.values()].flat().some((phases) => wrongIn(phases) > 0) ? 3 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`bench:peers: ${error instanceof Error ? error.message : String(error)}`);
  const isUsage = error instanceof RangeError || (error instanceof TypeError && 'code' in error);
  process.exitCode = isUsage ? 2 : 1;
}
