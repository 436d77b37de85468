/** Header parameters: `;name`, `;name=value`, with white space where the style has it. */
import fc from 'fast-check';
import { host } from './host.ts';
import type { Style } from './text.ts';
import { alphanumeric, inCase, letterCases, optionalSpace, quotedString, token } from './text.ts';

export interface ParamParts {
  /** In lower case. */
  readonly name: string;
  /** As written, quotes included; undefined = no equals sign. */
  readonly value: string | undefined;
  /** The whole parameter, from the white space before its semicolon on. */
  readonly text: string;
}

/** A parameter of the given name; `undefined` among the values stands for none. */
export function param(
  name: string | fc.Arbitrary<string>,
  value: fc.Arbitrary<string | undefined>,
  style: Style,
): fc.Arbitrary<ParamParts> {
  const gap = optionalSpace(style);
  const names = typeof name === 'string' ? fc.constant(name) : name;
  return fc
    .tuple(names, value, fc.tuple(gap, gap, gap, gap), letterCases())
    .map(([written, val, gaps, cases]) => {
      const [before, behind, beforeEquals, behindEquals] = gaps;
      const head = `${before};${behind}${style === 'plain' ? written : inCase(written, cases)}`;
      const tail = val === undefined ? '' : `${beforeEquals}=${behindEquals}${val}`;
      return { name: written.toLowerCase(), value: val, text: head + tail };
    });
}

/** A parameter that nobody knows; its name starts with `x`. */
export function unknownParam(style: Style): fc.Arbitrary<ParamParts> {
  const name = token({ max: 6 }).map((rest) => `x${rest}`);
  const value = fc.oneof(fc.constant(undefined), token(), alphanumeric({ min: 1 }), quotedString(), host());
  return param(name, value, style);
}

export function paramsText(params: readonly ParamParts[]): string {
  return params.map(({ text }) => text).join('');
}
