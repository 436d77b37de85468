import type { MonitorView } from '../monitor/view.ts';
import type { LocalStatus, Outcome, Reason, Side } from '../proxy/reasons.ts';
import type { Method } from '../sip/methods.ts';

/** What the exporter reads at a scrape, and nothing else; each part is read anew every time. */
export interface Sources {
  readonly monitor: MonitorView;
  readonly forwarding: ForwardingReader;
  /** One per socket of ours, `name` as configured or bound: `10.0.1.7:5060`. */
  sockets(): Iterable<SocketState>;
  /** Tapped datagrams that found the ring full. */
  tapDropped(): number;
  /** Age of the oldest tapped datagram that waits for the monitor; 0 where none does. */
  monitorDelaySec(): number;
  /** Every configured registrar, standby included. */
  registrars(): Iterable<RegistrarState>;
  /** Tells two secrets apart and gives neither away. */
  secretFingerprint(): string;
  reload(): ReloadState;
  readonly build: Build;
}

/** The forwarding worker's counters. All of them only ever grow. */
export interface ForwardingReader {
  datagrams(from: Side, outcome: Outcome, reason: Reason): number;
  localResponses(status: LocalStatus): number;
  requests(from: Side, method: Method): number;
  /** `code`: exact for REGISTER (`401`), the class for every other method (`2xx`). */
  responses(from: Side, method: Method, code: string): number;
  single(name: 'oversizedRequests'): number;
  /** Its bounds must be the catalogue's FORWARDING_SECONDS. */
  readonly durationSeconds: HistogramReader;
}

/** Structurally the monitor's Histogram: `buckets` not cumulative, the last one is +Inf's. */
export interface HistogramReader {
  readonly bounds: readonly number[];
  readonly buckets: ArrayLike<number>;
  readonly sum: number;
  readonly count: number;
}

/** Undefined where the system does not tell: then the socket has no such series, which is not the same as 0. */
export interface SocketState {
  readonly name: string;
  readonly drops: number | undefined;
  readonly receiveQueueBytes: number | undefined;
}

export interface RegistrarState {
  /** As configured: `10.0.1.8:5060`. */
  readonly name: string;
  /** Undefined while nothing has been sent that would tell: then it has no such series. */
  readonly up: boolean | undefined;
  /** New requests go to this one. */
  readonly active: boolean;
}

export interface ReloadState {
  readonly successful: boolean;
  /** Unix time in seconds of the last configuration that was taken; the one of the start counts. */
  readonly successAtSec: number;
}

export interface Build {
  readonly version: string;
  /** Of Node, without the v. */
  readonly node: string;
}
