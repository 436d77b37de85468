import { createHmac, timingSafeEqual } from 'node:crypto';

export type NonceState = 'fresh' | 'stale' | 'foreign';

/** Nonces that carry their own time and a signature, so that nothing has to be remembered (RFC 7616 §3.3). */
export class Nonces {
  private readonly lifetimeMs: number;
  private key: string;
  private made = 0;

  constructor(key: string, lifetimeMs: number) {
    this.key = key;
    this.lifetimeMs = lifetimeMs;
  }

  make(nowMs: number): string {
    this.made++;
    const body = `${Math.floor(nowMs).toString(16)}.${this.made.toString(16)}`;
    return `${body}.${this.sign(body)}`;
  }

  /** foreign: not signed with our key, such as one from before a restart. */
  stateOf(nonce: string, nowMs: number): NonceState {
    const lastDot = nonce.lastIndexOf('.');
    const body = nonce.slice(0, Math.max(lastDot, 0));
    const given = Buffer.from(nonce.slice(lastDot + 1), 'latin1');
    const right = Buffer.from(this.sign(body), 'latin1');
    if (given.length !== right.length || !timingSafeEqual(given, right)) return 'foreign';
    const madeAtMs = Number.parseInt(body, 16);
    return nowMs - madeAtMs <= this.lifetimeMs ? 'fresh' : 'stale';
  }

  /** What a restart does to a registrar that signs with a key of its own making. */
  rekey(key: string): void {
    this.key = key;
  }

  private sign(body: string): string {
    return createHmac('sha256', this.key).update(body).digest('hex').slice(0, 16);
  }
}
