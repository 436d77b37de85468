import type { CallSeen, Way } from './observe.ts';
import type { Reachability } from './pbx.ts';

/** All that was seen of one phone: what the PBX's OPTIONS found, a call that the PBX ended, one that the phone did. */
export interface Seen {
  readonly reachability: Reachability;
  readonly options: Way;
  readonly pbxEnds: CallSeen;
  readonly phoneEnds: CallSeen;
}

const WAYS: readonly Way[] = ['through', 'past', 'none'];

function requestsBy(way: Way, { pbxEnds, phoneEnds }: Seen): string[] {
  const requests: readonly [name: string, ways: readonly Way[]][] = [
    ['INVITE', [pbxEnds.invite, phoneEnds.invite]],
    ['ACK', [pbxEnds.ack, phoneEnds.ack]],
    ['BYE', [pbxEnds.bye]],
    ["the phone's BYE", [phoneEnds.bye]],
  ];
  return requests.filter(([, ways]) => ways.includes(way)).map(([name]) => name);
}

/**
 * In the words of docs/pbx/README.md: `through` (every request of a call passes Rollcall), `past` (none does, and all
 * arrive), `no` (the phone is not called), or which requests go which way. What the PBX's OPTIONS find is
 * added where it disagrees with the calls.
 */
export function verdict(seen: Seen): string {
  const { pbxEnds, phoneEnds, reachability, options } = seen;
  const groups = WAYS.map((way) => ({ way, requests: requestsBy(way, seen) })).filter(
    ({ requests }) => requests.length > 0,
  );
  const [only] = groups;
  if (only === undefined || groups.length > 1) {
    // Whether it has ended is not asked here: SIPp's answers go back to where the INVITE came from.
    return groups.map(({ way, requests }) => `${requests.join(', ')} ${way}`).join('; ');
  }
  const calls = only.way === 'none' ? 'no' : only.way;
  const unended = pbxEnds.over && phoneEnds.over ? '' : ', and does not end';
  const agrees = reachability === (calls === 'no' ? 'unreachable' : 'reachable') && options === only.way;
  const qualify = reachability === 'unasked' || agrees ? '' : `; OPTIONS ${options}: ${reachability}`;
  return `${calls}${unended}${qualify}`;
}
