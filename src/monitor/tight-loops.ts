import { Endpoint, hostText } from '../sip/address.ts';
import type { AorEntry } from './aor-entry.ts';
import type { Binding } from './binding.ts';
import type { Exchange } from './exchange.ts';

const MINUTE_MS = 60_000;
const CELLS = 65_536;
/** Phones that are counted one by one at a time. */
const MAX_COUNTED = 10_000;
const BUCKETS = 16_384;
/** Of what is too much in a cell so many nominate, and of the rest one in eight: who loops is among them all the same. */
const ALL_NOMINATE = 8;
const MAX_CELL = 65_535;

/** A phone that is counted: the pair of an AOR and an address. */
class Counted {
  readonly hash: number;
  readonly aor: string;
  readonly phone = new Endpoint();
  readonly source: string;
  count = 0;
  /** In this minute. */
  isTold = false;
  /** To be counted in the next minute, too. */
  isNominated = false;
  /** Another phone of the same bucket. */
  next: Counted | undefined;

  constructor(hash: number, aor: string, phone: Endpoint, next: Counted | undefined) {
    this.hash = hash;
    this.aor = aor;
    this.phone.copyFrom(phone);
    this.source = hostText(phone);
    this.next = next;
  }
}

/** Phones by a hash that the caller has anyway: this is asked for every REGISTER of a storm. */
class CountedPhones {
  size = 0;
  private readonly buckets = new Array<Counted | undefined>(BUCKETS).fill(undefined);

  find(hash: number, aor: string, phone: Endpoint): Counted | undefined {
    let counted = this.buckets[hash & (BUCKETS - 1)];
    while (counted !== undefined && !isPhone(counted, hash, aor, phone)) counted = counted.next;
    return counted;
  }

  add(hash: number, aor: string, phone: Endpoint): void {
    if (this.size === MAX_COUNTED || this.find(hash, aor, phone) !== undefined) return;
    const place = hash & (BUCKETS - 1);
    this.buckets[place] = new Counted(hash, aor, phone, this.buckets[place]);
    this.size++;
  }
}

function isPhone(counted: Counted, hash: number, aor: string, phone: Endpoint): boolean {
  return counted.hash === hash && counted.aor === aor && counted.phone.sameHost(phone);
}

/** Whose REGISTER it is. */
type Sender = Pick<Exchange, 'aor' | 'aorA' | 'phone'>;
type OnLoop = (aor: string, source: string) => void;

/**
 * Phones that send REGISTER after REGISTER. Who says again what registered a binding is counted in that binding. All
 * others may be anybody, and to count them one by one would cost more than everything else here; so a small table of
 * counters, shared by whatever hashes to the same place, says each minute whom to watch, and only those are
 * counted by name in the minute that follows.
 */
export class TightLoops {
  private readonly perMin: number;
  private readonly cells = new Uint16Array(CELLS);
  private minute = Number.NaN;
  private watched = new CountedPhones();
  private nominated = new CountedPhones();

  constructor(perMin: number) {
    this.perMin = Math.min(perMin, MAX_CELL - 1);
  }

  /**
   * A REGISTER that says what registered this binding, from where its phone is: calls `onLoop` when it is one too many in
   * its minute.
   */
  noteRepeat(binding: Binding, nowMs: number, onLoop: OnLoop): void {
    const count = binding.countRepeat(minuteOf(nowMs));
    if (count === this.perMin + 1) onLoop(binding.owner.aor, hostText(binding.source));
  }

  /**
   * Any other REGISTER of a phone, whose AOR has this entry: calls `onLoop` when it is one too many in its minute, those that
   * were counted in bindings included.
   */
  note({ aor, aorA, phone }: Sender, entry: AorEntry | undefined, nowMs: number, onLoop: OnLoop): void {
    const minute = minuteOf(nowMs);
    if (minute !== this.minute) this.turn(minute);
    const hash = mix(aorA, phone);
    const repeats = repeatsOf(entry, phone, minute);
    const counted = this.watched.size > 0 ? this.watched.find(hash, aor, phone) : undefined;
    if (nominates(this.excessOf(hash) + repeats)) this.nominate(hash, aor, phone, counted);
    if (counted === undefined) return;
    counted.count++;
    if (counted.isTold || counted.count + repeats <= this.perMin) return;
    counted.isTold = true;
    onLoop(aor, counted.source);
  }

  /** How many phones of this hash, together, sent before this one that were too many. */
  private excessOf(hash: number): number {
    const place = hash & (CELLS - 1);
    const cell = this.cells[place]!;
    if (cell < MAX_CELL) this.cells[place] = cell + 1;
    return cell - this.perMin;
  }

  private nominate(hash: number, aor: string, phone: Endpoint, counted: Counted | undefined): void {
    if (counted?.isNominated) return;
    if (counted !== undefined) counted.isNominated = true;
    this.nominated.add(hash, aor, phone);
  }

  private turn(minute: number): void {
    const isNext = minute === this.minute + 1;
    this.minute = minute;
    this.cells.fill(0);
    this.watched = isNext ? this.nominated : new CountedPhones();
    this.nominated = new CountedPhones();
  }
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / MINUTE_MS);
}

/** REGISTERs of this phone in this minute that were counted in bindings. */
function repeatsOf(entry: AorEntry | undefined, phone: Endpoint, minute: number): number {
  let count = 0;
  for (let binding = entry?.first; binding !== undefined; binding = binding.nextOfAor) {
    if (binding.isAtHost(phone)) count += binding.repeatsIn(minute);
  }
  return count;
}

/** One in eight, strewn: two phones that take turns in one cell are both met whatever their rhythm. */
function nominates(excess: number): boolean {
  if (excess <= ALL_NOMINATE) return excess > 0;
  const strewn = Math.imul(excess, 0x9e3779b1);
  return Math.imul(strewn ^ (strewn >>> 15), 0x85ebca6b) >>> 29 === 0;
}

/** `hash` is keyed; so nobody can choose addresses that come out equal. */
function mix(hash: number, { a, b, c, d }: Endpoint): number {
  let mixed = Math.imul(hash ^ a, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 15) ^ b, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13) ^ c, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16) ^ d, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
