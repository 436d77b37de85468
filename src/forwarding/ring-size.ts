import { totalmem } from 'node:os';

/** What a storm may take, for some seconds, for records that wait: this share of the machine's memory, or the container's. */
const SHARE = 1 / 8;
const LEAST_BYTES = 2 ** 26;
const MOST_BYTES = 2 ** 29;

/**
 * The tap's ring on a machine, or in a container, with so much memory: a power of two. 512 MiB hold half a million REGISTERs and answers or
 * more, a storm of 100,000 phones on one CPU, where the monitor comes behind. Only what is filled takes memory, and a monitor that keeps up
 * needs a few hundred KiB of it.
 */
export function ringBytesFor(memoryBytes: number): number {
  const share = 2 ** Math.floor(Math.log2(memoryBytes * SHARE));
  return Math.min(MOST_BYTES, Math.max(LEAST_BYTES, share));
}

/** Without a limit on the container the kernel says a number beyond all memory, or Node 0. */
export function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(totalmem(), limit) : totalmem();
}
