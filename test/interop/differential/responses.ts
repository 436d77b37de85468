/** Responses to what the proxies have forwarded, each by way of the Via that the proxy has just put on top. */
import fc from 'fast-check';
import { bytesOf } from '../../proxy/support/passing.ts';
import type { Mutation } from '../../support/arbitraries/mutation.ts';
import { mutate, mutations } from '../../support/arbitraries/mutation.ts';
import type { Case } from './corpus.ts';
import { SEED } from './corpus.ts';
import type { PlainHeader, PlainMessage } from './plain-message.ts';
import { headersNamed, readPlain } from './plain-message.ts';

/** A request that both have forwarded, as each has. */
export interface Passed {
  readonly case: Case;
  readonly theirs: string;
  readonly ours: string;
}

/** How the answering side has written the Vias. */
const TOP_FORMS = {
  copied: (via: string, next: string) => `Via: ${via}\r\n${next}`,
  compact: (via: string, next: string) => `v:${via}\r\n${next}`,
  shouted: (via: string, next: string) => `VIA :  ${via}\r\n${next}`,
  joined: (via: string, next: string) => `Via: ${via}, ${next.replace(/^[^:]*:\s*/, '')}`,
  'joined and folded': (via: string, next: string) => `Via: ${via},\r\n ${next.replace(/^[^:]*:\s*/, '')}`,
  stamped: (via: string, next: string) => `Via: ${via};received=127.77.70.20;rport=5070\r\n${next}`,
  'stamped first': (via: string, next: string) => `Via: ${via.replace(';', ';rport=5070;')}\r\n${next}`,
  spaced: (via: string, next: string) =>
    `Via: ${via.replace('SIP/2.0/UDP ', 'SIP / 2.0 / UDP  ')}\r\n${next}`,
  'of another host': (via: string, next: string) =>
    `Via: ${via.replace('127.77.70.20', '127.77.70.21')}\r\n${next}`,
  'of another port': (via: string, next: string) => `Via: ${via.replace(':5070', ':5099')}\r\n${next}`,
  'of TCP': (via: string, next: string) => `Via: ${via.replace('/UDP', '/TCP')}\r\n${next}`,
  missing: (_: string, next: string) => next,
  alone: (via: string) => `Via: ${via}\r\n`,
} as const satisfies Record<string, (via: string, next: string) => string>;
type TopForm = keyof typeof TOP_FORMS;

const NEXT_FORMS = {
  copied: (via: string) => via,
  'without received': (via: string) => via.replace(/;received=[^;,\r\n]*/, ''),
  'for another port': (via: string) => via.replace(/;rport=\d+/, ';rport=6099'),
  'for another host': (via: string) => via.replace(/;received=[^;,\r\n]*/, ';received=127.77.70.77'),
  'for everybody': (via: string) => via.replace(/;received=[^;,\r\n]*/, ';received=255.255.255.255'),
  'with maddr': (via: string) => via.replace(/;received=/, ';maddr=127.77.70.78;received='),
  'of TCP': (via: string) => via.replace(/\/UDP/i, '/TCP'),
} as const satisfies Record<string, (via: string) => string>;
type NextForm = keyof typeof NEXT_FORMS;

export interface ResponsePlan {
  readonly base: number;
  readonly status: number;
  readonly reason: string;
  readonly top: TopForm;
  readonly next: NextForm;
  readonly body: string;
  readonly changes: readonly Mutation[];
}

export function responsePlans(count: number): readonly ResponsePlan[] {
  const often = <T>(usual: T, ...rest: readonly T[]): fc.Arbitrary<T> =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant(usual) },
      { weight: 1, arbitrary: fc.constantFrom(...rest) },
    );
  const plan: fc.Arbitrary<ResponsePlan> = fc.record({
    base: fc.nat(),
    status: fc.constantFrom(100, 180, 183, 200, 200, 202, 302, 401, 404, 486, 503, 603, 699),
    reason: fc.constantFrom('', 'OK', 'Unauthorized', 'Busy Here', 'N\u00f6', 'x'.repeat(200)),
    top: often<TopForm>('copied', ...(Object.keys(TOP_FORMS) as TopForm[])),
    next: often<NextForm>('copied', ...(Object.keys(NEXT_FORMS) as NextForm[])),
    body: fc.constantFrom('', '', 'v=0\r\no=- 1 1 IN IP4 127.77.70.101\r\n', '\u0000\u00ff\r\n\r\nSIP/2.0 '),
    changes: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: mutations(2) }),
  });
  return fc.sample(plan, { seed: SEED - 1, numRuns: count });
}

/** Stands for what the proxies write differently of their own Via: all behind the cookie. */
const OWN = 'behind-the-cookie';
const COOKIE = 'branch=z9hG4bK';

/** The two datagrams that answer one request: equal but for what each proxy has put into its own Via. */
export function responsesTo(
  passed: Pick<Passed, 'theirs' | 'ours'>,
  plan: ResponsePlan,
): { theirs: Uint8Array; ours: Uint8Array } {
  const template = responseTemplate(readPlain(passed.ours), plan);
  const damaged = plan.changes.reduce(mutate, bytesOf(template));
  const fill = (sent: string): Uint8Array =>
    bytesOf(
      Buffer.from(damaged)
        .toString('latin1')
        .replace(OWN, () => behindCookie(sent)),
    );
  return { theirs: fill(passed.theirs), ours: fill(passed.ours) };
}

function behindCookie(sent: string): string {
  const [own] = headersNamed(readPlain(sent), 'via');
  const value = own?.value ?? '';
  return value.slice(value.indexOf(COOKIE) + COOKIE.length);
}

function responseTemplate(request: PlainMessage, plan: ResponsePlan): string {
  const [own, next, ...vias] = headersNamed(request, 'via');
  const ownValue = own?.value ?? '';
  const top = ownValue.slice(0, ownValue.indexOf(COOKIE)) + COOKIE + OWN;
  const nextLine = NEXT_FORMS[plan.next](withEol(next));
  const copied = ['record-route', 'from', 'to', 'call-id', 'cseq'].flatMap((name) =>
    headersNamed(request, name),
  );
  return [
    `SIP/2.0 ${plan.status} ${plan.reason}\r\n`,
    TOP_FORMS[plan.top](top, nextLine),
    ...[...vias, ...copied].map(withEol).map(tagged),
    `Content-Length: ${plan.body.length}\r\n`,
    '\r\n',
    plan.body,
  ].join('');
}

/** With the one line end of this message, folds included. */
function withEol(header: PlainHeader | undefined): string {
  return header === undefined ? '' : `${header.line.replace(/[\r\n]+$/, '').replace(/\r?\n/g, '\r\n')}\r\n`;
}

function tagged(line: string): string {
  return /^(?:to|t)[ \t]*:/i.test(line) && !/;\s*tag\s*=/i.test(line)
    ? line.replace(/\r\n$/, ';tag=answer\r\n')
    : line;
}
