import {
  AT,
  ascii,
  equalsFolded,
  isTokenByte,
  lower,
  QUESTION,
  SEMICOLON,
  sameBytes,
  skipSpace,
} from '../sip/bytes.ts';
import type { Contact } from '../sip/contact.ts';
import { NOT_STATED } from '../sip/contact.ts';
import { readUri, Uri } from '../sip/uri.ts';
import { isRewrittenFrom, sameUri, sameUser } from '../sip/uri-compare.ts';
import { boundedText, isText } from './texts.ts';

/** Longer Contact URIs are cut, and end in a hash of the whole; chan_pjsip itself takes no more. */
export const MAX_CONTACT_LENGTH = 512;
/** The same for `+sip.instance`. */
export const MAX_INSTANCE_LENGTH = 128;

const ROLLCALL = ascii('rollcall');

/** The most `rollcall` parameters that are taken out of one URI: the proxy adds one. */
const MAX_OWN_PARAMS = 4;

/** A Contact URI as the phone knows it: the same bytes, less the parameter that our own proxy put there. */
export class OwnUri {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  /** Our parameter was there. */
  wasOurs = false;
  private readonly scratch = new Uint8Array(MAX_SCRATCH_BYTES);

  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.wasOurs = false;
    for (let count = 0; count < MAX_OWN_PARAMS; count++) {
      const at = findOurs(this.bytes, this.start, this.end);
      if (at < 0 || this.end - this.start > MAX_SCRATCH_BYTES) return;
      this.cut(at, paramEnd(this.bytes, at, this.end));
    }
  }

  /** Moves what is left into the scratch: the datagram itself is never written. */
  private cut(from: number, to: number): void {
    this.wasOurs = true;
    const { scratch, bytes, start, end } = this;
    let at = 0;
    for (let i = start; i < from; i++) scratch[at++] = bytes[i]!;
    for (let i = to; i < end; i++) scratch[at++] = bytes[i]!;
    this.bytes = scratch;
    this.start = 0;
    this.end = at;
  }
}

const MAX_SCRATCH_BYTES = 2048;

/**
 * Position of our parameter's semicolon, or -1. Without reading the URI: what has an `@` behind it is part of
 * a user, what has a `?` before it part of a header.
 */
function findOurs(bytes: Uint8Array, start: number, end: number): number {
  let found = -1;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === AT) found = -1;
    else if (byte === QUESTION) return found;
    else if (byte === SEMICOLON && found < 0 && isOurs(bytes, i, end)) found = i;
  }
  return found;
}

function isOurs(bytes: Uint8Array, semicolon: number, end: number): boolean {
  const at = skipSpace(bytes, semicolon + 1, end);
  const nameEnd = at + ROLLCALL.length;
  if (nameEnd > end || !equalsFolded(bytes, at, nameEnd, ROLLCALL)) return false;
  return nameEnd === end || !isTokenByte(bytes[nameEnd]!);
}

function paramEnd(bytes: Uint8Array, semicolon: number, end: number): number {
  let at = semicolon + 1;
  while (at < end && bytes[at] !== SEMICOLON && bytes[at] !== QUESTION) at++;
  return at;
}

/** What is known of a contact as text: of a binding, or of a request. */
export interface KnownContact {
  readonly uri: string;
  readonly instance: string;
  readonly regId: number;
}

/** A contact that a 2xx lists, as spans that die with the datagram. */
export class ListedContact {
  readonly own = new OwnUri();
  expiresSec = NOT_STATED;
  regId = 0;
  /** Matched with a contact of the request or with a binding: it is accounted for. */
  claimed = false;
  private instanceBytes: Uint8Array = new Uint8Array(0);
  private instanceStart = 0;
  private instanceEnd = 0;
  private readonly uri = new Uri();
  private parsed: 'yes' | 'no' | 'not_yet' = 'not_yet';

  set(bytes: Uint8Array, contact: Contact): void {
    this.own.set(bytes, contact.value.uriStart, contact.value.uriEnd);
    this.expiresSec = contact.expiresSec;
    this.regId = contact.regId;
    this.instanceBytes = bytes;
    this.instanceStart = contact.instanceStart;
    this.instanceEnd = contact.instanceEnd;
    this.claimed = false;
    this.parsed = 'not_yet';
  }

  /** As instanceText. */
  get instance(): string {
    return instanceText(this.instanceBytes, this.instanceStart, this.instanceEnd, '');
  }

  get hasInstance(): boolean {
    return this.instanceStart < this.instanceEnd;
  }

  isInstance(known: string): boolean {
    return instanceText(this.instanceBytes, this.instanceStart, this.instanceEnd, known) === known;
  }

  /**
   * True where both are one contact to the phone: written the same, or, where our tokens were what kept them
   * apart, equal by RFC 3261 §19.1.4.
   */
  isCopyOf(other: ListedContact): boolean {
    if (this.regId !== other.regId || !this.hasInstanceOf(other)) return false;
    const a = this.own;
    const b = other.own;
    if (sameBytes(a.bytes, a.start, a.end, b.bytes, b.start, b.end)) return true;
    if ((!a.wasOurs && !b.wasOurs) || this.parts === undefined || other.parts === undefined) return false;
    return sameUri(a.bytes, this.parts, b.bytes, other.parts);
  }

  private hasInstanceOf(other: ListedContact): boolean {
    return sameBytes(
      this.instanceBytes,
      this.instanceStart,
      this.instanceEnd,
      other.instanceBytes,
      other.instanceStart,
      other.instanceEnd,
    );
  }

  get text(): string {
    return boundedText(this.own.bytes, this.own.start, this.own.end, MAX_CONTACT_LENGTH);
  }

  isSameText(uri: string): boolean {
    const { bytes, start, end } = this.own;
    if (end - start <= MAX_CONTACT_LENGTH) return isText(bytes, start, end, uri);
    return this.text === uri;
  }

  /** Its URI in parts; undefined where it is no URI. */
  get parts(): Uri | undefined {
    if (this.parsed === 'not_yet') {
      this.parsed = readUri(this.own.bytes, this.own.start, this.own.end, this.uri) ? 'yes' : 'no';
    }
    return this.parsed === 'yes' ? this.uri : undefined;
  }
}

/** An instance in lower case (URNs of devices compare so), or empty; `known` itself where it is the same. */
export function instanceText(bytes: Uint8Array, start: number, end: number, known: string): string {
  if (start === end) return '';
  let same = known.length === end - start;
  for (let i = 0; same && i < known.length; i++) same = known.charCodeAt(i) === lower(bytes[start + i]!);
  return same ? known : boundedText(bytes, start, end, MAX_INSTANCE_LENGTH).toLowerCase();
}

/**
 * How alike two contacts are, best first. `exact`: the same URI by RFC 3261 §19.1.4, and no instance that
 * says otherwise. `instance`: the same device (RFC 5626 §4.1) under another URI. `address`: the same URI,
 * but of another instance. `folded`: one is what Asterisk made of the other. `none`: strangers.
 */
export type Likeness = 'exact' | 'instance' | 'address' | 'folded' | 'none';

const knownBytes = new Uint8Array(MAX_CONTACT_LENGTH);
const knownUri = new Uri();

/** Puts a known URI back into bytes and reads it; false where it is none. */
function readKnown(uri: string): boolean {
  for (let i = 0; i < uri.length; i++) knownBytes[i] = uri.charCodeAt(i);
  return readUri(knownBytes, 0, uri.length, knownUri);
}

export function likeness(known: KnownContact, listed: ListedContact): Likeness {
  const instances = instancesOfListed(known, listed);
  if (listed.isSameText(known.uri)) return instances === 'differ' ? 'address' : 'exact';
  const parts = listed.parts;
  if (parts === undefined || !readKnown(known.uri)) return instances === 'same' ? 'instance' : 'none';
  if (sameUri(knownBytes, knownUri, listed.own.bytes, parts))
    return instances === 'differ' ? 'address' : 'exact';
  if (instances === 'same') return 'instance';
  const isFolded =
    isRewrittenFrom(listed.own.bytes, parts, knownBytes, knownUri) ||
    isRewrittenFrom(knownBytes, knownUri, listed.own.bytes, parts);
  return isFolded ? 'folded' : 'none';
}

/** True where both URIs have the same user: all that a rewritten Contact keeps. */
export function hasSameUser(known: KnownContact, listed: ListedContact): boolean {
  const parts = listed.parts;
  if (parts === undefined || !readKnown(known.uri)) return false;
  return sameUser(knownBytes, knownUri, listed.own.bytes, parts);
}

const requestedBytes = new Uint8Array(MAX_CONTACT_LENGTH);
const requestedUri = new Uri();

/** The same between a binding and a contact of a request, both kept as text. */
export function likenessOfTexts(known: KnownContact, requested: KnownContact): Likeness {
  const instances = instancesOfTexts(known, requested);
  if (known.uri === requested.uri) return instances === 'differ' ? 'address' : 'exact';
  for (let i = 0; i < requested.uri.length; i++) requestedBytes[i] = requested.uri.charCodeAt(i);
  const areUris = readUri(requestedBytes, 0, requested.uri.length, requestedUri) && readKnown(known.uri);
  if (areUris && sameUri(knownBytes, knownUri, requestedBytes, requestedUri)) {
    return instances === 'differ' ? 'address' : 'exact';
  }
  if (instances === 'same') return 'instance';
  return areUris && isRewrittenFrom(knownBytes, knownUri, requestedBytes, requestedUri) ? 'folded' : 'none';
}

/** `unknown` where one side names no instance. */
type Instances = 'same' | 'differ' | 'unknown';

function instancesOfTexts(a: KnownContact, b: KnownContact): Instances {
  if (a.instance === '' || b.instance === '') return 'unknown';
  return a.instance === b.instance && sameFlow(a.regId, b.regId) ? 'same' : 'differ';
}

function instancesOfListed(known: KnownContact, listed: ListedContact): Instances {
  if (known.instance === '' || !listed.hasInstance) return 'unknown';
  return listed.isInstance(known.instance) && sameFlow(known.regId, listed.regId) ? 'same' : 'differ';
}

/** Not every registrar gives `reg-id` back: one that is missing says nothing. */
function sameFlow(a: number, b: number): boolean {
  return a === 0 || b === 0 || a === b;
}
