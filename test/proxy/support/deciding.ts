import { decide } from '../../../src/proxy/decide.ts';
import { Datagram, Decision } from '../../../src/proxy/decision.ts';
import { endpointText } from '../../../src/sip/address.ts';
import { endpoint, latin1 } from './passing.ts';
import type { Scene } from './scenes.ts';
import { routesFor } from './scenes.ts';

/** What stands around a datagram in the receive arena. */
export interface Surroundings {
  readonly before: Uint8Array;
  readonly behind: Uint8Array;
}

const NOTHING: Surroundings = { before: new Uint8Array(0), behind: new Uint8Array(0) };
const decision = new Decision();
const out = new Uint8Array(1 << 18);

/** Decides a scene and says everything that whoever sends, counts or taps would read of it. */
export function decided(scene: Scene, around: Surroundings = NOTHING, into: Decision = decision): string {
  const datagram = placed(scene, around);
  decide(datagram, routesFor(scene.setting), into);
  return summary(into);
}

export function placed(scene: Scene, { before, behind }: Surroundings): Datagram {
  const datagram = new Datagram();
  const { length } = scene.datagram;
  datagram.bytes = new Uint8Array(before.length + length + behind.length);
  datagram.bytes.set(before, 0);
  datagram.bytes.set(scene.datagram, before.length);
  datagram.bytes.set(behind, before.length + length);
  datagram.start = before.length;
  datagram.end = before.length + length;
  datagram.source.copyFrom(endpoint(scene.source));
  datagram.socket = scene.socket;
  return datagram;
}

function summary(made: Decision): string {
  const { outcome, reason, from, isSip, method, status, tap, socket, replyStatus, target } = made;
  const about = [outcome, reason, from, isSip, isSip ? `${method} ${status}` : '', tap];
  if (outcome === 'forwarded')
    return [...about, socket, endpointText(target), forwardedBytes(made)].join('|');
  if (outcome !== 'answered') return about.join('|');
  const reply = latin1(made.reply.subarray(0, made.replyLength));
  return [...about, socket, endpointText(target), replyStatus, reply].join('|');
}

/** The bytes that `copyTo` makes of the message. */
export function forwardedBytes({ message, edits }: Decision): string {
  return latin1(out.subarray(0, edits.copyTo(message.bytes, message.start, message.end, out, 0)));
}
