/** Timers of a client transaction over UDP (RFC 3261 §17.1.2.2). */
const T1_MS = 500;
const T2_MS = 4_000;
const TIMER_F_MS = 64 * T1_MS;

/** One request of a phone that waits for its final response: when to send it again, when to give it up. */
export class Exchange {
  readonly bytes: Uint8Array;
  readonly branch: string;
  private readonly giveUpAtMs: number;
  private intervalMs = T1_MS;
  private resendAtMs: number;

  constructor(bytes: Uint8Array, branch: string, nowMs: number) {
    this.bytes = bytes;
    this.branch = branch;
    this.resendAtMs = nowMs + T1_MS;
    this.giveUpAtMs = nowMs + TIMER_F_MS;
  }

  get nextAtMs(): number {
    return Math.min(this.resendAtMs, this.giveUpAtMs);
  }

  tick(nowMs: number): 'wait' | 'resend' | 'give_up' {
    if (nowMs >= this.giveUpAtMs) return 'give_up';
    if (nowMs < this.resendAtMs) return 'wait';
    this.intervalMs = Math.min(this.intervalMs * 2, T2_MS);
    this.resendAtMs = nowMs + this.intervalMs;
    return 'resend';
  }
}
