import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import type { Emission, EmissionKind } from './emissions.ts';
import { allEmissions } from './emissions.ts';
import { surprises } from './expectations.ts';
import { faultsOf } from './faults.ts';
import { StrictReader, UNREADABLE } from './strict-reader.ts';

/** So many complaints are shown whole. */
const SHOWN = 5;

function shown(complaint: string, { kind, name, contactMode, origin, sent }: Emission): string {
  return `${complaint} (${kind}, ${name}, ${contactMode})\n  made of ${JSON.stringify(origin)}\n  sent    ${JSON.stringify(sent)}`;
}

/** What came of one kind. */
interface Account {
  sane: number;
  /** So was what it was made of, for the same reason. */
  damagedAlready: number;
}

describe('what we send, read by a Kamailio that is strict', needs('kamailio'), () => {
  const lab = openLab();
  const emissions = allEmissions();
  const accounts: Record<EmissionKind, Account> = {
    request: { sane: 0, damagedAlready: 0 },
    answer: { sane: 0, damagedAlready: 0 },
    response: { sane: 0, damagedAlready: 0 },
  };
  const insane: string[] = [];
  const misread: string[] = [];

  before(async () => {
    const reader = await StrictReader.start(lab);
    for (const emission of emissions) await examine(reader, emission);
    reader.close();
  });
  after(lab.close);

  async function examine(reader: StrictReader, emission: Emission): Promise<void> {
    const [judgement, origin] = [await reader.judge(emission.sent), await reader.judge(emission.origin)];
    const account = accounts[emission.kind];
    if (judgement.kind === 'sane') {
      account.sane++;
      if (origin.kind === 'insane') return;
      const found = surprises(emission, judgement.reading, origin.reading);
      if (found.length > 0) misread.push(shown(found.join('; '), emission));
    } else if (
      origin.kind === 'insane' &&
      (origin.reason === judgement.reason || origin.reason === UNREADABLE)
    ) {
      account.damagedAlready++;
    } else {
      const before = origin.kind === 'insane' ? origin.reason : 'sane';
      insane.push(shown(`${judgement.reason}, before: ${before}`, emission));
    }
  }

  it('is sane, or as insane as what it was made of', (t) => {
    for (const [kind, { sane, damagedAlready }] of Object.entries(accounts)) {
      t.diagnostic(
        `${kind}s: ${sane} sane, ${damagedAlready} damaged already when we got what they are made of`,
      );
    }
    assert.equal(insane.length, 0, insane.slice(0, SHOWN).join('\n'));
    assert.ok(accounts.request.sane > 4000 && accounts.answer.sane > 500 && accounts.response.sane > 500);
  });

  it('is read as it should be, judging by what the same reader reads in what we got', () => {
    assert.equal(misread.length, 0, `${misread.length}\n${misread.slice(0, SHOWN).join('\n')}`);
  });

  it('has no fault, as the grammar has it, that what we got had not', () => {
    const worse = emissions.flatMap((emission) => {
      const before = faultsOf(emission.origin);
      // One hop less may be none: the next one's to refuse.
      const added = [...faultsOf(emission.sent)].filter(
        (fault) => fault !== 'zero_hops' && !before.has(fault),
      );
      return added.length > 0 ? [shown(added.join(), emission)] : [];
    });
    assert.equal(worse.length, 0, `${worse.length}\n${worse.slice(0, SHOWN).join('\n')}`);
  });
});
