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

/**
 * Opens the transport that was asked for. `auto` takes the batched one on Linux where koffi can be loaded, and says why
 * where it can't; the one with io_uring is for who asks for it. Asked for by name and not to be had, it throws the reason
 * instead.
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
  const why = choice === 'auto' ? 'the cheaper one here' : 'asked for';
  if (choice !== 'uring') return { transport: openBatched('batched', options, arena), why };
  try {
    return { transport: openBatched('uring', options, arena), why };
  } catch (error) {
    if (!(error instanceof TransportMissing)) throw error;
    throw new Error(`transport uring can't be had: ${error.message}`);
  }
}

function whyNotBatched(): string | undefined {
  const missing = whyMissing();
  if (missing !== undefined || process.arch === 'x64' || process.arch === 'arm64') return missing;
  return `its memory layouts are for x64 and arm64, this is ${process.arch}`;
}
