/**
 * Which registrar is active: one for all traffic at once, never one per packet, because a proxy that fails
 * over for a single request must remember it for the next and is stateless no longer (RFC 3263 §4.4).
 */

/** What the forwarding thread counted about one registrar since the start; every number only grows. */
export interface HealthFacts {
  /** Requests sent to it that a registrar must answer (REGISTER; never ACK, which nobody answers). */
  readonly sent: number;
  /** Datagrams that came from it, answers to probes included. */
  readonly heard: number;
  /** Sends that came back as an ICMP error. */
  readonly refused: number;
}

/** unknown: nothing was sent to it yet, or too little to tell. */
export type Health = 'up' | 'down' | 'unknown';

export interface Switch {
  readonly from: number;
  readonly to: number;
  readonly why: 'silent' | 'refused' | 'preferred_is_back';
}

/** A phone repeats a REGISTER at 0.5, 1.5, 3.5 and 7.5 s (RFC 3261 §17.1.2.2): silence beyond that is no slow answer. */
export const SILENT_AFTER_MS = 8_000;
/** Fewer unanswered requests than this prove nothing. */
export const SILENT_AFTER_REQUESTS = 4;
/** An ICMP error can be forged, so it counts only where nothing is heard either. */
export const REFUSED_AFTER_MS = 2_000;
/** Traffic goes back to a preferred registrar when it is heard this long after its fault. */
export const TRUSTED_AFTER_MS = 30_000;

class Registrar {
  health: Health = 'unknown';
  heard = 0;
  /** When it fell silent: the first look that saw requests and no answer; -1 = it did not. */
  silentSinceMs = -1;
  sentWhenHeard = 0;
  refusedWhenHeard = 0;
  private downAtMs = Number.NEGATIVE_INFINITY;
  private lastHeardMs = Number.NEGATIVE_INFINITY;

  observe(facts: HealthFacts, nowMs: number): void {
    if (facts.heard > this.heard) {
      this.takeSignOfLife(facts, nowMs);
      return;
    }
    if (facts.sent === this.sentWhenHeard && facts.refused === this.refusedWhenHeard) return;
    if (this.silentSinceMs < 0) this.silentSinceMs = nowMs;
    if (this.health !== 'down' && this.fault(facts, nowMs) !== undefined) {
      this.health = 'down';
      this.downAtMs = nowMs;
    }
  }

  private takeSignOfLife(facts: HealthFacts, nowMs: number): void {
    this.heard = facts.heard;
    this.sentWhenHeard = facts.sent;
    this.refusedWhenHeard = facts.refused;
    this.silentSinceMs = -1;
    this.lastHeardMs = nowMs;
    this.health = 'up';
  }

  fault(facts: HealthFacts, nowMs: number): 'silent' | 'refused' | undefined {
    if (this.silentSinceMs < 0) return undefined;
    const silentMs = nowMs - this.silentSinceMs;
    if (facts.refused > this.refusedWhenHeard && silentMs >= REFUSED_AFTER_MS) return 'refused';
    const unanswered = facts.sent - this.sentWhenHeard;
    return unanswered >= SILENT_AFTER_REQUESTS && silentMs >= SILENT_AFTER_MS ? 'silent' : undefined;
  }

  /** Up, and not by a late answer to what was sent before its fault. */
  get isTrusted(): boolean {
    return this.health === 'up' && this.lastHeardMs - this.downAtMs >= TRUSTED_AFTER_MS;
  }

  /** Starts its trial: what was sent before it became active says nothing about now. */
  activate(facts: HealthFacts): void {
    this.health = 'unknown';
    this.silentSinceMs = -1;
    this.sentWhenHeard = facts.sent;
    this.refusedWhenHeard = facts.refused;
  }
}

/** The choice among registrars in the operator's order. Give it the facts about once a second. */
export class RegistrarSelection {
  /** Place in the operator's order. */
  active = 0;
  private readonly registrars: readonly Registrar[];

  constructor(count: number) {
    this.registrars = Array.from({ length: count }, () => new Registrar());
  }

  healthOf(place: number): Health {
    return this.registrars[place]?.health ?? 'unknown';
  }

  /** `facts` in the operator's order; answers the switch that was made, if one was. */
  observe(facts: readonly HealthFacts[], nowMs: number): Switch | undefined {
    for (const [i, registrar] of this.registrars.entries()) {
      if (facts[i] !== undefined) registrar.observe(facts[i], nowMs);
    }
    const back = this.preferredThatIsBack();
    if (back !== undefined) return this.switchTo(back, 'preferred_is_back', facts);
    const current = this.registrars[this.active];
    const currentFacts = facts[this.active];
    if (current?.health !== 'down' || currentFacts === undefined || this.registrars.length < 2)
      return undefined;
    return this.switchTo(this.next(), current.fault(currentFacts, nowMs) ?? 'silent', facts);
  }

  /** One before the active in the order, once it has been heard again. */
  private preferredThatIsBack(): number | undefined {
    for (let i = 0; i < this.active; i++) if (this.registrars[i]!.isTrusted) return i;
    return undefined;
  }

  /** The first that is not known to be down; where all are, the next in the round, so that each gets its trial. */
  private next(): number {
    const count = this.registrars.length;
    for (let i = 0; i < count; i++) if (this.registrars[i]!.health !== 'down') return i;
    return (this.active + 1) % count;
  }

  private switchTo(to: number, why: Switch['why'], facts: readonly HealthFacts[]): Switch {
    const from = this.active;
    this.active = to;
    if (facts[to] !== undefined && why !== 'preferred_is_back') this.registrars[to]!.activate(facts[to]);
    return { from, to, why };
  }
}
