import { Wire } from './wire.ts';

/** Contacts of two phones of one AOR, and where the second one is. */
export const A = '<sip:24001@10.0.13.244>';
export const B = '<sip:24001@10.0.13.77:5062>';
export const PHONE_B = '10.0.13.77:5062';

/** A wire past its warm-up with one binding of A, 360 s, and nothing counted but that. */
export function bound(options: ConstructorParameters<typeof Wire>[0] = {}): Wire {
  const wire = new Wire(options).warm();
  wire.bind({ contacts: [`${A};expires=360`], cseq: 10 });
  return wire;
}
