/** Requests that we refuse or drop where they do something else. */
import type { DifferenceClass } from './classes.ts';
import { isAnswered, isStatusForFault } from './difference.ts';
import { isNumeric, readableUri } from './grammar.ts';
import {
  answerBytes,
  hasOneOf,
  hasOtherFaultsThan,
  isLoopedToThemselves,
  isPassedByThem,
  isRefused,
  isRefusedForFault,
  isRequest,
} from './request-predicates.ts';
import { foreignRoutes } from './routes.ts';

export const REFUSAL_CLASSES: readonly DifferenceClass[] = [
  {
    id: 'no-start-line',
    title: 'The first line is not that of any SIP request',
    theirs: 'Kamailio reads on, and answers where it finds a Via, From, To and so on below.',
    ours: 'We drop it.',
    ground: 'decision',
    why: 'What does not begin as a request has asked nothing of us (RFC 3261 section 7.1). Whoever sprays garbage at the port gets no answer that would tell him what listens there, or that could hit the owner of a forged address.',
    holds: (it) =>
      it.ours.kind === 'silent' &&
      (isRequest(it) ? it.faults.has('no_start_line') : it.theirs.kind === 'answered'),
  },
  {
    id: 'top-via-unreadable',
    title: 'The top Via cannot be read',
    theirs:
      'Kamailio takes transports and host names with any bytes in them, and passes the request on or answers it.',
    ours: 'We drop it.',
    ground: 'decision',
    why: 'RFC 3261 sections 18.2.1 and 18.2.2 have the top Via say where an answer goes. One that is not well-formed (section 25.1) says nothing that we could rely on; RFC 4475 section 3.1.2.1 would allow a 400 to the source, we do not send to an address that nobody has named.',
    holds: (it) => isRequest(it) && it.ours.kind === 'silent' && it.faults.has('top_via'),
  },
  {
    id: 'ack-never-answered',
    title: 'An ACK that may not go on',
    theirs: 'Kamailio passes it on.',
    ours: 'We drop it.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3 does not let it go on; section 17 has no response to an ACK.',
    holds: (it) =>
      isRequest(it) &&
      /^ACK /.test(it.message.startLine) &&
      it.ours.kind === 'silent' &&
      isPassedByThem(it) &&
      (it.faults.size > 0 || it.case.from === 'registrar'),
  },
  {
    id: 'qualify-not-answered',
    title: 'An OPTIONS from the PBX that may not go on',
    theirs: 'Kamailio answers it, or passes it on.',
    ours: 'We drop it.',
    ground: 'decision',
    why: 'PBXes ask phones by OPTIONS whether they are there, and take any final answer for a yes. An error of our own, right as it would be by RFC 3261 section 16.3, would have the PBX count a phone as reachable that is not.',
    holds: (it) =>
      isRequest(it) &&
      it.case.from === 'registrar' &&
      /^OPTIONS /.test(it.message.startLine) &&
      it.ours.kind === 'silent',
  },
  {
    id: 'answer-longer-than-request',
    title: 'A malformed request that is shorter than its answer',
    theirs: 'Kamailio answers.',
    ours: 'We drop it.',
    ground: 'decision',
    why: 'An answer of ours is never longer than what caused it: the source of a datagram is easily forged, and a proxy that adds bytes amplifies an attack on somebody else. RFC 3261 section 26.3.2.4 warns of answers that hit somebody else.',
    holds: (it) =>
      isRequest(it) &&
      it.theirs.kind !== 'silent' &&
      it.ours.kind === 'silent' &&
      it.faults.size > 0 &&
      answerBytes(it.message) > it.input.length,
  },
  {
    id: 'malformed-answered',
    title: 'A malformed request: an answer instead of silence',
    theirs: 'Kamailio gives up where its parser does, before its routing begins, and says nothing.',
    ours: 'We answer: 400, or 505 for another version, 416 for a scheme, 483 for no hops left, 420 for Proxy-Require.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3: where a check fails, the proxy answers as a user agent server does (section 8.2).',
    holds: (it) => isRequest(it) && it.theirs.kind === 'silent' && isRefusedForFault(it),
  },
  {
    id: 'sips-over-udp',
    title: 'A sips Request-URI',
    theirs: 'Kamailio passes it on over UDP.',
    ours: 'We answer 416 (nothing where it is an ACK).',
    ground: 'decision',
    why: 'RFC 3261 section 26.2.2: sips asks for TLS on every hop. We have none to offer, and passing it on in the clear would break a promise without anybody noticing.',
    holds: (it) =>
      isRequest(it) &&
      it.request !== undefined &&
      readableUri(it.request.uri) === 'sips' &&
      (isAnswered(it.ours, 416) || (it.ours.kind === 'silent' && it.request.method === 'ACK')),
  },
  {
    id: 'unknown-scheme',
    title: 'A Request-URI of a scheme that is not SIP’s',
    theirs: 'Kamailio answers 400.',
    ours: 'We answer 416.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3(2), and section 8.2.2.1: a scheme that is not understood is no bad request.',
    holds: (it) =>
      isRequest(it) && it.faults.has('scheme') && isAnswered(it.theirs, 400) && isAnswered(it.ours, 416),
  },
  {
    id: 'request-line-damage',
    title: 'Damage in the first line',
    theirs:
      'Kamailio passes on what it can make sense of: blanks at the end, control bytes, headers in the Request-URI, addresses that are none.',
    ours: 'We answer 400.',
    ground: 'rfc',
    why: 'RFC 3261 sections 7.1 and 25.1 (single spaces, nothing behind the version), section 19.1.1 table 1 (no headers in a Request-URI; RFC 4475 section 3.1.2.11), section 16.3(1): what routing reads must be well-formed.',
    holds: (it) =>
      isRequest(it) &&
      isPassedByThem(it) &&
      isAnswered(it.ours, 400) &&
      hasOneOf(it, 'start_line', 'request_uri'),
  },
  {
    id: 'headers-unterminated',
    title: 'No empty line behind the headers',
    theirs: 'Kamailio passes it on, with its own parameters somewhere in the cut-off line.',
    ours: 'We answer 400.',
    ground: 'rfc',
    why: 'RFC 3261 section 7: the empty line must be there even where there is no body. A datagram that ends before it has been cut short.',
    holds: (it) =>
      isRequest(it) && isPassedByThem(it) && isAnswered(it.ours, 400) && it.faults.has('unterminated'),
  },
  {
    id: 'route-damage',
    title: 'A Route that cannot be read',
    theirs: 'Kamailio reads Route only as far as it needs to, and passes it on or finds no way.',
    ours: 'We answer 400; 480 where it is well-formed, but names nobody that we know.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3(1): what sections 16.4 and 16.6 work with must be well-formed.',
    holds: (it) =>
      isRequest(it) && isPassedByThem(it) && isRefused(it.ours, 400, 480) && it.faults.has('route'),
  },
  {
    id: 'header-damage',
    title: 'A line among the headers that is none',
    theirs: 'Kamailio passes it on.',
    ours: 'We answer 400.',
    ground: 'rfc',
    why: 'RFC 3261 sections 7.3 and 25.1: a header has a name and a colon, and CR stands before LF only. Where one stands alone, other parsers (pjsip’s, seen with Asterisk 22) end the line, so that a phone could hide a header, a Path say, from every proxy before them.',
    holds: (it) =>
      isRequest(it) && isPassedByThem(it) && isAnswered(it.ours, 400) && it.faults.has('header_line'),
  },
  {
    id: 'mandatory-damage',
    title: 'A mandatory header without a value',
    theirs: 'Kamailio passes it on.',
    ours: 'We answer 400.',
    ground: 'rfc',
    why: 'RFC 3261 sections 8.1.1 and 25.1: Call-ID has at least one character; section 16.3(1): what forwarding works with must be well-formed.',
    holds: (it) =>
      isRequest(it) && isPassedByThem(it) && isAnswered(it.ours, 400) && it.faults.has('mandatory'),
  },
  {
    id: 'cseq-too-large',
    title: 'A CSeq of 2^31 or more',
    theirs: 'Kamailio takes it up to 2^32.',
    ours: 'We answer 400.',
    ground: 'rfc',
    why: 'RFC 3261 section 8.1.1.5: it must be less than 2^31; RFC 4475 section 3.1.2.4 has a request with a larger one refused.',
    holds: (it) => isRequest(it) && isPassedByThem(it) && isAnswered(it.ours, 400) && it.faults.has('cseq'),
  },
  {
    id: 'max-forwards-damage',
    title: 'A Max-Forwards that is no number from 0 to 255',
    theirs: 'Kamailio takes what it can read of it: 483, or the request goes on.',
    ours: 'We answer 400.',
    ground: 'rfc',
    why: 'RFC 3261 section 20.22: an integer from 0 to 255; section 16.3(1): what forwarding works with must be well-formed.',
    holds: (it) =>
      isRequest(it) &&
      it.theirs.kind !== 'silent' &&
      isAnswered(it.ours, 400) &&
      it.faults.has('max_forwards'),
  },
  {
    id: 'order-of-checks',
    title: 'Several things wrong at once',
    theirs: 'Kamailio answers for one of them.',
    ours: 'We answer for the one that comes first in RFC 3261 section 16.3.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3 numbers its checks.',
    holds: (it) =>
      isRequest(it) &&
      it.theirs.kind === 'answered' &&
      isStatusForFault(it, it.theirs.status) &&
      isRefusedForFault(it),
  },
  {
    id: 'next-route-unusable',
    title: 'A first Route, from the PBX, that is no address',
    theirs: 'Kamailio overlooks it and follows the Request-URI.',
    ours: 'We answer 480.',
    ground: 'decision',
    why: 'RFC 3261 section 16.6(7): where there is a Route, its first value is the next hop, not the Request-URI. It would have us look up a name there (RFC 3263); we look up none while forwarding, and send to no address that is not known to be a phone’s.',
    holds: (it) =>
      isRequest(it) &&
      it.case.from === 'registrar' &&
      it.theirs.kind === 'forwarded' &&
      isAnswered(it.ours, 480) &&
      foreignRoutes(it).some((uri, index) => index === 0 && !isNumeric(uri)),
  },
  {
    id: 'own-address-again',
    title: 'The next hop is the proxy itself',
    theirs: 'Kamailio sends the request to itself.',
    ours: 'We pop every Route of ours at once and send on to whom that leaves; where it leaves nobody but us, 480.',
    ground: 'decision',
    why: 'The outcome is the same, one lap sooner: RFC 3261 section 16.4 has the second Route popped when the request comes round. A Request-URI of ours is only followed where it bears our signature, since section 16.4 means a value that this proxy has placed in Record-Route.',
    holds: (it) =>
      isRequest(it) &&
      it.case.from === 'registrar' &&
      !hasOtherFaultsThan(it, 'route') &&
      isLoopedToThemselves(it),
  },
];
