/** Our lines go in front of the first header line, whichever that is: also where that line itself goes or changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Routes } from '../../src/proxy/routes.ts';
import { fromPbx, PBX, PHONE, register, request } from './support/messages.ts';
import { pass, routesOf } from './support/passing.ts';
import { tokenFor } from './support/tokens.ts';

const NAT = '203.0.113.7:41234';

/** The message with its header lines turned by so many places. */
function turned(message: string, by: number): string {
  const [startLine, ...headers] = message.split('\r\n\r\n')[0]!.split('\r\n');
  const body = message.slice(message.indexOf('\r\n\r\n'));
  return [startLine, ...headers.slice(by), ...headers.slice(0, by)].join('\r\n') + body;
}

function headerCount(message: string): number {
  return message.split('\r\n\r\n')[0]!.split('\r\n').length - 1;
}

const CASES: readonly (readonly [about: string, input: string, source: string, routes: Routes])[] = [
  [
    'a REGISTER in alias+path, with Paths and a Route of ours',
    register('<sip:100@192.168.1.50>', {
      headers: ['Path: <sip:a>', 'Route: <sip:10.0.1.7;lr>', 'Path: <sip:b>', 'Supported: timer'],
    }),
    NAT,
    routesOf({ contactMode: 'alias+path' }),
  ],
  [
    'a REGISTER in path, of a phone that supports it',
    register('<sip:100@10.0.9.9>', { headers: ['Supported: timer, path'] }),
    PHONE,
    routesOf({ contactMode: 'path' }),
  ],
  [
    'an INVITE without Max-Forwards, with two Routes of ours',
    request({ hops: 'none', headers: ['Route: <sip:10.0.1.7;lr>', 'Route: <sip:10.0.1.7;lr>, <sip:x;lr>'] }),
    PHONE,
    routesOf({ contactMode: 'alias' }),
  ],
  [
    'a strict Route',
    request({ headers: ['Route: <sip:10.0.1.9>', 'Route: <sip:a;lr>'] }),
    PHONE,
    routesOf({ registrarNets: ['10.0.1.8/31'] }),
  ],
  [
    'a call of the PBX with Route and parameter',
    fromPbx({
      uri: `sip:100@10.0.1.7;rollcall=${tokenFor('alias', NAT)}`,
      headers: [`Route: <sip:${tokenFor('path', NAT)}@10.0.1.7:5060;lr>`],
    }),
    PBX,
    routesOf({ contactMode: 'alias+path' }),
  ],
];

for (const [about, input, source, routes] of CASES) {
  test(`${about}: the same lines, whatever stands first`, () => {
    const usual = pass(input, source, routes);
    assert.equal(usual.outcome, 'forwarded', usual.reason);
    const lines = (sent: string): string[] => sent.split('\r\n').toSorted();
    for (let by = 1; by < headerCount(input); by++) {
      const other = turned(input, by);
      // The order of the Routes among themselves has a meaning.
      if (routeOrder(other) !== routeOrder(input)) continue;
      const verdict = pass(other, source, routes);
      assert.deepEqual(lines(verdict.sent), lines(usual.sent), other);
      assert.match(verdict.sent, /^[^\r]*\r\nVia: SIP\/2\.0\/UDP 10\.0\.1\.7:5060;branch=/);
      assert.equal(verdict.target, usual.target);
    }
  });
}

function routeOrder(message: string): string {
  return (message.match(/^(?:Route|Path): .*/gm) ?? []).join();
}
