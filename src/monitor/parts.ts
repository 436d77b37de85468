import { endpointText } from '../sip/address.ts';
import type { AorEntry } from './aor-entry.ts';
import { MonitorCounts } from './counts.ts';
import { Domains } from './domains.ts';
import { EventGate } from './event-gate.ts';
import type { Event } from './events.ts';
import { ExchangeTable } from './exchange.ts';
import { ImplicitStales } from './implicit-stale.ts';
import { Knowledge } from './knowledge.ts';
import { Ledger } from './ledger.ts';
import { Nonces } from './nonces.ts';
import { Notices } from './notices.ts';
import { OpenChallenges } from './open-challenges.ts';
import type { MonitorOptions } from './options.ts';
import type { RegistrarRecord } from './registrar-lists.ts';
import { RegistrarLists } from './registrar-lists.ts';
import { Report } from './report.ts';
import { Series } from './series.ts';
import { Storm } from './storm.ts';
import { Suspicion } from './suspicion.ts';

/** Implicit stales whose outcome may be open at a time. */
const MAX_PENDING = 16_384;

/** The state of a monitor, put together; and what its parts have to say to each other. */
export class Parts {
  /** The latest time that was passed in. */
  nowMs = Number.NEGATIVE_INFINITY;
  readonly counts = new MonitorCounts();
  readonly knowledge = new Knowledge();
  readonly gate: EventGate;
  readonly notices: Notices;
  readonly domains: Domains;
  readonly report: Report;
  readonly series: Series;
  readonly lists: RegistrarLists;
  readonly ledger: Ledger;
  readonly exchanges: ExchangeTable;
  readonly nonces: Nonces;
  readonly challenges: OpenChallenges;
  readonly implicitStales: ImplicitStales;
  readonly suspicion: Suspicion;
  readonly storm: Storm;
  private longestGrantSec = 0;

  constructor(options: MonitorOptions, label: (aor: string) => string, emit: (event: Event) => void) {
    const { maxExchanges, maxSources } = options;
    this.gate = new EventGate(emit, this.counts);
    this.notices = new Notices(this.gate);
    this.domains = new Domains(this.counts, options.configuredDomains, options.maxDomains);
    this.series = new Series(options.aorLabels === 'none' ? 0 : options.aorSeries, label);
    const report = new Report(this.counts, this.domains, this.series, this.gate);
    this.report = report;
    this.exchanges = new ExchangeTable(maxExchanges, () => report.eviction('exchanges'));
    const nonceEvicted = (): void => report.eviction('nonces');
    // One more than there are nonces: a challenge enters before its nonce makes another one go, and with it that challenge.
    this.challenges = new OpenChallenges(maxExchanges + 1, nonceEvicted);
    this.nonces = new Nonces(maxExchanges, this.challenges, nonceEvicted);
    const maxPending = Math.min(maxExchanges, MAX_PENDING);
    this.implicitStales = new ImplicitStales(maxPending, () => report.eviction('pending'));
    this.lists = new RegistrarLists(options.registrarLists);
    this.ledger = this.makeLedger(options.maxAors);
    this.storm = new Storm(options.storm, this.ledger, this.gate, (nowMs) =>
      this.knowledge.isWarmingUp(nowMs),
    );
    const evicted = (): void => report.eviction('sources');
    const { counts, gate, ledger } = this;
    this.suspicion = new Suspicion(options.suspicion, maxSources, { counts, gate, ledger, evicted });
  }

  /** The longest grant becomes known when a whole 2xx has been judged by what was known before it. */
  noteGrants(): void {
    this.knowledge.noteGrant(this.longestGrantSec);
  }

  private makeLedger(maxAors: number): Ledger {
    return new Ledger(maxAors, this.lists, {
      changed: (change, binding) => this.report.change(change, binding, this.nowMs),
      granted: (grantedSec, refreshRatio) => {
        this.longestGrantSec = Math.max(this.longestGrantSec, grantedSec);
        this.report.grant(grantedSec, refreshRatio);
      },
      mayBeKnown: (grantedSec) => this.knowledge.mayBeKnown(grantedSec, this.nowMs),
      hasLostSince: (atMs) => this.knowledge.hasLostSince(atMs),
      evicted: () => {
        this.report.eviction('aors');
        this.knowledge.noteEviction(this.nowMs);
      },
      listsOwn: (registrar) => this.onListsOwn(registrar),
      registered: (entry) => this.onRegistered(entry),
      gone: (entry) => this.storm.onGone(entry.aor, entry.bornIn, entry.backIn),
    });
  }

  private onListsOwn(registrar: RegistrarRecord): void {
    const detail = `${endpointText(registrar.address)} lists only the contacts of the request`;
    this.notices.tell('registrar_lists_own', '', detail, this.nowMs);
  }

  private onRegistered(entry: AorEntry): void {
    if (entry.bornIn < 0) entry.bornIn = this.storm.epoch;
    entry.backIn = this.storm.onRegistered(entry.aor, entry.bornIn, entry.backIn);
  }
}
