import type { Case } from './corpus.ts';
import type { Fault } from './faults.ts';
import { statusFor } from './faults.ts';
import type { Outcome } from './outcome.ts';
import { outcomeText } from './outcome.ts';

/** Damage that does not keep a request from going on where we do not follow the Route. */
const TOLERATED: ReadonlySet<Fault> = new Set(['route']);
/** What leaves nobody to be answered. */
const UNANSWERABLE: readonly Fault[] = ['no_start_line', 'top_via'];
/** An answer needs no more than this beside what it copies. */
const ANSWER_BYTES = 120;

/**
 * Where Kamailio agrees with us, too, we may both be wrong. So every verdict on a request is held against what the
 * RFC says of its faults, as another reading finds them. Answers a sentence, or undefined where they agree.
 */
export function contradiction(one: Case, ours: Outcome, faults: ReadonlySet<Fault>): string | undefined {
  const text = Buffer.from(one.bytes).toString('latin1');
  if (/^[\r\n]*SIP\//i.test(text)) return undefined;
  const list = [...faults].filter((fault) => !TOLERATED.has(fault) || ours.kind !== 'forwarded');
  if (isAsRead(one, text, ours, list)) return undefined;
  return `${one.name}: ${outcomeText(ours)}, but it reads as ${list.join(', ') || 'sound'}:\n${JSON.stringify(text)}`;
}

function isAsRead(one: Case, text: string, ours: Outcome, faults: readonly Fault[]): boolean {
  switch (ours.kind) {
    case 'forwarded':
      return faults.length === 0;
    case 'answered':
      // 480 is what routing says, not the syntax.
      if (ours.status === 480) return one.from === 'registrar' && isEmptyOr(faults, 'route');
      return faults.some((fault) => statusFor(fault) === ours.status);
    case 'silent':
      return isUnanswerable(one, text, faults);
  }
}

function isEmptyOr(faults: readonly Fault[], only: Fault): boolean {
  return faults.every((fault) => fault === only);
}

function isUnanswerable(one: Case, text: string, faults: readonly Fault[]): boolean {
  if (faults.some((fault) => UNANSWERABLE.includes(fault))) return true;
  const method = text.replace(/^[\r\n]+/, '').split(' ', 1)[0];
  if (method === 'ACK' || (method === 'OPTIONS' && one.from === 'registrar')) return true;
  return faults.length > 0 && text.length < headerBytes(text) + ANSWER_BYTES;
}

/** All headers: an answer copies some of them. */
function headerBytes(text: string): number {
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  return Math.max(0, end - text.indexOf('\n'));
}
