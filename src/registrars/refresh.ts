import type { Endpoint } from '../sip/address.ts';

/** How often names are looked up again. */
export const REFRESH_EVERY_MS = 30_000;

export interface Refresh {
  stop(): void;
}

/**
 * Looks the registrars up again and again, beside the forwarding, and tells when their addresses are other
 * ones: a new configuration (RFC 3263 §4.4). A lookup that fails changes nothing but tells why.
 */
export function refreshAddresses(
  first: readonly Endpoint[],
  resolve: () => Promise<readonly Endpoint[]>,
  changed: (addresses: readonly Endpoint[]) => void,
  failed: (error: unknown) => void,
  everyMs: number = REFRESH_EVERY_MS,
): Refresh {
  let current = first;
  let isBusy = false;
  let isStopped = false;
  const look = async () => {
    if (isBusy) return;
    isBusy = true;
    try {
      const found = await resolve();
      if (isStopped || sameAddresses(current, found)) return;
      current = found;
      changed(found);
    } catch (error) {
      if (!isStopped) failed(error);
    } finally {
      isBusy = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return {
    stop: () => {
      isStopped = true;
      clearInterval(timer);
    },
  };
}

export function sameAddresses(a: readonly Endpoint[], b: readonly Endpoint[]): boolean {
  return a.length === b.length && a.every((endpoint, i) => endpoint.sameAs(b[i]!));
}
