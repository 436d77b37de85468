import { addressesOf } from '../support/addresses.ts';

/** Where everybody is: the two proxies share one address, so that what is theirs in a message is the same bytes. */
const { registrar, rollcall, phone } = addressesOf(70);

export interface Place {
  readonly ip: string;
  readonly port: number;
}

export const REGISTRAR: Place = { ip: registrar, port: 5060 };
export const PHONE: Place = { ip: phone(1), port: 6070 };
/** Told of what Kamailio would send elsewhere. */
export const WITNESS: Place = { ip: phone(90), port: 5060 };
/** Hears what the strict checker has to say. */
export const JUDGE: Place = { ip: phone(91), port: 5060 };
export const CHECKER: Place = { ip: phone(92), port: 5060 };
/** Where requests from the PBX may go without a token. */
export const PHONE_NET = '127.77.70.0/24';

/**
 * How the proxies stand in the way of dialogs: `direct` only where a Route of theirs says that they do already,
 * `recording` in every one.
 */
export const PROFILES = ['direct', 'recording'] as const;
export type Profile = (typeof PROFILES)[number];
export const PROXY: Readonly<Record<Profile, Place>> = {
  direct: { ip: rollcall, port: 5070 },
  recording: { ip: rollcall, port: 5071 },
};

export type From = 'phone' | 'registrar';
export const SOURCE: Readonly<Record<From, Place>> = { phone: PHONE, registrar: REGISTRAR };

export function placeText({ ip, port }: Place): string {
  return `${ip}:${port}`;
}
