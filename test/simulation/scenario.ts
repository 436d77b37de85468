import type { ContactMode } from '../../src/proxy/routes.ts';
import type { AttackPlan } from './attacker.ts';
import { ATTACKS } from './attacker.ts';
import type { LinkName, LinkQuality } from './network.ts';
import type { PhoneTraits, Population } from './phone-traits.ts';
import { drawPhone } from './phone-traits.ts';
import { Prng } from './prng.ts';
import type { Profile, ProfileName } from './profiles.ts';
import { PROFILE_NAMES, profile } from './profiles.ts';
import type { Mode } from './registrar.ts';

/** exact: the monitor must equal the truth at every moment; rough: it must come back to it. */
export type Level = 'exact' | 'rough';

/** Something that befalls the world between two moments, or at one. */
export type Fault =
  | { readonly kind: 'mode'; readonly fromMs: number; readonly untilMs: number; readonly mode: Mode }
  | { readonly kind: 'cut'; readonly fromMs: number; readonly untilMs: number; readonly link: LinkName }
  | { readonly kind: 'proxy_restart'; readonly fromMs: number; readonly untilMs: number }
  | {
      readonly kind: 'registrar_restart';
      readonly fromMs: number;
      readonly untilMs: number;
      readonly bindings: 'kept' | 'lost';
    }
  | { readonly kind: 'power_cut'; readonly fromMs: number; readonly untilMs: number }
  | { readonly kind: 'tap_loss'; readonly fromMs: number; readonly untilMs: number; readonly share: number }
  | { readonly kind: 'wall_step'; readonly fromMs: number; readonly stepMs: number };

export interface Scenario {
  readonly seed: number;
  readonly level: Level;
  readonly profile: Profile;
  readonly contactMode: ContactMode;
  readonly registrarLists: 'auto' | 'all' | 'own';
  readonly rings: 1 | 2;
  readonly links: Readonly<Record<LinkName, LinkQuality>>;
  readonly expiresChoices: readonly number[];
  readonly phones: readonly PhoneTraits[];
  readonly attacks: readonly AttackPlan[];
  readonly faults: readonly Fault[];
}

/** Life and faults. */
export const LIVELY_MS = 900_000;
/** Behind it the network is perfect and nothing new happens: longer than any grant, its grace, and a timeout. */
export const QUIET_MS = 330_000;
/** Then every phone is gone, and so must be every binding. */
export const EMPTY_MS = 330_000;

/** Choices that a caller may pin down; the rest is the seed's. */
export interface Pinned {
  readonly profile?: ProfileName;
  readonly level?: Level;
  /** Without steps of the wall clock, and otherwise the very same run. */
  readonly wallClock?: 'steps' | 'steady';
}

export function drawScenario(seed: number, pinned: Pinned = {}): Scenario {
  const prng = new Prng(seed);
  const drawnLevel: Level = prng.chance(0.75) ? 'exact' : 'rough';
  const level = pinned.level ?? drawnLevel;
  const drawnProfile = prng.pick(PROFILE_NAMES);
  const registrar = profile(pinned.profile ?? drawnProfile, prng.fork('profile'));
  const contactMode = prng.pick(['alias', 'alias', 'alias', 'path', 'direct'] as const);
  const expiresChoices = prng.pick([[30, 60, 90], [60, 120, 240], [45], [3600]] as const);
  const population: Population = {
    profile: registrar,
    contactMode,
    level,
    phonesPerAor: registrar.expiresParam ? prng.pick([1, 1, 2, 3]) : 1,
    expiresSec: expiresChoices,
    // Then only the second criterion finds out that a registrar lists its own: a second contact never listed.
    callIds: level === 'rough' && prng.fork('call ids').chance(0.4) ? 'each_registration' : 'drawn',
    lastStartMs: prng.pick([1000, 60_000, 500_000]),
    lifeGapMs: prng.pick([60_000, 150_000, 400_000]),
  };
  const phones = prng.fork('phones');
  const faults = drawFaults(level, prng.fork('faults'));
  return {
    seed,
    level,
    profile: registrar,
    contactMode,
    registrarLists: drawLists(registrar, level, population.phonesPerAor, prng),
    rings: prng.chance(0.3) ? 2 : 1,
    links: { access: drawLink(prng), core: prng.chance(0.4) ? GOOD_LINK : drawLink(prng) },
    expiresChoices,
    phones: Array.from({ length: prng.int(3, 12) }, (_, i) => drawPhone(i, population, phones)),
    attacks: drawAttacks(prng.fork('attacks'), phones.int(0, 3)),
    faults: pinned.wallClock === 'steady' ? faults.filter((fault) => fault.kind !== 'wall_step') : faults,
  };
}

const GOOD_LINK: LinkQuality = { loss: 0, duplication: 0, reordering: 0, delayMs: [0.2, 3], extraDelayMs: 0 };

function drawLink(prng: Prng): LinkQuality {
  return {
    loss: prng.pick([0, 0.01, 0.05, 0.2]),
    duplication: prng.pick([0, 0.01, 0.1]),
    reordering: prng.pick([0, 0.05, 0.3]),
    delayMs: prng.pick([
      [0.2, 3],
      [5, 60],
      [50, 300],
    ] as const),
    extraDelayMs: prng.pick([20, 400]),
  };
}

/**
 * What an operator who knows the registrar sets, in exact runs; in rough ones it may be found out. chan_sip keeps one
 * contact and shows it, so its lists are whole; FreeSWITCH shows one of several. On the wire the two are alike where
 * the phones of one AOR take turns, so even a rough run tells the monitor which of them it has before it.
 */
function drawLists(
  registrar: Profile,
  level: Level,
  phonesPerAor: number,
  prng: Prng,
): 'auto' | 'all' | 'own' {
  const drawn = prng.pick(['auto', registrar.lists] as const);
  const canTakeTurns = registrar.contactsKept === 'one' && phonesPerAor > 1;
  if (registrar.lists === 'all' && registrar.contactsKept === 'many') return drawn;
  return level === 'rough' && !canTakeTurns ? drawn : registrar.lists;
}

function drawAttacks(prng: Prng, count: number): AttackPlan[] {
  return Array.from({ length: count }, (_, number) => ({
    attack: prng.pick(ATTACKS),
    number,
    user: `${1000 + prng.int(0, 5)}`,
    domain: prng.pick(['lab.test', 'iptlab.com', 'pbx.example']),
    startAtMs: prng.between(10_000, LIVELY_MS / 2),
    tries: prng.int(5, 40),
    gapMs: prng.pick([50, 500, 4000]),
  }));
}

const MODES: readonly Mode[] = [
  'silent',
  'silent',
  'trying_only',
  'slow',
  'brief',
  302,
  403,
  404,
  420,
  480,
  500,
  503,
  603,
];

function drawFaults(level: Level, prng: Prng): Fault[] {
  const faults: Fault[] = [];
  const span = (longestMs: number): { fromMs: number; untilMs: number } => {
    const fromMs = prng.between(5000, LIVELY_MS * 0.95);
    return { fromMs, untilMs: Math.min(fromMs + prng.between(500, longestMs), LIVELY_MS) };
  };
  const times = (most: number): number => Math.floor(prng.next() * prng.next() * (most + 1));
  for (let i = times(8); i > 0; i--) faults.push({ kind: 'mode', ...span(90_000), mode: prng.pick(MODES) });
  for (let i = times(3); i > 0; i--) {
    faults.push({ kind: 'cut', ...span(60_000), link: prng.pick(['access', 'core'] as const) });
  }
  for (let i = times(3); i > 0; i--) {
    const { fromMs } = span(0);
    // So soon back that it gets answers to what it sent in its life before.
    faults.push({ kind: 'proxy_restart', fromMs, untilMs: fromMs + prng.between(80, 1500) });
  }
  for (let i = times(3); i > 0; i--) {
    faults.push({
      kind: 'registrar_restart',
      ...span(20_000),
      bindings: prng.pick(['kept', 'lost'] as const),
    });
  }
  for (let i = times(4); i > 0; i--) {
    const { fromMs } = span(0);
    faults.push({ kind: 'wall_step', fromMs, stepMs: Math.floor(prng.between(-7_200_000, 7_200_000)) });
  }
  for (let i = times(4); i > 0; i--) {
    const { fromMs } = span(0);
    // Longer than anything that was sent before stays on its way.
    faults.push({ kind: 'power_cut', fromMs, untilMs: fromMs + prng.between(8000, 60_000) });
  }
  const losses = level === 'rough' ? prng.int(1, 3) : 0;
  for (let i = losses; i > 0; i--)
    faults.push({ kind: 'tap_loss', ...span(60_000), share: prng.pick([0.05, 0.5, 1]) });
  return faults;
}
