import { release } from 'node:os';
import { whyMissing } from '../linux.ts';
import { openBatched } from './batched.ts';
import { openPortable } from './portable.ts';
import type { Arena, Transport, TransportKind, TransportOptions } from './transport.ts';
import { TransportMissing } from './transport.ts';

export interface ChosenTransport {
  readonly transport: Transport;
  /** Why it is this one, where the choice was ours. */
  readonly why: string;
}

/** io_uring has what we need since Linux 6.1, and was young then: without being asked it is taken from this one on. */
const URING_FROM = [6, 12] as const;

/**
 * Opens the transport that was asked for. `auto` takes on Linux, where koffi can be loaded, the one with io_uring if the
 * kernel is new enough and lets us have it, else the batched one, and elsewhere the portable one, and says why; asked for by
 * name and not to be had, it throws the reason instead.
 */
export async function openTransport(
  choice: TransportKind | 'auto',
  options: TransportOptions,
  arena: Arena,
): Promise<ChosenTransport> {
  if (choice === 'portable') return { transport: await openPortable(options), why: 'asked for' };
  const missing = whyNotBatched();
  if (missing !== undefined) {
    if (choice !== 'auto') throw new Error(`transport ${choice} can't be had: ${missing}`);
    return { transport: await openPortable(options), why: missing };
  }
  const batched = (why: string) => ({ transport: openBatched('batched', options, arena), why });
  if (choice === 'batched') return batched('asked for');
  if (choice === 'auto' && !isKernelFrom(URING_FROM, release())) {
    return batched(`io_uring is taken from Linux ${URING_FROM.join('.')} on, this is ${release()}`);
  }
  try {
    const why = choice === 'auto' ? 'the cheapest one here' : 'asked for';
    return { transport: openBatched('uring', options, arena), why };
  } catch (error) {
    if (!(error instanceof TransportMissing)) throw error;
    if (choice === 'uring') throw new Error(`transport uring can't be had: ${error.message}`);
    return batched(error.message);
  }
}

/** `release` as uname tells it: `6.12.9-amd64`. */
export function isKernelFrom([major, minor]: readonly [number, number], release: string): boolean {
  const [ofKernel = 0, minorOfKernel = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return ofKernel > major || (ofKernel === major && minorOfKernel >= minor);
}

function whyNotBatched(): string | undefined {
  const missing = whyMissing();
  if (missing !== undefined || process.arch === 'x64' || process.arch === 'arm64') return missing;
  return `its memory layouts are for x64 and arm64, this is ${process.arch}`;
}
