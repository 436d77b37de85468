import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Asterisk } from '../support/asterisk.ts';
import { pjsipUser, sipUser, startAsterisk } from '../support/asterisk.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { startCall, startPhone } from '../support/phone.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { startRollcall } from '../support/rollcall.ts';
import type { TracedMessage } from '../support/sip-trace.ts';
import { waitUntil } from '../support/wait-until.ts';

/*
 * What docs/pbx/ says that an administrator finds in Asterisk's command line and log when phones come through
 * Rollcall.
 */
const at = (last: number): string => `127.77.87.${last}`;
const ROLLCALL = at(20);
const WITHIN = { withinMs: 20_000, everyMs: 200 };

interface Kind {
  readonly part: 'asterisk16' | 'asterisk22';
  readonly channelDriver: 'pjsip' | 'sip';
  readonly last: number;
  readonly users: string;
}

/** `moved` is called through Rollcall, `kept` by its own Contact. */
const PJSIP_USERS = [
  pjsipUser({ user: 'moved', rewriteContact: 'yes', forceRport: 'yes', qualify: 'yes' }),
  pjsipUser({ user: 'kept', rewriteContact: 'no', forceRport: 'no', qualify: 'yes' }),
].join('\n');
const peer = (user: string): string =>
  sipUser({ user, nat: 'force_rport,comedia' }).replace('(phone)', '\ntype=peer\nhost=dynamic');
const SIP_USERS = [
  sipUser({ user: 'moved', nat: 'force_rport,comedia' }),
  sipUser({ user: 'kept', nat: 'no', supportPath: 'yes' }),
  peer('peer-1'),
].join('\n');

const KINDS: readonly Kind[] = [
  { part: 'asterisk16', channelDriver: 'pjsip', last: 10, users: PJSIP_USERS },
  { part: 'asterisk22', channelDriver: 'pjsip', last: 11, users: PJSIP_USERS },
  { part: 'asterisk16', channelDriver: 'sip', last: 12, users: SIP_USERS },
];

const refused = ({ direction, method, status }: TracedMessage): boolean =>
  direction === 'received' && method === 'REGISTER' && status >= 400;

describe("in the PBX's own words", needs('asterisk16', 'asterisk22', 'sipp'), () => {
  for (const kind of KINDS) describeOne(kind);
});

function describeOne({ part, channelDriver, last, users }: Kind): void {
  describe(`${part}, chan_${channelDriver}`, () => {
    const lab = openLab();
    let asterisk: Asterisk;
    let rollcall: Rollcall;
    const register = async (user: string, phone: number): Promise<void> => {
      await startPhone(lab, { user, ip: at(phone), proxy: rollcall }).registered();
    };
    const says = (command: string, what: RegExp): Promise<RegExpExecArray> =>
      waitUntil(
        `${what} in ${command}`,
        async () => what.exec(await asterisk.cli(command)) ?? undefined,
        WITHIN,
      );

    before(async () => {
      asterisk = await startAsterisk(lab, { part, channelDriver, ip: at(last), users });
      await asterisk.cli('module load res_security_log.so');
      rollcall = await startRollcall(lab, {
        ip: ROLLCALL,
        registrar: `${asterisk.ip}:5060`,
        contactMode: 'alias+path',
      });
      await Promise.all([register('moved', 101), register('kept', 102)]);
    });
    after(lab.close);

    it("a wrong password comes from Rollcall's address; Rollcall's log has the phone's", async () => {
      const phone = startPhone(lab, {
        user: 'moved',
        password: 'wrong',
        ip: at(103),
        proxy: rollcall,
      });
      await waitUntil(
        'two refusals',
        () => (phone.trace().filter(refused).length >= 2 ? true : undefined),
        WITHIN,
      );
      await phone.kill();
      const failures = await waitUntil(
        'a line in the log',
        () => {
          const lines = asterisk.program.output().split('\n');
          const found = lines.filter((line) =>
            /failed for '|SecurityEvent="InvalidPassword"|SecurityEvent="ChallengeResponseFailed"/.test(line),
          );
          return found.length >= 2 ? found : undefined;
        },
        WITHIN,
      );
      for (const line of failures)
        assert.match(
          line,
          /failed for '127\.77\.87\.20:5060'|RemoteAddress="IPV4\/UDP\/127\.77\.87\.20\/5060"/,
        );
      await waitUntil(
        "Rollcall's line",
        () =>
          /"aor":"moved@lab\.test","source":"127\.77\.87\.103:5060"/.exec(rollcall.program.output()) ??
          undefined,
        WITHIN,
      );
    });

    if (channelDriver === 'pjsip') {
      it('pjsip show contacts: rewritten to Rollcall, or kept; with the token; Avail', async () => {
        await says('pjsip show contacts', / moved\/sip:moved@127\.77\.87\.20:5060;rollcall=\S+ +\S+ +Avail /);
        await says('pjsip show contacts', / kept\/sip:kept@127\.77\.87\.102:5060;rollcall=\S+ +\S+ +Avail /);
      });
      return;
    }

    it('sip show peer: the address of Rollcall, or of the phone; the token; the Path; OK', async () => {
      await says('sip show peer moved', /Addr->IP +: 127\.77\.87\.20:5060[\s\S]*Status +: OK/);
      await says(
        'sip show peer kept',
        /Path +: <sip:\w+@127\.77\.87\.20:5060;lr>[\s\S]*Addr->IP +: 127\.77\.87\.102:5060/,
      );
      const [, contact] = await says('sip show peer moved', /Reg\. Contact : (\S+)/);
      assert.match(contact ?? '', /^sip:moved@127\.77\.87\.101:5060;rollcall=\w{29}$/);
    });

    it('type=peer: a phone that calls is taken for another, because it is known by its address', async () => {
      await register('peer-1', 104);
      const call = startCall(lab, {
        user: 'peer-1',
        to: 'moved',
        ip: at(106),
        proxy: rollcall,
        ending: 'hangs up',
      });
      const isForbidden = ({ direction, status }: TracedMessage): boolean =>
        direction === 'received' && status === 403;
      await waitUntil('403', () => call.trace().find(isForbidden), WITHIN);
      await call.program.kill();
      assert.match(asterisk.program.output(), /username mismatch, have <moved>, digest has <peer-1>/);
    });
  });
}
