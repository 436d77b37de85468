import type { Address } from './address.ts';
import type { About } from './facts.ts';
import type { Prng } from './prng.ts';
import type { Scheduler } from './scheduler.ts';

export interface Packet {
  readonly from: Address;
  readonly to: Address;
  readonly bytes: Uint8Array;
  readonly about: About;
}

/** How a link treats each packet, drawn anew for each. */
export interface LinkQuality {
  readonly loss: number;
  readonly duplication: number;
  /** Chance of an extra delay, which lets later packets overtake. */
  readonly reordering: number;
  readonly delayMs: readonly [number, number];
  readonly extraDelayMs: number;
}

/** `access` lies between phones and the proxy, `core` between the proxy and the registrar. */
export type LinkName = 'access' | 'core';

interface Link {
  quality: LinkQuality;
  isCut: boolean;
}

export const PERFECT_LINK: LinkQuality = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  delayMs: [0.2, 2],
  extraDelayMs: 0,
};

/** Longest time that one packet spends on one link. */
export const MAX_LINK_DELAY_MS = 700;

/** Datagrams between addresses. What is sent to an address where nobody listens is lost, as behind a NAT that rebound. */
export class Network {
  private readonly scheduler: Scheduler;
  private readonly prng: Prng;
  private readonly receivers = new Map<string, (packet: Packet) => void>();
  private readonly links: Readonly<Record<LinkName, Link>>;
  sent = 0;
  lost = 0;

  constructor(scheduler: Scheduler, prng: Prng, qualities: Readonly<Record<LinkName, LinkQuality>>) {
    this.scheduler = scheduler;
    this.prng = prng;
    this.links = {
      access: { quality: qualities.access, isCut: false },
      core: { quality: qualities.core, isCut: false },
    };
  }

  attach(at: Address, receive: (packet: Packet) => void): void {
    this.receivers.set(at.text, receive);
  }

  detach(at: Address): void {
    this.receivers.delete(at.text);
  }

  cut(name: LinkName): void {
    this.links[name].isCut = true;
  }

  mend(name: LinkName): void {
    this.links[name].isCut = false;
  }

  /** Both links whole and of this quality from now on. */
  heal(quality: LinkQuality): void {
    for (const link of [this.links.access, this.links.core]) {
      link.quality = quality;
      link.isCut = false;
    }
  }

  send(name: LinkName, packet: Packet): void {
    const link = this.links[name];
    this.sent++;
    if (this.prng.chance(link.quality.duplication)) this.deliver(link, packet);
    this.deliver(link, packet);
  }

  private deliver(link: Link, packet: Packet): void {
    const { loss, reordering, delayMs, extraDelayMs } = link.quality;
    const isLost = this.prng.chance(loss) || link.isCut;
    const extra = this.prng.chance(reordering) ? this.prng.between(0, extraDelayMs) : 0;
    const delay = Math.min(this.prng.between(delayMs[0], delayMs[1]) + extra, MAX_LINK_DELAY_MS);
    if (isLost) {
      this.lost++;
      return;
    }
    this.scheduler.in(delay, () => this.receivers.get(packet.to.text)?.(packet));
  }
}
