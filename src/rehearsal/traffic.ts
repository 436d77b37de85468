/** So many batches within so many ms are traffic that rehearses better than we do. */
export const BUSY_BATCHES = 50;
export const WINDOW_MS = 100;

/** Says how much there is to do beside a rehearsal, by the times at which batches came. */
export class Traffic {
  private heardAtMs = Number.NEGATIVE_INFINITY;
  private windowAtMs = Number.NEGATIVE_INFINITY;
  private batches = 0;
  private wasBusy = false;

  /**
   * Whether there is time to play. `heardAtMs`: when the last batch came. `later`: there is, but one came since the last look,
   * and more may be right behind it.
   */
  isQuiet(nowMs: number, heardAtMs: number): 'now' | 'later' | 'no' {
    const isNews = heardAtMs !== this.heardAtMs;
    this.heardAtMs = heardAtMs;
    if (nowMs - this.windowAtMs >= WINDOW_MS) {
      this.wasBusy = this.batches >= BUSY_BATCHES;
      this.batches = 0;
      this.windowAtMs = nowMs;
    }
    if (isNews) this.batches++;
    if (this.wasBusy || this.batches >= BUSY_BATCHES) return 'no';
    return isNews ? 'later' : 'now';
  }
}
