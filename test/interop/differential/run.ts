import type { DifferenceClass } from './classes.ts';
import { classify } from './classes.ts';
import type { Case } from './corpus.ts';
import { allCases } from './corpus.ts';
import type { Difference } from './difference.ts';
import { differenceOf } from './difference.ts';
import { faultsOf } from './faults.ts';
import type { KamailioForwarder } from './kamailio-forwarder.ts';
import type { Outcome } from './outcome.ts';
import { outcomeText } from './outcome.ts';
import type { From } from './places.ts';
import { headersNamed, readPlain } from './plain-message.ts';
import { contradiction } from './reading.ts';
import type { Passed } from './responses.ts';
import { responsePlans, responsesTo } from './responses.ts';
import { decideHere } from './rollcall-core.ts';

export const RESPONSES = 2500;
/** Of the requests whose sender's Via is not UDP, to which no response can come back, so many are answered all the same. */
const ONE_IN = 10;

/** What came of the whole comparison. */
export class Tally {
  requests = 0;
  responses = 0;
  /** How often both did the same: forwarded, silent, or answered with one code. */
  readonly same = new Map<string, number>();
  readonly classes = new Map<DifferenceClass, Difference[]>();
  readonly unexplained: Difference[] = [];
  /** Where we did other than a reading of the RFC that owes nothing to our parser would have us do. */
  readonly contradictions: string[] = [];

  add(difference: Difference | undefined, ours: Outcome): void {
    if (difference === undefined) {
      const what = outcomeText(ours);
      this.same.set(what, (this.same.get(what) ?? 0) + 1);
      return;
    }
    const found = classify(difference);
    if (found === undefined) this.unexplained.push(difference);
    else this.classes.set(found, [...(this.classes.get(found) ?? []), difference]);
  }
}

/** Sends everything through both. */
export async function compareAll(kamailio: KamailioForwarder): Promise<Tally> {
  const tally = new Tally();
  const passed: Passed[] = [];
  for (const one of allCases()) {
    const pair = await compareRequest(kamailio, one, tally);
    if (pair !== undefined) passed.push(pair);
  }
  const answerable = passed.filter((pair, index) => isOverUdp(pair) || index % ONE_IN === 0);
  for (const [index, plan] of responsePlans(RESPONSES).entries()) {
    const request = answerable[plan.base % answerable.length];
    if (request === undefined) throw new Error('no request was forwarded by both');
    const { theirs, ours } = responsesTo(request, plan);
    await compareResponse(kamailio, request, `response ${index}`, { theirs, ours }, tally);
  }
  return tally;
}

/** Answers the request as both have passed it on, where both have, and alike. */
async function compareRequest(
  kamailio: KamailioForwarder,
  one: Case,
  tally: Tally,
): Promise<Passed | undefined> {
  const theirs = await kamailio.offer(one.bytes, one.from, one.profile);
  const { outcome: ours } = decideHere(one.bytes, one.from, one.profile);
  const difference = differenceOf(one, theirs, ours);
  tally.requests++;
  tally.add(difference, ours);
  const against = contradiction(one, ours, faultsOf(Buffer.from(one.bytes).toString('latin1')));
  if (against !== undefined) tally.contradictions.push(against);
  const isPassed = difference === undefined && theirs.kind === 'forwarded' && ours.kind === 'forwarded';
  return isPassed ? { case: one, theirs: theirs.sent, ours: ours.sent } : undefined;
}

async function compareResponse(
  kamailio: KamailioForwarder,
  request: Passed,
  name: string,
  responses: { readonly theirs: Uint8Array; readonly ours: Uint8Array },
  tally: Tally,
): Promise<void> {
  const { profile } = request.case;
  const from: From = request.case.from === 'phone' ? 'registrar' : 'phone';
  const theirs = await kamailio.offer(responses.theirs, from, profile);
  const { outcome: ours } = decideHere(responses.ours, from, profile);
  tally.responses++;
  tally.add(differenceOf({ name, from, profile, bytes: responses.ours }, theirs, ours, request.ours), ours);
}

/** The Via below ours, which is where the response goes. */
function isOverUdp({ ours }: Passed): boolean {
  return /^SIP\s*\/\s*2\.0\s*\/\s*UDP\s/i.test(headersNamed(readPlain(ours), 'via')[1]?.value ?? '');
}
