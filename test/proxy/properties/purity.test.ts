/**
 * `decide` is a function of datagram, source, configuration and secret, though it works in scratch space that
 * it made once: neither what stands around the datagram, nor what was decided before, nor the process counts.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { decide } from '../../../src/proxy/decide.ts';
import { Decision } from '../../../src/proxy/decision.ts';
import { ascii } from '../../../src/sip/bytes.ts';
import type { Surroundings } from '../support/deciding.ts';
import { decided, forwardedBytes, placed } from '../support/deciding.ts';
import { latin1 } from '../support/passing.ts';
import { runs } from '../support/runs.ts';
import type { Scene } from '../support/scenes.ts';
import { routesFor, scene } from '../support/scenes.ts';

/** What would change the meaning of a message that somebody read beyond its ends. */
function neighbour(): fc.Arbitrary<Uint8Array> {
  const pieces = [
    '',
    'A',
    '\r\n',
    '\r\n\r\n',
    ' \t',
    ' folded on\r\n',
    ':',
    ';received=6.6.6.6;rport=9',
    'Content-Length: 3\r\n\r\nabc',
    'Via: SIP/2.0/UDP 6.6.6.6\r\nRoute: <sip:6.6.6.6;lr>\r\n\r\n',
    'INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 6.6.6.6;branch=z9hG4bKa',
    ' SIP/2.0\r\n',
    '"',
    '>',
  ].map(ascii);
  return fc.oneof(fc.constantFrom(...pieces), fc.uint8Array({ minLength: 1, maxLength: 40 }));
}

function surroundings(): fc.Arbitrary<Surroundings> {
  return fc.record({ before: neighbour(), behind: neighbour() });
}

test('what stands around the datagram is not read', () => {
  fc.assert(
    fc.property(scene(), surroundings(), (shown, around) => {
      assert.equal(decided(shown, around), decided(shown));
    }),
    runs(1500),
  );
});

test('what was decided before leaves nothing behind, in the same decision object or another', () => {
  const another = new Decision();
  const alone = new Map<string, string>();
  fc.assert(
    fc.property(scene(), scene(), fc.boolean(), (shown, between, isSameObject) => {
      const first = decided(shown);
      alone.set(first, first);
      decided(between, undefined, isSameObject ? undefined : another);
      assert.equal(decided(shown), first);
      decided(between);
      assert.equal(decided(shown, undefined, another), first);
    }),
    runs(1500),
  );
  assert.ok(alone.size > 100, 'and the scenes differed');
});

test('the datagram is not written to, and no length of it throws', () => {
  fc.assert(
    fc.property(scene(), fc.nat(400), (shown, cut) => {
      const copy = shown.datagram.slice();
      decided(shown);
      decided({ ...shown, datagram: shown.datagram.slice(0, cut) });
      decided({ ...shown, datagram: shown.datagram.slice(cut) });
      assert.deepEqual(shown.datagram, copy);
    }),
    runs(800),
  );
});

test('edits made in the buffer itself are those that are copied out', () => {
  const decision = new Decision();
  const HEADROOM = 4096;
  let inPlace = 0;
  fc.assert(
    fc.property(scene(), (shown) => {
      const headroom = { before: new Uint8Array(HEADROOM), behind: ascii('tail') };
      const datagram = placed(shown, headroom);
      decide(datagram, routesFor(shown.setting), decision);
      if (decision.outcome !== 'forwarded') return;
      const { message, edits } = decision;
      const copied = forwardedBytes(decision);
      const start = edits.applyInPlace(message.bytes, message.start, 0);
      assert.equal(latin1(message.bytes.subarray(datagram.end)), 'tail');
      if (start < 0) return;
      inPlace++;
      assert.equal(latin1(message.bytes.subarray(start, message.end)), copied);
    }),
    runs(2000),
  );
  assert.ok(inPlace > 100, `${inPlace} were edited in place`);
});

/** Scenes that one pipe carries at a time. */
const MAX_WIRED = 20_000;

test('two processes with one secret agree byte for byte', () => {
  const usual = runs<Scene>(1000);
  const scenes = fc.sample(scene(), { ...usual, numRuns: Math.min(usual.numRuns ?? 0, MAX_WIRED) });
  const input = JSON.stringify(
    scenes.map(({ datagram, ...rest }) => ({ ...rest, datagram: Buffer.from(datagram).toString('base64') })),
  );
  const program = new URL('../support/decider.js', import.meta.url).pathname;
  const output = execFileSync(process.execPath, [program], { input, maxBuffer: 1 << 28, timeout: 120_000 });
  const elsewhere = JSON.parse(output.toString('utf8')) as string[];
  assert.equal(elsewhere.length, scenes.length);
  scenes.forEach((shown, i) => {
    assert.equal(Buffer.from(elsewhere[i]!, 'base64').toString('latin1'), decided(shown));
  });
});
