import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Header } from '../../src/sip/headers.ts';
import { hasCookieBranch, readVia, Via } from '../../src/sip/via.ts';
import { optionalSpace } from '../support/arbitraries/text.ts';
import type { ViaParts } from '../support/arbitraries/via.ts';
import { viaValue } from '../support/arbitraries/via.ts';
import { fixture } from '../support/fixtures.ts';
import { parsed } from '../support/parsed.ts';
import type { Window } from '../support/window.ts';
import { alone, amid, at } from '../support/window.ts';

interface Read {
  readonly udp: boolean;
  readonly host: string;
  readonly port: number;
  readonly branch?: string;
  readonly received?: string;
  /** 0 = there, without a port in it. */
  readonly rport?: number;
  readonly m?: string;
  readonly s?: string;
  readonly l?: string;
}

/** What one Via says; a span that is absent has no property. */
function described(window: Window, via: Via): Read {
  const span = (name: string, start: number, end: number): object =>
    start === -1 ? {} : { [name]: at(window, start, end) };
  return {
    udp: via.isUdp,
    host: at(window, via.hostStart, via.hostEnd),
    port: via.port,
    ...span('branch', via.branchStart, via.branchEnd),
    ...span('received', via.receivedStart, via.receivedEnd),
    ...(via.hasRport ? { rport: via.rport } : {}),
    ...span('m', via.checkStart, via.checkEnd),
    ...span('s', via.socketStart, via.socketEnd),
    ...span('l', via.loopStart, via.loopEnd),
  };
}

/** Every value of a header line; null in the end where it breaks off. */
function readAll(window: Window): (Read | null)[] {
  const via = new Via();
  const read: (Read | null)[] = [];
  for (let from = window.start; from >= 0; from = via.next) {
    if (!readVia(window.bytes, from, window.end, via)) return [...read, null];
    read.push(described(window, via));
  }
  return read;
}

describe('readVia', () => {
  const h: Read = { udp: true, host: 'h', port: 0 };
  const cases: readonly (readonly [string, Read | null])[] = [
    ['SIP/2.0/UDP h', h],
    ['sip/2.0/udp h', h],
    ['SIP/2.0/TCP h', { ...h, udp: false }],
    ['SIP/2.0/UDPLITE h', { ...h, udp: false }],
    ['SIP/2.0/UNKNOWN h', { ...h, udp: false }],
    ['SIP / 2.0 / UDP h : 4000', { ...h, port: 4000 }],
    [
      'SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw',
      { udp: true, host: '192.0.2.2', port: 0, branch: '390skdjuw' },
    ],
    ['SIP/2.0/UDP h:5060;branch=z9hG4bKa', { ...h, port: 5060, branch: 'z9hG4bKa' }],
    ['SIP/2.0/UDP h ; Branch = z9hG4bKa ; RPORT', { ...h, branch: 'z9hG4bKa', rport: 0 }],
    [
      'SIP/2.0/UDP [::1]:5061;received=2001:db8::9:255',
      { udp: true, host: '[::1]', port: 5061, received: '2001:db8::9:255' },
    ],
    ['SIP/2.0/UDP h;received=[2001:db8::9:255]', { ...h, received: '[2001:db8::9:255]' }],
    ['SIP/2.0/UDP h;rport=', { ...h, rport: 0 }],
    ['SIP/2.0/UDP h;rport=5070', { ...h, rport: 5070 }],
    ['SIP/2.0/UDP h;rport=70000', { ...h, rport: 0 }],
    ['SIP/2.0/UDP h;rport=x', { ...h, rport: 0 }],
    ['SIP/2.0/UDP h;rportx=1', h],
    ['SIP/2.0/UDP h;branch', { ...h, branch: '' }],
    ['SIP/2.0/UDP h;branch=', { ...h, branch: '' }],
    ['SIP/2.0/UDP h;branch="a,b;c"', { ...h, branch: '"a,b;c"' }],
    ['SIP/2.0/UDP h;branch=a;branch=b', { ...h, branch: 'a' }],
    ['SIP/2.0/UDP h;received=1;received=2;rport=3;rport=4', { ...h, received: '1', rport: 3 }],
    ['SIP/2.0/UDP h;m=a;s=1;l=b;m=x', { ...h, m: 'a', s: '1', l: 'b' }],
    ['SIP/2.0/UDP h;M=a', h],
    ['SIP/2.0/UDP h;;branch=a', { ...h, branch: 'a' }],
    ['SIP/2.0/UDP h; ;rport', { ...h, rport: 0 }],
    ['SIP/2.0/UDP h;', h],
    ['SIP/2.0/UDP h:0', h],
    ['SIP/2.0/UDP a_b', { ...h, host: 'a_b' }],
    ['SIP/2.0/UDP', null],
    ['SIP/2.0/UDP ', null],
    ['SIP/2.0/UDPh', null],
    ['SIP/2.0/UDP[::1]', null],
    ['SIP/2.0 h', null],
    // A request of another version is answered 505, and its Via says where to.
    ['SIP/7.0/UDP h', h],
    ['SIP/2.0/ h', null],
    ['SIP//UDP h', null],
    ['/2.0/UDP h', null],
    ['HTTP/2.0/UDP h', null],
    ['SIP/2.0/UDP ;branch=a', null],
    ['SIP/2.0/UDP :5060', null],
    ['SIP/2.0/UDP h:', null],
    ['SIP/2.0/UDP h:x', null],
    ['SIP/2.0/UDP h:65536', null],
    ['SIP/2.0/UDP h i', null],
    ['SIP/2.0/UDP h@i', null],
    ['SIP/2.0/UDP h;a b', null],
    ['SIP/2.0/UDP h;a>', null],
    ['SIP/2.0/UDP h;a="b', null],
    ['SIP/2.0/UDP 2001:db8::9:1', null],
    ['SIP/2.0/UDP [::1', null],
    ['SIP/2.0/UDP [;branch=a]', null],
    ['', null],
    // A comma and no value behind it: RFC 4475 badinv01.
    ['SIP/2.0/UDP h,', null],
    ['SIP/2.0/UDP 192.0.2.15;;,;,,', null],
    [',SIP/2.0/UDP h', null],
  ];
  for (const [content, expected] of cases) {
    it(`${JSON.stringify(content)} → ${JSON.stringify(expected)}`, () => {
      assert.deepEqual(readAll(amid(content)), [expected]);
    });
  }

  const lists: readonly (readonly [string, readonly (string | null)[]])[] = [
    ['SIP/2.0/UDP a, SIP/2.0/UDP b', ['a', 'b']],
    ['SIP/2.0/UDP a;branch="x,y",SIP/2.0/TCP b:1\r\n ,\r\n SIP/2.0/UDP c', ['a', 'b', 'c']],
    ['SIP/2.0/UDP a, garbage', ['a', null]],
    ['SIP/2.0/UDP a, SIP/2.0/UDP b,', ['a', null]],
  ];
  for (const [content, hosts] of lists) {
    it(`${JSON.stringify(content)} is a list of ${hosts.length}`, () => {
      assert.deepEqual(
        readAll(amid(content)).map((via) => via?.host ?? null),
        hosts,
      );
    });
  }

  it('next leads to the first byte of the next value', () => {
    const window = amid('SIP/2.0/UDP a ,\r\n SIP/2.0/UDP b');
    const via = new Via();
    assert.ok(readVia(window.bytes, window.start, window.end, via));
    assert.equal(at(window, via.start, via.end), 'SIP/2.0/UDP a');
    assert.equal(at(window, via.next, window.end), 'SIP/2.0/UDP b');
  });

  it('keeps nothing of the value that the same object held before', () => {
    const via = new Via();
    const full = amid('SIP/2.0/UDP h:1;branch=a;received=b;rport=2;m=c;s=d;l=e, SIP/2.0/UDP h');
    assert.ok(readVia(full.bytes, full.start, full.end, via));
    const bare = amid('SIP/2.0/TCP i');
    assert.ok(readVia(bare.bytes, bare.start, bare.end, via));
    assert.deepEqual(described(bare, via), { udp: false, host: 'i', port: 0 });
    assert.equal(via.next, -1);
    assert.equal(via.sentByPort, 5060);
  });

  it('reads back any list of values as the parts that they were made of', () => {
    const values = fc.array(viaValue('exotic'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(values, optionalSpace('exotic'), (vias, gap) => {
        const written = vias.map(({ text }) => text).join(`${gap},${gap}`);
        assert.deepEqual(readAll(amid(written)), vias.map(expectedOf));
      }),
      { numRuns: 1000 },
    );
  });
});

function expectedOf({ transport, host, port, params }: ViaParts): Read {
  const value = (name: string): object => {
    const found = params.find((param) => param.name === name);
    return found === undefined ? {} : { [name]: found.value ?? '' };
  };
  const rport = params.find(({ name }) => name === 'rport');
  return {
    udp: transport === 'UDP',
    host,
    port,
    ...value('branch'),
    ...value('received'),
    ...(rport === undefined ? {} : { rport: Number(rport.value ?? 0) }),
    ...ownParams(params),
  };
}

/** Our own parameters are ours in lower case only: nobody else writes them. */
function ownParams(params: ViaParts['params']): object {
  const own = params.filter(({ text }) => /^\s*;\s*[msl]\s*=/.test(text));
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

describe('hasCookieBranch', () => {
  const cases: readonly (readonly [string, boolean])[] = [
    [';branch=z9hG4bKa', true],
    [';branch=z9hG4bK', false],
    [';branch=z9hG4b', false],
    [';branch=Z9HG4BKa', false],
    [';branch=xz9hG4bKa', false],
    [';branch=', false],
    [';branch', false],
    ['', false],
  ];
  for (const [params, expected] of cases) {
    it(`${JSON.stringify(params)} → ${expected}`, () => {
      const { bytes, start, end } = amid(`SIP/2.0/UDP h${params}`);
      const via = new Via();
      assert.ok(readVia(bytes, start, end, via));
      assert.equal(hasCookieBranch(bytes, via), expected);
    });
  }
});

describe('Vias of the RFCs', () => {
  const cases: readonly (readonly [string, readonly (string | null)[]])[] = [
    ['rfc4475/wsinv.sip', ['192.0.2.2', 'spindle.example.com', '192.168.255.111']],
    [
      'rfc4475/transports.sip',
      ['t1.example.com', 't2.example.com', 't3.example.com', 't4.example.com', 't5.example.com'],
    ],
    ['rfc4475/badinv01.sip', [null]],
    ['rfc5118/via-received-param-with-delim.sip', ['[2001:db8::9:1]']],
  ];
  for (const [path, hosts] of cases) {
    it(path, () => {
      const message = parsed(alone(fixture(path)));
      assert.ok(message !== undefined);
      const found: (string | null)[] = [];
      for (let line = message.firstOf(Header.VIA); line >= 0; line = message.nextOf(Header.VIA, line)) {
        const window = { bytes: message.bytes, start: message.valueStart(line), end: message.valueEnd(line) };
        found.push(...readAll(window).map((via) => via?.host ?? null));
      }
      assert.deepEqual(found, hosts);
    });
  }
});
