/** The requests that both proxies get: always the same ones, from one seed. */
import fc from 'fast-check';
import type { HeaderParts, MessageParts } from '../../support/arbitraries/message.ts';
import { messageBytes, sipMessage } from '../../support/arbitraries/message.ts';
import { mutate, mutated, mutations } from '../../support/arbitraries/mutation.ts';
import { fixturesIn } from '../../support/fixtures.ts';
import type { From, Place, Profile } from './places.ts';
import { PHONE, PROXY, placeText } from './places.ts';
import { WRITTEN_CASES } from './written-cases.ts';

export interface Case {
  /** Where it comes from: a fixture's name, or generator and number. */
  readonly name: string;
  readonly from: From;
  readonly profile: Profile;
  readonly bytes: Uint8Array;
}

/** To look for more than the fixed seed has: DIFFERENTIAL_SEED=7 npm test -- --only interop/differential */
export const SEED = Number(process.env.DIFFERENTIAL_SEED ?? 20_261_122);

const FIXTURE_FOLDERS = ['rfc4475', 'rfc5118', 'seed', 'repaired'];

function fixtureCases(): Case[] {
  const all = FIXTURE_FOLDERS.flatMap((folder) => fixturesIn(folder).map((each) => ({ ...each, folder })));
  return all.map(({ folder, name, bytes }) => ({
    name: `${folder}/${name}`,
    from: fromOf(bytes),
    profile: 'direct',
    bytes,
  }));
}

/** Responses come from the PBX. */
function fromOf(bytes: Uint8Array): From {
  return Buffer.from(bytes.subarray(0, 4)).toString() === 'SIP/' ? 'registrar' : 'phone';
}

interface Group {
  readonly name: string;
  readonly count: number;
  readonly from: From;
  readonly profile: Profile;
  readonly bytes: fc.Arbitrary<Uint8Array>;
}

/** Everything. */
export function allCases(): Case[] {
  const written = WRITTEN_CASES.map((one) => ({ ...one, profile: 'direct' as const }));
  return [...fixtureCases(), ...written, ...generatedCases()];
}

/** Each group has a seed of its own, so that one can grow and the others stay as they are. */
function generatedCases(): Case[] {
  return GROUPS.flatMap(({ name, count, from, profile, bytes }, index) =>
    fc
      .sample(bytes, { seed: SEED + index, numRuns: count })
      .map((each, number) => ({ name: `${name} ${number}`, from, profile, bytes: each })),
  );
}

function damagedFixture(): fc.Arbitrary<Uint8Array> {
  const all = FIXTURE_FOLDERS.flatMap((folder) => fixturesIn(folder));
  return fc
    .tuple(fc.constantFrom(...all), mutations(3))
    .map(([{ bytes }, changes]) => changes.reduce(mutate, bytes));
}

const plain = sipMessage({ style: 'plain', kind: 'request' });
/** Without REGISTER, which gets a Path in that profile. */
const recorded = sipMessage({
  style: 'plain',
  kind: 'request',
  methods: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'SUBSCRIBE', 'NOTIFY', 'REFER'],
});
const exotic = sipMessage({ style: 'exotic', kind: 'request' });

/** The message with its Request-URI and Routes aimed at somebody who is there. */
function aimed(messages: fc.Arbitrary<MessageParts>, profile: Profile): fc.Arbitrary<MessageParts> {
  const us = PROXY[profile];
  return fc.tuple(messages, targetUri(us), routeSet(us), fc.boolean()).map(aim);
}

function aim([message, uri, routes, isList]: [MessageParts, string, string[], boolean]): MessageParts {
  const values = routes.map((route) => `<${route}>`);
  const lines = isList && values.length > 1 ? [values.join(', ')] : values;
  const header = (value: string): HeaderParts => ({
    header: 'route',
    name: 'Route',
    separator: ': ',
    value,
    trailer: '',
  });
  return {
    ...message,
    uri,
    startLine: `${message.method} ${uri} SIP/2.0`,
    headers: [...message.headers.filter(({ header: name }) => name !== 'route'), ...lines.map(header)],
  };
}

const HERE = '127.77.70';

/** Phones that are there, addresses outside of the network, names, and ourselves. */
function targetUri(us: Place): fc.Arbitrary<string> {
  const hosts = fc.constantFrom(
    ...[
      PHONE.ip,
      PHONE.ip,
      PHONE.ip,
      `${HERE}.102`,
      `${HERE}.255`,
      '10.9.8.7',
      'phone.example',
      '[2001:db8::7]',
    ],
    us.ip,
  );
  const port = fc.constantFrom('', `:${PHONE.port}`, `:${PHONE.port}`, ':5060', ':7000', ':0', `:${us.port}`);
  const tail = fc.constantFrom('', '', '', ';transport=udp', ';ob', `;maddr=${HERE}.103`, ';x=%41', ';lr');
  const user = fc.constantFrom('', 'u7@', '+4930123@', 'a;b@');
  return fc
    .tuple(fc.constantFrom('sip:', 'sip:', 'sip:', 'SIP:', 'tel:'), user, hosts, port, tail)
    .map(([scheme, ...rest]) => (scheme === 'tel:' ? 'tel:+4930123' : scheme + rest.join('')));
}

/** Ours first or not at all, seldom twice: then we would be on the way twice. */
function routeSet(us: Place): fc.Arbitrary<string[]> {
  const own = `sip:${placeText(us)};lr`;
  const ours = fc.constantFrom([], [own], [own], [own], [own], [own], [own], [own, own]);
  return fc.tuple(ours, fc.array(otherRoute(), { maxLength: 2 })).map((lists) => lists.flat());
}

function otherRoute(): fc.Arbitrary<string> {
  return fc.constantFrom(
    `sip:${PHONE.ip}:${PHONE.port};lr`,
    `sip:${HERE}.104;lr`,
    `sip:${HERE}.104`,
    'sip:10.9.8.7;lr',
    'sip:edge.example;lr',
  );
}

const bytesOf = (messages: fc.Arbitrary<MessageParts>): fc.Arbitrary<Uint8Array> =>
  messages.map(messageBytes);

const GROUPS: readonly Group[] = [
  { name: 'damaged fixture', count: 1500, from: 'phone', profile: 'direct', bytes: damagedFixture() },
  { name: 'plain', count: 500, from: 'phone', profile: 'direct', bytes: bytesOf(plain) },
  { name: 'exotic', count: 800, from: 'phone', profile: 'direct', bytes: bytesOf(exotic) },
  { name: 'damaged plain', count: 800, from: 'phone', profile: 'direct', bytes: mutated(bytesOf(plain), 3) },
  {
    name: 'damaged exotic',
    count: 600,
    from: 'phone',
    profile: 'direct',
    bytes: mutated(bytesOf(exotic), 3),
  },
  { name: 'routed', count: 400, from: 'phone', profile: 'direct', bytes: bytesOf(aimed(plain, 'direct')) },
  {
    name: 'to a phone',
    count: 600,
    from: 'registrar',
    profile: 'direct',
    bytes: bytesOf(aimed(plain, 'direct')),
  },
  {
    name: 'damaged to a phone',
    count: 400,
    from: 'registrar',
    profile: 'direct',
    bytes: mutated(bytesOf(aimed(plain, 'direct')), 2),
  },
  {
    name: 'recorded',
    count: 300,
    from: 'phone',
    profile: 'recording',
    bytes: bytesOf(aimed(recorded, 'recording')),
  },
  {
    name: 'recorded to a phone',
    count: 300,
    from: 'registrar',
    profile: 'recording',
    bytes: bytesOf(aimed(plain, 'recording')),
  },
];
