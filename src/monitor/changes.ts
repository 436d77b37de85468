import type { Binding } from './binding.ts';
import { EXPIRES_TOLERANCE_SEC } from './binding.ts';
import type { Exchange, RequestedContact } from './exchange.ts';
import type { Change } from './lists.ts';

/**
 * What an accepted REGISTER did to a binding that was there before. Exactly one change is told for a binding
 * and a 2xx, the first that fits; `refreshed` where nothing but time has passed.
 */
export function changeOf(
  binding: Binding,
  exchange: Exchange,
  contact: RequestedContact,
  grantedSec: number,
): Change {
  // Known from a list only, there is nothing to compare with.
  if (binding.port === 0) return 'refreshed';
  if (isOtherDevice(binding, exchange, contact)) return 'replaced';
  if (!binding.isAtHost(exchange.phone)) return 'moved';
  const isNewDialogue = binding.callIdA !== exchange.callIdA || binding.callIdB !== exchange.callIdB;
  const isNewUri = binding.uri !== contact.uri;
  // A phone that comes up again takes a new port by itself; a NAT changes it under a phone that goes on.
  if (binding.port !== exchange.phone.port) return isNewDialogue && isNewUri ? 'restarted' : 'nat_rebind';
  if (isNewDialogue) return 'restarted';
  if (isNewUri || binding.paramsHash !== contact.paramsHash) return 'changed';
  const difference = Math.abs(binding.grantedExpiresSec - grantedSec);
  return difference > EXPIRES_TOLERANCE_SEC ? 'changed' : 'refreshed';
}

/** Another instance, or another user agent, has taken the contact over. */
function isOtherDevice(binding: Binding, exchange: Exchange, contact: RequestedContact): boolean {
  const bothNamed = binding.instance !== '' && contact.instance !== '';
  return (bothNamed && binding.instance !== contact.instance) || binding.userAgent !== exchange.userAgent;
}
