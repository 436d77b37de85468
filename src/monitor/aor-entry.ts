import type { Binding } from './binding.ts';
import type { DomainCounts } from './counts.ts';

/** One AOR with its bindings, the latest first. */
export class AorEntry {
  readonly aor: string;
  /** Where its gauges and changes are counted; fixed with the first binding. */
  readonly domain: DomainCounts;
  first: Binding | undefined = undefined;
  /** Bindings in state `live`. */
  liveCount = 0;
  /** The storm's own: its number when this entry was made (-1: not yet noted), and when it was last back. */
  bornIn = -1;
  backIn = -1;

  constructor(aor: string, domain: DomainCounts) {
    this.aor = aor;
    this.domain = domain;
  }
}
