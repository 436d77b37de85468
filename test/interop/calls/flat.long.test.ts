import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { startCall } from '../support/phone.ts';
import type { TracedMessage } from '../support/sip-trace.ts';
import type { Line } from './flat-lab.ts';
import { openFlatLab, verdictOn } from './flat-lab.ts';
import { PBXS, settingsOf } from './settings.ts';
import { FLAT, MODES } from './table.ts';

/*
 * Every PBX calls a phone that registered through Rollcall, with each of its settings, in each contact mode; the
 * PBX can reach the phone's own address. Twice, so that either side hangs up.
 */
const isInvite = ({ direction, method, status }: TracedMessage): boolean =>
  direction === 'received' && method === 'INVITE' && status === 0;
const isAnsweredBye = ({ method, status }: TracedMessage): boolean => method === 'BYE' && status === 200;

for (const [column, contactMode] of MODES.entries()) {
  describe(
    `a flat network, --contact-mode ${contactMode}`,
    needs('asterisk16', 'asterisk22', 'kamailio', 'sipp'),
    () => {
      const lab = openLab();
      const seen = new Map<string, string>();
      let lines: readonly Line[] = [];

      before(async () => {
        lines = await openFlatLab(lab, { pjsip16: 80, sip16: 81, pjsip22: 82, kamailio: 83 }, contactMode);
        await Promise.all(
          lines.map(async (line) => {
            const { id } = line.pbx;
            const { user } = line.setting;
            seen.set(`${id} ${user}`, await verdictOn(line, FLAT[id][user]?.[column]));
          }),
        );
      });
      after(lab.close);

      for (const pbx of PBXS) {
        for (const { user, says } of settingsOf(pbx, '')) {
          const expected = FLAT[pbx][user]?.[column];
          it(`${pbx}, ${says}: ${expected}`, () => {
            assert.equal(seen.get(`${pbx} ${user}`), expected);
          });
        }
      }

      for (const pbx of PBXS) {
        it(`${pbx}: one phone calls another, either hangs up`, async () => {
          const all = lines.filter((line) => line.pbx.id === pbx);
          const callee = all.find(({ setting }) =>
            ['through', 'past'].includes(FLAT[pbx][setting.user]?.[column] ?? ''),
          );
          const caller = all.find((line) => line !== callee);
          assert.ok(callee && caller);
          for (const ending of ['hangs up', 'is hung up on'] as const) {
            const call = startCall(lab, {
              user: caller.setting.user,
              to: callee.setting.user,
              ip: caller.phone.ip,
              port: ending === 'hangs up' ? 5062 : 5064,
              proxy: caller.rollcall,
              ending,
            });
            assert.equal(await call.ended, 'as intended', ending);
            const messages: readonly TracedMessage[] = callee.phone.trace();
            const callId = messages.findLast(isInvite)?.callId;
            const byes = messages.filter((each) => each.callId === callId && isAnsweredBye(each));
            assert.deepEqual(
              byes.map(({ direction }) => direction),
              [ending === 'hangs up' ? 'sent' : 'received'],
              "the other phone's BYE",
            );
          }
        });
      }
    },
  );
}
