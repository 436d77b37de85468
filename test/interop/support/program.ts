import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How much of a program's output is kept: the end of it, for error messages. */
const KEPT_OUTPUT_CHARS = 64 * 1024;
const SHOWN_LINES = 15;
const STOP_LIMIT_MS = 5_000;

export interface ProgramSpec {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly cwd?: string;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** How late its own timers may wake it: together with those of others, which costs less. Default: the kernel's, 0.05. */
  readonly timerSlackMs?: number;
}

/** A running program, with all it has forked: they share a process group, which is what is signalled. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  /** Resolves when it has ended, to its exit code, or 128 + signal as a shell tells it. Never rejects. */
  readonly ended: Promise<number>;
  /** Whether it is still there. */
  running(): boolean;
  /** stdout and stderr, as far as kept. */
  output(): string;
  /** For error messages: what it is, how it ended, its last lines. */
  lastWords(): string;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL to what is still there after some seconds. Resolves when it is gone. */
  stop(): Promise<void>;
  /** SIGKILL, at once. Resolves when it is gone. */
  kill(): Promise<void>;
}

const alive = new Set<number>();

/** The net under every other clean-up: whatever way this process ends, what it started ends too. */
function killAll(): void {
  for (const pid of alive) signalGroup(pid, 'SIGKILL');
}
process.once('exit', killAll);
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  process.once(signal, () => process.exit(code));
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone, which is what a signal could have brought about.
  }
}

function endOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  });
}

/** Kept by whatever it executes from here on; one that may not be told so costs more. */
function setTimerSlack(pid: number, ms: number): void {
  try {
    writeFileSync(`/proc/${pid}/timerslack_ns`, `${ms * 1e6}`);
  } catch {
    // Not root, not Linux, or over already.
  }
}

export function startProgram({ name, command, cwd, env, timerSlackMs }: ProgramSpec): Program {
  const [file, ...args] = command;
  const child = spawn(file, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  if (pid > 0 && timerSlackMs !== undefined) setTimerSlack(pid, timerSlackMs);
  let output = '';
  let endCode: number | undefined;
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString('latin1')).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  child.once('error', (error) => {
    output += `${error.message}\n`;
  });
  if (pid > 0) alive.add(pid);
  const ended = endOf(child).then((code) => {
    endCode = code;
    // Its children may outlive it.
    if (pid > 0) signalGroup(pid, 'SIGKILL');
    alive.delete(pid);
    return code;
  });

  const signal = (which: NodeJS.Signals): void => {
    if (pid > 0 && endCode === undefined) signalGroup(pid, which);
  };
  return {
    name,
    pid,
    ended,
    running: () => endCode === undefined,
    output: () => output,
    lastWords: () => {
      const state = endCode === undefined ? 'is running' : `ended with ${endCode}`;
      const lines = output.trimEnd().split('\n').slice(-SHOWN_LINES);
      return `${name} ${state}; its last lines:\n  ${lines.join('\n  ')}`;
    },
    signal,
    stop: async () => {
      signal('SIGTERM');
      const limit = new AbortController();
      await Promise.race([ended, sleep(STOP_LIMIT_MS, undefined, { signal: limit.signal }).catch(() => {})]);
      limit.abort();
      signal('SIGKILL');
      await ended;
    },
    kill: async () => {
      signal('SIGKILL');
      await ended;
    },
  };
}
