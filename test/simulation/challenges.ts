import type { TransactionFacts, Verdict } from './facts.ts';
import type { Prng } from './prng.ts';
import type { Profile } from './profiles.ts';

interface Issued {
  readonly atMs: number;
  /** Which life of the registrar issued it: a restart makes a new key. */
  readonly life: number;
}

interface Call {
  nonce: string;
  lastMs: number;
}

/** chan_sip forgets a Call-ID this long after its last transaction. */
const CALL_LIFETIME_MS = 32_000;

/** The nonces of a registrar: issued, and judged when they come back. The model simply knows whether the password was right. */
export class Challenges {
  private readonly profile: Profile;
  private readonly prng: Prng;
  private readonly issued = new Map<string, Issued>();
  private readonly calls = new Map<string, Call>();
  private life = 0;

  constructor(profile: Profile, prng: Prng) {
    this.profile = profile;
    this.prng = prng;
  }

  /** A restart: every nonce from before is unknown. */
  rekey(): void {
    this.life++;
    this.calls.clear();
  }

  issue(transaction: TransactionFacts, nowMs: number, wallMs: number): string[] {
    const nonces: string[] = [];
    for (let i = 0; i < this.profile.challengesPerReply; i++) {
      const nonce = this.make(wallMs);
      this.issued.set(nonce, { atMs: nowMs, life: this.life });
      this.calls.set(transaction.callId, { nonce, lastMs: nowMs });
      nonces.push(nonce);
    }
    return nonces;
  }

  private make(wallMs: number): string {
    const second = Math.floor(wallMs / 1000);
    switch (this.profile.nonces) {
      case 'per_second':
        return `${second.toString(16)}-${this.life.toString(16)}-kam`;
      case 'unique':
        return `${second}/${this.prng.hex(24)}`;
      case 'per_call':
        return this.prng.hex(8);
      case 'ses':
        return Buffer.from(`${second}:SDFServerSecretKey:${this.prng.int(1e8, 9e8)}`).toString('base64');
    }
  }

  /** What is the matter with the credentials of a request; 'accepted' = nothing. */
  judge(transaction: TransactionFacts, nowMs: number): Verdict {
    const { credentials } = transaction;
    if (credentials === undefined) return 'no_credentials';
    const isPerCall = this.profile.nonces === 'per_call';
    const nonce = isPerCall ? this.judgeCall(transaction, nowMs) : this.judgeNonce(credentials.nonce, nowMs);
    const password: Verdict = !transaction.userIsKnown
      ? 'unknown_user'
      : credentials.passwordIsRight
        ? 'accepted'
        : 'wrong_password';
    // chan_sip with no nonce kept for this Call-ID doesn't look at the digest at all.
    const isNonceFirst = this.profile.checksFirst === 'nonce' || (isPerCall && nonce === 'nonce_unknown');
    const [first, second] = isNonceFirst ? [nonce, password] : [password, nonce];
    return first === 'accepted' ? second : first;
  }

  private judgeNonce(nonce: string, nowMs: number): Verdict {
    const issued = this.issued.get(nonce);
    if (issued === undefined || issued.life !== this.life) return 'nonce_unknown';
    return nowMs - issued.atMs > this.profile.nonceLifetimeSec * 1000 ? 'nonce_expired' : 'accepted';
  }

  /** chan_sip compares with the one nonce that it keeps beside the Call-ID. */
  private judgeCall(transaction: TransactionFacts, nowMs: number): Verdict {
    const call = this.calls.get(transaction.callId);
    if (call === undefined || nowMs - call.lastMs > CALL_LIFETIME_MS) return 'nonce_unknown';
    call.lastMs = nowMs;
    return call.nonce === transaction.credentials?.nonce ? 'accepted' : 'nonce_expired';
  }
}
