import type { Result } from './lists.ts';

/**
 * What is known of the credentials that a final response answers.
 * `none`: the request carried none. `fresh`: it answered a nonce that was issued in the last 30 s and has
 * not been used with success. `rejected`: it answered a nonce that this AOR was turned down with before.
 * `old`: it answered another nonce. `unknown`: the request was never seen.
 */
export type Credentials = 'none' | 'fresh' | 'rejected' | 'old' | 'unknown';

/** Whether a challenge says `stale=true`: the digest was right, its nonce was not (RFC 2617 §3.2.1). */
export type Staleness = 'stale' | 'not_stale';

/**
 * `proven` where the nonce that was answered had been issued to this very address and to no other. The
 * source of a UDP datagram can be forged, and nobody must be banned for what another one sent.
 */
export type Proof = 'proven' | 'unproven';

/** The truth table: what a REGISTER came to, by its final status. 401 and 407 are the ones that need more to be told. */
export function verdict(status: number, credentials: Credentials, staleness: Staleness): Result {
  switch (status) {
    case 401:
    case 407:
      return challengeVerdict(credentials, staleness);
    case 403:
      return 'forbidden';
    case 404:
    case 604:
      return 'unknown_user';
    case 423:
      return 'interval_too_brief';
    case 405:
    case 420:
    case 421:
    case 439:
    case 501:
      return 'rejected_config';
  }
  if (status < 300) return 'ok';
  if (status < 400) return 'redirected';
  return status < 500 ? 'rejected_other' : 'server_failure';
}

/** A challenge means five things; the credentials before it say which. */
function challengeVerdict(credentials: Credentials, staleness: Staleness): Result {
  switch (credentials) {
    case 'unknown':
      return 'unclassified';
    case 'none':
      return 'challenged';
    case 'fresh':
    case 'rejected':
      return staleness === 'stale' ? 'stale' : 'auth_failure';
    case 'old':
      return staleness === 'stale' ? 'stale' : 'implicit_stale';
  }
}

/** True for what counts among the authentication failures of an AOR: a 403 does where credentials were judged. */
export function isAuthFailure(result: Result, credentials: Credentials): boolean {
  if (result === 'auth_failure') return true;
  return result === 'forbidden' && credentials !== 'none' && credentials !== 'unknown';
}
