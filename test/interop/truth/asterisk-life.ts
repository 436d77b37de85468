import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '../../simulation/prng.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { startAsterisk } from '../support/asterisk.ts';
import type { Lab } from '../support/lab.ts';
import { openLab } from '../support/lab.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { startRollcall } from '../support/rollcall.ts';
import type { TheirBinding } from './agreement.ts';
import type { Character, Inhabitant } from './life.ts';
import { Life } from './life.ts';
import { instanceOf, RegisterPhone } from './register-phone.ts';
import { figures, lifeSec, seed } from './run.ts';
import { Truth } from './truth.ts';
import { warmedUp } from './warm-up.ts';
import type { Challenge } from './wire.ts';
import { withoutOurs } from './wire.ts';

/*
 * The same life as in front of Kamailio, shorter, in front of Asterisk: chan_pjsip of two generations and chan_sip.
 * Each Asterisk serves two Rollcalls, one direct and one with alias, for users of their own.
 */
const LIFE_SEC = lifeSec({ usual: 130, longest: 1200 });
const MOMENTS = Math.max(10, Math.round(LIFE_SEC / 10));
const LONGEST_SEC = 14;
const DOMAIN = 'lab.test';
/** After it chan_pjsip says stale=true to a right password. */
const NONCE_LIFE_SEC = 6;

const ALONE: Character = {
  refresh: 30,
  'reuse nonce': 25,
  unregister: 8,
  clear: 4,
  query: 6,
  'wrong password': 8,
  'wrong on old nonce': 3,
  restart: 6,
  'restart elsewhere': 4,
  crash: 4,
  'ask for more': 8,
  abandon: 4,
  'new firmware': 3,
};
const TOGETHER: Character = { ...ALONE, abandon: 0, 'restart elsewhere': 0 };
const ON_THE_MOVE: Character = { refresh: 20, 'reuse nonce': 20, rebind: 10, move: 10, 'wrong password': 5 };

interface Pbx {
  readonly part: 'asterisk16' | 'asterisk22';
  readonly channelDriver: 'pjsip' | 'sip';
  readonly octet: number;
}

type ContactMode = 'direct' | 'alias';

interface Setting {
  readonly contactMode: ContactMode;
  readonly firstUser: number;
  readonly rollcallIp: string;
}

/** Users of each Rollcall: this many, and one that is unknown. */
const USERS = 8;

const at = ({ octet }: Pbx, last: number): string => `127.77.${octet}.${last}`;

const settingsOf = (pbx: Pbx): readonly Setting[] => [
  { contactMode: 'direct', firstUser: 0, rollcallIp: at(pbx, 20) },
  { contactMode: 'alias', firstUser: 50, rollcallIp: at(pbx, 21) },
];

function userSections(pbx: Pbx): string {
  const numbers = settingsOf(pbx).flatMap(({ firstUser }) =>
    Array.from({ length: USERS }, (_, index) => firstUser + index),
  );
  return numbers
    .map((number) => (pbx.channelDriver === 'sip' ? sipUser(number) : pjsipUser(pbx, number)))
    .join('\n');
}

function pjsipUser({ part }: Pbx, number: number): string {
  return [
    `[u${number}](phone)`,
    `auth=u${number}`,
    `aors=u${number}`,
    'rewrite_contact=no',
    'force_rport=yes',
    `[u${number}](password)`,
    `username=u${number}`,
    `password=pw${number}`,
    `nonce_lifetime=${NONCE_LIFE_SEC}`,
    // Two challenges in one answer (RFC 8760).
    ...(part === 'asterisk22' && number % 2 === 0 ? ['supported_algorithms_uas=SHA-256,MD5'] : []),
    `[u${number}](binding)`,
    'max_contacts=4',
    'remove_existing=no',
    'minimum_expiration=6',
    'qualify_frequency=0',
    '',
  ].join('\n');
}

function sipUser(number: number): string {
  return [`[u${number}](phone)`, `secret=pw${number}`, 'nat=no', 'qualify=no', ''].join('\n');
}

/** A line such as `  Contact:  u0/sip:u0@10.0.0.1:5060;rollcall=2gg7u a1b2c3d4e5 NonQual nan`, cut in its middle. */
async function pjsipBindings(asterisk: Asterisk): Promise<TheirBinding[]> {
  const lines = (await asterisk.cli('pjsip show contacts')).matchAll(
    /^\s*Contact:\s+(u\d+)\/(sip:[^\s;]+)/gm,
  );
  return [...lines].map(([, user, contact]) => ({
    aor: `${user}@${DOMAIN}`,
    contact: contact!,
    expiresInSec: undefined,
  }));
}

/** chan_sip gives every binding some seconds more than it tells its phone; who merely asks is told of them, too. */
const SIP_EXTRA_SEC = 10;

async function sipBindings(asterisk: Asterisk): Promise<TheirBinding[]> {
  // A line such as `u0/u0   127.77.93.101   D  No  No   5060   Unmonitored`; (Unspecified) where nobody is there.
  const peers = await asterisk.cli('sip show peers');
  const users = [...peers.matchAll(/^(u\d+)(?:\/\S+)?\s+\d+\.\d+\.\d+\.\d+\s/gm)].map(([, user]) => user!);
  const all = users.map(async (user) => {
    const peer = await asterisk.cli(`sip show peer ${user}`);
    const contact = /Reg\. Contact\s*:\s*(sip:\S+)/.exec(peer)?.[1];
    const expiresInSec = Number(/Expire\s*:\s*(-?\d+)/.exec(peer)?.[1]);
    return contact === undefined
      ? []
      : [{ aor: `${user}@${DOMAIN}`, contact: withoutOurs(contact), expiresInSec }];
  });
  return (await Promise.all(all)).flat();
}

async function bindingsOf(asterisk: Asterisk, { firstUser }: Setting): Promise<TheirBinding[]> {
  const all = await (asterisk.channelDriver === 'sip' ? sipBindings(asterisk) : pjsipBindings(asterisk));
  const unique = new Map(all.map((binding) => [`${binding.aor} ${binding.contact}`, binding]));
  return [...unique.values()].filter(({ aor }) => {
    const number = Number(/^u(\d+)@/.exec(aor)?.[1]);
    return number >= firstUser && number < firstUser + USERS;
  });
}

async function inhabitants(pbx: Pbx, setting: Setting, truth: Truth, random: Prng): Promise<Inhabitant[]> {
  const { firstUser } = setting;
  const rollcall = { ip: setting.rollcallIp, port: 5060 };
  const past = new Truth('all');
  let last = 100 + firstUser;
  const phone = async (number: number, way = rollcall): Promise<RegisterPhone> => {
    const prefers: Challenge['algorithm'] =
      pbx.part === 'asterisk22' && number % 2 === 0 && random.chance(0.5) ? 'SHA-256' : 'MD5';
    return RegisterPhone.start({
      user: `u${number}`,
      domain: DOMAIN,
      password: `pw${number}`,
      ip: at(pbx, ++last),
      port: 5060,
      target: way,
      expiresSec: random.int(10, LONGEST_SEC),
      prefers,
      truth: way === rollcall ? truth : past,
      random: random.fork(`phone ${last}`),
      ...(pbx.channelDriver === 'pjsip' && number % 10 === 3 ? { instance: instanceOf(last) } : {}),
    });
  };
  const one = async (index: number, character: Character) => ({
    phone: await phone(firstUser + index),
    character,
    otherIp: at(pbx, ++last),
    pauseSec: [0.4, 4] as const,
    // One who has unregistered and asks is told by chan_sip that he is there, for 600 seconds.
    asks: pbx.channelDriver === 'sip' ? ('while registered' as const) : ('always' as const),
  });
  const all: Inhabitant[] = [];
  for (let index = 0; index < 4; index++) all.push(await one(index, ALONE));
  for (let index = 4; index < 6; index++) all.push(await one(index, ON_THE_MOVE));
  for (let index = 6; index < USERS; index++) all.push(...(await couple(pbx, setting, index, one, phone)));
  const stranger = await phone(firstUser + 40);
  all.push({ phone: stranger, character: { refresh: 1 }, otherIp: at(pbx, ++last), pauseSec: [1, 5] });
  return all;
}

/** Two phones of one AOR. chan_sip keeps one Contact for each AOR; that it does, no message tells. */
async function couple(
  pbx: Pbx,
  { contactMode }: Setting,
  index: number,
  one: (index: number, character: Character) => Promise<Inhabitant>,
  phone: (number: number, way: { ip: string; port: number }) => Promise<RegisterPhone>,
): Promise<Inhabitant[]> {
  if (pbx.channelDriver === 'sip') {
    return contactMode === 'direct'
      ? [await one(index, ALONE)]
      : [await one(index, TOGETHER), await one(index, TOGETHER)];
  }
  const first = await one(index, { ...TOGETHER, 'be joined': 6 });
  const stranger = await phone(Number(first.phone.settings.user.slice(1)), { ip: at(pbx, 10), port: 5060 });
  return [{ ...first, stranger }, await one(index, TOGETHER)];
}

async function startBefore(lab: Lab, pbx: Pbx, { rollcallIp, contactMode }: Setting): Promise<Rollcall> {
  // Two phones of one AOR that push each other out look like a registrar that does not list all: it must be told.
  const flags = pbx.channelDriver === 'sip' && contactMode === 'alias' ? ['--registrar-lists', 'all'] : [];
  return startRollcall(lab, { ip: rollcallIp, registrar: `${at(pbx, 10)}:5060`, contactMode, flags });
}

const PBXS: readonly Pbx[] = [
  { part: 'asterisk16', channelDriver: 'pjsip', octet: 92 },
  { part: 'asterisk16', channelDriver: 'sip', octet: 93 },
  { part: 'asterisk22', channelDriver: 'pjsip', octet: 94 },
];

/** Declares these lives, in the folder of tests that calls it. */
export function asteriskLives(needed: { readonly skip: string | false }): void {
  describe('life in front of Asterisk', { ...needed, concurrency: PBXS.length }, lives);
}

function lives(): void {
  const lab = openLab();
  after(lab.close);

  for (const pbx of PBXS) {
    it(`${pbx.part}, chan_${pbx.channelDriver}: counts are what the phones know, the ledger is Asterisk's`, async (t) => {
      const users = userSections(pbx);
      const asterisk = await startAsterisk(lab, { ...pbx, ip: at(pbx, 10), users });
      const both = settingsOf(pbx).map(async (setting, index) => {
        const { contactMode } = setting;
        const ownSeed = seed(10 * pbx.octet + index);
        const about = `${contactMode}, seed ${ownSeed} of TRUTH_SEED=${seed(0)}`;
        const random = new Prng(ownSeed);
        const rollcall = await startBefore(lab, pbx, setting);
        const truth = new Truth('all');
        // chan_pjsip looks for expired contacts every half minute.
        const isPjsip = pbx.channelDriver === 'pjsip';
        const habits = { lingersMs: isPjsip ? 32_000 : 0, extraSec: isPjsip ? 0 : SIP_EXTRA_SEC };
        const life = new Life(truth, rollcall, { bindings: () => bindingsOf(asterisk, setting), ...habits });
        const look = async (when: string): Promise<void> =>
          assert.deepEqual(await life.look(), [], `${when}, ${about}`);

        const everybody = await inhabitants(pbx, setting, truth, random.fork('inhabitants'));
        after(() => life.end());
        after(() =>
          Promise.all(everybody.flatMap(({ phone, stranger }) => [phone.close(), stranger?.close()])),
        );
        await everybody[0]!.phone.act({ what: 'own', expiresSec: LONGEST_SEC });
        await look('after the first registration');
        await warmedUp(rollcall);
        truth.whenNew = 'added';
        life.begin(everybody, random);
        const gapMs = (LIFE_SEC * 1000) / MOMENTS;
        for (let moment = 0; moment < MOMENTS; moment++) {
          await sleep(random.between(0.3, 1) * gapMs);
          await look(`moment ${moment}`);
        }
        await life.end();
        await look('at the end');
        t.diagnostic(`${about}: ${life.moments} comparisons; ${figures(truth, life)}`);
      });
      const outcomes = await Promise.allSettled(both);
      const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      if (failed.length > 0) throw failed[0];
    });
  }
}
