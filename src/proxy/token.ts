import { Endpoint } from '../sip/address.ts';
import { ascii } from '../sip/bytes.ts';
import type { Signer, SigningKey } from './signer.ts';

/**
 * A flow token (RFC 5626 §5.2 in spirit): a phone's transport address, signed, in the message itself,
 * because we remember nothing. Layout, base32hex in lower case (URI parameters compare without case):
 *
 *     version 4 bits, key id 4 | family 1, purpose 2, socket 5 | IP 4 or 16 bytes | port 2 | MAC 10
 */
export const TOKEN_PURPOSES = ['path', 'alias', 'rr'] as const;
/** path: in a Path URI; alias: parameter of a Contact URI; rr: in a Record-Route URI. */
export type TokenPurpose = (typeof TOKEN_PURPOSES)[number];

const VERSION = 1;
const MAC_BYTES = 10;
const MAX_BYTES = 2 + 16 + 2 + MAC_BYTES;
const CHARS_IPV4 = 29;
const CHARS_IPV6 = 48;
/** The longest token in characters. */
export const MAX_TOKEN_CHARS = CHARS_IPV6;

const ALPHABET = ascii('0123456789abcdefghijklmnopqrstuv');
const packed = new Uint8Array(MAX_BYTES);
const expected = new Uint8Array(MAC_BYTES);

/** What a valid token says. */
export class Token {
  purpose: TokenPurpose = 'path';
  socket = 0;
  readonly flow = new Endpoint();
}

/** Writes the token for a flow at `at`; answers the position behind it. */
export function writeToken(
  out: Uint8Array,
  at: number,
  signer: Signer,
  purpose: TokenPurpose,
  socket: number,
  flow: Endpoint,
): number {
  const key = signer.keys[0]!;
  const isIpv4 = flow.isIpv4;
  packed[0] = (VERSION << 4) | key.id;
  packed[1] = ((isIpv4 ? 0 : 1) << 7) | (TOKEN_PURPOSES.indexOf(purpose) << 5) | socket;
  let length = 2;
  if (!isIpv4) {
    length = packWord(length, flow.a);
    length = packWord(length, flow.b);
    length = packWord(length, flow.c);
  }
  length = packWord(length, flow.d);
  packed[length++] = flow.port >>> 8;
  packed[length++] = flow.port & 0xff;
  key.signToken(packed, length, packed, length);
  return writeBase32(out, at, length + MAC_BYTES);
}

function packWord(at: number, word: number): number {
  packed[at] = word >>> 24;
  packed[at + 1] = word >>> 16;
  packed[at + 2] = word >>> 8;
  packed[at + 3] = word;
  return at + 4;
}

function writeBase32(out: Uint8Array, at: number, length: number): number {
  let pos = at;
  let bits = 0;
  let held = 0;
  for (let i = 0; i < length; i++) {
    held = (held << 8) | packed[i]!;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      out[pos++] = ALPHABET[(held >>> bits) & 31]!;
    }
    held &= (1 << bits) - 1;
  }
  if (bits > 0) out[pos++] = ALPHABET[(held << (5 - bits)) & 31]!;
  return pos;
}

/** Reads a token and checks its signature with each key it may have; false for anything that we did not sign. */
export function readToken(
  bytes: Uint8Array,
  start: number,
  end: number,
  signer: Signer,
  into: Token,
): boolean {
  const length = unpackBase32(bytes, start, end);
  if (length === 0 || packed[0]! >>> 4 !== VERSION) return false;
  const isIpv4 = packed[1]! >>> 7 === 0;
  if (isIpv4 !== (end - start === CHARS_IPV4)) return false;
  const purpose = TOKEN_PURPOSES[(packed[1]! >>> 5) & 3];
  if (purpose === undefined || !isSigned(length - MAC_BYTES, signer)) return false;
  into.purpose = purpose;
  into.socket = packed[1]! & 31;
  const { flow } = into;
  if (isIpv4) {
    flow.setIpv4(unpackWord(2));
  } else {
    flow.a = unpackWord(2);
    flow.b = unpackWord(6);
    flow.c = unpackWord(10);
    flow.d = unpackWord(14);
  }
  flow.port = (packed[length - MAC_BYTES - 2]! << 8) | packed[length - MAC_BYTES - 1]!;
  return flow.port !== 0;
}

/** Bytes into `packed`; answers how many, 0 where the text is not a token's: other length, other letters, stray bits. */
function unpackBase32(bytes: Uint8Array, start: number, end: number): number {
  if (end - start !== CHARS_IPV4 && end - start !== CHARS_IPV6) return 0;
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let i = start; i < end; i++) {
    const value = base32Value(bytes[i]!);
    if (value < 0) return 0;
    held = (held << 5) | value;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      packed[length++] = held >>> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? length : 0;
}

function base32Value(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const folded = byte | 0x20;
  return folded >= 0x61 && folded <= 0x76 ? folded - 0x57 : -1;
}

function unpackWord(at: number): number {
  return (packed[at]! << 24) | (packed[at + 1]! << 16) | (packed[at + 2]! << 8) | packed[at + 3]!;
}

/** Both keys are tried on a tie of their ids; the comparison takes the same time wherever the first difference is. */
function isSigned(length: number, signer: Signer): boolean {
  for (const key of signer.keys) if (key.id === (packed[0]! & 15) && isSignedBy(key, length)) return true;
  return false;
}

function isSignedBy(key: SigningKey, length: number): boolean {
  key.signToken(packed, length, expected, 0);
  let differences = 0;
  for (let i = 0; i < MAC_BYTES; i++) differences |= expected[i]! ^ packed[length + i]!;
  return differences === 0;
}
