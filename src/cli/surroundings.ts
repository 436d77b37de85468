import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Surroundings } from './config.ts';

/** This process's own. */
export const PROCESS_SURROUNDINGS: Surroundings = {
  environment: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
};

/** Of the package that this file is part of, as a module or in what the build makes of all of them. */
export function ownVersion(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion ? String(manifest.version) : 'unknown';
}
