import { Endpoint, hostText } from '../sip/address.ts';

const MINUTE_MS = 60_000;
const CELLS = 65_536;
/** Phones that are counted one by one at a time. */
const MAX_COUNTED = 10_000;

/** A phone that is counted: the pair of an AOR and an address. */
class Counted {
  readonly aor: string;
  readonly phone = new Endpoint();
  readonly source: string;
  count = 0;
  /** Another phone of the same AOR. */
  next: Counted | undefined;

  constructor(aor: string, phone: Endpoint, next: Counted | undefined) {
    this.aor = aor;
    this.phone.copyFrom(phone);
    this.source = hostText(phone);
    this.next = next;
  }
}

/** Phones by their AOR, found without a text of their own: this is asked for every REGISTER of a storm. */
class CountedPhones {
  size = 0;
  private readonly byAor = new Map<string, Counted>();

  find(aor: string, phone: Endpoint): Counted | undefined {
    let counted = this.byAor.get(aor);
    while (counted !== undefined && !counted.phone.sameHost(phone)) counted = counted.next;
    return counted;
  }

  add(aor: string, phone: Endpoint): void {
    if (this.size === MAX_COUNTED || this.find(aor, phone) !== undefined) return;
    this.byAor.set(aor, new Counted(aor, phone, this.byAor.get(aor)));
    this.size++;
  }
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
  private watched = new CountedPhones();
  private nominated = new CountedPhones();

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
    else this.nominated.add(aor, phone);
    if (this.watched.size > 0) this.count(aor, phone, onLoop);
  }

  private turn(minute: number): void {
    const isNext = minute === this.minute + 1;
    this.minute = minute;
    this.cells.fill(0);
    this.watched = isNext ? this.nominated : new CountedPhones();
    this.nominated = new CountedPhones();
  }

  private count(aor: string, phone: Endpoint, onLoop: (aor: string, source: string) => void): void {
    const counted = this.watched.find(aor, phone);
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
