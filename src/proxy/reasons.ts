/**
 * The closed lists that a decision is made of. They are also the label values of
 * `rollcall_datagrams_total`, so a value is added here or nowhere.
 */

/** The side a datagram came from: registrar = its source is inside `--registrar-net`; phone = anything else. */
export const SIDES = ['phone', 'registrar'] as const;
export type Side = (typeof SIDES)[number];

export const OUTCOMES = ['forwarded', 'answered', 'absorbed', 'dropped'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const REASONS = [
  // forwarded
  'request',
  'response',
  // triage
  'keepalive',
  'stun',
  'garbage',
  'own_source',
  // a message that is not well-formed
  'start_line',
  'version',
  'header_line',
  'headers_unterminated',
  'content_length',
  'mandatory_header',
  'via',
  'cseq',
  'request_uri',
  'route',
  'max_forwards_value',
  // a request that may not go on
  'scheme',
  'zero_max_forwards',
  'loop',
  'proxy_require',
  'bad_token',
  'no_token',
  'no_registrar',
  'target_refused',
  'too_large',
  'too_many_edits',
  'ack_to_local_response',
  // responses
  'not_our_via',
  'via_check',
  'no_next_via',
  'next_via_not_udp',
  // answering and sending
  'reply_too_large',
  'reply_limit',
  'send_failed',
  'bug',
] as const;
export type Reason = (typeof REASONS)[number];

/** Every status that we answer with ourselves (RFC 3261 §16.3, §8.2; never 1xx, never 408). */
export const LOCAL_STATUSES = [400, 403, 416, 420, 480, 482, 483, 505, 513] as const;
export type LocalStatus = (typeof LOCAL_STATUSES)[number];
