import { whyMissing } from '../../src/net/linux.ts';
import type { TransportKind } from '../../src/net/transport/transport.ts';
import { TransportMissing } from '../../src/net/transport/transport.ts';
import { Uring } from '../../src/net/transport/uring.ts';

export const TRANSPORTS = ['portable', 'batched', 'uring'] as const satisfies readonly TransportKind[];

/** For a test over this transport: skipped, with the reason, where the kernel does not have it. With CI=true it fails there. */
export function over(transport: TransportKind): { readonly skip: string | false } {
  return {
    skip: transport === 'uring' && process.env.CI !== 'true' ? (whyMissing() ?? missingUring()) : false,
  };
}

function missingUring(): string | false {
  try {
    new Uring().close();
    return false;
  } catch (error) {
    if (error instanceof TransportMissing) return error.message;
    throw error;
  }
}
