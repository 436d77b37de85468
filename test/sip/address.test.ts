import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  Endpoint,
  endpointFrom,
  endpointText,
  hostText,
  isBroadcastOrMulticast,
  isLoopback,
  isUnspecified,
  MAX_HOST_BYTES,
  readHost,
  readIpv4,
  readIpv6,
  readPort,
  writeBareHost,
  writeHost,
} from '../../src/sip/address.ts';
import { NOT_A_NUMBER, text } from '../../src/sip/bytes.ts';
import { ipv4, ipv6 } from '../support/arbitraries/host.ts';
import { stringOf } from '../support/arbitraries/text.ts';
import { amid } from '../support/window.ts';

/** The host as text, or undefined where the whole string is none. */
function hostOf(content: string): string | undefined {
  const { bytes, start, end } = amid(content);
  const address = new Endpoint();
  return readHost(bytes, start, end, address) ? hostText(address) : undefined;
}

function addressOf(content: string): Endpoint {
  const address = endpointFrom(content);
  assert.ok(address !== undefined, content);
  return address;
}

describe('readHost', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['10.0.13.244', '10.0.13.244'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    // RFC 3261 §25.1 has 1*3DIGIT: leading zeros, and decimal whatever C libraries make of them.
    ['010.000.01.1', '10.0.1.1'],
    ['256.0.0.1', undefined],
    ['1.2.3', undefined],
    ['1.2.3.', undefined],
    ['1.2.3.4.', undefined],
    ['1.2.3.4.5', undefined],
    ['1..3.4', undefined],
    ['.1.2.3.4', undefined],
    ['0001.2.3.4', undefined],
    ['1.2.3.4 ', undefined],
    [' 1.2.3.4', undefined],
    ['1.2.3.a', undefined],
    ['-1.2.3.4', undefined],
    ['', undefined],
    ['pbx.example.com', undefined],
    ['::', '::'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['2001:DB8::0001', '2001:db8::1'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['fe80:0:0:1:0:0:0:1', 'fe80:0:0:1::1'],
    ['1:0:0:2:0:0:3:4', '1::2:0:0:3:4'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:a00:1', '10.0.0.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['[10.0.0.1]', undefined],
    ['[::1', undefined],
    ['::1]', undefined],
    ['[]', undefined],
    ['[', undefined],
    ['[[::1]]', undefined],
    [':', undefined],
    [':::', undefined],
    ['1::2::3', undefined],
    ['::1:', undefined],
    [':1::', undefined],
    ['1:2:3:4:5:6:7', undefined],
    ['1:2:3:4:5:6:7:', undefined],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7:8::', undefined],
    ['::1:2:3:4:5:6:7:8', undefined],
    ['1:2:3:4:5:6:7:1.2.3.4', undefined],
    ['12345::', undefined],
    ['::g', undefined],
    ['::1.2.3', undefined],
    ['::1.2.3.4:5', undefined],
    ['::256.2.3.4', undefined],
    ['fe80::1%eth0', undefined],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected ?? 'no address'}`, () =>
      assert.equal(hostOf(content), expected));
  }

  it('answers where the address ends, so that what follows can be read on', () => {
    const address = new Endpoint();
    const { bytes, start, end } = amid('10.0.0.1:5060');
    assert.equal(readIpv4(bytes, start, end, address), start + '10.0.0.1'.length);
    const reference = amid('2001:db8::1]:5060');
    const behind = readIpv6(reference.bytes, reference.start, reference.end, address);
    assert.equal(behind, reference.start + '2001:db8::1'.length);
  });
});

describe('writing a host', () => {
  it('reads back as the same address, in every form that it may be written in', () => {
    const addresses = fc.oneof(
      ipv4().map(({ word }) => new Endpoint().setIpv4(word)),
      ipv6().map(({ text: spelled }) => addressOf(spelled)),
    );
    fc.assert(
      fc.property(addresses, (address) => {
        const out = new Uint8Array(MAX_HOST_BYTES);
        for (const write of [writeHost, writeBareHost]) {
          const end = write(out, 0, address);
          const read = new Endpoint();
          assert.ok(readHost(out, 0, end, read), text(out, 0, end));
          assert.ok(read.sameHost(address), text(out, 0, end));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('every spelling of an address gives its one RFC 5952 form, which the URL standard also has', () => {
    fc.assert(
      fc.property(ipv6(), ({ text: spelled, groups }) => {
        const address = addressOf(spelled);
        const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
        assert.equal(address.isIpv4, isMapped);
        if (isMapped) assert.equal(hostText(address), dotted(groups));
        else assert.equal(`[${hostText(address)}]`, new URL(`http://[${spelled}]`).hostname);
      }),
      { numRuns: 1000 },
    );
  });

  it('IPv4 is what everybody writes', () => {
    fc.assert(
      fc.property(ipv4(), ({ text: spelled, word }) => {
        const address = addressOf(spelled);
        assert.ok(address.isIpv4);
        assert.equal(address.d, word);
        assert.equal(hostText(address), spelled);
      }),
      { numRuns: 300 },
    );
  });

  function dotted(groups: readonly number[]): string {
    const [high = 0, low = 0] = groups.slice(-2);
    return [high >> 8, high & 255, low >> 8, low & 255].join('.');
  }
});

describe('against node:net', () => {
  const octetWithLeadingZero = /(^|[.:])0\d+\.|\.0\d/;

  it('the same strings are IPv4 addresses', () => {
    fc.assert(
      fc.property(fc.oneof(stringOf('0125.', { max: 15 }), nearly(ipv4())), (content) => {
        fc.pre(!octetWithLeadingZero.test(content));
        const { bytes, start, end } = amid(content);
        assert.equal(readIpv4(bytes, start, end, new Endpoint()) === end, isIPv4(content), content);
      }),
      { numRuns: 2000 },
    );
  });

  it('the same strings are IPv6 addresses', () => {
    fc.assert(
      fc.property(fc.oneof(stringOf('01afF:::.', { max: 20 }), nearly(ipv6())), (content) => {
        fc.pre(!octetWithLeadingZero.test(content));
        const { bytes, start, end } = amid(content);
        assert.equal(readIpv6(bytes, start, end, new Endpoint()) === end, isIPv6(content), content);
      }),
      { numRuns: 4000 },
    );
  });

  /** Addresses with a character removed, doubled or put in. */
  function nearly(addresses: fc.Arbitrary<{ text: string }>): fc.Arbitrary<string> {
    return fc
      .tuple(addresses, fc.nat(), fc.constantFrom('', ':', '.', '0', 'f', '::'), fc.nat(1))
      .map(([{ text: content }, place, piece, removed]) => {
        const i = place % (content.length + 1);
        return content.slice(0, i) + piece + content.slice(i + removed);
      });
  }
});

describe('readPort', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['5060', 5060],
    ['1', 1],
    ['65535', 65_535],
    ['65536', NOT_A_NUMBER],
    ['0', 0],
    ['0000005060', 5060],
    ['00000005060', NOT_A_NUMBER],
    ['', NOT_A_NUMBER],
    ['5060 ', NOT_A_NUMBER],
    ['-1', NOT_A_NUMBER],
    ['99999999999999999999', NOT_A_NUMBER],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected}`, () => {
      const { bytes, start, end } = amid(content);
      assert.equal(readPort(bytes, start, end), expected);
    });
  }
});

describe('endpointFrom', () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ['10.0.0.1', '10.0.0.1:0'],
    ['10.0.0.1:5060', '10.0.0.1:5060'],
    ['::1', '[::1]:0'],
    ['[::1]', '[::1]:0'],
    ['[2001:db8::1]:5061', '[2001:db8::1]:5061'],
    ['[::ffff:10.0.0.1]:5060', '10.0.0.1:5060'],
    // Where the address ends and the port starts, only brackets can say.
    ['::ffff:10.0.0.1:5060', undefined],
    ['1:2:3:4:5:6:7:8:5060', undefined],
    ['10.0.0.1:', undefined],
    ['10.0.0.1:0', undefined],
    ['10.0.0.1:65536', undefined],
    ['10.0.0.1:sip', undefined],
    ['[10.0.0.1]:5060', undefined],
    [':5060', undefined],
    ['', undefined],
    ['pbx:5060', undefined],
    // The last digit is U+0661, an Arabic-Indic one, whose low byte is a letter.
    ['10.0.0.\u0661', undefined],
    ['10.0.0.1\u0131', undefined],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${expected ?? 'none'}`, () => {
      const endpoint = endpointFrom(content);
      assert.equal(endpoint && endpointText(endpoint), expected);
    });
  }
});

describe('Endpoint', () => {
  it('IPv4 and its mapped form are one address (RFC 5118: sent-by in the one, packets from the other)', () => {
    assert.ok(addressOf('::ffff:10.0.0.1').sameHost(addressOf('10.0.0.1')));
    assert.ok(!addressOf('::10.0.0.1').sameHost(addressOf('10.0.0.1')));
  });

  it('sameHost leaves the port out, sameAs does not', () => {
    assert.ok(addressOf('10.0.0.1:1').sameHost(addressOf('10.0.0.1:2')));
    assert.ok(!addressOf('10.0.0.1:1').sameAs(addressOf('10.0.0.1:2')));
    assert.ok(addressOf('[::1]:5060').sameAs(addressOf('[0:0::1]:5060')));
  });

  it('sameHost is true of equal words only', () => {
    for (const other of [
      '2001:db8:1::1',
      '2001:db8::1:0:1',
      '2001:db8:0:0:1::1',
      '2001:db9::1',
      '2001:db8::2',
    ]) {
      assert.ok(!addressOf('2001:db8::1').sameHost(addressOf(other)), other);
    }
  });

  it('copyFrom copies everything and keeps no tie', () => {
    const source = addressOf('[2001:db8::1]:5060');
    const copy = new Endpoint().copyFrom(source);
    source.setIpv4(1);
    source.port = 1;
    assert.equal(endpointText(copy), '[2001:db8::1]:5060');
  });
});

describe('kinds of address', () => {
  const cases: readonly (readonly [string, { multicast?: true; unspecified?: true; loopback?: true }])[] = [
    ['255.255.255.255', { multicast: true }],
    ['224.0.0.1', { multicast: true }],
    ['239.255.255.255', { multicast: true }],
    ['223.255.255.255', {}],
    ['240.0.0.1', {}],
    ['0.0.0.0', { unspecified: true }],
    ['0.1.2.3', { unspecified: true }],
    ['127.0.0.1', { loopback: true }],
    ['127.255.255.254', { loopback: true }],
    ['128.0.0.1', {}],
    ['10.0.0.1', {}],
    ['ff02::1', { multicast: true }],
    ['fe80::1', {}],
    ['::', { unspecified: true }],
    ['::1', { loopback: true }],
    ['::2', {}],
    ['::ffff:127.0.0.1', { loopback: true }],
    ['::ffff:224.0.0.1', { multicast: true }],
    ['::7f00:1', {}],
    ['1::1', {}],
  ];
  for (const [content, expected] of cases) {
    it(`${content}: ${Object.keys(expected).join() || 'ordinary'}`, () => {
      const address = addressOf(content);
      assert.equal(isBroadcastOrMulticast(address), expected.multicast ?? false);
      assert.equal(isUnspecified(address), expected.unspecified ?? false);
      assert.equal(isLoopback(address), expected.loopback ?? false);
    });
  }
});
