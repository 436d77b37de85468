import { release } from 'node:os';
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
 * kernel has it, else the batched one, and elsewhere the portable one, and says why; asked for by name and not to be had,
 * it throws the reason instead.
 */
export async function openTransport(
  choice: TransportKind | 'auto',
  options: TransportOptions,
  arena: Arena,
): Promise<ChosenTransport> {
  if (choice === 'portable') return { transport: await openPortable(options), why: 'asked for' };
  const batched = await loadBatched();
  if ('missing' in batched) {
    if (choice !== 'auto') throw new Error(`transport ${choice} can't be had: ${batched.missing}`);
    return { transport: await openPortable(options), why: batched.missing };
  }
  const openBatched = (why: string) => ({ transport: batched.openBatched('batched', options, arena), why });
  if (choice === 'batched') return openBatched('asked for');
  if (choice === 'auto' && !isKernelFrom(URING_FROM, release())) {
    return openBatched(`io_uring is taken from Linux ${URING_FROM.join('.')} on, this is ${release()}`);
  }
  try {
    const why = choice === 'auto' ? 'the cheapest one here' : 'asked for';
    return { transport: batched.openBatched('uring', options, arena), why };
  } catch (error) {
    if (!(error instanceof TransportMissing)) throw error;
    if (choice === 'uring') throw new Error(`transport uring can't be had: ${error.message}`);
    return openBatched(error.message);
  }
}

/** `release` as uname tells it: `6.12.9-amd64`. */
export function isKernelFrom([major, minor]: readonly [number, number], release: string): boolean {
  const [ofKernel = 0, minorOfKernel = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  return ofKernel > major || (ofKernel === major && minorOfKernel >= minor);
}

type Batched = typeof import('./batched.ts');

async function loadBatched(): Promise<Batched | { readonly missing: string }> {
  if (process.platform !== 'linux') return { missing: `it needs Linux, this is ${process.platform}` };
  if (process.arch !== 'x64' && process.arch !== 'arm64') {
    return { missing: `its memory layouts are for x64 and arm64, this is ${process.arch}` };
  }
  try {
    return await import('./batched.ts');
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { missing: `the optional package koffi can't be loaded (${why})` };
  }
}
