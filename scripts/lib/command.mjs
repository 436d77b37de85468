import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Runs a short command to its end and keeps what it says.
 *
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {{ ok: boolean, code: number | null, output: string }} output: stdout and stderr, or why it did not run
 */
export function capture([program, ...args], { cwd, env, timeoutMs = 60_000 } = {}) {
  const done = spawnSync(program, args, {
    cwd,
    env: env ?? process.env,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  const trouble = done.error ? `\n${done.error.message}` : '';
  return {
    ok: done.status === 0,
    code: done.status,
    output: `${done.stdout ?? ''}${done.stderr ?? ''}${trouble}`,
  };
}

let interrupted = false;

/** Whether a signal came while a command ran: then no other should be begun. */
export const wasInterrupted = () => interrupted;

/**
 * Runs a command with our own terminal, hands signals on to it, and resolves to the exit code that a shell
 * would give (128 + the signal's number where a signal ended it).
 *
 * @param {string[]} command
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export function passThrough([program, ...args], { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: env ?? process.env, stdio: 'inherit' });
    /** @type {NodeJS.Signals[]} */
    const handed = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'];
    const handOn = (/** @type {NodeJS.Signals} */ signal) => {
      interrupted = true;
      // A terminal sends its interrupt to the whole group, so the child has it already.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    };
    for (const signal of handed) process.on(signal, handOn);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of handed) process.off(name, handOn);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}

/** Tells the person at the terminal what takes time. On stderr: stdout belongs to the command. */
export const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);
