/** What no datagram may make us do, whatever the setting; and that whatever we don't edit comes out as it was. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { containsAny } from '../../../src/proxy/routes.ts';
import { endpointText, hostText } from '../../../src/sip/address.ts';
import type { Verdict } from '../support/passing.ts';
import { endpoint, latin1, pass } from '../support/passing.ts';
import {
  bounded,
  firstValueEnd,
  nameOf,
  pieces,
  receivedOf,
  routes as routesIn,
  strippedRequest,
  withoutContactTokens,
  withoutTopVia,
} from '../support/reference.ts';
import { runs } from '../support/runs.ts';
import type { Scene } from '../support/scenes.ts';
import { cleanScene, routesFor, scene } from '../support/scenes.ts';
import { tokenParts } from '../support/tokens.ts';

function passed({ datagram, source, setting, socket }: Scene): Verdict {
  return pass(datagram, source, routesFor(setting), socket);
}

function describe({ datagram, source, setting, socket }: Scene): string {
  return `${source} on ${socket}, ${JSON.stringify(setting)}:\n${latin1(datagram)}`;
}

/** The message without the empty lines that may stand in front of it. */
function received({ datagram }: Scene): string {
  return latin1(datagram).replace(/^[\r\n]+/, '');
}

/** Checks a law over scenes; of those that it speaks about at least so many in a hundred must have come up. */
function law(
  name: string,
  arbitrary: fc.Arbitrary<Scene>,
  usualRuns: number,
  leastPercent: number,
  check: (scene: Scene, verdict: Verdict) => boolean,
): void {
  test(name, () => {
    let all = 0;
    let spoken = 0;
    fc.assert(
      fc.property(arbitrary, (shown) => {
        const verdict = passed(shown);
        all++;
        try {
          if (check(shown, verdict)) spoken++;
        } catch (error) {
          throw new Error(
            `${verdict.outcome} ${verdict.reason} to ${verdict.target}\n${describe(shown)}\n--- sent:\n${verdict.sent}`,
            { cause: error },
          );
        }
      }),
      runs(usualRuns),
    );
    assert.ok((spoken * 100) / all >= leastPercent, `${spoken} of ${all} scenes said something`);
  });
}

law('an answer is never longer than what it answers, STUN excepted', scene(), 2500, 20, (shown, verdict) => {
  if (verdict.outcome !== 'answered') return false;
  if (verdict.reason === 'stun') {
    assert.equal(shown.setting.stun, 'answer');
    assert.equal(verdict.sent.length <= shown.datagram.length + 24, true);
    return true;
  }
  assert.ok(verdict.sent.length <= shown.datagram.length);
  return true;
});

law(
  'no answer to a response, to an ACK, or to an OPTIONS of the registrar',
  scene(),
  1500,
  5,
  (shown, verdict) => {
    const method = /^\S*/.exec(received(shown))![0];
    const isUnanswerable =
      /^sip\//i.test(method) || method === 'ACK' || (method === 'OPTIONS' && verdict.from === 'registrar');
    if (!isUnanswerable) return false;
    assert.notEqual(verdict.outcome, 'answered');
    return true;
  },
);

law(
  'an answer goes to who asked, never to everybody, to nobody or to ourselves',
  scene(),
  1500,
  20,
  (shown, verdict) => {
    if (verdict.outcome !== 'answered') return false;
    const source = endpoint(shown.source);
    const target = endpoint(verdict.target);
    assert.equal(hostText(target), hostText(source));
    assert.equal(verdict.socket, shown.socket);
    assert.doesNotMatch(verdict.target, /^(?:255\.255\.255\.255|0\.|22[4-9]\.|\[ff|\[::\])/);
    assert.ok(!shown.setting.us.includes(verdict.target));
    return true;
  },
);

const fromRegistrar = scene().map((shown) => ({ ...shown, source: '10.0.1.8:5060' }));

/** Flows of every text in the datagram that is a token of ours. */
function tokenFlows(shown: Scene): string[] {
  const { signer } = routesFor(shown.setting);
  const words = latin1(shown.datagram).match(/[0-9a-v]{29,48}/gi) ?? [];
  return words.flatMap((word) => tokenParts(word, signer)?.flow ?? []);
}

law(
  'a phone’s request goes to the registrar or into --registrar-net, and nowhere else',
  scene(),
  2500,
  8,
  (shown, verdict) => {
    if (verdict.outcome !== 'forwarded' || verdict.from !== 'phone' || verdict.reason !== 'request')
      return false;
    const target = endpoint(verdict.target);
    const { registrarNets } = routesFor(shown.setting);
    assert.ok(verdict.target === shown.setting.registrar || containsAny(registrarNets, target));
    assert.ok(!shown.setting.us.includes(verdict.target));
    return true;
  },
);

law(
  'the registrar’s request goes to the flow of a token in it, or into --phone-net',
  fromRegistrar,
  2500,
  3,
  (shown, verdict) => {
    if (verdict.outcome !== 'forwarded' || verdict.from !== 'registrar' || verdict.reason !== 'request')
      return false;
    const target = endpoint(verdict.target);
    assert.ok(
      tokenFlows(shown).includes(verdict.target) || containsAny(routesFor(shown.setting).phoneNets, target),
      tokenFlows(shown).join(),
    );
    assert.ok(!shown.setting.us.includes(verdict.target));
    return true;
  },
);

law(
  'a response goes to what the Via below ours says, if we made the one above it',
  scene(),
  2500,
  2,
  (shown, verdict) => {
    if (verdict.outcome !== 'forwarded' || verdict.reason !== 'response') return false;
    assert.ok(!shown.setting.us.includes(verdict.target));
    if (shown.setting.viaCheck === 'observe') return false;
    const vias = pieces(withoutTopVia(received(shown))).headers.filter((header) => nameOf(header) === 'via');
    const value = vias[0]!.slice(vias[0]!.indexOf(':') + 1);
    const stamped = receivedOf(value.slice(0, firstValueEnd(value)));
    assert.equal(hostText(endpoint(verdict.target)), hostText(endpoint(stamped)));
    return true;
  },
);

law('without a genuine check value no response goes on', scene(), 1833, 0, (shown, verdict) => {
  if (!/^SIP\/2/i.test(received(shown)) || shown.setting.viaCheck === 'observe') return false;
  const strangers: Scene = { ...shown, setting: { ...shown.setting, secrets: ['third'] } };
  assert.notEqual(passed(strangers).outcome, 'forwarded');
  return verdict.outcome === 'forwarded';
});

law('what nobody vouches for leads to our own networks at most', scene(), 2500, 1, (shown) => {
  if (!/^SIP\/2/i.test(received(shown))) return false;
  const setting = { ...shown.setting, viaCheck: 'observe', secrets: ['third'] } as const;
  const { outcome, target } = passed({ ...shown, setting });
  if (outcome !== 'forwarded') return false;
  const { phoneNets, registrarNets } = routesFor(setting);
  assert.ok(containsAny([...phoneNets, ...registrarNets], endpoint(target)), target);
  return true;
});

law('what we don’t edit of a request comes out byte for byte', scene(), 2500, 8, (shown, verdict) => {
  if (verdict.outcome !== 'forwarded' || verdict.reason !== 'request') return false;
  const input = bounded(received(shown));
  assert.equal(strippedRequest(verdict.sent, 'sent'), strippedRequest(input, 'received'));
  return true;
});

law('what we write into a request: one Via, one hop less, the source', scene(), 2500, 8, (shown, verdict) => {
  if (verdict.outcome !== 'forwarded' || verdict.reason !== 'request') return false;
  const { headers } = pieces(verdict.sent);
  assert.match(
    headers[0]!,
    /^Via: SIP\/2\.0\/UDP \S+:\d+;branch=z9hG4bK[0-9a-f]{32};s=\d+;m=[0-9a-f]{16};l=[0-9a-f]{16}(?:;rport)?\r?\n$/,
  );
  const next = headers.slice(1).find((header) => nameOf(header) === 'via')!;
  const value = next.slice(next.indexOf(':') + 1);
  const stamps = value.slice(0, firstValueEnd(value)).match(/;received=[^;,\s]*/g);
  const source = endpoint(shown.source);
  assert.equal(stamps?.at(-1), `;received=${hostText(source)}`);
  assert.equal(hopsOf(verdict.sent), (hopsOf(received(shown)) ?? 71) - 1);
  return true;
});

function hopsOf(text: string): number | undefined {
  const line = pieces(text).headers.find((header) => nameOf(header) === 'max-forwards');
  return line === undefined ? undefined : Number(line.slice(line.indexOf(':') + 1));
}

law(
  'the Request-URI is the received one, but where ours stood in it or a strict route made it',
  scene(),
  2500,
  8,
  (shown, verdict) => {
    if (verdict.outcome !== 'forwarded' || verdict.reason !== 'request') return false;
    const uriOf = (text: string): string => / ([\s\S]*) /.exec(pieces(text).startLine)![1]!;
    const before = uriOf(received(shown));
    const after = uriOf(verdict.sent);
    assert.doesNotMatch(after, /[\s<]/);
    if (before === after) return true;
    const fromRoute = routesIn(received(shown)).some((value) => value.includes(after.split(';')[0]!));
    const isOurs = /rollcall|maddr|10\.0\.1\.7|192\.168\.9\.1|2001:db8::7|a00:107|proxy\.example/i.test(
      before,
    );
    assert.ok(fromRoute || isOurs, `${before} became ${after}`);
    return true;
  },
);

law(
  'Routes that stay are the received ones, in order; only a strict route adds the Request-URI',
  scene(),
  2500,
  8,
  (shown, verdict) => {
    if (verdict.outcome !== 'forwarded' || verdict.reason !== 'request') return false;
    const before = routesIn(received(shown));
    const after = routesIn(verdict.sent);
    const isAt =
      after.length === 0 ? 0 : before.findIndex((_, i) => after.every((value, k) => value === before[i + k]));
    if (isAt >= 0) return true;
    const swapped = after.slice(0, -1);
    const at = before.findIndex((_, i) => swapped.every((value, k) => value === before[i + 1 + k]));
    assert.ok(at >= 0, `${before.join()} became ${after.join()}`);
    assert.match(after.at(-1)!, /^<[\s\S]*>$/);
    return true;
  },
);

law(
  'a response comes out byte for byte but for our Via and, in a 2xx to REGISTER, our parameter',
  cleanScene(),
  2500,
  4,
  (shown, verdict) => {
    if (verdict.outcome !== 'forwarded' || verdict.reason !== 'response') return false;
    const expected = withoutTopVia(bounded(received(shown)));
    if (verdict.tap === 'register_response') {
      assert.equal(withoutContactTokens(verdict.sent), withoutContactTokens(expected));
    } else {
      assert.equal(verdict.sent, expected);
    }
    return true;
  },
);

law('a response leaves by a socket that there is', cleanScene(), 1166, 4, (shown, verdict) => {
  if (verdict.outcome !== 'forwarded') return false;
  assert.ok(
    verdict.socket >= 0 && verdict.socket < shown.setting.us.length,
    endpointText(endpoint(verdict.target)),
  );
  return true;
});
