/** Responses with which the two do different things. */
import type { DifferenceClass } from './classes.ts';
import type { Difference } from './difference.ts';
import { differsOnlyIn } from './difference.ts';
import { firstValue, headersNamed } from './plain-message.ts';

const isResponse = ({ message }: Difference): boolean => /^SIP\//i.test(message.startLine);
const isOursAlone = ({ theirs, ours }: Difference): boolean =>
  theirs.kind === 'silent' && ours.kind === 'forwarded';
const isTheirsAlone = ({ theirs, ours }: Difference): boolean =>
  theirs.kind === 'forwarded' && ours.kind === 'silent';

/** White space that may stand around separators, and letter case, left aside. */
function bare(via: string): string {
  return via
    .replace(/\s*([;=,/])\s*/g, '$1')
    .replace(/\s+/g, ' ')
    .toLowerCase();
}

/** Whether the answer brings our Via and the next as they went out, parameters for us added behind ours. */
function hasSameVias({ message, answered }: Difference): boolean {
  if (answered === undefined) return false;
  const values = (of: typeof message): string[] => headersNamed(of, 'via').map(({ value }) => value);
  const [own = '', next = ''] = values(answered).map(bare);
  const came = bare(values(message).slice(0, 2).join(','));
  const comma = came.indexOf(',', own.length);
  const rest = came.slice(comma + 1);
  return came.startsWith(own) && (rest === next || rest.startsWith(`${next},`));
}

export const RESPONSE_CLASSES: readonly DifferenceClass[] = [
  {
    id: 'response-damage',
    title: 'A damaged response',
    theirs: 'Kamailio reads the Vias and no further, and passes it on.',
    ours: 'We drop it.',
    ground: 'decision',
    why: 'RFC 3261 section 18.3 has a response discarded that is shorter than it says, RFC 4475 sections 3.1.2.5 and 3.1.2.19 one with a CSeq or a status that is none. What has a line that is no header, or no end to its headers, has been damaged on its way; its sender will send it again.',
    holds: (it) => isResponse(it) && isTheirsAlone(it) && it.faults.size > 0,
  },
  {
    id: 'response-vias-changed',
    title: 'A response that brings back other Vias than we have sent',
    theirs: 'Kamailio sends it wherever the next Via says, after a look-up where that is a name.',
    ours: 'We drop it.',
    ground: 'decision',
    why: 'RFC 3261 sections 16.11 and 18.2.2 would have us send to wherever the next Via says. Anybody can make such a response up, and send through us to whomever he likes. Ours carries a signature over the next Via’s address: what it does not fit has not come by us (`--via-check observe` sends it all the same).',
    holds: (it) => isResponse(it) && isTheirsAlone(it) && !hasSameVias(it),
  },
  {
    id: 'response-own-via-transport',
    title: 'Our Via with another transport than we use',
    theirs: 'Kamailio does not know it for its own and drops the response.',
    ours: 'We send it on.',
    ground: 'rfc',
    why: 'RFC 3261 sections 16.11 and 18.1.2 go by the sent-by.',
    holds: (it) =>
      isResponse(it) &&
      isOursAlone(it) &&
      !/^SIP\s*\/\s*2\.0\s*\/\s*UDP\s/i.test(firstValue(it.message, 'via') ?? ''),
  },
  {
    id: 'response-header-not-read',
    title: 'A response with a header that only those who asked must understand',
    theirs: 'Kamailio parses it on its way to others, cannot, and says nothing.',
    ours: 'We send it on.',
    ground: 'rfc',
    why: 'RFC 3261 section 16.11: a stateless proxy looks at the sent-by of the first Via, removes that value and sends the rest on unchanged.',
    holds: (it) => isResponse(it) && isOursAlone(it) && it.faults.size === 0,
  },
  {
    id: 'response-bytes-behind-the-body',
    title: 'A response with more bytes than Content-Length says',
    theirs: 'Kamailio sends them all.',
    ours: 'We cut off what is too much.',
    ground: 'rfc',
    why: 'RFC 3261 section 18.3: bytes beyond the stated length must be discarded.',
    holds: (it) => isResponse(it) && differsOnlyIn(it, 'body') && isLongerThanStated(it),
  },
];

function isLongerThanStated({ message }: Difference): boolean {
  const stated = firstValue(message, 'content-length');
  return stated !== undefined && Number(stated) < message.body.length;
}
