import type { Endpoint } from '../sip/address.ts';
import { hostText } from '../sip/address.ts';

const MINUTE_MS = 60_000;
const CELLS = 65_536;
/** Phones that are counted one by one at a time. */
const MAX_COUNTED = 10_000;

interface Counted {
  readonly aor: string;
  readonly source: string;
  count: number;
}

/**
 * Phones that send REGISTER after REGISTER. Counting all phones one by one would cost more than everything
 * else here; so a small table of counters, shared by whatever hashes to the same place, says each minute
 * whom to watch, and only those are counted by name in the minute that follows.
 */
export class TightLoops {
  private readonly perMin: number;
  private readonly cells = new Uint16Array(CELLS);
  private minute = Number.NaN;
  private watched = new Map<string, Counted>();
  private nominated = new Map<string, Counted>();

  constructor(perMin: number) {
    this.perMin = Math.min(perMin, 65_534);
  }

  /** A REGISTER of this phone: calls `onLoop` when it is one too many in its minute. */
  note(
    aor: string,
    aorHash: number,
    phone: Endpoint,
    nowMs: number,
    onLoop: (aor: string, source: string) => void,
  ): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== this.minute) this.turn(minute);
    const place = mix(aorHash, phone) & (CELLS - 1);
    const cell = this.cells[place]!;
    if (cell <= this.perMin) this.cells[place] = cell + 1;
    else if (this.nominated.size < MAX_COUNTED) this.nominate(aor, phone);
    if (this.watched.size > 0) this.count(aor, phone, onLoop);
  }

  private turn(minute: number): void {
    const isNext = minute === this.minute + 1;
    this.minute = minute;
    this.cells.fill(0);
    for (const counted of this.nominated.values()) counted.count = 0;
    this.watched = isNext ? this.nominated : new Map();
    this.nominated = new Map();
  }

  private nominate(aor: string, phone: Endpoint): void {
    const source = hostText(phone);
    const name = `${aor} ${source}`;
    if (!this.nominated.has(name)) this.nominated.set(name, { aor, source, count: 0 });
  }

  private count(aor: string, phone: Endpoint, onLoop: (aor: string, source: string) => void): void {
    const counted = this.watched.get(`${aor} ${hostText(phone)}`);
    if (counted === undefined) return;
    counted.count++;
    if (counted.count === this.perMin + 1) onLoop(aor, counted.source);
  }
}

function mix(hash: number, { a, b, c, d }: Endpoint): number {
  let mixed = Math.imul(hash ^ d, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ a ^ b ^ c, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
