/**
 * A bounded table of what is forgotten by age: two maps, of which the older one is dropped as a whole each
 * time the span is over. Entries live for one to two spans. What comes and goes with every registration
 * costs no deletion this way, and no order to keep; that is why it is not an LRU cache.
 */
export class Generations<V> {
  private readonly halfMax: number;
  private readonly spanMs: number;
  private readonly onEvict: (value: V) => void;
  private young = new Map<string, V>();
  private old = new Map<string, V>();
  private turnedMs = Number.NaN;

  /** `onEvict` gets each entry that had to go early because there were more than `max`. */
  constructor(max: number, spanMs: number, onEvict: (value: V) => void) {
    this.halfMax = Math.max(1, Math.floor(max / 2));
    this.spanMs = spanMs;
    this.onEvict = onEvict;
  }

  get(key: string): V | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }

  /** Enters a value, or makes it young again. */
  set(key: string, value: V): void {
    if (this.young.size >= this.halfMax && !this.young.has(key)) this.makeRoom();
    this.young.set(key, value);
  }

  advance(nowMs: number): void {
    if (Number.isNaN(this.turnedMs)) this.turnedMs = nowMs;
    if (nowMs - this.turnedMs < this.spanMs) return;
    this.old = nowMs - this.turnedMs < 2 * this.spanMs ? this.young : new Map();
    this.young = new Map();
    this.turnedMs = nowMs;
  }

  private makeRoom(): void {
    for (const [key, value] of this.old) if (!this.young.has(key)) this.onEvict(value);
    this.old = this.young;
    this.young = new Map();
  }
}
