import {
  addressOf,
  SCHED_ATTR_BYTES,
  SCHED_OTHER,
  SCHED_POLICY_AT,
  SCHED_RUNTIME_AT,
  schedGetattr,
  schedSetattr,
} from './linux.ts';

/** The shortest that Linux grants. */
export const SLICE_NS = 100_000;

/**
 * Asks for the CPU in short slices, for the calling thread. It gets no more of it for that, but gets it sooner: who
 * wakes up with a short slice need not wait until the others have used up their long ones, some 3 ms each (EEVDF, Linux
 * 6.12 or later; older ones take no notice). A scheduling class that the operator chose stays as it is, and so does a
 * nice value. False where the kernel refuses.
 */
export function takeShortSlices(): boolean {
  const attributes = new DataView(new ArrayBuffer(ATTRIBUTE_BYTES));
  const address = addressOf(new Uint8Array(attributes.buffer));
  if (schedGetattr(address) !== 0) return false;
  if (attributes.getUint32(SCHED_POLICY_AT, true) !== SCHED_OTHER) return false;
  attributes.setBigUint64(SCHED_RUNTIME_AT, BigInt(SLICE_NS), true);
  return schedSetattr(address) === 0;
}

/** Small arrays may be moved by the garbage collector (see addressOf). */
const ATTRIBUTE_BYTES = Math.max(SCHED_ATTR_BYTES, 4096);
