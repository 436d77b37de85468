/** Requests that we take no offence at, where they do. */
import type { DifferenceClass } from './classes.ts';
import { isAnswered, reasonPhrase } from './difference.ts';
import { headersNamed } from './plain-message.ts';
import {
  hasOtherFaultsThan,
  hasPlainAddresses,
  isDroppedThoughSound,
  isPlainVia,
  isRefusedForExcess,
  isRequest,
  isSound,
} from './request-predicates.ts';

export const PASSING_CLASSES: readonly DifferenceClass[] = [
  {
    id: 'proxy-require-in-cancel',
    title: 'A Proxy-Require in CANCEL or ACK',
    theirs: 'Kamailio’s sanity check answers 420.',
    ours: 'We pass it on.',
    ground: 'rfc',
    why: 'RFC 3261 section 8.2.2.3: there it must be ignored.',
    holds: (it) =>
      isRequest(it) &&
      isAnswered(it.theirs, 420) &&
      it.ours.kind === 'forwarded' &&
      /^(?:ACK|CANCEL) /.test(it.message.startLine),
  },
  {
    id: 'bytes-behind-the-body',
    title: 'More bytes than Content-Length says',
    theirs: 'Kamailio’s sanity check answers 400.',
    ours: 'We cut them off and do with the message whatever is to be done.',
    ground: 'rfc',
    why: 'RFC 3261 section 18.3: bytes beyond the stated length must be discarded. RFC 4475 section 3.1.1.8 is such a request.',
    holds: (it) => isRequest(it) && isSound(it) && isRefusedForExcess(it),
  },
  {
    id: 'from-to-not-understood',
    title: 'A From or To that only those who answer must understand',
    theirs:
      'Kamailio parses both whole and answers 400: other schemes than SIP’s, exotic but valid display names and parameters, damage in the URI.',
    ours: 'We do with the message whatever is to be done.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3(1): of what forwarding does not work with, well-formed or not, a proxy takes no notice. Forwarding needs the tags, and that the headers are there once each. RFC 4475 sections 3.1.2.14, 3.1.2.15 and 3.3.4 are such requests.',
    holds: (it) =>
      isRequest(it) &&
      isSound(it) &&
      isAnswered(it.theirs, 400) &&
      /^In?valid (?:From|To) Header$/.test(reasonPhrase(it.theirs)),
  },
  {
    id: 'folded-cseq',
    title: 'A CSeq on two lines',
    theirs: 'Kamailio cannot read it and says nothing.',
    ours: 'We do with the message whatever is to be done.',
    ground: 'rfc',
    why: 'RFC 3261 section 7.3.1: every header may be folded where it has white space. RFC 4475 section 3.1.1.1 is such a request.',
    holds: (it) =>
      isDroppedThoughSound(it) && headersNamed(it.message, 'cseq').some(({ value }) => /\n/.test(value)),
  },
  {
    id: 'header-name',
    title: 'A header whose name has other characters than letters, digits and hyphens',
    theirs: 'Kamailio cannot read it and says nothing.',
    ours: 'We do with the message whatever is to be done.',
    ground: 'rfc',
    why: 'RFC 3261 section 25.1: a header name is a token. RFC 4475 sections 3.1.1.2 and 3.1.1.5 are such requests.',
    holds: (it) =>
      isDroppedThoughSound(it) && it.message.headers.some(({ name }) => !/^[a-z0-9-]+$/.test(name)),
  },
  {
    id: 'other-vias',
    title: 'Vias below the top one, or parameters in it, that nobody here reads',
    theirs: 'Kamailio reads them all, cannot make sense of one, and says nothing.',
    ours: 'We do with the message whatever is to be done.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3(1): of what forwarding does not work with, well-formed or not, a proxy takes no notice. Kamailio’s parser fails on some that are valid, too (folds, empty values, quoted strings).',
    holds: (it) =>
      isDroppedThoughSound(it) && !headersNamed(it.message, 'via').every(({ value }) => isPlainVia(value)),
  },
  {
    id: 'content-length-twice',
    title: 'Content-Length twice, with one value',
    theirs: 'Kamailio’s parser gives up, and says nothing.',
    ours: 'We do with the message whatever is to be done.',
    ground: 'decision',
    why: 'RFC 3261 section 7.3.1 knows no second one. Where both say the same, everybody agrees on where the body ends; where they do not, we answer 400 (RFC 4475 section 3.3.9).',
    holds: (it) => isDroppedThoughSound(it) && headersNamed(it.message, 'content-length').length > 1,
  },
  {
    id: 'header-not-read',
    title: 'A header that only those who answer must understand',
    theirs: 'Kamailio parses it on its way to others, cannot, and says nothing.',
    ours: 'We do with the message whatever is to be done.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3(1): of what forwarding does not work with, well-formed or not, a proxy takes no notice.',
    holds: (it) =>
      isDroppedThoughSound(it) &&
      !['from', 'to', 'route'].every((name) => hasPlainAddresses(it.message, name)),
  },
  {
    id: 'unfollowed-route-damage',
    title: 'A Route that names nobody, and is not the next one that counts',
    theirs: 'Kamailio says nothing, or answers for something else.',
    ours: 'We send the request on, the Route as it came.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.3(1): we follow the first Route from the PBX, and none from a phone, whose requests go to the registrar (section 16.6(7)). The others are nothing that we work with.',
    holds: (it) =>
      isRequest(it) &&
      it.ours.kind === 'forwarded' &&
      it.faults.has('route') &&
      !hasOtherFaultsThan(it, 'route'),
  },
  {
    id: 'zeros-in-an-address',
    title: 'An IPv4 address with leading zeros in a Route',
    theirs: 'Kamailio does not know its own address in it.',
    ours: 'We read the numbers as decimal ones.',
    ground: 'rfc',
    why: 'RFC 3261 section 25.1: an IPv4 address is made of one to three decimal digits each.',
    holds: (it) =>
      isRequest(it) &&
      headersNamed(it.message, 'route').some(({ value }) => /[:@.]0\d+\.|\.0\d+[:;>]/.test(value)),
  },
  {
    id: 'user-not-understood',
    title: 'A user part that Kamailio does not understand',
    theirs: 'Kamailio answers 400: punctuation at the start of the user, or several @.',
    ours: 'We do with the message whatever is to be done.',
    ground: 'rfc',
    why: 'RFC 3261 section 25.1: a user may begin with `;`, `?` and other punctuation. Whom it means is for the host to know (section 16.5).',
    holds: (it) =>
      isRequest(it) &&
      isSound(it) &&
      isAnswered(it.theirs, 400) &&
      reasonPhrase(it.theirs) === 'Bad Request URI',
  },
];
