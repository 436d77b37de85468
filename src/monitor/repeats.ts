import type { Binding } from './binding.ts';

/** Where a fingerprint leads: side by side, so that they are looked at together. */
const BUCKET = 4;
/** Powers of two. */
const FIRST_PLACES = 1024;
const MAX_PLACES = 1 << 22;
const NONE = -1;

/**
 * Bindings by the fingerprint of the REGISTER that registered them last. It may forget: what is not found is read. Each
 * fingerprint may lie in one of two buckets, one for each of its halves: with one alone, every eighth would have to share
 * a full one.
 */
export class Repeats {
  private places = new Array<Binding | undefined>(FIRST_PLACES).fill(undefined);
  /** First halves, by place: no binding is looked at in vain, which would be memory that is in no cache. */
  private halves = new Int32Array(FIRST_PLACES);
  private count = 0;

  /** The binding whose last REGISTER had this fingerprint. */
  find(a: number, b: number): Binding | undefined {
    return this.findIn(this.bucketOf(a), a, b) ?? this.findIn(this.bucketOf(b), a, b);
  }

  private findIn(first: number, a: number, b: number): Binding | undefined {
    const { halves, places } = this;
    for (let place = first; place < first + BUCKET; place++) {
      if (halves[place] !== a) continue;
      const binding = places[place];
      if (binding !== undefined && binding.saidB === b) return binding;
    }
    return undefined;
  }

  /** Enters a binding, which must not be here, under a fingerprint. */
  enter(binding: Binding, a: number, b: number): void {
    if (a === 0 && b === 0) return;
    if (this.count * 2 >= this.places.length && this.places.length < MAX_PLACES) this.grow();
    binding.saidA = a;
    binding.saidB = b;
    this.put(binding);
  }

  /** Takes a binding out, if it is here. */
  remove(binding: Binding): void {
    const { saidA, saidB } = binding;
    if (saidA === 0 && saidB === 0) return;
    let place = this.placeIn(this.bucketOf(saidA), binding);
    if (place === NONE) place = this.placeIn(this.bucketOf(saidB), binding);
    if (place !== NONE) this.clear(place);
  }

  private put(binding: Binding): void {
    const first = this.bucketOf(binding.saidA);
    let place = this.placeIn(first, undefined);
    if (place === NONE) place = this.placeIn(this.bucketOf(binding.saidB), undefined);
    if (place === NONE) {
      place = first + (binding.saidB & (BUCKET - 1));
      this.clear(place);
    }
    this.places[place] = binding;
    this.halves[place] = binding.saidA;
    this.count++;
  }

  /** Where in a bucket this binding, or nothing, stands; or NONE. */
  private placeIn(first: number, binding: Binding | undefined): number {
    const { places } = this;
    for (let place = first; place < first + BUCKET; place++) if (places[place] === binding) return place;
    return NONE;
  }

  private clear(place: number): void {
    const binding = this.places[place]!;
    binding.saidA = 0;
    binding.saidB = 0;
    this.places[place] = undefined;
    this.count--;
  }

  private bucketOf(half: number): number {
    return Math.imul(half, BUCKET) & (this.places.length - 1);
  }

  private grow(): void {
    const before = this.places;
    this.places = new Array<Binding | undefined>(before.length * 2).fill(undefined);
    this.halves = new Int32Array(this.places.length);
    this.count = 0;
    for (const binding of before) if (binding !== undefined) this.put(binding);
  }
}
