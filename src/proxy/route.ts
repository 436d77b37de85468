import type { Endpoint } from '../sip/address.ts';
import { readHost } from '../sip/address.ts';
import { COMMA, LANGLE, RANGLE, SPACE } from '../sip/bytes.ts';
import { Param } from '../sip/params.ts';
import { findUriParam, Uri } from '../sip/uri.ts';
import { DEFAULT_PORT } from '../sip/via.ts';
import type { Datagram, Decision } from './decision.ts';
import { isOwnAddress, isOwnHost, isOwnUri, isSendable } from './own-host.ts';
import type { Reason } from './reasons.ts';
import type { Request } from './request.ts';
import { ALIAS_PARAM, MADDR, RequestUri } from './request-uri.ts';
import { RouteSet } from './route-set.ts';
import type { Routes } from './routes.ts';
import { contains, containsAny } from './routes.ts';
import { readToken, Token } from './token.ts';

const routeSet = new RouteSet();
const requestUri = new RequestUri();
const own = new Uri();
const next = new Uri();
const last = new Uri();
const param = new Param();
const token = new Token();
const unneeded = new Token();

/** What routing did that the steps behind it must know. */
export class Hop {
  /** Route values of ours that were taken out. */
  poppedRoutes = 0;
}

/**
 * Where a request goes: sets `decision.target` and `decision.socket`, and edits Route and Request-URI.
 * Answers why it may not go on, or undefined (RFC 3261 §16.4 to §16.6).
 */
export function routeRequest(
  datagram: Datagram,
  request: Request,
  routes: Routes,
  decision: Decision,
  hop: Hop,
): Reason | undefined {
  const { message, edits } = decision;
  hop.poppedRoutes = 0;
  if (!routeSet.read(message)) return 'route';
  requestUri.reset();
  requestUri.uri.copyFrom(request.uri);
  const reason =
    takeStrictRoute(request, routes, decision) ??
    (decision.from === 'phone'
      ? routeFromPhone(request, routes, decision, hop)
      : routeFromRegistrar(datagram, routes, decision, hop));
  if (reason !== undefined) return reason;
  routeSet.removeTaken(message, edits);
  if (requestUri.isChanged) {
    const end = requestUri.write(message.bytes, edits.inserts, edits.writeAt);
    edits.replace(message.uriStart, message.uriEnd - message.uriStart, end);
  }
  return undefined;
}

/**
 * §16.4: a strict router put our Record-Route value into the Request-URI; the real one is the last Route, and
 * `token` then holds that value's token. A `maddr` that names us goes. Answers why the request may not go on.
 */
function takeStrictRoute(request: Request, routes: Routes, decision: Decision): Reason | undefined {
  const { bytes } = decision.message;
  const { uri } = request;
  if (!isOwnUri(bytes, uri, routes)) {
    const hasMaddr = uri.scheme === 'sip' && findUriParam(bytes, uri, MADDR, param);
    requestUri.dropsMaddr = hasMaddr && isOwnHost(bytes, param.valueStart, param.valueEnd, uri.port, routes);
    return undefined;
  }
  if (!uri.hasUser || routeSet.isEmpty) return undefined;
  if (!readToken(bytes, uri.userStart, uri.userEnd, routes.signer, token) || token.purpose !== 'rr')
    return undefined;
  if (decision.from === 'phone' && !request.hasToTag) return 'bad_token';
  if (!routeSet.uriAt(decision.message, routeSet.count - 1, last)) return 'route';
  routeSet.last--;
  return requestUri.replaceBy(bytes, last) ? undefined : 'route';
}

/**
 * From a phone: to the registrar's side, whatever Route and Request-URI say; they only choose among the
 * addresses that `--registrar-net` allows. A phone may carry our Record-Route token inside a dialog; any
 * other token in its hands was not given to it for this.
 */
function routeFromPhone(request: Request, routes: Routes, decision: Decision, hop: Hop): Reason | undefined {
  const { bytes } = decision.message;
  while (isOwnRouteNext(routes, decision)) {
    if (own.hasUser) {
      const isOurs = readToken(bytes, own.userStart, own.userEnd, routes.signer, token);
      if (!(isOurs && token.purpose === 'rr' && request.hasToTag)) return 'bad_token';
    }
    popRoute(hop);
  }
  if (hasAlias(bytes)) return 'bad_token';
  const reason = chooseRegistrar(routes, decision);
  if (reason !== undefined) return reason;
  if (decision.target.port === 0) return 'no_registrar';
  return isSendable(decision.target, routes) ? undefined : 'target_refused';
}

function hasAlias(bytes: Uint8Array): boolean {
  const { uri } = requestUri;
  return (uri.scheme === 'sip' || uri.scheme === 'sips') && findUriParam(bytes, uri, ALIAS_PARAM, param);
}

function chooseRegistrar(routes: Routes, decision: Decision): Reason | undefined {
  const { message, target } = decision;
  decision.socket = routes.registrarSocket;
  const hasRoute = !routeSet.isEmpty;
  if (hasRoute && routeSet.uriAt(message, routeSet.first, next) && isOnRegistrarNet(next, routes, decision)) {
    decision.socket = socketFacing(target, routes.registrarSocket, routes);
    return routeSet.isLoose(message, routeSet.first) ? undefined : swapStrictRoute(decision);
  }
  if (hasRoute && routes.foreignRoute === 'strip') routeSet.first = routeSet.last;
  const mayFollowUri = !hasRoute && message.method !== 'REGISTER';
  if (mayFollowUri && isOnRegistrarNet(requestUri.uri, routes, decision)) {
    decision.socket = socketFacing(target, routes.registrarSocket, routes);
    return undefined;
  }
  target.copyFrom(routes.registrar);
  return undefined;
}

/**
 * True, with its address in `decision.target`, where a URI's host is a number inside `--registrar-net`, we not
 * being meant, who may stand in that network, too. The active registrar's address without a port means the
 * port it is configured with, not 5060.
 */
function isOnRegistrarNet(uri: Uri, routes: Routes, { message, target }: Decision): boolean {
  if (!readTarget(message.bytes, uri, target)) return false;
  if (uri.port === 0 && target.sameHost(routes.registrar)) target.port = routes.registrar.port;
  return containsAny(routes.registrarNets, target) && !isOwnAddress(target, routes);
}

/** A sip URI's numeric host and its port (5060 where none is stated, RFC 3263 §4.2). */
function readTarget(bytes: Uint8Array, uri: Uri, target: Endpoint): boolean {
  if (uri.scheme !== 'sip' || !readHost(bytes, uri.hostStart, uri.hostEnd, target)) return false;
  target.port = uri.port === 0 ? DEFAULT_PORT : uri.port;
  return true;
}

function socketFacing(target: Endpoint, otherwise: number, routes: Routes): number {
  if (target.sameHost(routes.registrar)) return routes.registrarSocket;
  for (const { network, socket } of routes.facing) if (contains(network, target)) return socket;
  return otherwise;
}

/**
 * §16.6(6): a next hop without `lr` wants to find itself in the Request-URI, and the Request-URI last in the
 * Route. `next` holds its URI.
 */
function swapStrictRoute({ message, edits }: Decision): Reason | undefined {
  const { bytes } = message;
  const out = edits.inserts;
  const isOnlyValue = routeSet.last - routeSet.first === 1;
  let at = edits.writeAt;
  if (!isOnlyValue) {
    out[at++] = COMMA;
    out[at++] = SPACE;
  }
  out[at++] = LANGLE;
  at = requestUri.write(bytes, out, at);
  out[at++] = RANGLE;
  if (isOnlyValue) {
    const start = routeSet.startOf(routeSet.first);
    edits.replace(start, routeSet.endOf(routeSet.first) - start, at);
  } else {
    edits.replace(routeSet.endOf(routeSet.last - 1), 0, at);
    routeSet.first++;
  }
  requestUri.reset();
  return requestUri.replaceBy(bytes, next) ? undefined : 'route';
}

/**
 * From the PBX: to the flow of the first token that we signed, in a Route of ours or in the Request-URI;
 * without one, to a numeric address inside `--phone-net`. A token that is not ours ends it: nothing falls
 * through to an address that somebody else wrote.
 */
function routeFromRegistrar(
  datagram: Datagram,
  routes: Routes,
  decision: Decision,
  hop: Hop,
): Reason | undefined {
  const { bytes } = decision.message;
  let isDecided = requestUri.isReplaced; // by the Route behind our token
  while (isOwnRouteNext(routes, decision)) {
    if (own.hasUser && !isDecided) {
      const isOurs = readToken(bytes, own.userStart, own.userEnd, routes.signer, token);
      if (!isOurs || token.purpose === 'alias') return 'bad_token';
      isDecided = true;
    }
    popRoute(hop);
  }
  if (hasAlias(bytes)) {
    const into = isDecided ? unneeded : token;
    const isOurs = readToken(bytes, param.valueStart, param.valueEnd, routes.signer, into);
    if (!isDecided && !(isOurs && token.purpose === 'alias')) return 'bad_token';
    isDecided = true;
    requestUri.dropsAlias = true;
  }
  return isDecided ? followToken(routes, decision) : followAddress(datagram, routes, decision);
}

function followToken(routes: Routes, decision: Decision): Reason | undefined {
  const { message, target } = decision;
  target.copyFrom(token.flow);
  decision.socket = token.socket < routes.sockets.length ? token.socket : socketFacing(target, 0, routes);
  if (isOwnUri(message.bytes, requestUri.uri, routes)) requestUri.host = target;
  return isSendable(target, routes) ? undefined : 'target_refused';
}

/** Without a token: the next Route, else the Request-URI, where it is a number that phones may have. */
function followAddress(datagram: Datagram, routes: Routes, decision: Decision): Reason | undefined {
  const { message, target } = decision;
  if (!routeSet.isEmpty && !routeSet.uriAt(message, routeSet.first, next)) return 'route';
  const uri = routeSet.isEmpty ? requestUri.uri : next;
  if (isOwnUri(message.bytes, uri, routes) || !readTarget(message.bytes, uri, target)) return 'no_token';
  decision.socket = socketFacing(target, datagram.socket, routes);
  if (!containsAny(routes.phoneNets, target) || !isSendable(target, routes)) return 'target_refused';
  const isStrict = !routeSet.isEmpty && !routeSet.isLoose(message, routeSet.first);
  return isStrict ? swapStrictRoute(decision) : undefined;
}

function isOwnRouteNext(routes: Routes, { message }: Decision): boolean {
  if (routeSet.isEmpty || !routeSet.uriAt(message, routeSet.first, own)) return false;
  return isOwnUri(message.bytes, own, routes);
}

function popRoute(hop: Hop): void {
  routeSet.first++;
  hop.poppedRoutes++;
}
