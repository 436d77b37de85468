// Not a static import: those of a bundle are all looked up when it starts, and koffi may be missing.
const { default: koffi } = await import('koffi');
const libc = koffi.load(null);

const execv = libc.func('int execv(const char *, const char **)') as (
  path: string,
  words: readonly (string | null)[],
) => number;
const fcntl = libc.func('int fcntl(int, int, int)') as (
  fd: number,
  command: number,
  argument: number,
) => number;

const STANDARD_STREAMS = [0, 1, 2];
/** fcntl.h, alike on all Linux. */
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/**
 * Puts another program in the place of this process (man 3 execv), with the same process id, environment and standard
 * streams; comes back only where the kernel refuses. `words` start with argv[0].
 */
export function exec(path: string, words: readonly string[]): void {
  // Node has marked them to be closed, so that no child inherits them unasked.
  for (const fd of STANDARD_STREAMS) fcntl(fd, F_SETFD, 0);
  execv(path, [...words, null]);
  for (const fd of STANDARD_STREAMS) fcntl(fd, F_SETFD, FD_CLOEXEC);
}
