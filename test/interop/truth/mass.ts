import type { Lab } from '../support/lab.ts';
import type { Rollcall } from '../support/rollcall.ts';
import type { SippOptions, SippResult } from '../support/sipp.ts';
import { runSipp } from '../support/sipp.ts';
import type { TheirBinding } from './agreement.ts';
import type { Life } from './life.ts';
import type { Truth } from './truth.ts';

/** Phones by the hundred: SIPp's, with what they did added to the truth by SIPp's own figures. */
export interface Crowd {
  readonly lab: Lab;
  readonly rollcall: Rollcall;
  readonly life: Life;
  readonly ip: string;
  /** What the crowd asks for, and is granted. */
  readonly expiresSec: number;
  readonly bindings: () => Promise<TheirBinding[]>;
}

export interface CrowdMembers {
  readonly first: number;
  readonly count: number;
  /** A port of its own for each crowd that is there at the same time. */
  readonly localPort: number;
}

const DOMAIN = 'lab.test';
const GRACE_MS = 10_000;
/** Registrars tell the rest of a grant in whole seconds. */
const ROUNDING_MS = 2_500;

let runs = 0;

async function run(
  { lab, rollcall, ip, expiresSec, life }: Crowd,
  { first, count, localPort }: CrowdMembers,
  options: Pick<SippOptions, 'scenario' | 'pauseMs'> & Partial<SippOptions['users']>,
): Promise<SippResult> {
  const { scenario, pauseMs = 0, ...more } = options;
  const result = await runSipp(lab, {
    scenario,
    target: { ip: rollcall.ip },
    localIp: ip,
    localPort,
    users: { first, count, ...more },
    ratePerSec: 100,
    resendAfterMs: 4000,
    expiresSec,
    pauseMs,
  });
  if (result.ok !== count || result.failed > 0) {
    throw new Error(
      `SIPp ${scenario}: ${result.ok} of ${count} as intended\n${result.errors.slice(0, 1000)}`,
    );
  }
  life.truth.add('retransmissions', result.retransmissions);
  life.truth.add('sent', result.retransmissions);
  return result;
}

const aorsOf = ({ first, count }: CrowdMembers): string[] =>
  Array.from({ length: count }, (_, index) => `u${first + index}@${DOMAIN}`);

function addLegs(truth: Truth, members: CrowdMembers, legs: Readonly<Record<string, number>>): void {
  for (const [name, each] of Object.entries(legs)) truth.add(name, each * members.count);
}

/** They are there now, each with one Contact; when each was granted it, only the registrar knows. */
async function enter({ life, ip, expiresSec, bindings }: Crowd, members: CrowdMembers): Promise<void> {
  const { truth } = life;
  const theirs = new Map((await bindings()).map(({ aor, expiresInSec }) => [aor, expiresInSec]));
  const nowMs = performance.now();
  const source = `${ip}:${members.localPort}`;
  const callId = `crowd ${++runs}`;
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = 0;
  for (const aor of aorsOf(members)) {
    const expiresAtMs = nowMs + (theirs.get(aor) ?? 0) * 1000;
    firstMs = Math.min(firstMs, expiresAtMs);
    lastMs = Math.max(lastMs, expiresAtMs);
    const contact = `sip:${aor.split('@')[0]}@${source}`;
    const registered = { contact, grantedSec: expiresSec, callId, source, userAgent: 'crowd', instance: '' };
    truth.bindings.accept(aor, registered, truth.whenNew, expiresAtMs - expiresSec * 1000);
  }
  life.isUnsure(firstMs + GRACE_MS - ROUNDING_MS, lastMs + GRACE_MS + ROUNDING_MS);
}

/** They register and refresh on one Call-ID, with a challenge each time. */
export async function registerAll(crowd: Crowd, members: CrowdMembers, rounds: number): Promise<void> {
  await run(crowd, members, { scenario: 'refresh', rounds, pauseMs: 2000 });
  const { truth } = crowd.life;
  const each = { sent: 2, 'attempts initial': 1, 'attempts with_credentials': 1 };
  for (let round = 0; round < rounds; round++) {
    addLegs(truth, members, { ...each, 'results challenged': 1, 'results ok': 1 });
    for (const aor of aorsOf(members)) truth.add(`challenges of ${aor}`, 1);
  }
  addLegs(truth, members, { 'changes refreshed': rounds - 1 });
  await enter(crowd, members);
}

export interface OldNonces {
  /** How soon a nonce is one. */
  readonly afterSec: number;
  /** As what the registrar's answer to them has to be told. */
  readonly result: 'stale' | 'implicit_stale';
}

/** They register, and refresh with a nonce that has grown old. */
export async function refreshStale(crowd: Crowd, members: CrowdMembers, old: OldNonces): Promise<void> {
  await run(crowd, members, { scenario: 'register-stale', pauseMs: old.afterSec * 1000 + 1500 });
  const { truth } = crowd.life;
  const attempts = { sent: 4, 'attempts initial': 1, 'attempts with_credentials': 3 };
  const results = { 'results challenged': 1, 'results ok': 2, [`results ${old.result}`]: 1 };
  addLegs(truth, members, { ...attempts, ...results, 'changes refreshed': 1 });
  for (const aor of aorsOf(members)) truth.add(`challenges of ${aor}`, 1);
  await enter(crowd, members);
}

/** They answer their challenge with a wrong password, and are told 403. */
export async function failAll(crowd: Crowd, members: CrowdMembers): Promise<void> {
  await run(crowd, members, { scenario: 'register-refused', password: 'wrong' });
  const { truth } = crowd.life;
  const attempts = { sent: 2, 'attempts initial': 1, 'attempts with_credentials': 1 };
  addLegs(truth, members, { ...attempts, 'results challenged': 1, 'results forbidden': 1 });
  for (const aor of aorsOf(members)) {
    truth.add(`challenges of ${aor}`, 1);
    truth.add(`failures of ${aor}`, 1);
  }
}

/** They take their Contact back, as members of a crowd that is there. */
export async function unregisterAll(crowd: Crowd, members: CrowdMembers): Promise<void> {
  await run(crowd, members, { scenario: 'unregister' });
  const { truth } = crowd.life;
  addLegs(truth, members, { sent: 2, 'attempts unregister': 2, 'results challenged': 1, 'results ok': 1 });
  const nowMs = performance.now();
  for (const aor of aorsOf(members)) {
    truth.add(`challenges of ${aor}`, 1);
    truth.bindings.remove(aor, `sip:${aor.split('@')[0]}@${crowd.ip}:${members.localPort}`, nowMs);
  }
}
