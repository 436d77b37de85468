import { EXPIRY_GRACE_MS } from './binding.ts';

/** After a start, absence proves nothing for this long at most, whatever the longest grant. */
export const MAX_WARM_UP_SEC = 3600;

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * How much of the traffic we have seen, and so what absence from our tables proves. A contact that we don't
 * know is new only if we would know it had it been there before.
 */
export class Knowledge {
  private startMs = Number.NaN;
  private lossMs = NEVER;
  private evictionMs = NEVER;
  private longestGrantSec = 0;

  start(nowMs: number): void {
    if (Number.isNaN(this.startMs)) this.startMs = nowMs;
  }

  noteGrant(grantedSec: number): void {
    if (grantedSec > this.longestGrantSec) this.longestGrantSec = grantedSec;
  }

  /** Tap records were lost. */
  noteLoss(nowMs: number): void {
    this.lossMs = nowMs;
  }

  /** An AOR was pushed out by our limit: it will come back as one that we don't know. */
  noteEviction(nowMs: number): void {
    this.evictionMs = nowMs;
  }

  /** Until min(longest grant seen, MAX_WARM_UP_SEC) has passed since the start; with no grant seen, the maximum. */
  isWarmingUp(nowMs: number): boolean {
    const longestSec = this.longestGrantSec === 0 ? MAX_WARM_UP_SEC : this.longestGrantSec;
    return !(nowMs - this.startMs >= Math.min(longestSec, MAX_WARM_UP_SEC) * 1000);
  }

  /** True where an unknown contact that is granted this long may have been there before, unseen. */
  mayBeKnown(grantedSec: number, nowMs: number): boolean {
    const gapMs = Math.max(this.lossMs, this.evictionMs);
    return this.isWarmingUp(nowMs) || nowMs - gapMs < grantedSec * 1000 + EXPIRY_GRACE_MS;
  }

  /** True where records were lost since then: what did not come may have come unseen. */
  hasLostSince(atMs: number): boolean {
    return this.lossMs >= atMs;
  }
}
