import {
  AT,
  ascii,
  COLON,
  DQUOTE,
  equals,
  hexValue,
  indexOf,
  LANGLE,
  lower,
  PERCENT,
  RANGLE,
  SEMICOLON,
  sameBytes,
} from '../sip/bytes.ts';
import { NameAddr, readNameAddr } from '../sip/name-addr.ts';
import { quotedEnd } from '../sip/params.ts';
import type { HashKey } from '../sip/siphash.ts';
import { HashInput } from '../sip/siphash.ts';
import { readUri, Uri } from '../sip/uri.ts';
import { isEscape } from '../sip/uri-compare.ts';
import { boundedText, hashOfEnd, isText, TextPool } from './texts.ts';

/** Longer AORs and hosts are cut, and end in a hash of the whole. */
export const MAX_AOR_LENGTH = 255;

/** Written out, an escape takes three bytes: room for any URI of a datagram would be too much; this is enough. */
const SCRATCH_BYTES = 8192;
const AOR_PLACES = 262_144;
const HOST_PLACES = 256;

const HEX = '0123456789ABCDEF';

/** An address of record, and the keyed hash that it is found and told by. */
export interface AorName {
  /** `24001@iptlab.com`; `iptlab.com` where there is no user; `24001` alone with domains ignored. */
  readonly aor: string;
  /** The host, `iptlab.com`; empty for a tel URI. */
  readonly host: string;
  /**
   * 64 bits of a keyed hash of the AOR, in two halves. They may decide without the text: who does not know the key can't
   * make two AORs of one hash, and by chance one pair in 10^19 has one.
   */
  readonly aorA: number;
  readonly aorB: number;
}

/**
 * Reads the address of record of a To or From value (RFC 3261 §10.3 step 5): sip and sips are the same;
 * display name, port, parameters and password are dropped; the user's escapes are undone; the host is lower
 * case. What is not printable ASCII, and `%` itself, stands escaped, so that two different users never
 * become one text. One object serves all datagrams.
 */
export class AorReader implements AorName {
  aor = '';
  host = '';
  aorA = 0;
  aorB = 0;

  private readonly domain: 'keep' | 'ignore';
  private readonly key: HashKey;
  private readonly input = new HashInput();
  private readonly out = new Int32Array(2);
  private readonly value = new NameAddr();
  private readonly uri = new Uri();
  private readonly scratch = new Uint8Array(SCRATCH_BYTES);
  private readonly aors = new TextPool(AOR_PLACES);
  private readonly hosts = new TextPool(HOST_PLACES);
  private written = 0;
  /** The URI that was read last, in its datagram. */
  private lastStart = 0;
  private lastEnd = 0;

  constructor(domain: 'keep' | 'ignore', key: HashKey) {
    this.domain = domain;
    this.key = key;
  }

  /** False where the value holds no sip, sips or tel URI; `aor` and `host` are then as they were. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.readUsual(bytes, start, end)) return true;
    const hostAt = this.write(bytes, start, end);
    if (hostAt < 0) return false;
    this.take(this.scratch, 0, hostAt, this.written);
    this.lastStart = this.value.uriStart;
    this.lastEnd = this.value.uriEnd;
    return true;
  }

  /** `<sip:24001@iptlab.com>` in letters that stand for themselves: canonical as it is, and read in one pass. */
  private readUsual(bytes: Uint8Array, start: number, end: number): boolean {
    const open = bracketIn(bytes, start, end);
    const userStart = open + 1 + SIP.length;
    if (open < 0 || userStart >= end || !equals(bytes, open + 1, userStart, SIP)) return false;
    let at = userStart;
    while (at < end && PLAIN[bytes[at]!]! >= PLAIN_IN_USER) at++;
    if (at === userStart || at >= end || bytes[at] !== AT) return false;
    const hostStart = at + 1;
    at = hostStart;
    while (at < end && PLAIN[bytes[at]!] === PLAIN_IN_HOST) at++;
    const isUsual = at > hostStart && at < end && bytes[at] === RANGLE && at - userStart <= MAX_AOR_LENGTH;
    if (!isUsual) return false;
    this.take(bytes, userStart, hostStart, at);
    this.lastStart = open + 1;
    this.lastEnd = at;
    return true;
  }

  /** The canonical AOR stands in the range; its host starts at `hostAt`. */
  private take(bytes: Uint8Array, start: number, hostAt: number, end: number): void {
    const hasUserAndHost = hostAt > start && hostAt < end;
    const aorEnd = this.domain === 'ignore' && hasUserAndHost ? hostAt - 1 : end;
    this.input.clear().field(bytes, start, aorEnd).sipHash128(this.key, this.out);
    this.aorA = this.out[0]!;
    this.aorB = this.out[1]!;
    this.aor = pooled(this.aors, bytes, start, aorEnd, this.aorA);
    this.host = pooled(this.hosts, bytes, hostAt, end, hashOfEnd(bytes, hostAt, end));
  }

  /**
   * True where the value names the AOR that was read last, of the same datagram; remembers nothing. Most
   * are written with the same bytes, and need no more than a look.
   */
  namesTheSame(bytes: Uint8Array, start: number, end: number): boolean {
    const { aor, lastEnd, lastStart } = this;
    const open = bracketIn(bytes, start, end);
    const close = open + 1 + lastEnd - lastStart;
    const isSame = open >= 0 && close < end && bytes[close] === RANGLE;
    if (isSame && sameBytes(bytes, open + 1, close, bytes, lastStart, lastEnd)) return true;
    const hostAt = this.write(bytes, start, end);
    if (hostAt < 0) return false;
    const hasUserAndHost = hostAt > 0 && hostAt < this.written;
    const aorEnd = this.domain === 'ignore' && hasUserAndHost ? hostAt - 1 : this.written;
    if (aorEnd <= MAX_AOR_LENGTH) return isText(this.scratch, 0, aorEnd, aor);
    return boundedText(this.scratch, 0, aorEnd, MAX_AOR_LENGTH) === aor;
  }

  /** The AOR of what a person wrote: `24001@IPTLAB.com`, `sip:24001@iptlab.com`, `24001`; undefined where it is none. */
  canonical(text: string): string | undefined {
    const trimmed = text.trim();
    if (/\s/.test(trimmed)) return undefined;
    const isUserAlone = this.domain === 'ignore' && /^[^@:]+$/.test(trimmed);
    const written = isUserAlone ? `${trimmed}@host` : trimmed;
    const uri = /^(sips?|tel):/i.test(written) ? written : `sip:${written}`;
    const bytes = Uint8Array.from(uri, (letter) => Math.min(letter.charCodeAt(0), 255));
    return this.read(bytes, 0, bytes.length) ? this.aor : undefined;
  }

  /** Writes the canonical form into the scratch; answers where the host starts, or -1. */
  private write(bytes: Uint8Array, start: number, end: number): number {
    if (!readNameAddr(bytes, start, end, this.value) || this.value.isStar) return -1;
    const { uri } = this;
    if (!readUri(bytes, this.value.uriStart, this.value.uriEnd, uri)) return -1;
    this.written = 0;
    if (uri.scheme === 'tel') return this.writeTel(bytes, uri);
    if (uri.scheme === 'other') return -1;
    if (uri.hasUser) {
      const password = indexOf(bytes, uri.userStart, uri.userEnd, COLON);
      this.writeUnescaped(bytes, uri.userStart, password < 0 ? uri.userEnd : password);
      this.put(AT);
    }
    const hostAt = this.written;
    for (let i = uri.hostStart; i < uri.hostEnd; i++) this.putPrintable(lower(bytes[i]!));
    return hostAt;
  }

  private writeTel(bytes: Uint8Array, uri: Uri): number {
    const semicolon = indexOf(bytes, uri.start, uri.end, SEMICOLON);
    const end = semicolon < 0 ? uri.end : semicolon;
    for (let i = uri.start; i < end; i++) this.putPrintable(lower(bytes[i]!));
    return this.written;
  }

  private writeUnescaped(bytes: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const escaped = isEscape(bytes, i, end);
      this.putPrintable(escaped ? hexValue(bytes[i + 1]!) * 16 + hexValue(bytes[i + 2]!) : bytes[i]!);
      if (escaped) i += 2;
    }
  }

  private putPrintable(byte: number): void {
    if (byte > 0x20 && byte < 0x7f && byte !== PERCENT) {
      this.put(byte);
      return;
    }
    this.put(PERCENT);
    this.put(HEX.charCodeAt(byte >> 4));
    this.put(HEX.charCodeAt(byte & 15));
  }

  /** Past the scratch's end bytes are lost: only a user of thousands of bytes gets there. */
  private put(byte: number): void {
    if (this.written < SCRATCH_BYTES) this.scratch[this.written++] = byte;
  }
}

const SIP = ascii('sip:');

/** What stands for itself in a user, and of that what does in a host. */
const PLAIN_IN_USER = 1;
const PLAIN_IN_HOST = 2;
const PLAIN = new Uint8Array(256);
for (const byte of ascii('ABCDEFGHIJKLMNOPQRSTUVWXYZ_+*!~')) PLAIN[byte] = PLAIN_IN_USER;
for (const byte of ascii('abcdefghijklmnopqrstuvwxyz0123456789-.')) PLAIN[byte] = PLAIN_IN_HOST;

/** Position of the `<` outside quotes, or -1. */
function bracketIn(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== LANGLE) {
    at = bytes[at] === DQUOTE ? quotedEnd(bytes, at, end) : at + 1;
    if (at < 0) return -1;
  }
  return at < end ? at : -1;
}

function pooled(pool: TextPool, bytes: Uint8Array, start: number, end: number, hash: number): string {
  if (end - start <= MAX_AOR_LENGTH) return pool.textOf(bytes, start, end, hash);
  return boundedText(bytes, start, end, MAX_AOR_LENGTH);
}
