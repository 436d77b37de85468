/**
 * A token bucket over the answers that we make ourselves: whoever forges sources can't use us to flood a
 * third party. One second's worth may come at once.
 */
export class ReplyLimiter {
  private readonly perSecond: number;
  private tokens: number;
  private atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.perSecond = perSecond;
    this.tokens = perSecond;
    this.atMs = nowMs;
  }

  admits(nowMs: number): boolean {
    this.tokens = Math.min(this.perSecond, this.tokens + ((nowMs - this.atMs) / 1000) * this.perSecond);
    this.atMs = nowMs;
    if (this.tokens < 1) return false;
    this.tokens--;
    return true;
  }
}
