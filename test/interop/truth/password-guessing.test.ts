import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '../../simulation/prng.ts';
import type { Asterisk } from '../support/asterisk.ts';
import { startAsterisk } from '../support/asterisk.ts';
import { parseExposition, total } from '../support/exposition.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { startRollcall } from '../support/rollcall.ts';
import { waitUntil } from '../support/wait-until.ts';
import { RegisterPhone } from './register-phone.ts';
import { seed } from './run.ts';
import { guess } from './svcrack.ts';
import { Truth } from './truth.ts';

/*
 * One who guesses passwords and a phone whose nonce has merely grown old look alike: credentials, answered 401. Told
 * apart they must be, in front of each kind of Asterisk.
 */
const DOMAIN = 'lab.test';
const FIRST_GUESS = 1000;
const LAST_GUESS = 1049;
/** What lies among the guesses, and what does not. */
const WEAK = `${LAST_GUESS - 5}`;
const STRONG = 'none-of-these';
/** chan_sip keeps what it knows of a Call-ID for 32 s. */
const FORGOTTEN_AFTER_MS = 34_000;

const USERS = [
  { user: 'u1', password: STRONG },
  { user: 'u2', password: STRONG },
  { user: 'u3', password: WEAK },
  { user: 'u4', password: STRONG },
] as const;

interface Pbx {
  readonly part: 'asterisk16' | 'asterisk22';
  readonly channelDriver: 'pjsip' | 'sip';
  readonly octet: number;
  /** As what a phone has to be told whose nonce this PBX knows no more: chan_pjsip says stale=true, chan_sip not. */
  readonly oldNonce: 'stale' | 'implicit_stale';
}

const PBXS: readonly Pbx[] = [
  { part: 'asterisk16', channelDriver: 'pjsip', octet: 95, oldNonce: 'stale' },
  { part: 'asterisk16', channelDriver: 'sip', octet: 96, oldNonce: 'implicit_stale' },
  { part: 'asterisk22', channelDriver: 'pjsip', octet: 97, oldNonce: 'stale' },
];

function section({ channelDriver }: Pbx, { user, password }: (typeof USERS)[number]): string {
  return channelDriver === 'sip'
    ? `[${user}](phone)\nsecret=${password}\nnat=no\nqualify=no\n`
    : `[${user}](phone)\nauth=${user}\naors=${user}\n[${user}](password)\nusername=${user}\npassword=${password}\n[${user}](binding)\n`;
}

async function countsOf(rollcall: Rollcall) {
  const samples = parseExposition(await rollcall.metrics());
  return {
    result: (result: string) => total(samples, 'rollcall_register_results_total', { result }),
    outcome: (outcome: string) => total(samples, 'rollcall_implicit_stale_outcomes_total', { outcome }),
    failuresOf: (user: string) =>
      total(samples, 'rollcall_aor_auth_failures_total', { aor: `${user}@${DOMAIN}` }),
  };
}

type Told = Awaited<ReturnType<typeof countsOf>>;

/** The monitor reads the tap some milliseconds after the answers have arrived. */
function settled(rollcall: Rollcall, what: string, isThere: (counts: Told) => boolean): Promise<Told> {
  const probe = async () => {
    const counts = await countsOf(rollcall);
    return isThere(counts) ? counts : undefined;
  };
  return waitUntil(what, probe, { withinMs: 30_000, everyMs: 50, program: rollcall.program });
}

describe('guessed passwords and old nonces', {
  ...needs('asterisk16', 'asterisk22', 'sipvicious'),
  concurrency: PBXS.length,
}, () => {
  const lab = openLab();
  after(lab.close);

  for (const pbx of PBXS) {
    const { part, channelDriver, octet, oldNonce } = pbx;
    const at = (last: number): string => `127.77.${octet}.${last}`;

    describe(`${part}, chan_${channelDriver}`, { concurrency: 1 }, () => {
      let asterisk: Asterisk;
      let rollcall: Rollcall;
      let owner: RegisterPhone;
      let registeredAtMs = 0;
      let localPort = 20_000 + octet * 10;
      before(async () => {
        const users = USERS.map((user) => section(pbx, user)).join('\n');
        asterisk = await startAsterisk(lab, { part, channelDriver, ip: at(10), users });
        rollcall = await startRollcall(lab, { ip: at(20), registrar: `${at(10)}:5060` });
        owner = await RegisterPhone.start({
          user: 'u4',
          domain: DOMAIN,
          password: STRONG,
          ip: at(104),
          port: 5060,
          target: { ip: at(20), port: 5060 },
          expiresSec: 300,
          prefers: 'MD5',
          truth: new Truth('all'),
          random: new Prng(seed(octet)),
        });
        assert.equal(await owner.act({ what: 'own' }), 'ok');
        registeredAtMs = performance.now();
      });
      after(() => owner.close());
      const guessing = (user: string, nonces: 'fresh' | 'one for all') =>
        guess(lab, {
          target: at(20),
          user,
          from: FIRST_GUESS,
          to: LAST_GUESS,
          nonces,
          localPort: ++localPort,
        });
      it('svcrack with a nonce for each guess: every guess is a failure of that extension', async () => {
        const { guesses, found } = await guessing('u1', 'fresh');
        assert.equal(found, undefined);
        assert.ok(guesses > LAST_GUESS - FIRST_GUESS, `${guesses} guesses`);
        const counts = await settled(rollcall, 'u1', ({ failuresOf }) => failuresOf('u1') >= guesses);
        assert.equal(counts.failuresOf('u1'), guesses);
        assert.deepEqual(
          [counts.result('stale'), counts.result('implicit_stale'), counts.result('ok')],
          [0, 0, 1],
        );
      });

      it('svcrack with one nonce for all guesses: no less so', async () => {
        const before = await countsOf(rollcall);
        const { guesses, found } = await guessing('u2', 'one for all');
        const counts = await settled(rollcall, 'u2', ({ failuresOf }) => failuresOf('u2') >= guesses);
        assert.equal(found, undefined);
        assert.equal(counts.failuresOf('u2'), guesses);
        assert.equal(counts.failuresOf('u1'), before.failuresOf('u1'));
        assert.deepEqual(
          [counts.result('stale'), counts.result('implicit_stale'), counts.result('ok')],
          [0, 0, 1],
        );
      });

      it('svcrack finds a weak password: failures up to it, then a registration', async () => {
        const { guesses, found } = await guessing('u3', 'fresh');
        const counts = await settled(rollcall, 'the one that was right', ({ result }) => result('ok') > 1);
        assert.equal(found, WEAK);
        assert.equal(counts.failuresOf('u3'), guesses - 1);
        assert.equal(counts.result('ok'), 2);
      });

      it(`a phone with a nonce that is known no more: ${oldNonce}, no failure`, async () => {
        await makeForget(asterisk, registeredAtMs);
        const before = await settled(rollcall, 'its registration', ({ result }) => result('ok') === 2);
        assert.equal(await owner.act({ what: 'own', begins: 'with old nonce' }), 'ok');
        const counts = await settled(rollcall, 'its refresh', ({ result }) => result('ok') >= 3);
        const more = (result: string): number => counts.result(result) - before.result(result);
        assert.deepEqual([more('stale') + more('implicit_stale'), more(oldNonce)], [1, 1]);
        assert.equal(
          counts.outcome('recovered') - before.outcome('recovered'),
          oldNonce === 'implicit_stale' ? 1 : 0,
        );
        assert.deepEqual([more('ok'), more('auth_failure'), more('forbidden')], [1, 0, 0]);
        assert.equal(counts.failuresOf('u4'), 0);
      });
    });
  }
});

/** Has Asterisk not know its own nonces any more. */
async function makeForget({ channelDriver, cli }: Asterisk, issuedAtMs: number): Promise<void> {
  if (channelDriver === 'sip') await sleep(Math.max(0, issuedAtMs + FORGOTTEN_AFTER_MS - performance.now()));
  else await cli('module reload res_pjsip_authenticator_digest.so');
}
