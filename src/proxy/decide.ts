import { Endpoint, readHost } from '../sip/address.ts';
import { CSeq, readCSeq } from '../sip/cseq.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import { MAX_DATAGRAM_BYTES } from '../sip/message.ts';
import { methodOf } from '../sip/method-of.ts';
import { parse } from '../sip/parse.ts';
import { Via } from '../sip/via.ts';
import type { Datagram, Decision } from './decision.ts';
import { answerStun, noiseOf } from './keepalive.ts';
import { takeOneHop } from './max-forwards.ts';
import { isOwnAddress, isSendable } from './own-host.ts';
import {
  arrivalSocketOf,
  isCheckValid,
  ownSocketOf,
  Passage,
  popTopVia,
  pushOwnVia,
  readNextVia,
} from './own-via.ts';
import type { Outcome, Reason } from './reasons.ts';
import { isAckToOurs, refuse } from './reply.ts';
import { Request, readTopVia } from './request.ts';
import { addReturnPath, asksForRport, recordRoute, removeAliases } from './return-path.ts';
import { Hop, routeRequest } from './route.ts';
import type { Routes } from './routes.ts';
import { containsAny } from './routes.ts';
import type { ReplyPort } from './stamp.ts';
import { replyPortOf, stampTopVia } from './stamp.ts';
import { tapRegister, tapResponse } from './tap.ts';
import { validate } from './validate.ts';

const request = new Request();
const hop = new Hop();
const ownVia = new Via();
const nextVia = new Via();
const cseq = new CSeq();
const received = new Endpoint();
const passage = new Passage();

/**
 * The whole proxy: what to do with a datagram, as a function of its bytes, its source, the configuration
 * and the secret, and of nothing else (RFC 3261 §16.11). Fills `decision` and answers its outcome; never
 * throws, whatever the input.
 */
export function decide(datagram: Datagram, routes: Routes, decision: Decision): Outcome {
  begin(datagram, routes, decision);
  const noise = noiseOf(datagram);
  if (noise === 'stun') return takeStun(datagram, routes, decision);
  if (noise === 'keepalive') return end(decision, 'dropped', 'keepalive');
  if (isOwnAddress(datagram.source, routes)) return end(decision, 'dropped', 'own_source');
  if (datagram.source.port === 0) return end(decision, 'dropped', 'garbage');
  if (!parse(datagram.bytes, datagram.start, datagram.end, decision.message)) {
    return end(decision, 'dropped', 'garbage');
  }
  decision.isSip = true;
  if (decision.message.isRequest) return decideRequest(datagram, routes, decision);
  return decideResponse(routes, decision);
}

/** Requests: RFC 3261 §16.3 to §16.6. */
function decideRequest(datagram: Datagram, routes: Routes, decision: Decision): Outcome {
  const { message, edits } = decision;
  decision.method = message.method;
  if (!readTopVia(message, request.via)) return end(decision, 'dropped', 'via');

  const invalid = validate(message, request, routes); // §16.3
  if (isAckToOurs(message, request, routes)) return end(decision, 'absorbed', 'ack_to_local_response');
  if (invalid !== undefined) return refuse(invalid, datagram, request, routes, decision);

  const refused = routeRequest(datagram, request, routes, decision, hop); // §16.4, §16.5, §16.6(6, 7)
  if (refused !== undefined) return refuse(refused, datagram, request, routes, decision);

  const replyPort = replyPortOf(datagram, request.via, routes);
  pushVia(datagram, replyPort, routes, decision); // §16.6(8)
  if (message.method === 'REGISTER' && decision.from === 'phone') {
    addReturnPath(datagram, request, routes, decision); // RFC 3327, RFC 5626 in spirit
  }
  recordRoute(datagram, request, routes, decision, hop); // §16.6(4)
  stampTopVia(datagram, request.via, replyPort, edits); // §18.2.1, RFC 3581 §4
  takeOneHop(message, edits); // §16.6(3)

  if (edits.overflowed) return refuse('too_many_edits', datagram, request, routes, decision);
  if (isTooLong(decision)) return refuse('too_large', datagram, request, routes, decision);
  if (message.method === 'REGISTER' && decision.from === 'phone') {
    tapRegister(passage.branch, request.cseq.number, routes, decision);
  }
  return end(decision, 'forwarded', 'request');
}

/** Responses: RFC 3261 §16.11 and §18.1.2. Everything that we knew about the request is in our Via. */
function decideResponse(routes: Routes, decision: Decision): Outcome {
  const { message, edits } = decision;
  decision.status = message.status;
  const hasSequence = readResponseMethod(decision);
  if (message.fault !== undefined) return end(decision, 'dropped', message.fault);
  if (!hasSequence) return end(decision, 'dropped', 'cseq'); // RFC 4475 scalarlg
  if (!readTopVia(message, ownVia)) return end(decision, 'dropped', 'via');
  const { bytes } = message;
  const departure = ownSocketOf(bytes, ownVia, routes);
  if (departure < 0) return end(decision, 'dropped', 'not_our_via');
  if (!readNextVia(message, ownVia, nextVia)) return end(decision, 'dropped', 'no_next_via');
  if (!nextVia.isUdp) return end(decision, 'dropped', 'next_via_not_udp');

  const problem = addressResponse(routes, decision);
  if (problem !== undefined) return end(decision, 'dropped', problem);
  decision.socket = arrivalSocketOf(bytes, ownVia, routes, departure);

  popTopVia(message, ownVia, nextVia, edits);
  if (decision.method === 'REGISTER' && decision.from === 'registrar') {
    tapResponse(ownVia, cseq.number, departure, routes, decision);
    if (message.status >= 200 && message.status < 300) removeAliases(routes, decision);
  }
  if (edits.overflowed) return end(decision, 'dropped', 'too_many_edits');
  return end(decision, 'forwarded', 'response');
}

function begin(datagram: Datagram, routes: Routes, decision: Decision): void {
  decision.from = containsAny(routes.registrarNets, datagram.source) ? 'registrar' : 'phone';
  decision.isSip = false;
  decision.method = 'other';
  decision.status = 0;
  decision.tap = 'none';
  decision.socket = datagram.socket;
  decision.replyLength = 0;
  decision.replyStatus = 0;
  decision.edits.clear();
}

function end(decision: Decision, outcome: Outcome, reason: Reason): Outcome {
  decision.outcome = outcome;
  decision.reason = reason;
  return outcome;
}

function takeStun(datagram: Datagram, routes: Routes, decision: Decision): Outcome {
  if (routes.stun === 'ignore') return end(decision, 'dropped', 'stun');
  decision.replyLength = answerStun(datagram, decision.reply);
  decision.target.copyFrom(datagram.source);
  const isSent = decision.replyLength > 0 && isSendable(decision.target, routes);
  return end(decision, isSent ? 'answered' : 'dropped', 'stun');
}

function pushVia(datagram: Datagram, replyPort: ReplyPort, routes: Routes, decision: Decision): void {
  const { message, edits } = decision;
  passage.arrival = datagram.socket;
  passage.departure = decision.socket;
  passage.source.copyFrom(datagram.source);
  passage.stampedRport = replyPort === 'source' ? datagram.source.port : 0;
  passage.askRport = asksForRport(datagram, request, routes, message) ? 'rport' : 'plain';
  pushOwnVia(message, request, routes, passage, edits);
}

/**
 * Sets `decision.target` from the next Via: `received` and `rport` as we stamped them, else its sent-by (§18.2.2;
 * `maddr` is a phone's own word and is not followed). The check value says whether we stamped them.
 */
function addressResponse(routes: Routes, decision: Decision): Reason | undefined {
  const { message, target } = decision;
  const { bytes } = message;
  const hasReceived =
    nextVia.receivedStart >= 0 && readHost(bytes, nextVia.receivedStart, nextVia.receivedEnd, received);
  if (!hasReceived && !readHost(bytes, nextVia.hostStart, nextVia.hostEnd, received)) return 'target_refused';
  const isChecked = hasReceived && isCheckValid(bytes, ownVia, nextVia, received, routes);
  if (!isChecked && routes.viaCheck === 'enforce') return 'via_check';
  target.copyFrom(received);
  target.port = nextVia.rport !== 0 ? nextVia.rport : nextVia.sentByPort;
  // What nobody vouches for leads to our own networks at most: a forged response must not find a victim out there.
  if (!isChecked && !isOnOurNets(target, routes)) return 'target_refused';
  return isSendable(target, routes) ? undefined : 'target_refused';
}

function isOnOurNets(target: Endpoint, routes: Routes): boolean {
  return containsAny(routes.phoneNets, target) || containsAny(routes.registrarNets, target);
}

/** Sets the method that a response answers; false, and `other`, where its CSeq does not say. */
function readResponseMethod(decision: Decision): boolean {
  const { message } = decision;
  const line = message.firstOf(Header.CSEQ);
  if (line < 0) return false;
  if (!readCSeq(message.bytes, message.valueStart(line), message.valueEnd(line), cseq)) return false;
  decision.method = methodOf(message.bytes, cseq.methodStart, cseq.methodEnd);
  return true;
}

function isTooLong({ message, edits }: Decision): boolean {
  return messageLength(message) + edits.growth > MAX_DATAGRAM_BYTES;
}

function messageLength(message: Message): number {
  return message.end - message.start;
}
