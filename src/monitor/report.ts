import { endpointText } from '../sip/address.ts';
import type { Binding } from './binding.ts';
import type { BindingView } from './binding-view.ts';
import { MAX_CONTACT_LENGTH, MAX_INSTANCE_LENGTH } from './contact-match.ts';
import type { MonitorCounts } from './counts.ts';
import type { Domains } from './domains.ts';
import type { EventGate } from './event-gate.ts';
import type { Exchange } from './exchange.ts';
import type { Change, Result, Table } from './lists.ts';
import { CHANGES, RESULTS, TABLES } from './lists.ts';
import type { ResponseReader } from './observe.ts';
import { MAX_USER_AGENT_LENGTH } from './observe.ts';
import type { Series } from './series.ts';
import { printable } from './texts.ts';
import type { Proof } from './verdict.ts';

/** Puts what was found out into counts, series and events: the one place that does. */
export class Report {
  private readonly counts: MonitorCounts;
  private readonly domains: Domains;
  private readonly series: Series;
  private readonly gate: EventGate;

  constructor(counts: MonitorCounts, domains: Domains, series: Series, gate: EventGate) {
    this.counts = counts;
    this.domains = domains;
    this.series = series;
    this.gate = gate;
  }

  /** A transaction's one result; `response` where there was one. */
  result(
    exchange: Exchange,
    result: Result,
    response: ResponseReader | undefined,
    proof: Proof,
    nowMs: number,
  ): void {
    const domain = result === 'ok' ? this.domains.admit(exchange.host) : this.domains.of(exchange.host);
    domain.results[RESULTS.indexOf(result)]!++;
    if (result === 'ok' || result === 'challenged' || !this.gate.isOpen(nowMs)) return;
    this.gate.tell({
      kind: 'registration',
      atMs: nowMs,
      aor: exchange.aor,
      source: endpointText(exchange.phone),
      userAgent: printable(exchange.userAgent, MAX_USER_AGENT_LENGTH),
      result,
      attempt: exchange.kind,
      status: response?.status ?? 0,
      sourceProven: proof === 'proven',
      ...(response?.retryAfterSec !== undefined && { retryAfterSec: response.retryAfterSec }),
      ...(response?.minExpiresSec !== undefined && { minExpiresSec: response.minExpiresSec }),
    });
  }

  /** How long an answer took. RFC 6076 §4.1: the registration delay is that of the leg that ends in success. */
  delay(exchange: Exchange, result: Result, status: number, atMs: number): void {
    const seconds = Math.max(0, atMs - exchange.firstAtMs) / 1000;
    if (status === 401 || status === 407) {
      this.counts.challengeSeconds.observe(seconds);
    } else if (result === 'ok') {
      this.counts.finalSeconds.observe(seconds);
      this.counts.handshakeSeconds.observe(Math.max(0, atMs - exchange.handshakeStartMs) / 1000);
    }
  }

  /** A plain refresh is counted and is no news: no event, no series. */
  change(change: Change, binding: Binding, nowMs: number): void {
    const { aor, domain } = binding.owner;
    domain.changes[CHANGES.indexOf(change)]!++;
    if (change === 'refreshed') return;
    if (change === 'added' || change === 'learned') this.series.promote(aor);
    this.series.add('binding_changes', aor, always);
    if (!this.gate.isOpen(nowMs)) return;
    this.gate.tell({
      kind: 'binding',
      atMs: nowMs,
      aor,
      source: sourceText(binding),
      userAgent: printable(binding.userAgent, MAX_USER_AGENT_LENGTH),
      change,
      contact: printable(binding.uri, MAX_CONTACT_LENGTH),
      grantedExpiresSec: binding.grantedExpiresSec,
    });
  }

  /** A grant, and the share of the last one that had passed before it (below 0: there was no last one). */
  grant(grantedSec: number, refreshRatio: number): void {
    this.counts.grantedExpiresSeconds.observe(grantedSec);
    if (refreshRatio >= 0) this.counts.refreshRatio.observe(refreshRatio);
  }

  eviction(table: Table): void {
    this.counts.evictions[TABLES.indexOf(table)]!++;
  }
}

/** Of an AOR whose bindings change. */
const always = (): boolean => true;

/** Where a binding's phone was last seen; empty for one that was only ever listed. */
function sourceText(binding: Binding): string {
  return binding.port === 0 ? '' : endpointText(binding.source);
}

export function viewOf(binding: Binding): BindingView {
  return {
    contact: printable(binding.uri, MAX_CONTACT_LENGTH),
    source: sourceText(binding),
    userAgent: printable(binding.userAgent, MAX_USER_AGENT_LENGTH),
    instance: printable(binding.instance, MAX_INSTANCE_LENGTH),
    regId: binding.regId,
    grantedExpiresSec: binding.grantedExpiresSec,
    refreshedAtMs: binding.refreshedAtMs,
    expiresAtMs: binding.expiresAtMs,
    learned: binding.learned,
  };
}
