import type { Emission } from './emissions.ts';
import { PROXY, SOURCE } from './places.ts';

/** Where the strict reader reads something else in what we send than it should, judging by what we were sent. */
export function surprises(emission: Emission, read: Reading, origin: Reading): string[] {
  const expected = EXPECTED[emission.kind](emission, origin);
  return [...expected].flatMap(([what, values]) => {
    const found = read.get(what) ?? '';
    const isExpected = values instanceof RegExp ? values.test(found) : values.includes(found);
    return isExpected
      ? []
      : [`${what}: ${found}, not ${values instanceof RegExp ? values : values.join(' or ')}`];
  });
}

type Reading = ReadonlyMap<string, string>;
type Expected = Map<string, readonly string[] | RegExp>;

const KEPT = ['from', 'from-tag', 'to', 'to-tag', 'call-id', 'cseq', 'method'];
const VIA = ['', '-branch', '-received', '-rport'] as const;
const NONE = '<null>';
/** What we write ourselves. */
const OUR_BRANCH = /^z9hG4bK[0-9a-f]{32}$/;
const OUR_ROUTE = /^sip:[0-9a-v]{29}@127\.77\.70\.20:507[01];lr$/;
const OUR_TAG = /^rc[0-9a-f]{16}$/;

function kept(origin: Reading, names: readonly string[]): Expected {
  return new Map(names.map((name) => [name, [origin.get(name) ?? '']]));
}

const EXPECTED: Readonly<Record<Emission['kind'], (emission: Emission, origin: Reading) => Expected>> = {
  request: expectedRequest,
  answer: expectedAnswer,
  response: expectedResponse,
};

function expectedRequest(emission: Emission, origin: Reading): Expected {
  const expected = kept(origin, [...KEPT, 'contacts', 'body']);
  const { ip, port } = SOURCE[emission.from];
  const hops = origin.get('hops') ?? NONE;
  const ports = Object.values(PROXY).map((proxy) => `UDP ${proxy.ip} ${proxy.port}`);
  expected.set('hops', [hops === NONE ? '70' : `${Number(hops) - 1}`]);
  expected.set('vias', [`${count(origin, 'vias') + 1}`]);
  expected.set('top', ports);
  expected.set('top-branch', OUR_BRANCH);
  expected.set('next', [origin.get('top') ?? '']);
  expected.set('next-branch', [origin.get('top-branch') ?? '']);
  expected.set('next-received', [ip]);
  expected.set('next-rport', [`${port}`]);
  expectedRouting(emission, origin, expected);
  return expected;
}

/** What path mode adds; where Routes of ours are among the others, what becomes of them is for other tests to say. */
function expectedRouting({ contactMode, from }: Emission, origin: Reading, expected: Expected): void {
  const isRegister = origin.get('method') === 'REGISTER';
  const records = count(origin, 'record-routes');
  const staysOut = /^(?:REGISTER|ACK|CANCEL)$/.test(origin.get('method') ?? '');
  const isPath = contactMode !== 'direct';
  if (isPath) expected.set('record-routes', [`${records + (staysOut ? 0 : 1)}`]);
  if (isPath && !staysOut) expected.set('record-route', OUR_ROUTE);
  if (isPath && isRegister && from === 'phone') expected.set('paths', ['1']).set('path', OUR_ROUTE);
  else expected.set('paths', [origin.get('paths') ?? '']);
  if (count(origin, 'routes') === 0) {
    for (const name of ['uri', 'routes']) expected.set(name, [origin.get(name) ?? '']);
  }
}

function expectedAnswer(emission: Emission, origin: Reading): Expected {
  const expected = kept(origin, [...KEPT, 'status', 'vias', 'top', 'top-branch']);
  const { ip, port } = SOURCE[emission.from];
  const tag = origin.get('to-tag') ?? NONE;
  if (tag === NONE || tag === '') expected.set('to-tag', OUR_TAG);
  expected.set('top-received', [ip]);
  expected.set('top-rport', [`${port}`]);
  expected.set('contacts', ['0']);
  return expected;
}

function expectedResponse(_: Emission, origin: Reading): Expected {
  const expected = kept(origin, [...KEPT, 'status', 'reason', 'record-routes', 'contacts', 'body']);
  for (const each of VIA) expected.set(`top${each}`, [origin.get(`next${each}`) ?? '']);
  return expected;
}

function count(reading: Reading, what: string): number {
  return Number(reading.get(what) ?? 0);
}
