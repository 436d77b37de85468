import type { MonitorCounts } from './counts.ts';
import { DomainCounts, OTHER_DOMAIN } from './counts.ts';

/** Hosts longer than DNS allows never become a label value. */
const MAX_DOMAIN_LENGTH = 253;

/**
 * Which domains are told apart. A host gets counts of its own by configuration or with its first 2xx, so
 * that a scanner's junk never becomes a label; past the maximum everything is `other`.
 */
export class Domains {
  private readonly all: Map<string, DomainCounts>;
  private readonly other: DomainCounts;
  private readonly max: number;

  constructor(counts: MonitorCounts, configured: readonly string[], max: number) {
    this.all = counts.domains;
    this.other = counts.domains.get(OTHER_DOMAIN) ?? new DomainCounts();
    this.all.set(OTHER_DOMAIN, this.other);
    this.max = max;
    for (const host of configured) this.admit(host.trim().toLowerCase());
  }

  of(host: string): DomainCounts {
    return this.all.get(host) ?? this.other;
  }

  /** The counts of a host that a registrar has accepted; made if there is room. */
  admit(host: string): DomainCounts {
    const known = this.all.get(host);
    if (known !== undefined) return known;
    if (host === '' || host.length > MAX_DOMAIN_LENGTH || this.all.size > this.max) return this.other;
    const made = new DomainCounts();
    this.all.set(host, made);
    return made;
  }
}
