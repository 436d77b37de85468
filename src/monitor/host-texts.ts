import { Endpoint, hostText } from '../sip/address.ts';

/** A power of two. */
const PLACES = 16_384;

/**
 * Addresses as text, each where its words lead: the same phones come again and again, and a text made anew costs more
 * than to look it up, and is hashed anew by whoever finds something by it. Two that share a place push each other out.
 */
export class HostTexts {
  private readonly hosts = new Array<Endpoint | undefined>(PLACES).fill(undefined);
  private readonly texts = new Array<string>(PLACES).fill('');

  textOf(host: Endpoint): string {
    const place = placeOf(host);
    const known = this.hosts[place];
    if (known?.sameHost(host)) return this.texts[place]!;
    const text = hostText(host);
    this.hosts[place] = (known ?? new Endpoint()).copyFrom(host);
    this.texts[place] = text;
    return text;
  }
}

function placeOf({ a, b, c, d }: Endpoint): number {
  const mixed = Math.imul(a ^ Math.imul(b ^ c, 0x85ebca6b) ^ d, 0x9e3779b1);
  return (mixed >>> 16) & (PLACES - 1);
}
