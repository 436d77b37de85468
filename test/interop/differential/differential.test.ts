import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { REPO_ROOT } from '../../support/repo-root.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import { CLASSES } from './classes.ts';
import { SEED } from './corpus.ts';
import type { Difference } from './difference.ts';
import { KamailioForwarder } from './kamailio-forwarder.ts';
import { outcomeText } from './outcome.ts';
import { differencesPage } from './page.ts';
import type { Tally } from './run.ts';
import { compareAll } from './run.ts';

/** So many unexplained differences are shown whole. */
const SHOWN = 5;

function described({
  case: { name, from, profile },
  input,
  theirs,
  ours,
  parts,
  faults,
}: Difference): string {
  const sent = [theirs, ours].map((each) => (each.kind === 'silent' ? '' : JSON.stringify(each.sent)));
  return [
    `${name}, from the ${from}, ${profile}; reads as ${[...faults].join(', ') || 'sound'}`,
    `  Kamailio ${outcomeText(theirs)}, we ${outcomeText(ours)}${parts.length > 0 ? `; they differ in ${parts}` : ''}`,
    `  received  ${JSON.stringify(input)}`,
    `  Kamailio  ${sent[0]}`,
    `  we        ${sent[1]}`,
  ].join('\n');
}

describe('Rollcall beside a Kamailio that forwards', needs('kamailio'), () => {
  const lab = openLab();
  let tally: Tally;

  before(async () => {
    const kamailio = await KamailioForwarder.start(lab);
    try {
      tally = await compareAll(kamailio);
    } finally {
      kamailio.close();
    }
  });
  after(lab.close);

  it('does the same with requests and responses, or differs in a way that has a class', (t) => {
    const { requests, responses, same, classes, unexplained } = tally;
    t.diagnostic(`seed ${SEED}: ${requests} requests and ${responses} responses`);
    for (const [what, count] of same) t.diagnostic(`${count} both ${what}`);
    for (const [{ id }, found] of [...classes].sort(([, a], [, b]) => b.length - a.length)) {
      t.diagnostic(`${found.length} ${id}, the first: ${found[0]?.case.name}`);
    }
    t.diagnostic(`${unexplained.length} unexplained`);
    assert.ok(requests >= 5000 && responses >= 2000);
    assert.equal(unexplained.length, 0, unexplained.slice(0, SHOWN).map(described).join('\n'));
  });

  it('mostly does the same: the comparison compares something', () => {
    const both = (what: string): number => tally.same.get(what) ?? 0;
    assert.ok(both('forwarded') > 2500, `${both('forwarded')} both forwarded`);
    for (const answer of ['answered 400', 'answered 420', 'answered 480', 'answered 483', 'silent']) {
      assert.ok(both(answer) > 0, `both ${answer}`);
    }
  });

  it('has no class that nothing falls into', () => {
    assert.deepEqual(
      CLASSES.filter((each) => !tally.classes.has(each)).map(({ id }) => id),
      [],
    );
  });

  it('does with every request what the RFC says of its faults, as an independent reading finds them', () => {
    const { contradictions } = tally;
    assert.equal(contradictions.length, 0, contradictions.slice(0, SHOWN).join('\n'));
  });
});

describe('the classes', () => {
  it('have names of their own', () => {
    assert.equal(new Set(CLASSES.map(({ id }) => id)).size, CLASSES.length);
  });

  it('are what docs/DIFFERENCES.md says (npm run generate)', () => {
    assert.equal(readFileSync(join(REPO_ROOT, 'docs', 'DIFFERENCES.md'), 'utf8'), differencesPage());
  });
});
