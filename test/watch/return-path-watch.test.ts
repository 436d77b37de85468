import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContactMode } from '../../src/proxy/routes.ts';
import type { UndeliveredReason } from '../../src/watch/return-path-watch.ts';
import { ReturnPathWatch } from '../../src/watch/return-path-watch.ts';
import { keptLog } from '../app/settings.ts';

type Counted = Partial<Record<`${'answered' | 'dropped'} ${UndeliveredReason}`, number>>;

function watch(contactMode: ContactMode, counted: Counted) {
  const { log, lines } = keptLog();
  const counts = {
    datagrams: (_from: 'registrar', outcome: 'answered' | 'dropped', reason: UndeliveredReason) =>
      counted[`${outcome} ${reason}`] ?? 0,
  };
  return { watched: new ReturnPathWatch({ counts, contactMode, log }), lines };
}

test('nothing is said while every request of the PBX finds its phone', () => {
  const { watched, lines } = watch('alias', {});
  watched.look(0);
  watched.look(3_600_000);
  assert.deepEqual(lines, []);
});

test('requests without a token: one warning that names the cure, answered and dropped ones together', () => {
  const counted: Counted = { 'answered no_token': 1, 'dropped no_token': 4 };
  const { watched, lines } = watch('direct', counted);
  watched.look(0);
  assert.equal(lines.length, 1);
  assert.deepEqual([lines[0]?.level, lines[0]?.reason, lines[0]?.requests], [40, 'no_token', 5]);
  assert.match(String(lines[0]?.msg), /rewrites Contacts.*rewrite_contact=yes.*use --contact-mode alias/);
});

test('the same trouble again is told once in ten minutes, with what has been added', () => {
  const counted: Counted = { 'dropped no_token': 1 };
  const { watched, lines } = watch('direct', counted);
  watched.look(0);
  counted['dropped no_token'] = 41;
  watched.look(599_999);
  assert.equal(lines.length, 1);
  watched.look(600_000);
  assert.deepEqual(
    lines.map(({ requests }) => requests),
    [1, 40],
  );
  watched.look(1_200_000);
  assert.equal(lines.length, 2, 'it has ended');
});

test('each reason speaks for itself, and each mode has its own cure', () => {
  const counted: Counted = { 'answered target_refused': 1, 'dropped bad_token': 1, 'answered no_token': 1 };
  const told = (mode: ContactMode): unknown[] => {
    const { watched, lines } = watch(mode, counted);
    watched.look(0);
    return lines.map(({ msg }) => msg);
  };
  const [noToken, refused, badToken] = told('path').map(String);
  assert.match(noToken ?? '', /support_path=yes.*use --contact-mode alias/);
  assert.match(refused ?? '', /--phone-net/);
  assert.match(badToken ?? '', /same --secret-file/);
  assert.match(String(told('alias')[0]), /registered anew/);
});
