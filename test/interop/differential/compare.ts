import type { Outcome } from './outcome.ts';
import type { PlainHeader, PlainMessage } from './plain-message.ts';
import { headersNamed, readPlain } from './plain-message.ts';

/** What of two forwarded messages can differ. */
export const PARTS = [
  'target',
  'method',
  'request_uri',
  'start_line',
  'headers',
  'body',
  'max_forwards',
  'record_route',
  'vias',
] as const;
export type Part = (typeof PARTS)[number];

export type Comparison =
  | { readonly kind: 'same' }
  /** One forwarded, answered or said nothing where the other did something else. */
  | { readonly kind: 'verdict' }
  /** Both forwarded, but not the same. */
  | { readonly kind: 'content'; readonly parts: readonly Part[] };

export function compare(theirs: Outcome, ours: Outcome): Comparison {
  if (theirs.kind === 'forwarded' && ours.kind === 'forwarded') {
    const parts = differingParts(theirs, ours);
    return parts.length === 0 ? { kind: 'same' } : { kind: 'content', parts };
  }
  const isSame =
    theirs.kind === ours.kind &&
    (theirs.kind !== 'answered' ||
      (ours.kind === 'answered' && theirs.status === ours.status && theirs.target === ours.target));
  return { kind: isSame ? 'same' : 'verdict' };
}

interface Forwarded {
  readonly target: string;
  readonly sent: string;
}

function differingParts(theirs: Forwarded, ours: Forwarded): Part[] {
  const [a, b] = [readPlain(theirs.sent), readPlain(ours.sent)];
  const isRequest = !/^SIP\/2\.0 /i.test(b.startLine);
  const differs: Readonly<Record<Part, boolean>> = {
    target: theirs.target !== ours.target,
    method: isRequest && methodOf(a) !== methodOf(b),
    request_uri: isRequest && uriOf(a) !== uriOf(b),
    start_line: restOfStartLine(a, isRequest) !== restOfStartLine(b, isRequest),
    headers: restOf(a) !== restOf(b),
    body: a.body !== b.body,
    max_forwards: hopsOf(a) !== hopsOf(b),
    record_route: recordRoutes(a) !== recordRoutes(b),
    vias: vias(a, isRequest) !== vias(b, isRequest),
  };
  return PARTS.filter((part) => differs[part]);
}

function methodOf({ startLine }: PlainMessage): string {
  return startLine.split(' ', 1)[0] ?? '';
}

/** All between method and version. */
function uriOf({ startLine }: PlainMessage): string {
  return startLine.slice(startLine.indexOf(' ') + 1, startLine.lastIndexOf(' '));
}

function restOfStartLine({ startLine }: PlainMessage, isRequest: boolean): string {
  return isRequest ? startLine.slice(startLine.lastIndexOf(' ')) : startLine;
}

const COMPARED_APART = new Set(['via', 'max-forwards', 'record-route']);

/** All headers but those, in order, byte for byte. */
function restOf({ headers }: PlainMessage): string {
  return headers
    .filter(({ name }) => !COMPARED_APART.has(name))
    .map(({ line }) => line)
    .join('');
}

function hopsOf(message: PlainMessage): string {
  return headersNamed(message, 'max-forwards')
    .map(({ value }) => Number(value))
    .join();
}

/** Ours names the flow in the user part, where the other has none. */
const TOKEN = /<sip:[0-9a-v]{29}@/;

function recordRoutes(message: PlainMessage): string {
  return headersNamed(message, 'record-route')
    .map(({ value }) => value.replace(TOKEN, '<sip:'))
    .join('\n');
}

/**
 * Requests: without the line that each has put on top, and without what each has written of the source, which stands
 * at different ends of the parameters. Responses: as they are.
 */
function vias(message: PlainMessage, isRequest: boolean): string {
  const all = headersNamed(message, 'via');
  if (!isRequest) return all.map(({ line }) => line).join('');
  return all
    .slice(1)
    .map((header, index) => (index === 0 ? unstamped(header) : header.line))
    .join('');
}

const STAMP = /\s*;\s*(?:received|rport)\s*(?:=\s*[^;,\s]*)?(?=[;,\s]|$)/gi;

const SPACED = /\s*([;=])\s*/g;

/** The first value of the line. */
function unstamped({ value }: PlainHeader): string {
  const comma = value.indexOf(',');
  const end = comma < 0 ? value.length : comma;
  return value.slice(0, end).replace(STAMP, '').replace(SPACED, '$1').trim() + value.slice(end);
}
