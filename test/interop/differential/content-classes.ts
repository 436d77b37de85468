/** Messages that both forward, but not the same. */
import type { DifferenceClass } from './classes.ts';
import type { Difference } from './difference.ts';
import { differsOnlyIn, isAnswered } from './difference.ts';
import { listedUris } from './grammar.ts';
import type { PlainMessage } from './plain-message.ts';
import { headersNamed, readPlain } from './plain-message.ts';
import { foreignRoutes, isOurs, routesOf } from './routes.ts';

/** Header lines, with the Routes of all of them in one. */
function withRoutesInOne(sent: string): string {
  const message: PlainMessage = readPlain(sent);
  const uris = headersNamed(message, 'route').flatMap(({ value }) => listedUris(value) ?? [value]);
  const others = message.headers.filter(
    ({ name }) => !['route', 'via', 'max-forwards', 'record-route'].includes(name),
  );
  return [...others.map(({ line }) => line), ...uris].join('\n').toLowerCase();
}

const isStrict = (uri: string | undefined): boolean => uri !== undefined && !/;lr(?:[;=?]|$)/i.test(uri);

const isLostByThem = ({ theirs, ours }: Difference): boolean =>
  isAnswered(theirs, 480) && ours.kind === 'forwarded';

export const CONTENT_CLASSES: readonly DifferenceClass[] = [
  {
    id: 'own-routes-in-a-row',
    title: 'Two Routes of ours, one behind the other',
    theirs: 'Kamailio pops the first; the second would be popped when the request came round to it again.',
    ours: 'We pop both.',
    ground: 'decision',
    why: 'RFC 3261 section 16.4 speaks of the first value; RFC 5658 has proxies put in two that come back together. Popping both now is what would come of it anyway.',
    holds: (it) =>
      differsOnlyIn(it, 'target', 'headers', 'request_uri') &&
      routesOf(it).length - foreignRoutes(it).length > 1,
  },
  {
    id: 'own-request-uri',
    title: 'Our address in the Request-URI, without our signature',
    theirs: 'Kamailio takes it for strict routing and puts the last Route there.',
    ours: 'We leave the Request-URI alone.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.4 means a Request-URI that this proxy has placed in Record-Route: ours are signed, this one is not.',
    holds: (it) =>
      differsOnlyIn(it, 'target', 'headers', 'request_uri') &&
      it.request !== undefined &&
      isOurs(it.request.uri, it) &&
      routesOf(it).length > 0,
  },
  {
    id: 'route-not-understood',
    title: 'A Route with blanks in its brackets, or odd parameters',
    theirs: 'Kamailio cannot read it, and follows the Request-URI.',
    ours: 'We follow it, or pop it where it is ours.',
    ground: 'rfc',
    why: 'RFC 3261 sections 16.4 and 16.6(7): Route comes before the Request-URI. Blanks do not belong there, and say nothing else than none (RFC 4475 section 3.1.2.14 has them in To).',
    holds: (it) =>
      (differsOnlyIn(it, 'target', 'request_uri', 'headers', 'record_route') || isLostByThem(it)) &&
      headersNamed(it.message, 'route').some(({ value }) => /["\\]|<\s|\s>/.test(value)),
  },
  {
    id: 'strict-route-not-followed',
    title: 'A Route without lr, from a phone, to somewhere else than the registrar',
    theirs:
      'Kamailio puts it into the Request-URI and the Request-URI behind the Routes, as for a strict router, and sends the result to the registrar all the same.',
    ours: 'We send to the registrar what the phone has sent.',
    ground: 'decision',
    why: 'RFC 3261 section 16.6(6) rewrites for a strict router that is the next hop. Ours is the registrar, whatever Route says (section 16.6(7)): it would find a stranger in the Request-URI, and a digest that does not fit. Where we do follow a Route without lr we rewrite, too.',
    holds: (it) =>
      it.case.from === 'phone' &&
      differsOnlyIn(it, 'headers', 'request_uri') &&
      isStrict(foreignRoutes(it)[0]),
  },
  {
    id: 'strict-route-layout',
    title: 'A Route without lr, followed: the lines that the values stand on',
    theirs: 'Kamailio puts the old Request-URI into a Route line of its own, the scheme in lower case.',
    ours: 'We put it behind the last value, on its line, as it was.',
    ground: 'rfc',
    why: 'RFC 3261 section 7.3.1: values on several lines and values in a list say the same. Section 19.1.4: the scheme’s case does not matter.',
    holds: ({ theirs, ours, ...it }) =>
      differsOnlyIn(it, 'headers') &&
      theirs.kind === 'forwarded' &&
      ours.kind === 'forwarded' &&
      withRoutesInOne(theirs.sent) === withRoutesInOne(ours.sent),
  },
  {
    id: 'stamp-in-the-port',
    title: 'White space around the colon of the sent-by',
    theirs: 'Kamailio writes its received and rport into the middle of the port.',
    ours: 'We write them behind the value.',
    ground: 'rfc',
    why: 'RFC 3261 section 25.1 allows white space there; section 18.2.1 and RFC 3581 section 4 add parameters, and leave the rest alone.',
    holds: (it) =>
      differsOnlyIn(it, 'headers', 'vias') &&
      SPACED_PORT.test(headersNamed(readPlain(it.input), 'via')[0]?.value ?? ''),
  },
];

/** A sent-by with white space around its colon, and no parameters behind it. */
const SPACED_PORT = /^[^;,]*(?:\s:\s*|:\s+)\d+\s*(?:,|$)/;
