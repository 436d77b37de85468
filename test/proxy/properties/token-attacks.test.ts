/** Random tokens, false and genuine ones in the wrong hands, in every place: refused, with a reason, and not relayed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ContactMode, Routes } from '../../../src/proxy/routes.ts';
import { TOKEN_PURPOSES } from '../../../src/proxy/token.ts';
import { createSigner } from '../../../src/secrets/signer.ts';
import type { RequestParts } from '../support/messages.ts';
import { fromPbx, PBX, request, startLine } from '../support/messages.ts';
import type { Verdict } from '../support/passing.ts';
import { pass, routesOf, secretOf } from '../support/passing.ts';
import { runs } from '../support/runs.ts';
import { afterRotation, rotated, tokenFor } from '../support/tokens.ts';

const US = '10.0.1.7:5060';
const ATTACKER = '203.0.113.66:31337';
const ALPHABET = [...'0123456789abcdefghijklmnopqrstuvABCDEFGHIJKLMNOPQRSTUV'];
/** What an administrator may have opened as wide as can be must not matter. */
const OPEN = { phoneNets: ['0.0.0.0/0', '::/0'] };

const purpose = fc.constantFrom(...TOKEN_PURPOSES);
const port = fc.integer({ min: 1, max: 65_535 });
const flow = fc.oneof(
  fc.tuple(fc.constantFrom('203.0.113.7', '10.0.9.9', '10.0.1.8', '8.8.8.8', '127.0.0.1'), port),
  fc.tuple(fc.ipV4(), port),
  fc.tuple(fc.constantFrom('[2001:db8::7]', '[::1]'), port),
);
const genuine = fc.record({ purpose, flow, socket: fc.nat(31) }).map(({ flow: [host, at], ...how }) => ({
  ...how,
  token: tokenFor(how.purpose, `${host}:${at}`, how.socket),
}));
const text = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...ALPHABET), { minLength, maxLength }).map((chars) => chars.join(''));

const stranger = createSigner([secretOf('stranger')]);
/** A genuine token with something done to it that changed it; what readToken thinks of it is not asked. */
function spoiled<T>(how: fc.Arbitrary<T>, spoil: (token: string, how: T) => string): fc.Arbitrary<string> {
  return fc
    .tuple(genuine, how)
    .map(([{ token }, what]) => ({ token, other: spoil(token, what) }))
    .filter(({ token, other }) => other.toLowerCase() !== token)
    .map(({ other }) => other);
}

/** Everything that is no token of ours; near misses most of all. */
const falseToken = fc.oneof(
  text(1, 60),
  text(29, 29),
  text(48, 48),
  // The head of a genuine one, so that its version and key are known.
  spoiled(text(27, 27), (token, rest) => token.slice(0, 2) + rest),
  spoiled(fc.tuple(fc.nat(200), text(1, 1)), (token, [at, char]) => {
    const place = at % token.length;
    return token.slice(0, place) + char + token.slice(place + 1);
  }),
  spoiled(fc.nat(200), (token, length) => token.slice(0, 1 + (length % token.length))),
  spoiled(text(1, 8), (token, more) => token + more),
  spoiled(text(1, 8), (token, more) => more + token),
  fc.tuple(purpose, flow).map(([how, [host, at]]) => tokenFor(how, `${host}:${at}`, 0, stranger)),
  fc.tuple(purpose, flow).map(([how, [host, at]]) => tokenFor(how, `${host}:${at}`, 0, afterRotation)),
);

type Place = 'route' | 'route behind ours' | 'parameter, our host' | 'parameter, another host';
const PLACES: Readonly<Record<Place, (token: string) => RequestParts>> = {
  route: (token) => ({ headers: [`Route: <sip:${token}@${US};lr>`] }),
  'route behind ours': (token) => ({ headers: [`Route: <sip:${US};lr>, <sip:${token}@${US};lr>`] }),
  'parameter, our host': (token) => ({ uri: `sip:x@${US};rollcall=${token}` }),
  'parameter, another host': (token) => ({ uri: `sip:x@203.0.113.7:41234;a;rollcall=${token};b=c` }),
};
const place = fc.constantFrom<Place>(
  'route',
  'route behind ours',
  'parameter, our host',
  'parameter, another host',
);
const method = fc.constantFrom(
  'INVITE',
  'BYE',
  'NOTIFY',
  'MESSAGE',
  'CANCEL',
  'REGISTER',
  'OPTIONS',
  'ACK',
  'FOO',
);
const to = fc.constantFrom('<sip:200@example.com>', '<sip:200@example.com>;tag=t1');
const contactMode = fc.constantFrom<ContactMode>('alias', 'path', 'alias+path', 'direct');
const settings = contactMode.map((mode): Routes => routesOf({ contactMode: mode, ...OPEN }));

/** Refused for its token: told so, or not a word; and nothing goes anywhere else. */
function assertRefused(verdict: Verdict, silent: readonly string[], how: string, asker: string): void {
  assert.equal(verdict.reason, 'bad_token');
  if (silent.includes(how)) {
    assert.deepEqual([verdict.outcome, verdict.sent, verdict.target], ['dropped', '', '']);
  } else {
    assert.deepEqual([verdict.outcome, startLine(verdict.sent)], ['answered', 'SIP/2.0 403 Forbidden']);
    assert.equal(verdict.target.split(':')[0], asker.split(':')[0]);
  }
}

test('no false token gets anything from the PBX’s side through', () => {
  fc.assert(
    fc.property(falseToken, place, method, to, settings, (token, where, how, whom, routes) => {
      const verdict = pass(fromPbx({ method: how, to: whom, ...PLACES[where](token) }), PBX, routes);
      assertRefused(verdict, ['OPTIONS', 'ACK'], how, PBX);
    }),
    runs(3000),
  );
});

test('no token in another place than it was made for gets anything through', () => {
  fc.assert(
    fc.property(genuine, place, method, settings, ({ token, purpose: made }, where, how, routes) => {
      const isRoute = where.startsWith('route');
      fc.pre(isRoute === (made === 'alias'));
      const verdict = pass(fromPbx({ method: how, ...PLACES[where](token) }), PBX, routes);
      assertRefused(verdict, ['OPTIONS', 'ACK'], how, PBX);
    }),
    runs(1500),
  );
});

test('no token of a key that is retired gets anything through; while the rotation lasts, it does', () => {
  fc.assert(
    fc.property(genuine, method, contactMode, ({ token, purpose: made }, how, mode) => {
      const where = made === 'alias' ? 'parameter, another host' : 'route';
      const datagram = fromPbx({ method: how, ...PLACES[where](token) });
      const retired = routesOf({ contactMode: mode, signer: afterRotation, ...OPEN });
      assertRefused(pass(datagram, PBX, retired), ['OPTIONS', 'ACK'], how, PBX);
      const rotating = routesOf({ contactMode: mode, signer: rotated, ...OPEN });
      assert.notEqual(pass(datagram, PBX, rotating).reason, 'bad_token');
    }),
    runs(1000),
  );
});

test('no token in a phone’s hands, false or genuine, leads anywhere outside of a dialog', () => {
  const any = fc.oneof(
    falseToken,
    genuine.map(({ token }) => token),
  );
  fc.assert(
    fc.property(any, place, method, settings, (token, where, how, routes) => {
      const verdict = pass(request({ method: how, ...PLACES[where](token) }), ATTACKER, routes);
      assertRefused(verdict, ['ACK'], how, ATTACKER);
    }),
    runs(2500),
  );
});

test('within a dialog a phone’s Record-Route token leads to the registrar; all others nowhere', () => {
  const inDialog = { to: '<sip:200@example.com>;tag=t1' };
  fc.assert(
    fc.property(genuine, place, method, settings, ({ token, purpose: made }, where, how, routes) => {
      const verdict = pass(request({ method: how, ...inDialog, ...PLACES[where](token) }), ATTACKER, routes);
      if (made === 'rr' && where.startsWith('route')) {
        assert.deepEqual([verdict.outcome, verdict.target], ['forwarded', PBX]);
        assert.ok(!verdict.sent.includes(token));
      } else assertRefused(verdict, ['ACK'], how, ATTACKER);
    }),
    runs(1500),
  );
});
