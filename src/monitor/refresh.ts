import type { Binding } from './binding.ts';
import type { Exchange } from './exchange.ts';
import type { Fingerprint } from './fingerprint.ts';

/** What a REGISTER is to a binding that was there before it. */

/**
 * True where `Ledger.accept` would find nothing in this 2xx to `exchange` but a refresh of `binding`: nothing that it judges by is
 * another than it was when it last read both messages.
 */
export function isPlainRefresh(
  binding: Binding,
  exchange: Exchange,
  heard: Fingerprint,
  nowMs: number,
): boolean {
  const { phone } = exchange;
  const isSaid = binding.saidA === exchange.saidA && binding.saidB === exchange.saidB;
  const isHeard = binding.heardA === heard.a && binding.heardB === heard.b;
  const isAlone = binding.owner.first === binding && binding.nextOfAor === undefined;
  const isThere = binding.state === 'live' && binding.dueMs > nowMs;
  return isSaid && isHeard && isAlone && isThere && binding.isAt(phone) && exchange.cseq > binding.cseq;
}

/** The share of its last grant that had passed when this refresh began. */
export function refreshRatio(exchange: Exchange, binding: Binding): number {
  const sinceMs = exchange.handshakeStartMs - binding.refreshedAtMs;
  return Math.max(0, sinceMs / (binding.grantedExpiresSec * 1000));
}

/** The phone goes on where it was: its Call-ID, and a higher sequence number. */
export function goesOn(exchange: Exchange, binding: Binding): boolean {
  const isSameCall = exchange.callIdA === binding.callIdA && exchange.callIdB === binding.callIdB;
  return isSameCall && exchange.cseq > binding.cseq;
}

/** An answer that was overtaken by the answer to a later request of the same phone says nothing new (§10.3 step 7). */
export function isOlder(exchange: Exchange, binding: Binding): boolean {
  return (
    exchange.callIdA === binding.callIdA &&
    exchange.callIdB === binding.callIdB &&
    exchange.cseq < binding.cseq &&
    binding.confirmedAtMs > exchange.firstAtMs
  );
}
