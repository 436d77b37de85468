import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseExposition, total } from '../support/exposition.ts';
import type { Lab } from '../support/lab.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import type { Call } from '../support/phone.ts';
import { startCall } from '../support/phone.ts';
import type { TracedMessage } from '../support/sip-trace.ts';
import { waitUntil } from '../support/wait-until.ts';
import type { Line } from './flat-lab.ts';
import { LOOKS, openFlatLab, verdictOn } from './flat-lab.ts';
import type { PbxId } from './settings.ts';
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

      describe('one phone calls another', { concurrency: PBXS.length }, () => {
        for (const pbx of PBXS) {
          it(`${pbx}: either hangs up`, () => eitherHangsUp(lab, pairAt(lines, pbx, column)));
        }
      });

      if (contactMode !== 'direct') return;
      describe('a phone whose Contact the PBX rewrites calls another', () => {
        for (const pbx of ['pjsip16', 'pjsip22'] as const) {
          it(`${pbx}: it is not told that the other hung up`, () => {
            const rewritten = lines.find(({ pbx: { id }, setting }) => id === pbx && setting.user === 'u0');
            assert.ok(rewritten);
            return isNotTold(lab, pairAt(lines, pbx, column)[0], rewritten);
          });
        }
      });
    },
  );
}

/** Two phones of a PBX: one that is called as the column says, and another that is reached within its own calls. */
function pairAt(lines: readonly Line[], pbx: PbxId, column: number): [callee: Line, caller: Line] {
  const all = lines.filter((line) => line.pbx.id === pbx);
  const expected = ({ setting }: Line): string => FLAT[pbx][setting.user]?.[column] ?? '';
  const callee = all.find((line) => ['through', 'past'].includes(expected(line)));
  const caller = all.find((line) => line !== callee && expected(line) !== 'no');
  assert.ok(callee && caller);
  return [callee, caller];
}

function callFrom(lab: Lab, caller: Line, callee: Line, ending: 'hangs up' | 'is hung up on'): Call {
  return startCall(lab, {
    user: caller.setting.user,
    to: callee.setting.user,
    ip: caller.phone.ip,
    port: ending === 'hangs up' ? 5062 : 5064,
    proxy: caller.rollcall,
    ending,
  });
}

async function eitherHangsUp(lab: Lab, [callee, caller]: readonly [Line, Line]): Promise<void> {
  for (const [ending, wanted] of [
    ['hangs up', 'sent'],
    ['is hung up on', 'received'],
  ] as const) {
    let answers: readonly TracedMessage['direction'][] = [];
    for (let looks = 0; looks < LOOKS && !answers.includes(wanted); looks++) {
      answers = await answersToByes(callee, callFrom(lab, caller, callee, ending));
    }
    assert.ok(
      answers.includes(wanted),
      `${ending}: the other phone's answers to BYE were ${answers.join(', ')}`,
    );
  }
}

/** Whose BYE ended a call, told by the 200 as the called phone sees it. Every call has to end, whoever is first. */
async function answersToByes(callee: Line, call: Call): Promise<TracedMessage['direction'][]> {
  assert.equal(await call.ended, 'as intended', call.program.name);
  const messages: readonly TracedMessage[] = callee.phone.trace();
  const callId = messages.findLast(isInvite)?.callId;
  return messages
    .filter((each) => each.callId === callId && isAnsweredBye(each))
    .map(({ direction }) => direction);
}

/** The PBX's BYE comes to Rollcall, which can't know whom it is for and answers 480. */
async function isNotTold(lab: Lab, callee: Line, caller: Line): Promise<void> {
  const refusals = async (): Promise<number> =>
    total(parseExposition(await caller.rollcall.metrics()), 'rollcall_datagrams_total', {
      from: 'registrar',
      outcome: 'answered',
      reason: 'no_token',
    });
  const before = await refusals();
  const call = callFrom(lab, caller, callee, 'is hung up on');
  const isRefused = async (): Promise<true | undefined> => ((await refusals()) > before ? true : undefined);
  await waitUntil('a 480 to the BYE', isRefused, { withinMs: 20_000, everyMs: 100 });
  await call.program.kill();
  const told = call.trace().map(({ direction, method, status }) => `${direction} ${method} ${status}`);
  assert.ok(told.includes('received INVITE 200'));
  assert.ok(!told.includes('received BYE 0'));
}
