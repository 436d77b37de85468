import { availableParallelism } from 'node:os';

/**
 * V8 collects garbage with the help of threads beside the one whose memory it is. On a single CPU each of them takes a
 * share from the thread that forwards, and a monitor with very many AORs then costs packets (docs/PERFORMANCE.md,
 * "Memory"). Without helpers the thread whose memory it is gets late, and nobody else.
 */
const FLAG = '--single-threaded-gc';

/** What this process was started with, as `process` and `os` tell it. */
export interface Started {
  readonly platform: NodeJS.Platform;
  readonly cpus: number;
  readonly argv0: string;
  readonly execArgv: readonly string[];
  readonly argv: readonly string[];
  /** A parent that talks to us by Node's own channel would lose it. */
  readonly hasChannel: boolean;
}

/**
 * The words, argv[0] first, that start Node anew with the collector in one thread; undefined where that is not to be. Flags
 * of Node that somebody chose come behind ours, so that `--no-single-threaded-gc` has the last word.
 */
export function wordsToStartAnew(started: Started): readonly string[] | undefined {
  const { platform, cpus, argv0, execArgv, argv, hasChannel } = started;
  if (platform !== 'linux' || cpus > 1 || hasChannel || execArgv.includes(FLAG)) return undefined;
  return [argv0, FLAG, ...execArgv, ...argv.slice(1)];
}

/**
 * On a single CPU, puts Node with FLAG in the place of this process, under the same process id, as the first thing that a
 * long run does; V8 takes the flag on the command line only. Comes back where it is not needed, or not to be had without
 * the optional package koffi: everything works without it, too.
 */
export async function startAnewOnOneCpu(): Promise<void> {
  const { platform, argv0, execArgv, argv, channel } = process;
  const cpus = availableParallelism();
  const words = wordsToStartAnew({
    platform,
    cpus,
    argv0,
    execArgv,
    argv,
    hasChannel: channel !== undefined,
  });
  if (words === undefined) return;
  try {
    const { exec } = await import('./exec.ts');
    exec(process.execPath, words);
  } catch {
    // Without koffi.
  }
}
