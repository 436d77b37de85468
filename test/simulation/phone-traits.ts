import type { ContactStyle } from './messages.ts';
import type { Prng } from './prng.ts';
import type { Profile } from './profiles.ts';

export type LifeEvent =
  | 'crash'
  | 'restart'
  | 'unregister'
  | 'unregister_all'
  | 'query'
  | 'nat_rebind'
  | 'move'
  | 'change_expires'
  | 'change_contact'
  | 'spell_otherwise'
  | 'upgrade'
  | 'forget_password'
  | 'refresh_now';

/** What a phone is like; drawn once. */
export interface PhoneTraits {
  readonly name: string;
  readonly user: string;
  readonly domain: string;
  readonly aor: string;
  readonly userIsKnown: boolean;
  readonly isNatted: boolean;
  readonly publicIp: string;
  readonly privateIp: string;
  readonly port: number;
  /** Its NAT maps it to ports of this range: no two phones ever get one and the same. */
  readonly natPorts: readonly [number, number];
  /** Sends from another port than it listens on and says in its Via, without asking for rport. */
  readonly sendsFromElsewhere: boolean;
  readonly asksRport: boolean;
  /** With its `<urn:uuid:…>` brackets, as the parameter has it. */
  readonly instance: string | undefined;
  /** Whether the registrar takes the instance, and not the URI, for the binding. */
  readonly instanceCounts: boolean;
  readonly expiresSec: number | undefined;
  readonly expiresStyle: 'header' | 'param' | 'both';
  readonly contactStyle: ContactStyle;
  readonly contactCount: 1 | 2;
  readonly isCompact: boolean;
  readonly credentialsStyle: 'usual' | 'seed';
  readonly toUris: readonly string[];
  readonly userAgent: string;
  /** Sends the last nonce in its first REGISTER instead of waiting to be challenged. */
  readonly reusesNonce: boolean;
  /** IMS phones send credentials with an empty nonce and response at first. */
  readonly sendsEmptyCredentials: boolean;
  readonly callIds: 'one' | 'each_registration' | 'each_request';
  readonly passwordIsRight: boolean;
  /** How many challenges it answers before it gives up for a while. */
  readonly persistence: number;
  /** Share of challenges that it leaves unanswered. */
  readonly abandons: number;
  readonly refreshRatio: number;
  readonly startAtMs: number;
  readonly lifeGapMs: number;
  readonly lifeEvents: readonly LifeEvent[];
}

export interface Population {
  readonly profile: Profile;
  readonly contactMode: 'alias' | 'path' | 'direct';
  /** exact: only what the wire can tell apart; rough: everything. */
  readonly level: 'exact' | 'rough';
  readonly phonesPerAor: number;
  readonly expiresSec: readonly number[];
  /** Whether a phone's Call-IDs are its own affair, or all of them take a new one with each registration. */
  readonly callIds: 'drawn' | 'each_registration';
  readonly lastStartMs: number;
  readonly lifeGapMs: number;
}

const DOMAINS = ['lab.test', 'iptlab.com', 'pbx.example'] as const;
const USER_AGENTS = [
  'Elite 1.0',
  'baresip v1.0.0',
  'Linphone/5.1',
  'Yealink SIP-T46S',
  'PolycomVVX-411',
  'Cisco/8961',
];

const CALL_IDS = ['one', 'one', 'one', 'one', 'each_registration', 'each_request'] as const;

/** Address and port ranges are given out by the phone's number. */
export const MAX_PHONES = 80;

/** Phones by number: numbers of one AOR follow each other. */
export function drawPhone(number: number, population: Population, prng: Prng): PhoneTraits {
  const { profile, level } = population;
  const aorNumber = Math.floor(number / population.phonesPerAor);
  const user = `${1000 + aorNumber}`;
  const domain = DOMAINS[aorNumber % DOMAINS.length]!;
  const isNatted = prng.chance(0.4);
  const sendsFromElsewhere = !isNatted && prng.chance(0.1);
  const wantsInstance = prng.chance(0.4);
  // A registrar that ignores instances keeps the old contact of a moved phone beside the new one: a list that
  // shows both while the instance says "one" has no single right reading, so exact runs leave it out.
  const instance =
    wantsInstance && (profile.matchesInstance || level === 'rough')
      ? `<urn:uuid:00000000-0000-1000-8000-${number.toString(16).padStart(12, '0')}>`
      : undefined;
  const instanceCounts = profile.matchesInstance && instance !== undefined;
  const expiresStyle = prng.pick(['header', 'param', 'both'] as const);
  const contactStyle = prng.pick(['brackets', 'brackets', 'words', 'quoted', 'bare'] as const);
  return {
    name: `phone${number}`,
    user,
    domain,
    aor: `${user}@${domain}`,
    userIsKnown: prng.chance(0.95),
    isNatted,
    // A few phones share each NAT's address, and each has a private one of its own.
    publicIp: isNatted ? `203.0.113.${(number % 3) + 1}` : `10.0.0.${number + 1}`,
    privateIp: `192.168.1.${number + 1}`,
    natPorts: [20_000 + number * 500, 20_499 + number * 500],
    port: prng.pick([5060, 5062, 49_170]),
    sendsFromElsewhere,
    asksRport: !sendsFromElsewhere && prng.chance(0.6),
    instance,
    instanceCounts,
    expiresSec: prng.chance(0.9) ? prng.pick(population.expiresSec) : undefined,
    expiresStyle,
    contactStyle,
    contactCount:
      profile.contactsKept === 'many' &&
      profile.contactLimit > 2 &&
      instance === undefined &&
      prng.chance(0.1)
        ? 2
        : 1,
    isCompact: prng.chance(0.2),
    credentialsStyle: prng.chance(0.3) ? 'seed' : 'usual',
    toUris: toSpellings(user, domain, prng),
    userAgent: USER_AGENTS[aorNumber % USER_AGENTS.length]!,
    reusesNonce: prng.chance(0.4),
    sendsEmptyCredentials: prng.chance(0.1),
    callIds: population.callIds === 'drawn' ? prng.pick(CALL_IDS) : population.callIds,
    passwordIsRight: prng.chance(0.83),
    persistence: prng.pick([1, 2, 3]),
    abandons: prng.chance(0.1) ? 0.5 : 0.01,
    refreshRatio: prng.between(0.4, 0.85),
    startAtMs: prng.between(0, population.lastStartMs),
    lifeGapMs: population.lifeGapMs,
    lifeEvents: lifeEvents(population, isNatted, instanceCounts),
  };
}

/** One AOR, however it is spelled: host in any case, a port, parameters, escapes (the AOR key drops them). */
function toSpellings(user: string, domain: string, prng: Prng): string[] {
  const plain = `sip:${user}@${domain}`;
  if (prng.chance(0.6)) return [plain];
  const escaped = `%3${user[0]}${user.slice(1)}`;
  return [
    plain,
    `sip:${user}@${domain.toUpperCase()}`,
    `sip:${user}@${domain}:5060`,
    `sip:${escaped}@${domain}`,
    `sip:${user}@${domain};user=phone`,
  ];
}

function lifeEvents(population: Population, isNatted: boolean, instanceCounts: boolean): LifeEvent[] {
  const events: LifeEvent[] = [
    'crash',
    'restart',
    'restart',
    'unregister',
    'unregister',
    'unregister_all',
    'query',
    'change_contact',
    'forget_password',
    'refresh_now',
    'upgrade',
  ];
  events.push('move');
  // That it is the same phone all the same only its instance says.
  if (instanceCounts) events.push('move', 'move');
  if (isNatted) events.push('nat_rebind', 'nat_rebind');
  // A rebound phone's old token stays listed in alias mode; with grants that differ, which of the two entries
  // speaks for the phone cannot be said of any reader, so it is one or the other.
  else events.push('change_expires');
  if (population.profile.compares === 'uri' && !instanceCounts) events.push('spell_otherwise');
  return events;
}
