import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HostTexts } from '../../src/monitor/host-texts.ts';
import { Endpoint, hostText } from '../../src/sip/address.ts';

const word = fc.oneof(fc.integer(), fc.constantFrom(0, 0xffff, -1));
const host = fc.oneof(
  fc.integer().map((address) => new Endpoint().setIpv4(address)),
  fc.tuple(word, word, word, word).map(([a, b, c, d]) => Object.assign(new Endpoint(), { a, b, c, d })),
);

test('an address has its own text, however many were asked for between', () => {
  const texts = new HostTexts();
  fc.assert(
    fc.property(fc.array(host, { minLength: 1, maxLength: 400 }), (hosts) => {
      for (const one of [...hosts, ...hosts]) assert.equal(texts.textOf(one), hostText(one));
    }),
  );
});

test('two addresses that share a place push each other out', () => {
  const texts = new HostTexts();
  // More than there are places: some must share.
  const hosts = Array.from({ length: 40_000 }, (_, i) => new Endpoint().setIpv4(0x0a000000 + i));
  for (const one of [...hosts, ...hosts.reverse()]) assert.equal(texts.textOf(one), hostText(one));
});

test('what was given is a copy: the endpoint may go on to be another', () => {
  const texts = new HostTexts();
  const one = new Endpoint().setIpv4(0x0a000001);
  assert.equal(texts.textOf(one), '10.0.0.1');
  one.setIpv4(0x0a000002);
  assert.equal(texts.textOf(one), '10.0.0.2');
  assert.equal(texts.textOf(new Endpoint().setIpv4(0x0a000001)), '10.0.0.1');
});
