import type { Comparison, Part } from './compare.ts';
import { compare } from './compare.ts';
import type { Case } from './corpus.ts';
import type { Fault } from './faults.ts';
import { faultsOf, statusFor } from './faults.ts';
import type { RequestLine } from './grammar.ts';
import { requestLine } from './grammar.ts';
import type { Outcome } from './outcome.ts';
import type { PlainMessage } from './plain-message.ts';
import { readPlain } from './plain-message.ts';

/** One datagram that two proxies disagree about, and what a class needs to know of it. */
export interface Difference {
  readonly case: Case;
  readonly input: string;
  readonly message: PlainMessage;
  readonly request: RequestLine | undefined;
  readonly faults: ReadonlySet<Fault>;
  readonly theirs: Outcome;
  readonly ours: Outcome;
  /** Empty where the verdicts differ already. */
  readonly parts: readonly Part[];
  /** Where it is a response: the request that it answers, as we have sent it on. */
  readonly answered: PlainMessage | undefined;
}

/** Undefined where they agree. */
export function differenceOf(
  one: Case,
  theirs: Outcome,
  ours: Outcome,
  answered?: string,
): Difference | undefined {
  const comparison: Comparison = compare(theirs, ours);
  if (comparison.kind === 'same') return undefined;
  const input = Buffer.from(one.bytes).toString('latin1');
  const message = readPlain(input);
  return {
    case: one,
    input,
    message,
    request: requestLine(message.startLine),
    faults: faultsOf(input),
    theirs,
    ours,
    parts: comparison.kind === 'content' ? comparison.parts : [],
    answered: answered === undefined ? undefined : readPlain(answered),
  };
}

/** Whether one of the faults is answered with this. */
export function isStatusForFault({ faults }: Difference, status: number): boolean {
  return [...faults].some((fault) => statusFor(fault) === status);
}

/** Whether both forwarded, and these parts at most differ. */
export function differsOnlyIn({ parts }: Pick<Difference, 'parts'>, ...allowed: readonly Part[]): boolean {
  return parts.length > 0 && parts.every((part) => allowed.includes(part));
}

export function isAnswered(outcome: Outcome, status?: number): boolean {
  return outcome.kind === 'answered' && (status === undefined || outcome.status === status);
}

export function reasonPhrase(outcome: Outcome): string {
  return outcome.kind === 'answered' ? (/^\S+ \d{3} ([^\r\n]*)/.exec(outcome.sent)?.[1] ?? '') : '';
}
