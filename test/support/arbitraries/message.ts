/**
 * Whole SIP messages, valid by RFC 3261 §25.1, as parts and as bytes. Tests compare what a parser found with
 * the parts, or change parts and render again.
 */
import fc from 'fast-check';
import { METHODS } from '../../../src/sip/methods.ts';
import { nameAddr } from './name-addr.ts';
import type { Style } from './text.ts';
import {
  alphanumeric,
  inCase,
  letterCases,
  optionalSpace,
  permuted,
  quotedString,
  space,
  stringOf,
  token,
} from './text.ts';
import { sipUri } from './uri.ts';
import type { ViaOptions, ViaParts } from './via.ts';
import { viaValue } from './via.ts';

export interface HeaderParts {
  /** Name as its standard writes it, in lower case. */
  readonly header: string;
  /** Name as it stands in the message. */
  readonly name: string;
  /** From behind the name up to the value: white space, colon, white space. */
  readonly separator: string;
  /** Without surrounding white space; a line feed in it is the line end of a fold. */
  readonly value: string;
  readonly trailer: string;
}

export interface MessageParts {
  readonly kind: 'request' | 'response';
  readonly method: string;
  /** Request-URI; empty in a response. */
  readonly uri: string;
  /** 0 in a request. */
  readonly status: number;
  readonly startLine: string;
  readonly headers: readonly HeaderParts[];
  readonly body: Uint8Array;
  readonly eol: '\r\n' | '\n';
  /** The Via values of all Via lines, in order. */
  readonly vias: readonly ViaParts[];
}

export interface MessageOptions {
  readonly style?: Style;
  readonly kind?: 'request' | 'response' | 'any';
  readonly methods?: readonly string[];
  readonly via?: ViaOptions;
  readonly maxVias?: number;
}

const NAMED_METHODS = METHODS.filter((method) => method !== 'other');
const COMPACT: Readonly<Record<string, string>> = {
  via: 'v',
  from: 'f',
  to: 't',
  'call-id': 'i',
  contact: 'm',
  'content-length': 'l',
  'content-type': 'c',
  supported: 'k',
  subject: 's',
};

/** The datagram that the parts describe. */
export function messageBytes({ startLine, headers, body, eol }: MessageParts): Uint8Array {
  const lines = headers.map(({ name, separator, value, trailer }) => name + separator + value + trailer);
  const head = [startLine, ...lines, '', ''].join('\n').replaceAll('\n', eol);
  const bytes = new Uint8Array(head.length + body.length);
  for (let i = 0; i < head.length; i++) bytes[i] = head.charCodeAt(i);
  bytes.set(body, head.length);
  return bytes;
}

/** Every run of the generator makes the choices that both kinds of message need; `render` takes what its kind has. */
export function sipMessage(options: MessageOptions = {}): fc.Arbitrary<MessageParts> {
  const style = options.style ?? 'exotic';
  return fc
    .record({
      kind: fc.constantFrom<'request' | 'response'>(...kindsOf(options.kind ?? 'any')),
      method: methodOf(options, style),
      status: fc.integer({ min: 100, max: 699 }),
      reason: stringOf('abc DEF;"<\u00e9', { max: 8 }),
      // Headers in a Request-URI are not allowed (§19.1.1 table 1).
      uri: sipUri(style).map(({ text, headers }) => text.slice(0, text.length - headers.length)),
      vias: fc.array(viaValue(style, options.via), { minLength: 1, maxLength: options.maxVias ?? 4 }),
      viaLayouts: fc.array(layout(style), { minLength: 4, maxLength: 4 }),
      cseq: fc.tuple(fc.nat(2_147_483_647), space(style)),
      cseqLayout: layout(style),
      mandatory: mandatoryHeaders(style),
      optional: fc.tuple(
        ...optionalHeaders(style).map((each) => fc.option(each, { nil: undefined, freq: 2 })),
      ),
      length: fc.option(layout(style), { nil: undefined, freq: 4 }),
      body: fc.uint8Array({ maxLength: style === 'plain' ? 0 : 40 }),
      eol: fc.constantFrom<'\r\n' | '\n'>('\r\n', '\r\n', style === 'plain' ? '\r\n' : '\n'),
      order: fc.nat(),
    })
    .map(compose);
}

function kindsOf(kind: 'request' | 'response' | 'any'): ('request' | 'response')[] {
  return kind === 'any' ? ['request', 'response'] : [kind];
}

function methodOf({ methods }: MessageOptions, style: Style): fc.Arbitrary<string> {
  const named = fc.constantFrom(...(methods ?? NAMED_METHODS));
  return methods === undefined && style === 'exotic' ? fc.oneof(named, token()) : named;
}

interface Draft {
  readonly kind: 'request' | 'response';
  readonly method: string;
  readonly status: number;
  readonly reason: string;
  readonly uri: string;
  readonly vias: readonly ViaParts[];
  readonly viaLayouts: readonly Layout[];
  readonly cseq: readonly [number, string];
  readonly cseqLayout: Layout;
  readonly mandatory: readonly HeaderParts[];
  readonly optional: readonly (HeaderParts | undefined)[];
  readonly length: Layout | undefined;
  readonly body: Uint8Array;
  readonly eol: '\r\n' | '\n';
  readonly order: number;
}

function compose(draft: Draft): MessageParts {
  const { kind, method, status, uri, vias, body, eol, cseq, length, order } = draft;
  const isRequest = kind === 'request';
  const others = [
    ...draft.mandatory,
    headerParts('CSeq', cseq.join('') + method, draft.cseqLayout),
    ...(length === undefined ? [] : [headerParts('Content-Length', String(body.length), length)]),
    ...draft.optional.filter((header) => header !== undefined),
  ];
  return {
    kind,
    method,
    uri: isRequest ? uri : '',
    status: isRequest ? 0 : status,
    startLine: isRequest ? `${method} ${uri} SIP/2.0` : `SIP/2.0 ${status} ${draft.reason}`,
    headers: interleaved(viaLines(vias, draft.viaLayouts), permuted(others, order), order),
    body,
    eol,
    vias,
  };
}

/** The values spread over lines: a layout that says so puts its value into the line before. */
function viaLines(vias: readonly ViaParts[], layouts: readonly Layout[]): HeaderParts[] {
  const lines: HeaderParts[] = [];
  vias.forEach(({ text }, i) => {
    const chosen = layouts[i % layouts.length] as Layout;
    const last = lines.at(-1);
    if (last === undefined || !chosen.joinsList) lines.push(headerParts('Via', text, chosen));
    else lines.splice(-1, 1, { ...last, value: `${last.value}${chosen.gap},${chosen.trailer}${text}` });
  });
  return lines;
}

function mandatoryHeaders(style: Style): fc.Arbitrary<HeaderParts[]> {
  const tagged = nameAddr(style, { tag: 'present' }).map(({ text }) => text);
  const untagged = nameAddr(style).map(({ text }) => text);
  return fc.tuple(
    headerOf('From', tagged, style),
    headerOf('To', fc.oneof(tagged, untagged), style),
    headerOf('Call-ID', alphanumeric({ min: 1, max: 20 }), style),
    headerOf('Max-Forwards', fc.integer({ min: 0, max: 255 }).map(String), style),
  );
}

function optionalHeaders(style: Style): fc.Arbitrary<HeaderParts>[] {
  const value = fc.tuple(nameAddr(style, { form: 'bracketed' }), optionalSpace(style), optionalSpace(style));
  const listed = fc
    .array(value, { minLength: 1, maxLength: 3 })
    .map((list) =>
      list.map(([{ text }, before, behind], i) => (i === 0 ? text : `${before},${behind}${text}`)),
    )
    .map((list) => list.join(''));
  const credentials = quotedString().map(
    (realm) => `Digest username="a", realm=${realm}, nonce="n==", qop=auth`,
  );
  const odd = fc.oneof(quotedString(), fc.constantFrom(';;,,;;,;', '<', 'a b', '\u00ff\u00fe', '"'));
  const usual = [
    headerOf('Contact', style === 'plain' ? listed : fc.oneof(listed, fc.constant('*')), style),
    headerOf('Route', listed, style),
    headerOf('Record-Route', listed, style),
    headerOf('Authorization', credentials, style),
    headerOf('Expires', fc.nat(0xffff_ffff).map(String), style),
    headerOf('User-Agent', alphanumeric({ min: 1 }), style),
    headerOf('Supported', fc.constantFrom('', 'path', 'timer, path'), style),
  ];
  return style === 'plain'
    ? usual
    : [
        ...usual,
        headerOf('Subject', odd, style),
        headerOf('X-Odd', odd, style),
        headerOf('X-Odd', odd, style),
      ];
}

/** How one header line is written. */
interface Layout {
  readonly style: Style;
  readonly cases: number;
  readonly isCompact: boolean;
  readonly joinsList: boolean;
  readonly separator: string;
  readonly gap: string;
  readonly trailer: string;
}

function layout(style: Style): fc.Arbitrary<Layout> {
  const isPlain = style === 'plain';
  const gap = optionalSpace(style);
  const separator = fc
    .tuple(fc.constantFrom('', '', ' ', '\t '), gap)
    .map(([before, behind]) => `${before}:${behind}`);
  return fc.record({
    style: fc.constant(style),
    cases: letterCases(),
    isCompact: isPlain ? fc.constant(false) : fc.boolean(),
    joinsList: isPlain ? fc.constant(false) : fc.boolean(),
    separator: isPlain ? fc.constant(': ') : separator,
    gap,
    trailer: isPlain ? fc.constant('') : fc.constantFrom('', '', '', ' ', '\t', '\n '),
  });
}

function headerOf(title: string, value: fc.Arbitrary<string>, style: Style): fc.Arbitrary<HeaderParts> {
  return fc.tuple(value, layout(style)).map(([text, chosen]) => headerParts(title, text, chosen));
}

function headerParts(title: string, value: string, chosen: Layout): HeaderParts {
  const header = title.toLowerCase();
  const written = chosen.isCompact ? (COMPACT[header] ?? title) : title;
  return {
    header,
    name: chosen.style === 'plain' ? title : inCase(written, chosen.cases),
    separator: chosen.separator,
    value,
    trailer: chosen.trailer,
  };
}

/** The lines of both lists in their own order, one list's among the other's as the seed says. */
function interleaved<T>(first: readonly T[], second: readonly T[], seed: number): T[] {
  const out: T[] = [];
  const queues = [[...first], [...second]];
  for (let rest = seed; queues.some((queue) => queue.length > 0); rest = Math.floor(rest / 2)) {
    const [chosen, other] = rest % 2 === 0 ? queues : [...queues].reverse();
    const next = chosen?.shift() ?? other?.shift();
    if (next !== undefined) out.push(next);
  }
  return out;
}
