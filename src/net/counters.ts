import type { LocalStatus, Outcome, Reason, Side } from '../proxy/reasons.ts';
import { LOCAL_STATUSES, OUTCOMES, REASONS, SIDES } from '../proxy/reasons.ts';
import type { Method } from '../sip/methods.ts';
import { METHODS } from '../sip/methods.ts';

/**
 * The forwarding counters: one array of doubles in shared memory. The worker alone writes, the main thread
 * reads at scrape; an aligned double is read whole, so no atomics are needed. Nothing ever goes down.
 */

/** Upper bounds of the duration histogram, seconds, ascending: handed in, at most so many. */
export const MAX_DURATION_BOUNDS = 31;
/** Registrars whose health is counted; more are not watched. */
export const MAX_WATCHED = 16;

/** RFC 3261 §18.1.1: above this a request should have gone over TCP. */
export const CONGESTION_SAFE_BYTES = 1300;

const FIRST_STATUS = 100;
const STATUSES = 600;
const CLASSES = 6;
/** Responses to one method, from one side: for REGISTER every status of its own, for others their class. */
const RESPONSE_CELLS = STATUSES + METHODS.length * CLASSES;
const REGISTER = METHODS.indexOf('REGISTER');

/** Numbers for the one that counts: looking them up by name would cost more than counting does. */
export const Single = {
  oversizedRequests: 0,
  tapTaken: 1,
  tapDropped: 2,
  tapFailed: 3,
  bugs: 4,
  queuedBatches: 5,
  durationCount: 6,
  durationSum: 7,
} as const;
type SingleCount = (typeof Single)[keyof typeof Single];
const SINGLE_COUNT = 8;

/**
 * What is counted about one registrar: requests for it that must be answered (no ACK), datagrams that came
 * from its exact address, and ICMP errors that named it.
 */
export const Health = { sent: 0, heard: 1, refused: 2 } as const;
type HealthCount = (typeof Health)[keyof typeof Health];
const HEALTH_COUNTS = 3;

const DATAGRAMS_AT = 0;
const ANSWERS_AT = DATAGRAMS_AT + SIDES.length * OUTCOMES.length * REASONS.length;
const REQUESTS_AT = ANSWERS_AT + LOCAL_STATUSES.length;
const RESPONSES_AT = REQUESTS_AT + SIDES.length * METHODS.length;
const DURATIONS_AT = RESPONSES_AT + SIDES.length * RESPONSE_CELLS;
const SINGLES_AT = DURATIONS_AT + MAX_DURATION_BOUNDS + 1;
const HEALTH_AT = SINGLES_AT + SINGLE_COUNT;
const CELLS = HEALTH_AT + MAX_WATCHED * HEALTH_COUNTS;

export const COUNTERS_BYTES = CELLS * Float64Array.BYTES_PER_ELEMENT;

export function createCounters(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTERS_BYTES);
}

/** Lookups by name, made once: a map's `get` of a constant string costs some nanoseconds. */
function positions<T>(list: readonly T[]): ReadonlyMap<T, number> {
  return new Map(list.map((name, index) => [name, index]));
}
const OUTCOME = positions(OUTCOMES);
const REASON = positions(REASONS);
const STATUS = positions(LOCAL_STATUSES);
const METHOD = positions(METHODS);

function sideNumber(side: Side): 0 | 1 {
  return side === SIDES[0] ? 0 : 1;
}

export class ForwardingCounters {
  private readonly cells: Float64Array;
  private readonly boundsSec: readonly number[];
  /** What was asked last, and its cell: datagrams of one kind come in rows, and lookups by name are not free. */
  private lastFrom: Side = 'phone';
  private lastOutcome: Outcome | undefined = undefined;
  private lastReason: Reason | undefined = undefined;
  private lastCell = 0;
  private lastMethod: Method | undefined = undefined;
  private lastMethodNumber = 0;

  constructor(buffer: SharedArrayBuffer, boundsSec: readonly number[]) {
    this.cells = new Float64Array(buffer);
    this.boundsSec = boundsSec.slice(0, MAX_DURATION_BOUNDS);
  }

  /** The cell of `rollcall_datagrams_total`; `add` counts it when the outcome is certain. */
  datagramCell(from: Side, outcome: Outcome, reason: Reason): number {
    if (from === this.lastFrom && outcome === this.lastOutcome && reason === this.lastReason)
      return this.lastCell;
    this.lastFrom = from;
    this.lastOutcome = outcome;
    this.lastReason = reason;
    const row = sideNumber(from) * OUTCOMES.length + OUTCOME.get(outcome)!;
    this.lastCell = DATAGRAMS_AT + row * REASONS.length + REASON.get(reason)!;
    return this.lastCell;
  }

  add(cell: number): void {
    this.cells[cell]!++;
  }

  answered(status: LocalStatus): void {
    this.cells[ANSWERS_AT + STATUS.get(status)!]!++;
  }

  request(from: Side, method: Method): void {
    this.cells[REQUESTS_AT + sideNumber(from) * METHODS.length + this.methodNumber(method)]!++;
  }

  private methodNumber(method: Method): number {
    if (method !== this.lastMethod) {
      this.lastMethod = method;
      this.lastMethodNumber = METHOD.get(method)!;
    }
    return this.lastMethodNumber;
  }

  /** `status` as received; what is outside 100 to 699 is not counted here. */
  response(from: Side, method: Method, status: number): void {
    if (status < FIRST_STATUS || status >= FIRST_STATUS + STATUSES) return;
    this.cells[responseCell(sideNumber(from), this.methodNumber(method), status)]!++;
  }

  /** How long one batch took, told once in 64 datagrams. */
  duration(seconds: number): void {
    const { boundsSec } = this;
    let bucket = 0;
    while (bucket < boundsSec.length && seconds > boundsSec[bucket]!) bucket++;
    this.cells[DURATIONS_AT + bucket]!++;
    this.cells[SINGLES_AT + Single.durationCount]!++;
    this.cells[SINGLES_AT + Single.durationSum]! += seconds;
  }

  count(single: SingleCount): void {
    this.cells[SINGLES_AT + single]!++;
  }

  /** `place`: of the registrar in the list that is watched, from 0. */
  health(place: number, what: HealthCount): void {
    if (place < MAX_WATCHED) this.cells[HEALTH_AT + place * HEALTH_COUNTS + what]!++;
  }
}

function responseCell(side: number, method: number, status: number): number {
  const row = RESPONSES_AT + side * RESPONSE_CELLS;
  if (method === REGISTER) return row + status - FIRST_STATUS;
  return row + STATUSES + method * CLASSES + Math.trunc(status / 100) - 1;
}

/** The main thread's view. */
export class CounterReader {
  private readonly cells: Float64Array;
  private readonly boundsSec: readonly number[];

  constructor(buffer: SharedArrayBuffer, boundsSec: readonly number[]) {
    this.cells = new Float64Array(buffer);
    this.boundsSec = boundsSec.slice(0, MAX_DURATION_BOUNDS);
  }

  datagrams(from: Side, outcome: Outcome, reason: Reason): number {
    const row = sideNumber(from) * OUTCOMES.length + OUTCOME.get(outcome)!;
    return this.cells[DATAGRAMS_AT + row * REASONS.length + REASON.get(reason)!]!;
  }

  localResponses(status: LocalStatus): number {
    return this.cells[ANSWERS_AT + STATUS.get(status)!]!;
  }

  requests(from: Side, method: Method): number {
    return this.cells[REQUESTS_AT + sideNumber(from) * METHODS.length + METHOD.get(method)!]!;
  }

  /** `code`: `401` for REGISTER, `4xx` for any other method; 0 for a code that is not counted so. */
  responses(from: Side, method: Method, code: string): number {
    const isExact = method === 'REGISTER';
    if (!(isExact ? /^[1-6]\d\d$/ : /^[1-6]xx$/).test(code)) return 0;
    const status = isExact ? Number(code) : Number(code[0]) * 100;
    return this.cells[responseCell(sideNumber(from), METHOD.get(method)!, status)]!;
  }

  /** `buckets` not cumulative; the last one is +Inf's. */
  get durationSeconds(): { bounds: readonly number[]; buckets: Float64Array; sum: number; count: number } {
    return {
      bounds: this.boundsSec,
      buckets: this.cells.slice(DURATIONS_AT, DURATIONS_AT + this.boundsSec.length + 1),
      sum: this.single('durationSum'),
      count: this.single('durationCount'),
    };
  }

  single(name: keyof typeof Single): number {
    return this.cells[SINGLES_AT + Single[name]]!;
  }

  health(place: number, what: keyof typeof Health): number {
    if (place >= MAX_WATCHED) return 0;
    return this.cells[HEALTH_AT + place * HEALTH_COUNTS + Health[what]]!;
  }
}
