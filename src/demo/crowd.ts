import type { DeskPhoneSettings, Habit } from './desk-phone.ts';
import { DeskPhone } from './desk-phone.ts';
import type { PhoneMaker } from './phone.ts';
import { Scanner } from './scanner.ts';

export const DEMO_DOMAIN = 'demo.rollcall.test';

/** A group of phones that have one thing in common. */
export interface CrowdGroup {
  /** What they are, for people. */
  readonly what: string;
  readonly phones: readonly PhoneMaker[];
}

export interface Crowd {
  readonly groups: readonly CrowdGroup[];
  /** The right passwords by extension. */
  readonly passwords: ReadonlyMap<string, string>;
}

/** Phones start one after the other within this time. */
const SPREAD_MS = 3_000;
const RETRY_AFTER_MS = 4_000;

const USER_AGENTS = ['Deskphone 410 5.9.6', 'Cordless Base 2.42', 'Softphone 3.15.1', 'Conference 7000 1.8'];

/**
 * Some dozens of phones: mostly well, and one of each kind of trouble. Expiries are some seconds long, so
 * that everything happens while somebody watches.
 */
export function demoCrowd(random: () => number): Crowd {
  const passwords = new Map<string, string>();
  const extension = (number: number): string => {
    const user = String(number);
    passwords.set(user, `secret-${user}`);
    return user;
  };
  const phone = (user: string, habit: Habit, changes: Partial<DeskPhoneSettings> = {}): PhoneMaker => {
    const userAgent = USER_AGENTS[Number(user) % USER_AGENTS.length]!;
    const delayMs = random() * SPREAD_MS;
    return (local, nowMs) =>
      new DeskPhone({
        user,
        domain: DEMO_DOMAIN,
        password: passwords.get(user) ?? '',
        userAgent,
        habit,
        expiresSec: 30,
        retryAfterMs: RETRY_AFTER_MS,
        random,
        local,
        firstAtMs: nowMs + delayMs,
        ...changes,
      });
  };
  const several = (from: number, count: number, habit: Habit, changes?: Partial<DeskPhoneSettings>) =>
    Array.from({ length: count }, (_, i) => phone(extension(from + i), habit, changes));

  const healthy = several(2001, 20, 'steady');
  const keepers = several(2021, 6, 'keeps_nonce');
  const pairs = several(2031, 4, 'steady').flatMap((first, i) => [first, phone(String(2031 + i), 'steady')]);
  const wrong = several(2041, 2, 'steady', { password: 'forgotten' });
  const flapping = several(2051, 3, 'flaps');
  const vanishing = several(2061, 2, 'vanishes', { expiresSec: 10 });
  const hasty = several(2071, 1, 'steady', { expiresSec: 5 });
  const scanner: PhoneMaker = (local, nowMs) =>
    new Scanner({
      domain: DEMO_DOMAIN,
      local,
      firstAtMs: nowMs + SPREAD_MS,
      everyMs: 400,
      extensions: Array.from({ length: 100 }, (_, i) => String(1990 + i)),
      guess: '1234',
      random,
    });

  return {
    passwords,
    groups: [
      { what: 'healthy phones', phones: healthy },
      { what: 'phones that reuse a nonce until it is stale', phones: keepers },
      { what: 'phones on 4 extensions, two contacts each', phones: pairs },
      { what: 'phones with a wrong password (2041, 2042)', phones: wrong },
      { what: 'phones that flap (2051 to 2053)', phones: flapping },
      { what: 'phones that come back too late (2061, 2062)', phones: vanishing },
      { what: 'phone that asks for too short an expiry (2071)', phones: hasty },
      { what: 'scanner that tries 100 extensions', phones: [scanner] },
    ],
  };
}
