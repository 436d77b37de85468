import { addressOf, MADV_DONTNEED, MADV_HUGEPAGE, madvise, whyMissing } from '../linux.ts';
import type { RingPlace } from './memory.ts';
import { ringFootprint } from './memory.ts';
import type { GiveBack } from './writer.ts';

/** What Linux calls a huge page on most processors; where it is another size, advice is for whole multiples of that one or in vain. */
const PAGE_BYTES = 2 ** 21;

/**
 * What the kernel is told of a ring's memory, where there is koffi; without it all else is the same.
 *
 * At the start: that huge pages suit it (man 2 madvise). In a storm the ring is filled for the first time, and each of the small pages
 * that three records take costs an interrupt then, 11 µs under some hypervisors, where a huge one costs 170 for 512 of them. Answers with how
 * to give back what a storm has left behind.
 */
export function adviseRing({ buffer, offset, capacityBytes }: RingPlace): GiveBack {
  if (whyMissing() !== undefined) return () => {};
  const base = addressOf(new Uint8Array(buffer));
  const end = base + offset + ringFootprint(capacityBytes);
  advise(base + offset, end, MADV_HUGEPAGE);
  return (from, to) => advise(base + from, Math.min(roundedUp(base + to), end), MADV_DONTNEED);
}

/** For the whole pages between the addresses. A kernel that does not take the advice goes on as before. */
function advise(from: number, end: number, advice: number): void {
  const first = roundedUp(from);
  const length = end - (end % PAGE_BYTES) - first;
  if (length > 0) madvise(first, length, advice);
}

function roundedUp(address: number): number {
  return Math.ceil(address / PAGE_BYTES) * PAGE_BYTES;
}
