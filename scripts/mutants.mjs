/**
 * Mutation testing of the layers that everything stands on: one small fault after the other is planted in the
 * compiled code, and the layer's own tests are to find it. Prints what they did not find, for a person to judge.
 *
 *     node scripts/mutants.mjs sip|proxy|monitor [count] [seed]
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder } from './lib/build.mjs';
import { inRoot } from './lib/paths.mjs';

const LIMIT_MS = 120_000;
const [layer = '', count = '100', seed = '1'] = process.argv.slice(2);
/** Where its tests are. */
const FOLDERS = { sip: ['sip'], proxy: ['proxy'], monitor: ['monitor', 'simulation'] };
if (layer !== 'sip' && layer !== 'proxy' && layer !== 'monitor') {
  console.error(
    'mutants: which layer, sip, proxy or monitor? Then how many faults (100) and which seed (1).',
  );
  process.exit(2);
}

/** Tests that take long, or that only a fault of the plainer kind is to be kept from; run for what the others let live. */
const SLOW = /\/properties\/|\/simulation\/|robustness|bounded-reads|message-corpus/;

/** What is replaced, and by what: each once per place. */
const OPERATORS = [
  [/ === /, ' !== '],
  [/ !== /, ' === '],
  [/ && /, ' || '],
  [/ \|\| /, ' && '],
  [/ < /, ' <= '],
  [/ <= /, ' < '],
  [/ > /, ' >= '],
  [/ >= /, ' > '],
  [/ \+ 1\b/, ' + 0'],
  [/ - 1\b/, ' - 0'],
  [/ \| /, ' & '],
  [/ & /, ' | '],
  [/\btrue\b/, 'false'],
  [/\bfalse\b/, 'true'],
  [/\bif \(!/, 'if ('],
  [/ \? (.+) : (.+);/, ' ? $2 : $1;'],
  [
    /^(\s*)(?!return|const|let|import|export|for|while|if|else|throw|case|break|continue)[\w.]+(\(.*\)|\S* = .*);$/,
    '$1;',
  ],
];
const NO_CODE = /^\s*(\/\/|\/?\*|import |export (function|class|const) )/;

/** A repeatable order: a linear congruential generator is random enough to choose places. */
let state = Number(seed) >>> 0;
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

const home = inRoot(join('.cache', 'mutants', layer));
rmSync(home, { recursive: true, force: true });
mkdirSync(home, { recursive: true });
cpSync(inRoot('dist'), join(home, 'dist'), { recursive: true });
for (const name of ['node_modules', 'test', 'package.json', 'src', 'docs'])
  symlinkSync(inRoot(name), join(home, name));

const folders = FOLDERS[layer].map((name) => `dist/test/${name}`);
const tests = filesUnder(home, folders).filter((path) => path.endsWith('.test.js'));
/** Each stage is one process with all its files in it: a fault that loops for ever ends with it. */
const stages = [tests.filter((path) => !SLOW.test(path)), tests.filter((path) => SLOW.test(path))].map(
  (files, stage) => {
    const path = join(home, `stage-${stage}.mjs`);
    writeFileSync(path, files.map((file) => `await import('./${file}');\n`).join(''));
    return path;
  },
);

function survives() {
  return stages.every((path) => {
    const env = { ...process.env, CI: 'true' };
    const options = { cwd: home, env, timeout: LIMIT_MS, killSignal: /** @type {const} */ ('SIGKILL') };
    const { status } = spawnSync('node', ['--test-reporter=dot', path], { ...options, stdio: 'ignore' });
    return status === 0;
  });
}

const places = filesUnder(home, [`dist/src/${layer}`])
  .filter((path) => path.endsWith('.js'))
  .flatMap((path) => {
    const lines = readFileSync(join(home, path), 'utf8').split('\n');
    return lines.flatMap((line, at) => {
      if (NO_CODE.test(line)) return [];
      return OPERATORS.filter(([from]) => from.test(line)).map(([from, to]) => ({ path, at, from, to }));
    });
  })
  .map((place) => ({ place, order: random() }))
  .sort((a, b) => a.order - b.order)
  .map(({ place }) => place)
  .slice(0, Number(count));

if (!survives()) {
  console.error('mutants: the tests fail without any fault planted; nothing can be told');
  process.exit(1);
}
let lived = 0;
for (const { path, at, from, to } of places) {
  const file = join(home, path);
  const sound = readFileSync(file, 'utf8');
  const lines = sound.split('\n');
  const line = lines[at] ?? '';
  lines[at] = line.replace(from, to);
  writeFileSync(file, lines.join('\n'));
  if (survives()) {
    lived++;
    console.log(`${path}:${at + 1} lived\n  was ${line.trim()}\n  now ${lines[at]?.trim()}`);
  }
  writeFileSync(file, sound);
}
console.log(`${layer}: ${places.length} faults planted, ${places.length - lived} found, ${lived} lived`);
