import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { secretOf } from '../../proxy/support/passing.ts';
import { over, TRANSPORTS } from '../../support/transports.ts';
import type { Lab } from '../support/lab.ts';
import { openLab } from '../support/lab.ts';
import { startRollcall } from '../support/rollcall.ts';
import type { Case } from './corpus.ts';
import { allCases } from './corpus.ts';
import { PHONE, PHONE_NET, PROXY, placeText, REGISTRAR } from './places.ts';
import { responsePlans, responsesTo } from './responses.ts';
import { decideHere } from './rollcall-core.ts';
import { RollcallProcess } from './rollcall-process.ts';

/** One in so many of the corpus goes through each transport. */
const ONE_IN = 12;
const RESPONSES = 150;

/** The secret of the decisions in this process, in a file. */
function sameSecret(lab: Lab): string {
  const path = lab.path('secret');
  writeFileSync(path, `${Buffer.from(secretOf('first')).toString('hex')}\n`, { mode: 0o600 });
  return path;
}

const FLAGS = [
  ...['--rport', 'force', '--phone-net', PHONE_NET],
  // Neither the limiter nor the log is what is looked at here.
  ...['--max-local-replies', '100000', '--log-level', 'warn'],
];

/** What can be heard: for other addresses in the lab there is nobody. */
const HEARD = new Set([placeText(PHONE), placeText(REGISTRAR)]);

function sample(): Case[] {
  const requests = allCases().filter(({ profile }, index) => profile === 'direct' && index % ONE_IN === 0);
  const answerable = requests.flatMap((one) => {
    const { outcome } = decideHere(one.bytes, one.from, one.profile);
    return outcome.kind === 'forwarded' ? [{ one, sent: outcome.sent }] : [];
  });
  const responses = responsePlans(RESPONSES).flatMap((plan, index) => {
    const request = answerable[plan.base % answerable.length];
    if (request === undefined) return [];
    const from = request.one.from === 'phone' ? ('registrar' as const) : ('phone' as const);
    const { ours: bytes } = responsesTo({ theirs: request.sent, ours: request.sent }, plan);
    return [{ name: `response ${index}`, from, profile: 'direct' as const, bytes }];
  });
  return [...requests, ...responses].filter((one) => {
    const { outcome } = decideHere(one.bytes, one.from, one.profile);
    return outcome.kind === 'silent' || HEARD.has(outcome.target);
  });
}

describe('the running process does what the decisions in this process say, byte for byte', () => {
  const lab = openLab();
  after(lab.close);
  const cases = sample();

  for (const transport of TRANSPORTS) {
    it(`over the ${transport} transport`, over(transport), async (t) => {
      const rollcall = await startRollcall(lab, {
        ...PROXY.direct,
        registrar: placeText(REGISTRAR),
        secretFile: sameSecret(lab),
        flags: [...FLAGS, '--transport', transport],
      });
      const running = await RollcallProcess.connect(rollcall.program);
      t.after(async () => {
        running.close();
        await rollcall.stop();
      });
      const counts = new Map<string, number>();
      for (const one of cases) {
        const { outcome: expected } = decideHere(one.bytes, one.from, one.profile);
        const sent = expected.kind === 'silent' ? [] : [{ target: expected.target, sent: expected.sent }];
        assert.deepEqual(await running.offer(one.bytes, one.from), sent, one.name);
        counts.set(expected.kind, (counts.get(expected.kind) ?? 0) + 1);
      }
      t.diagnostic([...counts].map(([kind, count]) => `${count} ${kind}`).join(', '));
      assert.ok(cases.length > 400 && counts.size === 3);
    });
  }
});
