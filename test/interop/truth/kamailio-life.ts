import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '../../simulation/prng.ts';
import type { KamailioRegistrar, RegistrarMode } from '../support/kamailio.ts';
import { startKamailioRegistrar } from '../support/kamailio.ts';
import { openLab } from '../support/lab.ts';
import { startRollcall } from '../support/rollcall.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { TheirBinding } from './agreement.ts';
import type { Character, Inhabitant } from './life.ts';
import { Life } from './life.ts';
import type { Crowd } from './mass.ts';
import { failAll, refreshStale, registerAll, unregisterAll } from './mass.ts';
import { instanceOf, RegisterPhone } from './register-phone.ts';
import { figures, lifeSec, seed } from './run.ts';
import { Truth } from './truth.ts';
import { warmedUp } from './warm-up.ts';
import { withoutOurs } from './wire.ts';

/*
 * Mixed life in front of a real Kamailio, made fast by short expiries, with a registrar that misbehaves now and then.
 * At random moments all hold their breath: what Rollcall counts must be what the phones know, its ledger must be
 * theirs, and Kamailio's. One life with --contact-mode direct and one with alias, at the same time.
 */
const LIFE_SEC = lifeSec({ usual: 60, longest: 86_400 });
const MOMENTS = Math.max(20, Math.round(LIFE_SEC / 10));
const MIN_EXPIRES_SEC = 6;
const MAX_EXPIRES_SEC = 16;
const NONCE_LIFE_SEC = 8;
const DOMAIN = 'lab.test';

const MODES: readonly RegistrarMode[] = ['drop', 'trying', '403', '404', '423', '500', '503'];

const ALONE: Character = {
  refresh: 30,
  'reuse nonce': 25,
  unregister: 8,
  clear: 5,
  query: 6,
  'wrong password': 8,
  'wrong on old nonce': 3,
  restart: 6,
  'restart elsewhere': 4,
  crash: 4,
  'crash midway': 6,
  'ask for more': 8,
  abandon: 5,
  'new firmware': 3,
};
const TOGETHER: Character = { ...ALONE, abandon: 0, 'be joined': 6 };
const ON_THE_MOVE: Character = { refresh: 20, 'reuse nonce': 20, rebind: 10, move: 10, 'wrong password': 5 };
const ATTACKED: Character = { 'wrong password': 5, abandon: 1 };

/** Their bindings, a Contact that stands there twice as one: an address before a move lingers until it expires. */
async function bindingsOf(kamailio: KamailioRegistrar): Promise<TheirBinding[]> {
  const all = new Map<string, TheirBinding>();
  for (const { aor, contact: written, expiresInSec } of await kamailio.ulDump()) {
    const contact = withoutOurs(written);
    const key = `${aor} ${contact}`;
    const other = all.get(key)?.expiresInSec ?? 0;
    all.set(key, { aor, contact, expiresInSec: Math.max(other, expiresInSec) });
  }
  return [...all.values()];
}

interface Place {
  readonly octet: number;
  readonly contactMode: 'direct' | 'alias';
  /** Whether this Kamailio says stale=true, as its configurations seldom have it. */
  readonly staleness: 'untold' | 'told';
}

async function inhabitants({ octet }: Place, truth: Truth, random: Prng): Promise<Inhabitant[]> {
  const at = (last: number): string => `127.77.${octet}.${last}`;
  const past = new Truth('all');
  const rollcall = { ip: at(20), port: 5060 };
  const kamailio = { ip: at(10), port: 5060 };
  let last = 100;
  const phone = async (number: number, knows: 'password' | 'nothing' = 'password', way = rollcall) =>
    RegisterPhone.start({
      user: `u${number}`,
      domain: DOMAIN,
      password: knows === 'password' ? `pw${number}` : undefined,
      ip: at(++last),
      port: 5060,
      target: way,
      expiresSec: random.int(MIN_EXPIRES_SEC + 1, 14),
      prefers: 'MD5',
      truth: way === rollcall ? truth : past,
      random: random.fork(`phone ${last}`),
      ...(number >= 7 && number < 10 ? { instance: instanceOf(last) } : {}),
    });
  const one = async (number: number, character: Character, pauseSec: Inhabitant['pauseSec']) => ({
    phone: await phone(number),
    character,
    otherIp: at(++last),
    pauseSec,
  });
  const all: Inhabitant[] = [];
  for (let number = 0; number < 10; number++) all.push(await one(number, ALONE, [0.5, 6]));
  for (let number = 10; number < 15; number++) {
    const stranger = await phone(number, 'password', kamailio);
    all.push({ ...(await one(number, TOGETHER, [0.5, 6])), stranger });
    all.push(await one(number, { ...TOGETHER, 'be joined': 0 }, [0.5, 6]));
  }
  for (let number = 15; number < 19; number++) all.push(await one(number, ON_THE_MOVE, [1, 5]));
  for (let number = 19; number < 21; number++) all.push(await one(number, ATTACKED, [0.3, 2]));
  const unknown = await phone(99_999, 'nothing');
  all.push({ phone: unknown, character: { refresh: 1 }, otherIp: at(++last), pauseSec: [1, 5] });
  return all;
}

/** The registrar's moods, each at least twice; the rest of the moments it is well. */
function moods(random: Prng): RegistrarMode[] {
  const all = Array.from({ length: MOMENTS }, (_, i): RegistrarMode => MODES[i % 10] ?? 'ok');
  return all
    .map((mode) => ({ mode, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ mode }) => mode);
}

const isSilent = (mode: RegistrarMode): boolean => mode === 'drop' || mode === 'trying';

/** Declares these lives, in the folder of tests that calls it. */
export function kamailioLives(needed: { readonly skip: string | false }): void {
  describe('life in front of a Kamailio that is not always well', { ...needed, concurrency: 2 }, lives);
}

function lives(): void {
  const lab = openLab();
  after(lab.close);

  for (const place of [
    { octet: 90, contactMode: 'direct', staleness: 'untold' },
    { octet: 91, contactMode: 'alias', staleness: 'told' },
  ] as const) {
    it(`${place.contactMode}: counts are what the phones know, the ledger is Kamailio's`, async (t) => {
      const { octet, contactMode, staleness } = place;
      const oldNonce = staleness === 'told' ? 'stale' : 'implicit_stale';
      const ownSeed = seed(octet);
      const about = `seed ${ownSeed} of TRUTH_SEED=${seed(0)}`;
      const random = new Prng(ownSeed);
      const at = (last: number): string => `127.77.${octet}.${last}`;
      const kamailio = await startKamailioRegistrar(lab, {
        ip: at(10),
        minExpiresSec: MIN_EXPIRES_SEC,
        maxExpiresSec: MAX_EXPIRES_SEC,
        nonceExpireSec: NONCE_LIFE_SEC,
      });
      await kamailio.kamcmd('htable.sets', 'ctl', 'stale', `s:${staleness}`);
      const rollcall = await startRollcall(lab, {
        ip: at(20),
        registrar: `${at(10)}:5060`,
        contactMode,
        // Room for all that come up at once: a tenth of it is for extensions that have not registered yet.
        flags: ['--aor-series', '20000'],
      });
      const truth = new Truth('all');
      const bindings = () => bindingsOf(kamailio);
      const life = new Life(truth, rollcall, { bindings, lingersMs: 0, extraSec: 0 });
      const crowd: Crowd = { lab, rollcall, life, ip: at(50), expiresSec: MAX_EXPIRES_SEC, bindings };
      const look = async (when: string): Promise<void> =>
        assert.deepEqual(await life.look(), [], `${when}, ${about}`);

      await Promise.all([
        registerAll(crowd, { first: 2000, count: 200, localPort: 6060 }, 3),
        refreshStale(
          crowd,
          { first: 1000, count: 100, localPort: 6061 },
          { afterSec: NONCE_LIFE_SEC, result: oldNonce },
        ),
      ]);
      await look('after the first crowd');
      await warmedUp(rollcall);
      truth.whenNew = 'added';

      const everybody = await inhabitants(place, truth, random.fork('inhabitants'));
      after(() => life.end());
      after(() =>
        Promise.all(everybody.flatMap(({ phone, stranger }) => [phone.close(), stranger?.close()])),
      );
      life.begin(everybody, random);
      const gapMs = (LIFE_SEC * 1000) / MOMENTS;
      for (const [moment, mode] of moods(random).entries()) {
        const when = `moment ${moment}, mode ${mode}`;
        await sleep(random.between(0.1, 0.5) * gapMs);
        if (moment % 20 === 10) await passingCrowds(crowd);
        if (mode !== 'ok') {
          await kamailio.setMode(mode);
          life.registrarIsSilent = isSilent(mode);
          await sleep(moodMs(mode, gapMs, random));
          if (random.chance(0.3)) await look(`in ${when}`);
          await kamailio.setMode('ok');
          life.registrarIsSilent = false;
        }
        await sleep(random.between(0.1, 0.5) * gapMs);
        await look(when);
      }
      await life.end();
      await waitUntil('everything to come to its end', () => (isAllOver(truth) ? true : undefined), {
        withinMs: 90_000,
        everyMs: 200,
      });
      await look('at the end');
      assert.deepEqual(await bindings(), [], about);
      const told = truth.expected();
      for (const what of [...EVERYTHING, `results ${oldNonce}`])
        assert.ok((told[what] ?? 0) > 0, `no ${what} in this life, ${about}`);
      t.diagnostic(`${contactMode}, ${about}: ${life.moments} comparisons; ${figures(truth, life)}`);
    });
  }
}

/** What must have come up, or the life was a dull one. */
const EVERYTHING = [
  ...['initial', 'with_credentials', 'unregister', 'query'].map((kind) => `attempts ${kind}`),
  ...['ok', 'challenged', 'forbidden', 'unknown_user', 'interval_too_brief', 'server_failure'].map(
    (result) => `results ${result}`,
  ),
  ...['added', 'learned', 'refreshed', 'changed', 'nat_rebind', 'moved', 'restarted', 'replaced'].map(
    (change) => `changes ${change}`,
  ),
  ...['changes removed', 'changes expired', 'retransmissions', 'challenges abandoned'],
];

/** Now and then a registrar is gone for longer than phones wait. */
function moodMs(mode: RegistrarMode, gapMs: number, random: Prng): number {
  const isLong = mode === 'drop' && gapMs > 8_000 && random.chance(0.25);
  return isLong ? 36_000 : random.between(400, Math.min(3500, gapMs));
}

function isAllOver(truth: Truth): boolean {
  truth.advance(performance.now());
  return truth.bindings.all().length === 0 && truth.inFlightCount === 0 && truth.openChallenges === 0;
}

async function passingCrowds(crowd: Crowd): Promise<void> {
  await registerAll(crowd, { first: 4000, count: 120, localPort: 6062 }, 1);
  await Promise.all([
    unregisterAll(crowd, { first: 4000, count: 60, localPort: 6062 }),
    failAll(crowd, { first: 3000, count: 60, localPort: 6063 }),
  ]);
}
