import { AT, COLON, firstOf, QUESTION, SEMICOLON } from './bytes.as';
import { hostEnd, portOf } from './host.as';

/** `sip:` in lower case, as one word. */
const SIP_COLON: u32 = 0x3a706973;
const SIP_COLON_BYTES: i32 = 4;

/**
 * Reads a sip URI (RFC 3261 §19.1) as it ought to be: `sip:`, perhaps a user and `@`, a host that is a name or IPv4,
 * perhaps a port, perhaps parameters; no headers. Writes to `out` where the user ends (where the host starts, if there is
 * none), where the host starts and ends, the port (0 for none), and where the parameters start. Answers 1, or 0 where it
 * is not such a URI. Reads up to 15 bytes past `end`, and decides nothing by them.
 */
export function sipUri(from: i32, end: i32, out: i32): i32 {
  const start = from + SIP_COLON_BYTES;
  if (start >= end || load<u32>(from) !== SIP_COLON) return 0;
  const at = firstOf(start, end, AT, AT, AT, AT);
  if (at === start) return 0;
  const host = at < end ? at + 1 : start;
  const params = min(firstOf(host, end, SEMICOLON, QUESTION, SEMICOLON, QUESTION), end);
  if (params < end && <i32>load<u8>(params) === QUESTION) return 0;
  if (firstOf(params, end, QUESTION, QUESTION, QUESTION, QUESTION) < end) return 0;
  const behind = hostEnd(host, params);
  if (behind === host) return 0;
  let port = 0;
  if (behind < params) {
    if (load<i8>(behind) !== COLON) return 0;
    port = portOf(behind + 1, params);
    if (port < 0) return 0;
  }
  store<i32>(out, at < end ? at : start);
  store<i32>(out, host, 4);
  store<i32>(out, behind, 8);
  store<i32>(out, port, 12);
  store<i32>(out, params, 16);
  return 1;
}
