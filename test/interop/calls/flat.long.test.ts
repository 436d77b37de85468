import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { openFlatLab, verdictOn } from './flat-lab.ts';
import { PBXS, settingsOf } from './settings.ts';
import { FLAT, MODES } from './table.ts';

/*
 * Every PBX calls a phone that registered through Rollcall, with each of its settings, in each contact mode; the
 * PBX can reach the phone's own address. Twice, so that either side hangs up.
 */
for (const [column, contactMode] of MODES.entries()) {
  describe(
    `a flat network, --contact-mode ${contactMode}`,
    needs('asterisk16', 'asterisk22', 'kamailio', 'sipp'),
    () => {
      const lab = openLab();
      const seen = new Map<string, string>();

      before(async () => {
        const lines = await openFlatLab(
          lab,
          { pjsip16: 80, sip16: 81, pjsip22: 82, kamailio: 83 },
          contactMode,
        );
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
    },
  );
}
