import { readFileSync } from 'node:fs';
import type { Surroundings } from './config.ts';

/** This process's own. */
export const PROCESS_SURROUNDINGS: Surroundings = {
  environment: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
};

/** Of the package that this file is part of. */
export function ownVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return hasVersion ? String(manifest.version) : 'unknown';
}
