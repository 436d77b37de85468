import { DEFAULT_EXPIRES_SEC, NOT_STATED } from '../sip/contact.ts';
import type { ListedContact } from './contact-match.ts';
import type { RequestedContact } from './exchange.ts';
import type { ResponseReader } from './observe.ts';

/** RFC 3261 §10.2.4: what the 2xx says of this contact, else its Expires header, else what was asked for. */
export function grantOf(
  contact: RequestedContact,
  listed: ListedContact | undefined,
  response: ResponseReader,
): number {
  if (listed !== undefined && listed.expiresSec !== NOT_STATED) return listed.expiresSec;
  if (response.expiresSec !== NOT_STATED) return response.expiresSec;
  return contact.requestedExpiresSec === NOT_STATED ? DEFAULT_EXPIRES_SEC : contact.requestedExpiresSec;
}

/** The same of a contact that the request did not carry. */
export function remainingOf(listed: ListedContact, response: ResponseReader): number {
  if (listed.expiresSec !== NOT_STATED) return listed.expiresSec;
  return response.expiresSec === NOT_STATED ? DEFAULT_EXPIRES_SEC : response.expiresSec;
}
