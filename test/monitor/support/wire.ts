import type { Event } from '../../../src/monitor/events.ts';
import type { AttemptKind, Change, Result, SeriesFamily, Table } from '../../../src/monitor/lists.ts';
import { ATTEMPT_KINDS, CHANGES, RESULTS, TABLES } from '../../../src/monitor/lists.ts';
import { Monitor } from '../../../src/monitor/monitor.ts';
import type { MonitorOptions } from '../../../src/monitor/options.ts';
import { Tapped } from '../../../src/monitor/tapped.ts';
import type { Endpoint } from '../../../src/sip/address.ts';
import { endpointFrom } from '../../../src/sip/address.ts';
import type { Register, RegisterFields, ResponseFields } from './messages.ts';
import { register, response } from './messages.ts';

export const AOR = '24001@iptlab.com';
export const PHONE = '10.0.13.244:5060';
export const REGISTRAR = '10.0.1.8:5060';

/** Small tables: a monitor with the bounds of production takes tens of megabytes. */
const SMALL: Partial<MonitorOptions> = { maxAors: 1000, maxExchanges: 1000, maxSources: 1000 };

type Sent = Omit<RegisterFields, 'branch' | 'aor'> & Partial<Pick<RegisterFields, 'branch' | 'aor'>>;

/** A monitor, a clock, and whatever was told: what tests drive instead of phones and a registrar. */
export class Wire {
  readonly monitor: Monitor;
  readonly events: Event[] = [];
  nowMs: number;
  registrar = REGISTRAR;
  private branches = 0;

  constructor(options: Partial<MonitorOptions> = {}, startMs = 1_000_000) {
    this.monitor = new Monitor({ ...SMALL, ...options }, (event) => this.events.push(event));
    this.nowMs = startMs;
    this.monitor.advance(startMs);
  }

  /** Lets seconds pass. */
  wait(seconds: number): this {
    this.nowMs += seconds * 1000;
    this.monitor.advance(this.nowMs);
    return this;
  }

  /** Past the warm-up, whatever was granted before. */
  warm(): this {
    return this.wait(3601);
  }

  /** A phone sends a REGISTER. */
  send(fields: Sent = {}, phone = PHONE): Register {
    const request = register({ aor: AOR, branch: `z9hG4bK${++this.branches}`, ...fields });
    this.tap('request', request.bytes, phone);
    return request;
  }

  /** Its registrar answers. */
  answer(request: Register, status: number, fields: ResponseFields = {}, phone = PHONE): Uint8Array {
    const bytes = response(request, status, fields);
    this.tap('response', bytes, phone);
    return bytes;
  }

  tap(kind: 'request' | 'response', bytes: Uint8Array, phone = PHONE): void {
    const tapped = new Tapped();
    tapped.atMs = this.nowMs;
    tapped.kind = kind;
    tapped.phone.copyFrom(endpoint(phone));
    tapped.registrar.copyFrom(endpoint(this.registrar));
    tapped.bytes = bytes;
    tapped.end = bytes.length;
    this.monitor.observe(tapped);
  }

  /** A whole registration without a challenge. The 200 lists the request's contacts unless told otherwise. */
  bind(fields: Sent = {}, fieldsOf200: ResponseFields = {}, phone = PHONE): Register {
    const { contacts = ['<sip:24001@10.0.13.244>;expires=360'] } = fields;
    const request = this.send({ ...fields, contacts }, phone);
    this.answer(request, 200, { contacts, ...fieldsOf200 }, phone);
    return request;
  }

  results(domain?: string): Partial<Record<Result, number>> {
    return this.perDomain(domain, (counts) => named(RESULTS, counts.results));
  }

  changes(domain?: string): Partial<Record<Change, number>> {
    return this.perDomain(domain, (counts) => named(CHANGES, counts.changes));
  }

  attempts(): Partial<Record<AttemptKind, number>> {
    return named(ATTEMPT_KINDS, this.monitor.counts.attempts);
  }

  evictions(): Partial<Record<Table, number>> {
    return named(TABLES, this.monitor.counts.evictions);
  }

  series(family: SeriesFamily): Record<string, number> {
    return Object.fromEntries(this.monitor.series(family));
  }

  /** Sum over the domains' gauges. */
  gauges(): { bindings: number; aors: number } {
    let bindings = 0;
    let aors = 0;
    for (const counts of this.monitor.counts.domains.values()) {
      bindings += counts.bindings;
      aors += counts.aors;
    }
    return { bindings, aors };
  }

  contacts(aor = AOR): string[] {
    return this.monitor.bindingsOf(aor).map(({ contact }) => contact);
  }

  told(kind: Event['kind']): Event[] {
    return this.events.filter((event) => event.kind === kind);
  }

  notices(): string[] {
    return this.events.flatMap((event) => (event.kind === 'notice' ? [event.notice] : []));
  }

  private perDomain<T extends Partial<Record<string, number>>>(
    domain: string | undefined,
    read: (counts: Domain) => T,
  ): T {
    const sum: Partial<Record<string, number>> = {};
    for (const [name, counts] of this.monitor.counts.domains) {
      if (domain !== undefined && name !== domain) continue;
      for (const [key, value] of Object.entries(read(counts))) sum[key] = (sum[key] ?? 0) + (value ?? 0);
    }
    return sum as T;
  }
}

type Domain = Wire['monitor']['counts']['domains'] extends Map<string, infer D> ? D : never;

/** The counts that are not 0, by name. */
function named<K extends string>(names: readonly K[], counts: Float64Array): Partial<Record<K, number>> {
  const out: Partial<Record<K, number>> = {};
  for (const [i, name] of names.entries()) if (counts[i] !== 0) out[name] = counts[i]!;
  return out;
}

function endpoint(text: string): Endpoint {
  const parsed = endpointFrom(text);
  if (parsed === undefined) throw new Error(`no endpoint: ${text}`);
  return parsed;
}
