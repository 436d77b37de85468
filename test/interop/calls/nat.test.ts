import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { parseExposition, total } from '../support/exposition.ts';
import { openLab } from '../support/lab.ts';
import { needs } from '../support/needs.ts';
import type { TracedMessage } from '../support/sip-trace.ts';
import { verdictOn } from './flat-lab.ts';
import type { NatLab, NatLine } from './nat-lab.ts';
import { openNatLab } from './nat-lab.ts';
import type { Patience } from './observe.ts';
import { ON_A_BAD_LINE, observeCancel } from './observe.ts';
import type { PbxId } from './settings.ts';
import { PBXS } from './settings.ts';
import { BINDINGS_AFTER_REBIND, GIVEN_UP, NAT, NAT_MODES } from './table.ts';

/*
 * Phones behind a real NAT, each PBX and its settings, all three modes at once: registered; after the NAT has given
 * them other ports; with the kernel's SIP helper rewriting what passes; with every fifth datagram lost.
 */
const nameOf = ({ key, column }: NatLine): string => `${key}, ${NAT_MODES[column]}`;
/** Reads one verdict of the table. */
const expected = (key: string, column: number, phase: 'first' | 'rebound'): string => {
  const [pbx, user] = key.split(' ') as [PbxId, string];
  return NAT[pbx][user]?.[phase][column] ?? 'not in the table';
};

describe(
  'behind a NAT',
  needs('asterisk16', 'asterisk22', 'kamailio', 'sipp', 'iproute2', 'nftables', 'conntrack'),
  () => {
    const lab = openLab();
    let nat: NatLab['nat'];
    let lines: readonly NatLine[] = [];
    let ringing: readonly NatLine[] = [];
    before(async () => {
      ({ nat, lines, ringing } = await openNatLab(lab));
    });
    after(lab.close);

    /** Those that a call reaches; what is out of reach once stays so. */
    const reached = (phase: 'first' | 'rebound'): NatLine[] =>
      lines.filter(({ key, column }) => expected(key, column, phase) === 'through');
    const registerAnew = (some: readonly NatLine[]): Promise<unknown> =>
      Promise.all(some.map(({ phone }) => phone.registeredAnew()));
    const verdicts = async (
      some: readonly NatLine[],
      phase: 'first' | 'rebound',
      patience?: Patience,
    ): Promise<Record<string, string>> => {
      const pairs = some.map(async (line) => {
        const wanted = expected(line.key, line.column, phase);
        return [nameOf(line), await verdictOn(line, wanted, patience)] as const;
      });
      return Object.fromEntries(await Promise.all(pairs));
    };
    const table = (some: readonly NatLine[], phase: 'first' | 'rebound'): Record<string, string> =>
      Object.fromEntries(some.map((line) => [nameOf(line), expected(line.key, line.column, phase)]));

    it('every setting of every PBX in the table is tried in every mode', () => {
      const rows = PBXS.flatMap((pbx) => Object.keys(NAT[pbx]).map((user) => `${pbx} ${user}`));
      const tried = lines.map(nameOf).sort();
      assert.deepEqual(tried, rows.flatMap((row) => NAT_MODES.map((mode) => `${row}, ${mode}`)).sort());
    });

    it('phones that registered are called as the table says', async () => {
      assert.deepEqual(await verdicts(lines, 'first'), table(lines, 'first'));
    });

    it('other ports: phones that registered anew are called as the table says', async () => {
      nat.rebind();
      const some = reached('first');
      await registerAnew(some);
      assert.deepEqual(await verdicts(some, 'rebound'), table(some, 'rebound'));
    });

    it('other ports: only Kamailio with `alias` keeps the old binding, too', async () => {
      const some = reached('rebound');
      const found = some.map(async (line) => [nameOf(line), await line.pbx.bindings(line.setting.user)]);
      const wanted = some.map((line) => [nameOf(line), BINDINGS_AFTER_REBIND[line.key]?.[line.column] ?? 1]);
      assert.deepEqual(await Promise.all(found), wanted);
    });

    it('other ports: a phone that rings stops when the PBX gives up, as the table says', async () => {
      await registerAnew(ringing);
      const seen = ringing.map(
        async (line) => [nameOf(line), await observeCancel(line.pbx, line.phone)] as const,
      );
      const wanted = ringing.map((line) => [nameOf(line), GIVEN_UP[line.pbx.id][line.column]] as const);
      assert.deepEqual(Object.fromEntries(await Promise.all(seen)), Object.fromEntries(wanted));
    });

    it('the SIP helper on: what was called is called', async () => {
      nat.alg('on');
      const some = reached('rebound');
      await registerAnew(some);
      const registered = ({ method, status }: TracedMessage): boolean =>
        method === 'REGISTER' && status === 200;
      const seen = some[0]?.phone.trace().findLast(registered);
      assert.match(seen?.values('Via')[0] ?? '', /received=10\.99\.1\.2/, 'the helper rewrites what passes');
      assert.deepEqual(await verdicts(some, 'rebound'), table(some, 'rebound'));
      nat.alg('off');
    });

    it('every fifth datagram lost: what was called is called', async () => {
      const some = reached('rebound');
      nat.loss(20);
      await registerAnew(some);
      assert.deepEqual(await verdicts(some, 'rebound', ON_A_BAD_LINE), table(some, 'rebound'));
      nat.loss(0);
    });

    it('no Rollcall found a token that it had not signed', async () => {
      await Promise.all([...lines, ...ringing].map(({ phone }) => phone.kill()));
      for (const rollcall of new Set(lines.map((line) => line.rollcall))) {
        const samples = parseExposition(await rollcall.metrics());
        assert.ok(total(samples, 'rollcall_datagrams_total', { outcome: 'forwarded' }) > 0);
        assert.equal(total(samples, 'rollcall_datagrams_total', { reason: 'bad_token' }), 0);
      }
    });
  },
);
