import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import { checkMaxForwards } from './max-forwards.ts';
import { isLooped } from './own-via.ts';
import type { Reason } from './reasons.ts';
import type { Request } from './request.ts';
import { readRequest } from './request.ts';
import type { Routes } from './routes.ts';

/**
 * RFC 3261 §16.3: may this request be forwarded at all? Answers the first reason why not, in the
 * section's own order, or undefined.
 */
export function validate(message: Message, request: Request, routes: Routes): Reason | undefined {
  return (
    readRequest(message, request) ?? // (1) reasonable syntax
    checkScheme(request) ?? // (2) Request-URI scheme
    checkMaxForwards(message) ?? // (3)
    checkLoop(message, request, routes) ?? // (4)
    checkProxyRequire(message, routes) // (5)
  );
}

/** sips asks for TLS on every hop (§26.2.2), which a UDP proxy cannot give; tel is the registrar's to resolve. */
function checkScheme({ uri }: Request): Reason | undefined {
  return uri.scheme === 'sip' || uri.scheme === 'tel' ? undefined : 'scheme';
}

function checkLoop(message: Message, request: Request, routes: Routes): Reason | undefined {
  return isLooped(message, request, routes) ? 'loop' : undefined;
}

/** We support no extension that Proxy-Require could name. In ACK and CANCEL it has no meaning (§8.2.2.3). */
function checkProxyRequire(message: Message, routes: Routes): Reason | undefined {
  if (routes.proxyRequire === 'pass' || message.countOf(Header.PROXY_REQUIRE) === 0) return undefined;
  return message.method === 'ACK' || message.method === 'CANCEL' ? undefined : 'proxy_require';
}
