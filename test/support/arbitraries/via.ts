/** Via values (RFC 3261 §20.42, RFC 3581) beside the parts they are made of. */
import fc from 'fast-check';
import { host, ipv4, ipv6, optionalPort } from './host.ts';
import type { ParamParts } from './param.ts';
import { param, paramsText, unknownParam } from './param.ts';
import type { Style } from './text.ts';
import { alphanumeric, inCase, letterCases, optionalSpace, permuted, space, token } from './text.ts';

export interface ViaParts {
  readonly text: string;
  /** In upper case. */
  readonly transport: string;
  readonly host: string;
  /** 0 = none stated. */
  readonly port: number;
  readonly params: readonly ParamParts[];
}

export interface ViaOptions {
  readonly transports?: readonly string[];
}

const TRANSPORTS = ['UDP', 'UDP', 'UDP', 'TCP', 'TLS', 'SCTP', 'UNKNOWN'];

export function viaValue(style: Style, options: ViaOptions = {}): fc.Arbitrary<ViaParts> {
  const transports = options.transports ?? (style === 'plain' ? ['UDP'] : TRANSPORTS);
  return fc
    .record({
      transport: fc.constantFrom(...transports),
      host: host(),
      port: optionalPort(),
      params: viaParams(style),
      layout: layout(style),
    })
    .map(({ layout: chosen, ...via }) => ({ ...via, text: viaText(via, chosen) }));
}

/** Each known parameter at most once, unknown ones among them, in any order. */
function viaParams(style: Style): fc.Arbitrary<ParamParts[]> {
  const known = [branch(style), rport(style), received(style), otherParam(style)];
  return fc
    .tuple(
      fc.tuple(...known.map((each) => fc.option(each, { nil: undefined, freq: 2 }))),
      fc.array(unknownParam(style), { maxLength: style === 'plain' ? 0 : 2 }),
      fc.nat(),
    )
    .map(([some, others, order]) =>
      permuted([...some.filter((each) => each !== undefined), ...others], order),
    );
}

/** With the magic cookie, as RFC 2543 had it, or the bare cookie (RFC 4475 badbranch). */
function branch(style: Style): fc.Arbitrary<ParamParts> {
  const usual = alphanumeric({ min: 1, max: 16 }).map((rest) => `z9hG4bK${rest}`);
  const value = fc.oneof(
    { weight: 5, arbitrary: usual },
    { weight: 1, arbitrary: token() },
    { weight: 1, arbitrary: fc.constant('z9hG4bK') },
  );
  return param('branch', style === 'plain' ? usual : value, style);
}

function rport(style: Style): fc.Arbitrary<ParamParts> {
  const value = fc.oneof(fc.constant(undefined), fc.integer({ min: 1, max: 65_535 }).map(String));
  return param('rport', value, style);
}

/** IPv6 bare as the grammar has it, and in brackets as some write it. */
function received(style: Style): fc.Arbitrary<ParamParts> {
  const value = fc.oneof(
    ipv4().map((address) => address.text),
    ipv6().map((address) => address.text),
    ipv6().map((address) => `[${address.text}]`),
  );
  return param('received', value, style);
}

function otherParam(style: Style): fc.Arbitrary<ParamParts> {
  return param(fc.constantFrom('m', 's', 'l', 'ttl', 'maddr', 'keep'), alphanumeric({ min: 1 }), style);
}

interface Layout {
  readonly cases: number;
  /** Around the slashes and the port's colon. */
  readonly gaps: readonly string[];
  readonly space: string;
}

function layout(style: Style): fc.Arbitrary<Layout> {
  return fc.record({
    cases: style === 'plain' ? fc.constant(0xff_ffff) : letterCases(),
    gaps: fc.array(optionalSpace(style), { minLength: 6, maxLength: 6 }),
    space: space(style),
  });
}

function viaText(via: Omit<ViaParts, 'text'>, { cases, gaps, space: blank }: Layout): string {
  const protocol = `${inCase('SIP', cases)}${gaps[0]}/${gaps[1]}2.0${gaps[2]}/${gaps[3]}`;
  const port = via.port === 0 ? '' : `${gaps[4]}:${gaps[5]}${via.port}`;
  return protocol + inCase(via.transport, cases >>> 3) + blank + via.host + port + paramsText(via.params);
}
