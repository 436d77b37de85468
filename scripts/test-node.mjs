#!/usr/bin/env node
// All tests on another Node, fetched from the npm registry into .cache/.
//   npm run test:node -- 24              everything, on the newest Node 24
//   npm run test:node -- 22.23.1 --unit  what follows is for scripts/test.mjs
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture, passThrough, say } from './lib/command.mjs';
import { CACHE, inRoot, ROOT } from './lib/paths.mjs';

const FETCH_LIMIT_MS = 10 * 60_000;

/** The folder of its program; throws where the registry has none for this machine. */
function fetchNode(/** @type {string} */ version) {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(CACHE, `node-${version}`);
  const folder = join(prefix, 'node_modules', name, 'bin');
  if (existsSync(folder)) return folder;
  say(`fetching Node ${version}`);
  const flags = ['--prefix', prefix, '--no-save', '--no-package-lock', '--no-audit', '--no-fund'];
  const done = capture(['npm', 'install', ...flags, `${name}@${version}`], { timeoutMs: FETCH_LIMIT_MS });
  if (!done.ok || !existsSync(folder))
    throw new Error(`no Node ${version} to be had:\n${done.output.trim()}`);
  return folder;
}

async function main() {
  const [version = '', ...rest] = process.argv.slice(2);
  if (!/^\d+(\.\d+){0,2}$/.test(version)) {
    say('test:node takes a version of Node, such as: npm run test:node -- 24');
    return 2;
  }
  const folder = fetchNode(version);
  // The tests start `node` and `npm`, too.
  const env = { ...process.env, PATH: [folder, process.env.PATH ?? ''].join(delimiter) };
  say(`Node ${capture([join(folder, 'node'), '--version']).output.trim()}`);
  return passThrough([join(folder, 'node'), inRoot('scripts', 'test.mjs'), ...rest], { cwd: ROOT, env });
}

process.exitCode = await main();
