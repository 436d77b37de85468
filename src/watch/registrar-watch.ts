import type { UnsignedAssignment } from '../forwarding/protocol.ts';
import type { ForwardingThread } from '../forwarding/thread.ts';
import type { Log } from '../log.ts';
import type { RegistrarState } from '../metrics/sources.ts';
import { monotonicMs } from '../net/clock.ts';
import type { Refresh } from '../registrars/refresh.ts';
import { refreshAddresses } from '../registrars/refresh.ts';
import type { HealthFacts } from '../registrars/selection.ts';
import { RegistrarSelection } from '../registrars/selection.ts';
import type { Endpoint } from '../sip/address.ts';
import { endpointText } from '../sip/address.ts';

export interface RegistrarWatchParts {
  /** As resolved at the start, in the operator's order. */
  readonly registrars: readonly Endpoint[];
  readonly resolve: () => Promise<readonly Endpoint[]>;
  readonly plan: (registrars: readonly Endpoint[], active: number) => Promise<UnsignedAssignment>;
  readonly forwarding: ForwardingThread;
  readonly log: Log;
  /** How often names are looked up again; default: see refreshAddresses. */
  readonly refreshEveryMs?: number | undefined;
}

const LOOK_EVERY_MS = 1000;

/**
 * Keeps the forwarding worker pointed at a registrar that answers: all traffic at once, by what the worker
 * itself counted, and again when names lead elsewhere.
 */
export class RegistrarWatch {
  private readonly parts: RegistrarWatchParts;
  private registrars: readonly Endpoint[];
  private selection: RegistrarSelection;
  /** The worker counts by place and never starts over; a new list starts from here. */
  private baseline: readonly HealthFacts[];
  /** One plan after the other, so that an older one never comes last. */
  private planning: Promise<void> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;
  private readonly refresh: Refresh;

  constructor(parts: RegistrarWatchParts) {
    this.parts = parts;
    this.registrars = parts.registrars;
    this.selection = new RegistrarSelection(parts.registrars.length);
    this.baseline = parts.registrars.map(() => ({ sent: 0, heard: 0, refused: 0 }));
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.refresh = refreshAddresses(
      parts.registrars,
      parts.resolve,
      (found) => this.use(found),
      (error) =>
        parts.log.warn({ err: error }, 'registrar names could not be looked up; the last addresses stay'),
      parts.refreshEveryMs,
    );
  }

  states(): RegistrarState[] {
    return this.registrars.map((registrar, place) => ({
      name: endpointText(registrar),
      up: this.selection.healthOf(place) !== 'down',
      active: place === this.selection.active,
    }));
  }

  stop(): void {
    clearInterval(this.timer);
    this.refresh.stop();
  }

  private look(): void {
    const change = this.selection.observe(this.facts(), monotonicMs());
    if (change === undefined) return;
    const [from, to] = [change.from, change.to].map((place) => endpointText(this.registrars[place]!));
    this.parts.log.warn({ from, to, why: change.why }, 'the active registrar changes');
    this.planning = this.planning.then(() => this.assign());
  }

  private use(found: readonly Endpoint[]): void {
    this.parts.log.warn({ registrars: found.map(endpointText) }, 'the registrars have other addresses now');
    this.registrars = found;
    this.selection = new RegistrarSelection(found.length);
    this.baseline = found.map((_, place) => this.counted(place));
    this.planning = this.planning.then(() => this.assign());
  }

  private async assign(): Promise<void> {
    try {
      const assignment = await this.parts.plan(this.registrars, this.selection.active);
      this.parts.forwarding.assign(assignment);
    } catch (error) {
      this.parts.log.error({ err: error }, 'the registrar can not be used; the last routes stay');
    }
  }

  private facts(): HealthFacts[] {
    return this.registrars.map((_, place) => {
      const { sent, heard, refused } = this.counted(place);
      const before = this.baseline[place]!;
      return { sent: sent - before.sent, heard: heard - before.heard, refused: refused - before.refused };
    });
  }

  private counted(place: number): HealthFacts {
    const { counters } = this.parts.forwarding;
    return {
      sent: counters.health(place, 'sent'),
      heard: counters.health(place, 'heard'),
      refused: counters.health(place, 'refused'),
    };
  }
}
