import { CR, LF, SPACE } from '../sip/bytes.ts';
import type { Datagram } from './decision.ts';

/**
 * Noise that shares the port with SIP and is never parsed as such. RFC 5626 defines CRLF keep-alives for
 * streams only, so none of them gets an answer over UDP.
 */
export type Noise = 'keepalive' | 'stun' | 'none';

/** Too short for any SIP message, too long for most pings (`jaK`, four zero bytes). */
const SHORTEST_MESSAGE = 16;
const STUN_HEADER_BYTES = 20;

export function noiseOf({ bytes, start, end }: Datagram): Noise {
  if (end - start < SHORTEST_MESSAGE) return 'keepalive';
  const first = bytes[start]!;
  if (first > SPACE) return 'none';
  if (isStun(bytes, start, end)) return 'stun';
  return isBlank(bytes, start, end) ? 'keepalive' : 'none';
}

/** RFC 8489 §5: two zero bits, a length that matches, the magic cookie. */
function isStun(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < STUN_HEADER_BYTES || bytes[start]! > 1) return false;
  const length = (bytes[start + 2]! << 8) | bytes[start + 3]!;
  return (
    length === end - start - STUN_HEADER_BYTES &&
    bytes[start + 4] === 0x21 &&
    bytes[start + 5] === 0x12 &&
    bytes[start + 6] === 0xa4 &&
    bytes[start + 7] === 0x42
  );
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte !== CR && byte !== LF && byte !== SPACE && byte !== 0) return false;
  }
  return true;
}

const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const XOR_MAPPED_ADDRESS = 0x0020;
const FAMILY_IPV4 = 1;
const FAMILY_IPV6 = 2;

/**
 * The Binding success for a STUN Binding request, into `out` (RFC 8489 §14.2): the sender's address as we
 * see it, XORed. Answers its length, 0 where the datagram asks for something else. 32 bytes for 20 over
 * IPv4: the one answer that may be longer than its question.
 */
export function answerStun(datagram: Datagram, out: Uint8Array): number {
  const { bytes, start, source } = datagram;
  if (((bytes[start]! << 8) | bytes[start + 1]!) !== BINDING_REQUEST) return 0;
  const words = source.isIpv4 ? [source.d] : [source.a, source.b, source.c, source.d];
  const valueLength = 4 + words.length * 4;
  const view = new DataView(out.buffer, out.byteOffset);
  view.setUint16(0, BINDING_SUCCESS);
  view.setUint16(2, 4 + valueLength);
  for (let i = 4; i < STUN_HEADER_BYTES; i++) out[i] = bytes[start + i]!;
  view.setUint16(20, XOR_MAPPED_ADDRESS);
  view.setUint16(22, valueLength);
  view.setUint16(24, source.isIpv4 ? FAMILY_IPV4 : FAMILY_IPV6);
  view.setUint16(26, source.port ^ view.getUint16(4));
  words.forEach((word, i) => {
    view.setInt32(28 + i * 4, word ^ view.getInt32(4 + i * 4));
  });
  return STUN_HEADER_BYTES + 4 + valueLength;
}
