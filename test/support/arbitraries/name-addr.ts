/** Values of From, To, Contact, Route and their kind (RFC 3261 §20.10) beside the parts they are made of. */
import fc from 'fast-check';
import type { ParamParts } from './param.ts';
import { param, paramsText, unknownParam } from './param.ts';
import type { Style } from './text.ts';
import { alphanumeric, optionalSpace, quotedString, space, token } from './text.ts';
import type { UriParts } from './uri.ts';
import { sipUri } from './uri.ts';

export interface NameAddrParts {
  readonly text: string;
  readonly uri: UriParts;
  readonly isBracketed: boolean;
  readonly params: readonly ParamParts[];
}

export interface NameAddrOptions {
  /** Whether the first parameter is a tag. */
  readonly tag?: 'present' | 'absent';
  /** `bracketed`: angle brackets always, as Route, Record-Route and Path demand them. */
  readonly form?: 'any' | 'bracketed';
}

export function nameAddr(style: Style, options: NameAddrOptions = {}): fc.Arbitrary<NameAddrParts> {
  const tag = param('tag', alphanumeric({ min: 1 }), style);
  const others = fc.array(unknownParam(style), { maxLength: style === 'plain' ? 0 : 2 });
  const params =
    options.tag === 'present' ? fc.tuple(tag, others).map(([first, rest]) => [first, ...rest]) : others;
  const enclosed = bracketed(params, style);
  if (options.form === 'bracketed' || style === 'plain') return enclosed;
  return fc.oneof({ weight: 3, arbitrary: enclosed }, { weight: 1, arbitrary: bare(params, style) });
}

function bracketed(params: fc.Arbitrary<ParamParts[]>, style: Style): fc.Arbitrary<NameAddrParts> {
  return fc.tuple(displayName(style), sipUri(style), params).map(([name, uri, list]) => ({
    text: `${name}<${uri.text}>${paramsText(list)}`,
    uri,
    params: list,
    isBracketed: true,
  }));
}

function bare(params: fc.Arbitrary<ParamParts[]>, style: Style): fc.Arbitrary<NameAddrParts> {
  return fc.tuple(sipUri(style, 'bare'), params).map(([uri, list]) => ({
    text: uri.text + paramsText(list),
    uri,
    params: list,
    isBracketed: false,
  }));
}

/** Nothing, words, or a quoted string; a blank before `<` is usual and not needed behind a quote. */
function displayName(style: Style): fc.Arbitrary<string> {
  const none = fc.constant('');
  if (style === 'plain')
    return fc.oneof(
      none,
      alphanumeric({ min: 1 }).map((name) => `"${name}" `),
    );
  const word = fc.tuple(token(), space(style)).map((parts) => parts.join(''));
  const words = fc.array(word, { minLength: 1, maxLength: 3 }).map((list) => list.join(''));
  const quoted = fc.tuple(quotedString(), optionalSpace(style)).map((parts) => parts.join(''));
  return fc.oneof(none, words, quoted);
}
