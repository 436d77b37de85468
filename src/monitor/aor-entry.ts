import type { AorName } from './aor.ts';
import type { Binding } from './binding.ts';
import type { DomainCounts } from './counts.ts';

/** One AOR with its bindings, the latest first. */
export class AorEntry implements AorName {
  readonly aor: string;
  readonly host: string;
  readonly aorA: number;
  readonly aorB: number;
  /** Where its gauges and changes are counted; fixed with the first binding. */
  readonly domain: DomainCounts;
  first: Binding | undefined = undefined;
  /** Bindings in state `live`. */
  liveCount = 0;
  /** The storm's own: its number when this entry was made (-1: not yet noted), and when it was last back. */
  bornIn = -1;
  backIn = -1;
  /** Heard of since it was last moved to the end of those that must go first. */
  wasUsed = false;

  constructor({ aor, host, aorA, aorB }: AorName, domain: DomainCounts) {
    this.aor = aor;
    this.host = host;
    this.aorA = aorA;
    this.aorB = aorB;
    this.domain = domain;
  }
}
