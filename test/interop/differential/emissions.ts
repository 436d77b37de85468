/** Everything that we send of our own accord or on behalf of others, in a run over the whole corpus. */
import type { ContactMode } from '../../../src/proxy/routes.ts';
import type { Case } from './corpus.ts';
import { allCases } from './corpus.ts';
import type { From } from './places.ts';
import type { PlainMessage } from './plain-message.ts';
import { headersNamed, readPlain } from './plain-message.ts';
import { responsePlans, responsesTo } from './responses.ts';
import { decideBy, routesIn } from './rollcall-core.ts';

export type EmissionKind = 'request' | 'answer' | 'response';

export interface Emission {
  readonly kind: EmissionKind;
  readonly name: string;
  readonly contactMode: ContactMode;
  /** Where what it is made of came from. */
  readonly from: From;
  readonly sent: string;
  /** What it is made of, in the form in which the same reader can judge it: what is damaged there may be damaged here. */
  readonly origin: string;
}

const MODES: readonly ContactMode[] = ['direct', 'alias+path'];
const RESPONSES = 1500;

export function allEmissions(): Emission[] {
  return MODES.flatMap((contactMode) => {
    const requests = allCases().flatMap((one) => ofRequest(one, contactMode));
    return [...requests, ...ofResponses(requests, contactMode)];
  });
}

function ofRequest(one: Case, contactMode: ContactMode): Emission[] {
  const { name, from, bytes } = one;
  const { outcome } = decideBy(routesIn(contactMode, one.profile), bytes, from);
  const received = Buffer.from(bytes).toString('latin1');
  if (outcome.kind === 'silent' || /^[\r\n]*SIP\//i.test(received)) return [];
  const common = { name, from, contactMode, sent: outcome.sent };
  return outcome.kind === 'forwarded'
    ? [{ ...common, kind: 'request', origin: withoutExcess(received) }]
    : [{ ...common, kind: 'answer', origin: answerFrom(readPlain(received), outcome.status) }];
}

/** Without the bytes behind the body, which RFC 3261 section 18.3 has us discard, so that a reader gets past them. */
function withoutExcess(datagram: string): string {
  const message = readPlain(datagram);
  const stated = Number(headersNamed(message, 'content-length')[0]?.value);
  const excess = message.body.length - stated;
  return excess > 0 ? datagram.slice(0, -excess) : datagram;
}

/** The lines that RFC 3261 section 8.2.6.2 has an answer copy, as they came. */
function answerFrom(request: PlainMessage, status: number): string {
  const vias = headersNamed(request, 'via');
  const others = ['from', 'to', 'call-id', 'cseq'].flatMap((name) => headersNamed(request, name).slice(0, 1));
  const lines = [...vias, ...others].map(({ line }) => `${line.replace(/[\r\n]+$/, '')}\r\n`);
  return `SIP/2.0 ${status} x\r\n${lines.join('')}Content-Length: 0\r\n\r\n`;
}

/** Responses come back through our Via, and go on. */
function ofResponses(requests: readonly Emission[], contactMode: ContactMode): Emission[] {
  const forwarded = requests.filter(({ kind }) => kind === 'request');
  return responsePlans(RESPONSES).flatMap((plan, index) => {
    const request = forwarded[plan.base % forwarded.length];
    if (request === undefined) return [];
    const from: From = request.from === 'phone' ? 'registrar' : 'phone';
    const { ours: bytes } = responsesTo({ theirs: request.sent, ours: request.sent }, plan);
    const { outcome } = decideBy(routesIn(contactMode, profileOf(request)), bytes, from);
    if (outcome.kind !== 'forwarded') return [];
    const origin = withoutExcess(Buffer.from(bytes).toString('latin1'));
    const name = `response ${index} to ${request.name}`;
    return [{ kind: 'response', name, from, contactMode, sent: outcome.sent, origin }];
  });
}

function profileOf({ sent }: Emission): 'direct' | 'recording' {
  return /^Via: SIP\/2\.0\/UDP [\d.]+:5071;/m.test(sent) ? 'recording' : 'direct';
}
