import { spawnSync } from 'node:child_process';
import { readyPart } from './parts.ts';

const LIMIT_MS = 30_000;

export interface PromtoolVerdict {
  readonly ok: boolean;
  readonly output: string;
}

/** For example promtool(['check', 'rules', path]), or promtool(['check', 'metrics'], exposition). */
export function promtool(args: readonly string[], input = ''): PromtoolVerdict {
  const { env } = readyPart('prometheus');
  const done = spawnSync('promtool', args, {
    env: { ...process.env, ...env },
    input,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  return { ok: done.status === 0, output: `${done.stdout}${done.stderr}${done.error ?? ''}` };
}
