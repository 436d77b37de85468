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
  const batched = await loadBatched();
  if ('missing' in batched) {
    if (choice !== 'auto') throw new Error(`transport ${choice} can't be had: ${batched.missing}`);
    return { transport: await openPortable(options), why: batched.missing };
  }
  const why = choice === 'auto' ? 'the cheaper one here' : 'asked for';
  if (choice !== 'uring') return { transport: batched.openBatched('batched', options, arena), why };
  try {
    return { transport: batched.openBatched('uring', options, arena), why };
  } catch (error) {
    if (!(error instanceof TransportMissing)) throw error;
    throw new Error(`transport uring can't be had: ${error.message}`);
  }
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
