import type { Binding } from './binding.ts';

/** Where a fingerprint leads: side by side, so that they are looked at together. */
const BUCKET = 4;
/** Powers of two. */
const FIRST_PLACES = 1024;
const MAX_PLACES = 1 << 22;

/**
 * Bindings by the fingerprint of the REGISTER that registered them last. It may forget: what is not found is read.
 */
export class Repeats {
  private places = new Array<Binding | undefined>(FIRST_PLACES).fill(undefined);
  private count = 0;

  /** The binding whose last REGISTER had this fingerprint. */
  find(a: number, b: number): Binding | undefined {
    const { places } = this;
    const first = this.bucketOf(a);
    for (let place = first; place < first + BUCKET; place++) {
      const binding = places[place];
      if (binding !== undefined && binding.saidA === a && binding.saidB === b) return binding;
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
    if (binding.saidA === 0 && binding.saidB === 0) return;
    const { places } = this;
    const first = this.bucketOf(binding.saidA);
    for (let place = first; place < first + BUCKET; place++) if (places[place] === binding) this.clear(place);
  }

  private put(binding: Binding): void {
    const { places } = this;
    const first = this.bucketOf(binding.saidA);
    let place = first;
    while (place < first + BUCKET && places[place] !== undefined) place++;
    if (place === first + BUCKET) {
      place = first + (binding.saidB & (BUCKET - 1));
      this.clear(place);
    }
    places[place] = binding;
    this.count++;
  }

  private clear(place: number): void {
    const binding = this.places[place]!;
    binding.saidA = 0;
    binding.saidB = 0;
    this.places[place] = undefined;
    this.count--;
  }

  private bucketOf(a: number): number {
    return Math.imul(a, BUCKET) & (this.places.length - 1);
  }

  private grow(): void {
    const before = this.places;
    this.places = new Array<Binding | undefined>(before.length * 2).fill(undefined);
    this.count = 0;
    for (const binding of before) if (binding !== undefined) this.put(binding);
  }
}
