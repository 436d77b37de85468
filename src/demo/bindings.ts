import { ascii, text } from '../sip/bytes.ts';
import { Param } from '../sip/params.ts';
import { findUriParam, readUri, Uri } from '../sip/uri.ts';

export interface Binding {
  readonly uri: string;
  readonly callId: string;
  readonly cseq: number;
  readonly expiresAtMs: number;
}

/** Bindings of each AOR. An expired one is gone for whoever looks. */
export class Bindings {
  private readonly byAor = new Map<string, Map<string, Binding>>();

  /** In the order in which they were first made. */
  of(aor: string, nowMs: number): readonly Binding[] {
    const ofAor = this.byAor.get(aor);
    if (ofAor === undefined) return [];
    for (const [key, binding] of ofAor) if (nowMs >= binding.expiresAtMs) ofAor.delete(key);
    return [...ofAor.values()];
  }

  find(aor: string, uri: string, nowMs: number): Binding | undefined {
    const key = contactKey(uri);
    return this.of(aor, nowMs).find((binding) => contactKey(binding.uri) === key);
  }

  put(aor: string, binding: Binding): void {
    const ofAor = this.byAor.get(aor) ?? new Map<string, Binding>();
    this.byAor.set(aor, ofAor);
    ofAor.set(contactKey(binding.uri), binding);
  }

  remove(aor: string, uri: string): void {
    this.byAor.get(aor)?.delete(contactKey(uri));
  }

  clear(): void {
    this.byAor.clear();
  }

  aors(): readonly string[] {
    return [...this.byAor.keys()];
  }
}

const parsed = new Uri();
const param = new Param();
const TRANSPORT = ascii('transport');

/**
 * What makes two Contacts one binding here: user, host, port, transport. RFC 3261 §19.1.4 compares a few
 * rarer parameters too, which no phone of ours writes.
 */
function contactKey(uri: string): string {
  const bytes = ascii(uri);
  if (!readUri(bytes, 0, bytes.length, parsed)) return uri;
  const user = text(bytes, parsed.userStart, parsed.userEnd);
  const host = text(bytes, parsed.hostStart, parsed.hostEnd).toLowerCase();
  const transport = findUriParam(bytes, parsed, TRANSPORT, param)
    ? text(bytes, param.valueStart, param.valueEnd).toLowerCase()
    : '';
  return `${user}@${host}:${parsed.port};${transport}`;
}
