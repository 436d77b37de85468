#!/usr/bin/env node
// node scripts/run.mjs COMMAND…  = rollcall COMMAND…, from a fresh clone: installs and compiles first where needed.
import { inRoot } from './lib/paths.mjs';
import { prepare } from './lib/prepare.mjs';

if (await prepare()) {
  // In this very process: terminal, signals and exit code are the command's own, with nothing in between.
  const main = inRoot('dist', 'bin', 'rollcall.js');
  process.argv[1] = main;
  await import(main);
} else {
  process.exitCode = 1;
}
