import type { Endpoint } from '../sip/address.ts';
import { writeHost } from '../sip/address.ts';
import { ascii, COLON, equalsFolded, writeDecimal, writeRange } from '../sip/bytes.ts';
import { Param } from '../sip/params.ts';
import { isUriText } from '../sip/parse.ts';
import { readUri, readUriParam, Uri } from '../sip/uri.ts';

/** The Contact URI parameter that carries an alias token. */
export const ALIAS_PARAM = ascii('rollcall');
export const MADDR = ascii('maddr');
export const TRANSPORT = ascii('transport');

const param = new Param();

/**
 * The Request-URI that goes out. It is the received one (digest covers it, RFC 3261 §16.6(2)) but for four
 * cases: strict routing puts another URI in its place; an alias token of ours is taken out; a host that is
 * ours becomes the phone's address; a `maddr` that names us goes.
 */
export class RequestUri {
  /** A range of the received bytes: of the start line or of a Route value. */
  readonly uri = new Uri();
  isReplaced = false;
  dropsAlias = false;
  dropsMaddr = false;
  /** Where set, written in place of host and port. */
  host: Endpoint | undefined = undefined;

  reset(): void {
    this.isReplaced = false;
    this.dropsAlias = false;
    this.dropsMaddr = false;
    this.host = undefined;
  }

  /**
   * Puts a Route's URI in its place. False where it cannot stand in a start line: white space, or headers
   * (RFC 3261 §19.1.1 table 1), would make of the request that we send another one than we read.
   */
  replaceBy(bytes: Uint8Array, route: Uri): boolean {
    this.isReplaced = true;
    if (!isUriText(bytes, route.start, route.end) || route.headersStart !== route.end) return false;
    return readUri(bytes, route.start, route.end, this.uri);
  }

  get isChanged(): boolean {
    return this.isReplaced || this.dropsAlias || this.dropsMaddr || this.host !== undefined;
  }

  /** Writes it at `at`; answers the position behind it. */
  write(bytes: Uint8Array, out: Uint8Array, at: number): number {
    const { uri } = this;
    if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return writeRange(out, at, bytes, uri.start, uri.end);
    let pos = writeRange(out, at, bytes, uri.start, uri.hostStart);
    pos = this.writeHostPort(bytes, out, pos);
    let from = uri.paramsStart;
    while (from < uri.paramsEnd) {
      const end = readUriParam(bytes, from, uri.paramsEnd, param);
      if (!this.isDropped(bytes)) pos = writeRange(out, pos, bytes, from, end);
      from = end;
    }
    return writeRange(out, pos, bytes, from, uri.end);
  }

  private writeHostPort(bytes: Uint8Array, out: Uint8Array, at: number): number {
    const { uri, host } = this;
    if (host !== undefined) {
      const colon = writeHost(out, at, host);
      out[colon] = COLON;
      return writeDecimal(out, colon + 1, host.port);
    }
    return writeRange(out, at, bytes, uri.hostStart, this.dropsMaddr ? uri.hostEnd : uri.paramsStart);
  }

  private isDropped(bytes: Uint8Array): boolean {
    const { nameStart, nameEnd } = param;
    if (this.dropsAlias && equalsFolded(bytes, nameStart, nameEnd, ALIAS_PARAM)) return true;
    if (!this.dropsMaddr) return false;
    return (
      equalsFolded(bytes, nameStart, nameEnd, MADDR) || equalsFolded(bytes, nameStart, nameEnd, TRANSPORT)
    );
  }
}
