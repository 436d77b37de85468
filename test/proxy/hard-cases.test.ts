/** The table of hard cases, line by line, and that none is missing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import { fixturesIn } from '../support/fixtures.ts';
import { REPO_ROOT } from '../support/repo-root.ts';
import { HARD_CASES, ROWS } from './hard-cases/all.ts';
import type { Forward, HardCase, Parsed } from './hard-cases/hard-case.ts';
import { answerTo } from './hard-cases/hard-case.ts';
import { hear } from './hard-cases/hearing.ts';
import { hardCasesPage } from './hard-cases/page.ts';
import { startLine } from './support/messages.ts';
import type { Verdict } from './support/passing.ts';
import { bytesOf, latin1, pass, routesOf } from './support/passing.ts';

const OUR_VIA =
  /^(?:[^\r]*\r\n)(Via: SIP\/2\.0\/UDP [^\r]*;branch=z9hG4bK[0-9a-f]{32};s=\d+;m=[0-9a-f]{16};l=[0-9a-f]{16}(?:;rport)?\r\n)/;

for (const hard of HARD_CASES) {
  const title = `${hard.row === 0 ? '' : `row ${hard.row}: `}${hard.name}`;
  test(`${title}: parse`, () => assert.equal(parsed(hard.input), hard.parse));

  test(`${title}: forward`, () => {
    const verdict = decided(hard);
    assertForward(hard.forward, hard.input, verdict);
    hard.proves?.(verdict);
  });

  test(`${title}: monitor`, () => {
    const verdict = decided(hard);
    const { tap, answer, proves } = hard.monitor;
    assert.equal(verdict.tap, tap);
    if (proves === undefined) return;
    assert.equal(verdict.outcome, 'forwarded');
    const answers = answer === undefined ? [] : [answerTo(verdict.sent, answer)];
    proves(hear(hard.source, verdict.sent, answers));
  });
}

function decided(hard: HardCase): Verdict {
  return pass(hard.input, hard.source, routesOf(hard.setting));
}

function parsed(input: string): Parsed {
  const bytes = bytesOf(input);
  const message = new Message();
  if (!parse(bytes, 0, bytes.length, message)) return 'no start line';
  return message.fault ?? 'message';
}

function assertForward(expected: Forward, input: string, verdict: Verdict): void {
  assert.deepEqual(
    [verdict.outcome, verdict.sent === ''],
    [expected.does, expected.does === 'dropped' || expected.does === 'absorbed'],
    verdict.reason,
  );
  switch (expected.does) {
    case 'forwarded':
      assert.equal(verdict.target, expected.to);
      assert.equal(verdict.sent, edited(input, expected.changes, verdict.sent));
      return;
    case 'answered':
      assert.deepEqual([verdict.reason, verdict.target], [expected.reason, expected.to]);
      assert.ok(startLine(verdict.sent).startsWith(`SIP/2.0 ${expected.status} `), verdict.sent);
      assert.ok(verdict.sent.length <= input.length);
      for (const line of expected.holds ?? [])
        assert.ok(verdict.sent.includes(`\r\n${line}\r\n`), verdict.sent);
      return;
    default:
      assert.equal(verdict.reason, expected.reason);
  }
}

/** The input with its changes made, and, in a request, with our Via as the first line. */
function edited(input: string, changes: readonly (readonly [string, string])[], sent: string): string {
  let text = input;
  for (const [before, after] of changes) {
    assert.equal(text.split(before).length, 2, `${JSON.stringify(before)} stands there once`);
    text = text.replace(before, () => after);
  }
  if (input.startsWith('SIP/')) return text;
  const ourVia = OUR_VIA.exec(sent)?.[1];
  assert.ok(ourVia !== undefined, `no Via of ours:\n${sent}`);
  return text.replace('\r\n', () => `\r\n${ourVia}`);
}

test('every row has a case', () => {
  const rows = new Set(HARD_CASES.map(({ row }) => row));
  const missing = Array.from({ length: ROWS }, (_, i) => i + 1).filter((row) => !rows.has(row));
  assert.deepEqual(missing, []);
});

test('every message of RFC 4475 and RFC 5118 has a verdict', () => {
  const names = new Set(HARD_CASES.map(({ name }) => name.split(',')[0]));
  for (const set of ['rfc4475', 'rfc5118', 'repaired']) {
    const missing = fixturesIn(set).filter(({ name }) => !names.has(name));
    assert.deepEqual(
      missing.map(({ name }) => name),
      [],
      set,
    );
  }
});

test('the request fixtures go in as they are', () => {
  const inputs = new Set(HARD_CASES.map(({ input }) => input));
  const requests = ['rfc4475', 'rfc5118', 'repaired']
    .flatMap((set) => fixturesIn(set))
    .filter(({ bytes }) => !latin1(bytes.subarray(0, 4)).startsWith('SIP/'));
  assert.ok(requests.length > 50);
  for (const { name, bytes } of requests) assert.ok(inputs.has(latin1(bytes)), name);
});

test('no two cases share a name', () => {
  const names = HARD_CASES.map(({ row, name }) => `${row} ${name}`);
  assert.equal(new Set(names).size, names.length);
});

test('docs/HARD-CASES.md is what the table says (npm run generate)', () => {
  assert.equal(readFileSync(join(REPO_ROOT, 'docs', 'HARD-CASES.md'), 'utf8'), hardCasesPage());
});
