/**
 * Scenes for the properties: a setting, a datagram and where it came from. Datagrams are everyday messages made
 * of values that matter to a proxy (its own address, tokens good and bad, the registrar, strangers), messages
 * of the whole grammar, messages of the corpus, responses to what was sent on, and damaged ones of all these.
 */
import fc from 'fast-check';
import type { Routes } from '../../../src/proxy/routes.ts';
import { TOKEN_PURPOSES } from '../../../src/proxy/token.ts';
import { createSigner } from '../../../src/secrets/signer.ts';
import { messageBytes, sipMessage } from '../../support/arbitraries/message.ts';
import { mutate, mutations } from '../../support/arbitraries/mutation.ts';
import { fixturesIn } from '../../support/fixtures.ts';
import { request, responseTo } from './messages.ts';
import { bytesOf, network, pass, routesOf, secretOf } from './passing.ts';
import { tokenFor } from './tokens.ts';

/** As JSON may carry it to another process. */
export interface SceneSetting {
  readonly us: readonly string[];
  readonly registrar: string;
  readonly registrarNets: readonly string[];
  readonly phoneNets: readonly string[];
  readonly aliasHosts: readonly string[];
  readonly contactMode: Routes['contactMode'];
  readonly rport: Routes['rport'];
  readonly proxyRequire: Routes['proxyRequire'];
  readonly viaCheck: Routes['viaCheck'];
  readonly stun: Routes['stun'];
  readonly foreignRoute: Routes['foreignRoute'];
  readonly secrets: readonly string[];
}

export interface Scene {
  readonly setting: SceneSetting;
  readonly datagram: Uint8Array;
  readonly source: string;
  readonly socket: number;
}

const WORDS = ['first', 'second', 'third'] as const;
/** Made once: deriving keys takes longer than deciding. */
const KEYS = new Map(WORDS.map((word) => [word as string, createSigner([secretOf(word)]).keys[0]!]));

export function routesFor({ aliasHosts, secrets, ...setting }: SceneSetting): Routes {
  return routesOf({
    ...setting,
    aliasHosts: aliasHosts.map(bytesOf),
    signer: { keys: secrets.map((word) => KEYS.get(word)!) },
    facing: [{ network: network('192.168.0.0/16'), socket: setting.us.length - 1 }],
  });
}

const SOURCES = [
  '10.0.9.9:5060',
  '10.0.9.9:49170',
  '192.168.1.50:5060',
  '203.0.113.7:41234',
  '203.0.113.66:31337',
  '10.0.1.8:5060',
  '10.0.1.8:5060',
  '10.0.1.8:61000',
  '10.0.1.9:5060',
  '[2001:db8::9]:5060',
  '[2001:db8::8]:5060',
] as const;
const ODD_SOURCES = ['10.0.1.7:5060', '255.255.255.255:5060', '10.0.9.9'] as const;

/** Hosts of URIs and Vias: us, the registrar, phones, strangers, and what only looks like an address. */
const HOSTS = [
  ...[
    '10.0.1.7',
    '10.0.1.7:5060',
    '[::ffff:10.0.1.7]:5060',
    '10.0.1.7:5070',
    '192.168.9.1:5062',
    'proxy.example.com',
  ],
  ...['10.0.1.8', '10.0.1.8:5080', '10.0.1.9', '[2001:db8::8]', '[2001:db8::7]:5060'],
  ...[
    '10.0.9.9',
    '10.0.9.9:5072',
    '192.168.1.50:5060',
    '203.0.113.7:41234',
    '203.0.113.66',
    '[2001:db8::9]:5070',
  ],
] as const;
const ODD_HOSTS = [
  ...['8.8.8.8:53', '255.255.255.255', '224.0.1.75', '0.0.0.0', '127.0.0.1', '[ff02::1]', '[::]'],
  ...[
    'example.com',
    'evil.example',
    '010.0.1.8',
    '0x0a000108',
    '10.1',
    '10.0.1.8.evil.example',
    '[::1',
    '1.2.3.4.5',
  ],
] as const;

const FLOWS = [
  '203.0.113.7:41234',
  '10.0.9.9:5060',
  '192.168.1.50:5060',
  '[2001:db8::9]:5070',
  '8.8.8.8:53',
] as const;

const TOKENS = TOKEN_PURPOSES.flatMap((purpose) =>
  FLOWS.flatMap((flow) =>
    WORDS.flatMap((word) =>
      [0, 1, 7].map((socket) => tokenFor(purpose, flow, socket, { keys: [KEYS.get(word)!] })),
    ),
  ),
);

function setting(): fc.Arbitrary<SceneSetting> {
  return fc.record({
    us: fc.constantFrom(
      ['10.0.1.7:5060'],
      ['10.0.1.7:5060', '192.168.9.1:5062'],
      ['10.0.1.7:5060', '[2001:db8::7]:5060'],
      ['[2001:db8::7]:5060'],
    ),
    registrar: fc.constantFrom('10.0.1.8:5060', '10.0.1.8:5080', '[2001:db8::8]:5060'),
    registrarNets: fc.constantFrom(
      ['10.0.1.8/32', '10.0.1.9/32', '2001:db8::8/128'],
      ['10.0.1.0/24', '2001:db8::8/128'],
      ['10.0.1.8/32'],
    ),
    phoneNets: fc.constantFrom(
      ['10.0.0.0/8', '192.168.0.0/16', 'fc00::/7', '2001:db8::/32'],
      ['192.168.0.0/16'],
      ['0.0.0.0/0', '::/0'],
      [],
    ),
    aliasHosts: fc.constantFrom([], ['proxy.example.com']),
    contactMode: fc.constantFrom('alias', 'path', 'alias+path', 'direct'),
    rport: fc.constantFrom('auto', 'rfc', 'force'),
    proxyRequire: fc.constantFrom('enforce', 'pass'),
    viaCheck: fc.constantFrom('enforce', 'enforce', 'enforce', 'observe'),
    stun: fc.constantFrom('ignore', 'answer'),
    foreignRoute: fc.constantFrom('keep', 'strip'),
    secrets: fc.constantFrom(['first'], ['second', 'first'], ['second']),
  });
}

function token(): fc.Arbitrary<string> {
  return weighed(9, fc.constantFrom(...TOKENS), fc.constantFrom('x', '', 'alice', '%00'));
}

/** The first three times in four; else one of the others. */
function mostly<T>(usual: T, ...odd: readonly T[]): fc.Arbitrary<T> {
  return weighed(3, fc.constant(usual), fc.constantFrom(...odd));
}

/** The first but once in twenty. */
function rarely<T>(usual: T, ...odd: readonly T[]): fc.Arbitrary<T> {
  return weighed(19, fc.constant(usual), fc.constantFrom(...odd));
}

function weighed<T>(weight: number, usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });
}

function uri(): fc.Arbitrary<string> {
  const user = weighed(
    5,
    fc.constantFrom('', '100@', '200:pw@', 'a;b=c@', '%32@'),
    token().map((text) => `${text}@`),
  );
  const param = fc.oneof(
    { weight: 7, arbitrary: fc.constantFrom(';lr', ';lr', ';transport=udp', ';ob', ';LR=on') },
    { weight: 1, arbitrary: fc.constant(';x=y z') },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTS).map((host) => `;maddr=${host.replace(/:\d+$/, '')}`) },
    { weight: 2, arbitrary: token().map((text) => `;rollcall=${text}`) },
  );
  const host = weighed(4, fc.constantFrom(...HOSTS), fc.constantFrom(...ODD_HOSTS));
  const scheme = mostly('sip:', 'SIP:', 'sips:', 'tel:');
  const headers = rarely('', '?Route=a');
  return fc
    .tuple(scheme, user, host, fc.array(param, { maxLength: 2 }), headers)
    .map(([start, name, at, params, end]) => start + name + at + params.join('') + end);
}

function routeLines(): fc.Arbitrary<string[]> {
  const value = uri().map((text) => `<${text}>`);
  const ours = token().map((text) => `<sip:${text}@10.0.1.7:5060;lr>`);
  const plain = mostly('<sip:10.0.1.7;lr>', '<sip:10.0.1.9>', '<sip:10.0.1.8;lr>', '<sip:x', '*');
  const line = fc
    .array(fc.oneof(value, ours, plain), { minLength: 1, maxLength: 3 })
    .chain((values) => fc.constantFrom(', ', ',', ' ,\r\n ').map((comma) => `Route: ${values.join(comma)}`));
  return fc.array(line, { maxLength: 3 });
}

function contactLines(): fc.Arbitrary<string[]> {
  const bracketed = fc
    .tuple(
      fc.constantFrom('', '"K, F" ', 'K F 1 '),
      uri(),
      fc.constantFrom('', ';expires=60', ';q=1;expires=0'),
    )
    .map(([name, text, params]) => `${name}<${text}>${params}`);
  const value = weighed(5, bracketed, fc.oneof(uri(), fc.constant('*')));
  return fc.array(
    fc.array(value, { minLength: 1, maxLength: 3 }).map((values) => `Contact: ${values.join(', ')}`),
    { maxLength: 2 },
  );
}

function via(): fc.Arbitrary<string> {
  const param = fc.oneof(
    fc.constantFrom(
      ';rport',
      ';rport=9',
      ';RPORT = 7',
      ';received=6.6.6.6',
      ';maddr=6.6.6.6',
      ';keep',
      ';x="a;received=b"',
    ),
    fc.constantFrom(
      ';branch=z9hG4bKphone1',
      ';branch=z9hG4bK',
      ';branch=1',
      ';l=0123456789abcdef',
      ';s=1',
      ';s=99',
    ),
  );
  return fc
    .tuple(
      fc.constantFrom('UDP', 'UDP', 'UDP', 'TCP'),
      fc.constantFrom(...HOSTS),
      fc.array(param, { maxLength: 4 }),
    )
    .map(([transport, host, params]) => `SIP/2.0/${transport} ${host}${params.join('')}`);
}

const METHODS = [
  'REGISTER',
  'REGISTER',
  'INVITE',
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'OPTIONS',
  'NOTIFY',
  'Foo',
] as const;

function otherLines(): fc.Arbitrary<string[]> {
  const rare = weighed<readonly string[]>(9, fc.constant([]), fc.constant(['Proxy-Require: privacy']));
  const usual = fc.subarray([
    'Path: <sip:evil.example;lr>, <sip:a>',
    'Supported: timer, path',
    'k: gruu',
    'Record-Route: <sip:10.0.7.7;lr>',
    'X-Fold: a\r\n b',
    'Expires: 0',
  ]);
  return fc.tuple(usual, rare).map((lines) => lines.flat());
}

function everydayRequest(): fc.Arbitrary<string> {
  return fc
    .record({
      method: fc.constantFrom(...METHODS),
      uri: uri(),
      vias: fc.array(via(), { minLength: 1, maxLength: 3 }),
      to: mostly(
        '<sip:200@example.com>',
        '<sip:200@example.com>;tag=p1',
        '<sip:200@example.com>;tag=p1',
        'sip:200@example.com',
        '"x <sip:a>',
      ),
      from: mostly('<sip:100@example.com>;tag=f1', '<sip:100@example.com>'),
      callId: fc.constantFrom('call-1', 'call-2@10.0.9.9'),
      cseq: weighed<number | string>(19, fc.constantFrom(1, 2, 2147483647), fc.constant('x')),
      hops: weighed<number | string>(9, fc.constantFrom(70, 1, 'none'), fc.constantFrom(0, 256)),
      body: fc.constantFrom('', '', 'v=0\r\n\r\nx\0y'),
      headers: fc.tuple(routeLines(), contactLines(), otherLines()).map((lines) => lines.flat()),
    })
    .map(request);
}

function anyMessage(): fc.Arbitrary<Uint8Array> {
  return fc
    .constantFrom('plain' as const, 'exotic' as const)
    .chain((style) => sipMessage({ style }))
    .map(messageBytes);
}

const CORPUS = ['rfc4475', 'rfc5118', 'repaired', 'seed'].flatMap((set) =>
  fixturesIn(set).map(({ bytes }) => bytes),
);
const STUN = Uint8Array.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

function wellMade(): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 12, arbitrary: everydayRequest().map(bytesOf) },
    { weight: 4, arbitrary: anyMessage() },
    { weight: 1, arbitrary: fc.constantFrom(...CORPUS) },
    { weight: 1, arbitrary: fc.oneof(fc.constant(STUN), fc.uint8Array({ maxLength: 60 })) },
  );
}

/** A response to what we sent on for the request, where we sent it on: its Vias are genuine. */
function answered(scene: Scene, status: number, contacts: readonly string[]): Scene {
  const sent = pass(scene.datagram, scene.source, routesFor(scene.setting), scene.socket);
  if (sent.outcome !== 'forwarded' || sent.sent.startsWith('SIP/2')) return scene;
  const datagram = bytesOf(responseTo(sent.sent, `${status} x`, contacts));
  return { ...scene, datagram, source: sent.target, socket: sent.socket };
}

function source(): fc.Arbitrary<string> {
  return weighed(19, fc.constantFrom(...SOURCES), fc.constantFrom(...ODD_SOURCES));
}

function asked(datagram: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Scene> {
  return fc
    .record({ setting: setting(), datagram, source: source(), socket: fc.nat(1) })
    .map((scene) => ({ ...scene, socket: scene.socket % scene.setting.us.length }));
}

/** Undamaged: requests and responses that mostly go through. */
export function cleanScene(): fc.Arbitrary<Scene> {
  const status = fc.constantFrom(100, 180, 200, 200, 401, 503);
  const response = fc
    .tuple(asked(wellMade()), status, contactLines())
    .map(([scene, code, contacts]) => answered(scene, code, contacts));
  return weighed(2, asked(wellMade()), response);
}

/** Any scene: half of the datagrams are damaged. */
export function scene(): fc.Arbitrary<Scene> {
  const damaged = fc
    .tuple(cleanScene(), mutations(3))
    .map(([clean, changes]) => ({ ...clean, datagram: changes.reduce(mutate, clean.datagram) }));
  return fc.oneof(cleanScene(), damaged);
}
