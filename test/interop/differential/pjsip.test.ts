import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { addressesOf } from '../support/addresses.ts';
import { startAsterisk } from '../support/asterisk.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import type { Emission } from './emissions.ts';
import { allEmissions } from './emissions.ts';
import type { Probe } from './pjsip-reader.ts';
import { PjsipReader } from './pjsip-reader.ts';
import { PROXY, placeText } from './places.ts';

/** One in so many of what we forward. */
const ONE_IN = 6;
/** So many complaints are shown whole. */
const SHOWN = 5;

/** Its branch gets a number, so that no answer can be another's. ACKs get none. */
function probesOf(
  emissions: readonly Emission[],
  make: (emission: Emission, branch: string) => string,
): Probe[] {
  return emissions.map((emission, index) => {
    const branch = `z9hG4bKprobe${index}`;
    return { branch, sent: make(emission, branch) };
  });
}

const withBranch = ({ sent }: Emission, branch: string): string =>
  sent.replace(/(?<=\r?\nVia: [^\r\n]*?;branch=)[^;\r\n]+/, branch);

/** What it is made of, under a Via as plain as can be. */
function underPlainVia({ origin }: Emission, branch: string): string {
  const via = `Via: SIP/2.0/UDP ${placeText(PROXY.direct)};branch=${branch}-origin\r\n`;
  const message = origin.replace(/^[\r\n]+/, '');
  const line = message.indexOf('\n') + 1;
  return message.slice(0, line) + via + message.slice(line);
}

describe('what we forward, read by pjsip', needs('asterisk22'), () => {
  const lab = openLab();
  const emissions = allEmissions()
    .filter(({ kind, sent }) => kind === 'request' && !sent.startsWith('ACK '))
    .filter((_, index) => index % ONE_IN === 0);
  let unread: readonly Probe[] = [];
  let originsUnread: readonly Probe[] = [];

  before(async () => {
    const { registrar: ip } = addressesOf(71);
    const asterisk = await startAsterisk(lab, { part: 'asterisk22', channelDriver: 'pjsip', ip, users: '' });
    const reader = await PjsipReader.connect(asterisk);
    unread = await reader.unanswered(probesOf(emissions, withBranch));
    const again = new Set(unread.map(({ branch }) => branch));
    const origins = probesOf(emissions, underPlainVia).filter(({ branch }) => again.has(branch));
    originsUnread = await reader.unanswered(
      origins.map(({ branch, sent }) => ({ branch: `${branch}-origin`, sent })),
    );
    reader.close();
  });
  after(lab.close);

  it('is read, or was unreadable before', (t) => {
    const excused = new Set(originsUnread.map(({ branch }) => branch.replace('-origin', '')));
    const ours = unread.filter(({ branch }) => !excused.has(branch));
    t.diagnostic(`${emissions.length - unread.length} read, ${excused.size} unreadable before`);
    assert.equal(
      ours.length,
      0,
      ours
        .slice(0, SHOWN)
        .map(({ sent }) => JSON.stringify(sent))
        .join('\n'),
    );
    assert.ok(emissions.length - unread.length > 300);
  });
});
