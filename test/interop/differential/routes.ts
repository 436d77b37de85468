import type { Difference } from './difference.ts';
import { PROXY, placeText } from './places.ts';
import { headersNamed } from './plain-message.ts';

/** URIs of all Routes, in order, as far as they stand in brackets. */
export function routesOf({ message }: Difference): string[] {
  return headersNamed(message, 'route')
    .flatMap(({ value }) => value.match(/<[^<>]*>/g) ?? [])
    .map((uri) => uri.slice(1, -1));
}

export function isOurs(uri: string, { case: { profile } }: Difference): boolean {
  return /^sips?:/i.test(uri) && uri.includes(placeText(PROXY[profile]));
}

/** The Routes that are left when those in front that are ours have gone. */
export function foreignRoutes(it: Difference): string[] {
  const routes = routesOf(it);
  const first = routes.findIndex((uri) => !isOurs(uri, it));
  return first < 0 ? [] : routes.slice(first);
}
