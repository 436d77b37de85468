import type { AorEntry } from './aor-entry.ts';
import type { Binding } from './binding.ts';
import type { Likeness, ListedContact } from './contact-match.ts';
import { hasSameUser, likeness, likenessOfTexts } from './contact-match.ts';
import type { Exchange, RequestedContact } from './exchange.ts';
import { MAX_CONTACTS } from './exchange.ts';
import type { ResponseReader } from './observe.ts';

const LIKENESSES: readonly Likeness[] = ['exact', 'instance', 'address', 'folded'];
/**
 * What a contact that is taken back is: the URI that was written, or what Asterisk made of it. What its device has at
 * another URI, or another device at this one, is a binding of its own: a list that is whole says whether it is there.
 */
const ITSELF: readonly Likeness[] = ['exact', 'folded'];
/** How a contact is known that its device has beside the one that it registers: the device does not tell them apart. */
const BESIDE_OWN: readonly Likeness[] = ['exact', 'address', 'folded'];

/** Which contacts of a REGISTER, which ones of its 2xx, and which bindings are the same: each is matched once. */
export class Matching {
  /** Bindings matched with the contacts of the request, by the contacts' numbers. */
  readonly own: (Binding | undefined)[] = new Array<Binding | undefined>(MAX_CONTACTS).fill(undefined);
  /** Number of the 2xx that is being worked on. */
  private stamp = 0;

  /** Another 2xx. */
  begin(): void {
    this.stamp++;
  }

  /** This binding is accounted for. */
  mark(binding: Binding): void {
    binding.stamp = this.stamp;
  }

  has(binding: Binding): boolean {
    return binding.stamp === this.stamp;
  }

  /**
   * Pairs contacts and bindings, the surest first: a device's second contact must not take its first one's binding.
   * `listIs`: whether the 2xx says of bindings that it does not list that they are gone.
   */
  matchOwn(exchange: Exchange, entry: AorEntry, listIs: 'proof' | 'none'): void {
    const takenBack = listIs === 'proof' ? ITSELF : LIKENESSES;
    for (let i = 0; i < exchange.contactCount; i++) this.own[i] = undefined;
    for (const wanted of LIKENESSES) {
      for (let i = 0; i < exchange.contactCount; i++) {
        const contact = exchange.contacts[i]!;
        if (contact.requestedExpiresSec === 0 && !takenBack.includes(wanted)) continue;
        this.own[i] ??= this.unmatched(entry, contact, wanted);
      }
    }
  }

  /** Of several bindings of one device, the one that its phone registered last is what it goes on from. */
  private unmatched(entry: AorEntry, contact: RequestedContact, wanted: Likeness): Binding | undefined {
    let best: Binding | undefined;
    for (let binding = entry.first; binding !== undefined; binding = binding.nextOfAor) {
      if (this.has(binding) || likenessOfTexts(binding, contact) !== wanted) continue;
      if (best === undefined || isLater(binding, best)) best = binding;
    }
    if (best !== undefined) this.mark(best);
    return best;
  }

  /** What the 2xx lists of a contact of the request. */
  claimOwn(
    contact: RequestedContact,
    exchange: Exchange,
    response: ResponseReader,
  ): ListedContact | undefined {
    for (const wanted of contact.requestedExpiresSec === 0 ? ITSELF : LIKENESSES) {
      for (let i = 0; i < response.contactCount; i++) {
        const listed = response.contacts[i]!;
        if (listed.claimed || likeness(contact, listed) !== wanted) continue;
        listed.claimed = true;
        return listed;
      }
    }
    // A 2xx must list the contact it grants (§10.3 step 8): alone in the list, it is ours, however rewritten.
    const sole = response.contacts[0];
    const isAlone = exchange.contactCount === 1 && response.contactCount === 1 && sole !== undefined;
    if (!isAlone || contact.requestedExpiresSec === 0 || !hasSameUser(contact, sole)) return undefined;
    sole.claimed = true;
    return sole;
  }

  /** The binding that a contact is which the request did not carry. */
  matchListed(
    entry: AorEntry,
    exchange: Exchange,
    response: ResponseReader,
    listed: ListedContact,
  ): Binding | undefined {
    const alike = isBesideOwn(exchange, response, listed) ? BESIDE_OWN : LIKENESSES;
    for (const wanted of alike) {
      for (let binding = entry.first; binding !== undefined; binding = binding.nextOfAor) {
        if (this.has(binding) || likeness(binding, listed) !== wanted) continue;
        this.mark(binding);
        return binding;
      }
    }
    return undefined;
  }
}

/**
 * The list has the contact that this device registers, as it was written, and this one beside it: one that the registrar
 * keeps apart, and no other spelling of what we know.
 */
function isBesideOwn(exchange: Exchange, response: ResponseReader, listed: ListedContact): boolean {
  for (let i = 0; i < exchange.contactCount; i++) {
    const own = exchange.contacts[i]!;
    if (own.requestedExpiresSec === 0 || likeness(own, listed) !== 'instance') continue;
    for (let j = 0; j < response.contactCount; j++) {
      const other = response.contacts[j]!;
      if (other !== listed && likeness(own, other) === 'exact') return true;
    }
  }
  return false;
}

/** Known from a list alone comes before anything that a phone was seen registering. */
function isLater(a: Binding, b: Binding): boolean {
  if ((a.port === 0) !== (b.port === 0)) return b.port === 0;
  return a.refreshedAtMs > b.refreshedAtMs;
}

/**
 * The request takes back a contact of the device whose binding this is, under another URI: some registrars know a device
 * by its instance, and take out what it has.
 */
export function takesBackFrom(exchange: Exchange, binding: Binding): boolean {
  for (let i = 0; i < exchange.contactCount; i++) {
    const contact = exchange.contacts[i]!;
    if (contact.requestedExpiresSec === 0 && likenessOfTexts(binding, contact) === 'instance') return true;
  }
  return false;
}
