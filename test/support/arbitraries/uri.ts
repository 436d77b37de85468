/** sip and sips URIs (RFC 3261 §19.1) beside the parts they are made of. */
import fc from 'fast-check';
import { host, optionalPort } from './host.ts';
import type { Style } from './text.ts';
import { alphanumeric, inCase, letterCases, stringOf, token } from './text.ts';

export interface UriParam {
  readonly name: string;
  readonly value: string | undefined;
}

export interface UriParts {
  readonly text: string;
  readonly scheme: 'sip' | 'sips';
  /** Userinfo, password included; undefined = no `@`. */
  readonly user: string | undefined;
  readonly host: string;
  /** 0 = none stated. */
  readonly port: number;
  readonly params: readonly UriParam[];
  /** What stands from `?` on; empty = no headers. */
  readonly headers: string;
}

/** Where the URI will stand: in angle brackets (or a start line) everything goes, bare in a header it does not (§20.10). */
export type UriPlace = 'enclosed' | 'bare';

const UNRESERVED = "abcABC019-_.!~*'()";
const ESCAPES = ['%00', '%40', '%3b', '%3C', '%25'];

export function sipUri(style: Style, place: UriPlace = 'enclosed'): fc.Arbitrary<UriParts> {
  const isBare = place === 'bare';
  return fc
    .record({
      scheme: fc.constantFrom<'sip' | 'sips'>('sip', 'sip', 'sips'),
      user: fc.option(userinfo(style, isBare ? '&=+$/' : '&=+$,;?/'), { nil: undefined }),
      host: host(),
      port: optionalPort(),
      params: isBare ? fc.constant([]) : fc.array(uriParam(), { maxLength: 3 }),
      headers: isBare || style === 'plain' ? fc.constant('') : uriHeaders(),
      cases: style === 'plain' ? fc.constant(0) : letterCases(),
    })
    .map(({ cases, ...uri }) => ({ ...uri, text: uriText(uri, cases) }));
}

function userinfo(style: Style, reserved: string): fc.Arbitrary<string> {
  if (style === 'plain') return alphanumeric({ min: 1 });
  const units = fc.constantFrom(...UNRESERVED, ...reserved, ...ESCAPES);
  const word = fc.array(units, { minLength: 1, maxLength: 8 }).map((list) => list.join(''));
  const withPassword = fc.tuple(word, alphanumeric({})).map(([user, password]) => `${user}:${password}`);
  return fc.oneof({ weight: 5, arbitrary: word }, { weight: 1, arbitrary: withPassword });
}

function uriParam(): fc.Arbitrary<UriParam> {
  const known = fc.constantFrom<UriParam>(
    { name: 'lr', value: undefined },
    { name: 'transport', value: 'udp' },
    { name: 'maddr', value: '192.0.2.9' },
    { name: 'user', value: 'phone' },
  );
  const units = fc.constantFrom(...UNRESERVED, ...'[]/:&+$', ...ESCAPES);
  const value = fc.array(units, { minLength: 1, maxLength: 8 }).map((list) => list.join(''));
  const unknown = fc.record({
    name: token({ max: 5 }).map((rest) => `x${rest}`),
    value: fc.option(value, { nil: undefined }),
  });
  return fc.oneof(known, unknown);
}

function uriHeaders(): fc.Arbitrary<string> {
  const pair = fc.tuple(alphanumeric({ min: 1, max: 5 }), stringOf('abc012[]/?:+$-_', { max: 5 }));
  const some = fc
    .array(pair, { minLength: 1, maxLength: 2 })
    .map((pairs) => `?${pairs.map((words) => words.join('=')).join('&')}`);
  return fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: some });
}

function uriText(uri: Omit<UriParts, 'text'>, cases: number): string {
  const user = uri.user === undefined ? '' : `${uri.user}@`;
  const port = uri.port === 0 ? '' : `:${uri.port}`;
  const params = uri.params.map(({ name, value }) => `;${name}${value === undefined ? '' : `=${value}`}`);
  return `${inCase(uri.scheme, cases)}:${user}${uri.host}${port}${params.join('')}${uri.headers}`;
}
