import type { Address } from './address.ts';
import { address } from './address.ts';
import type { Outcome } from './client.ts';
import { Client } from './client.ts';
import type { CredentialFacts } from './facts.ts';
import { bytesOf, contactText, credentialsLine, registerText } from './messages.ts';
import type { Prng } from './prng.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * - crack: a password guesser that asks for a challenge before each guess
 * - crack_reusing: the same with one nonce for all guesses, rejected or not
 * - enumerate: REGISTERs without credentials for one extension after the other
 * - old_nonce: guesses with a nonce that it got long ago
 */
export const ATTACKS = ['crack', 'crack_reusing', 'enumerate', 'old_nonce'] as const;
export type Attack = (typeof ATTACKS)[number];

export interface AttackPlan {
  readonly attack: Attack;
  readonly number: number;
  readonly user: string;
  readonly domain: string;
  readonly startAtMs: number;
  readonly tries: number;
  readonly gapMs: number;
}

type Challenged = Omit<CredentialFacts, 'passwordIsRight'>;

const OLD_NONCE_MS = [40_000, 70_000] as const;

/** Somebody who registers what is not theirs: a new Call-ID for each challenge, CSeq 1 and 2, as sipvicious does. */
export class Attacker {
  private readonly plan: AttackPlan;
  private readonly world: Surroundings;
  private readonly prng: Prng;
  private readonly client: Client;
  private readonly source: Address;
  private left: number;
  private challenge: Challenged | undefined;
  private callId = '';

  constructor(plan: AttackPlan, world: Surroundings, prng: Prng) {
    this.plan = plan;
    this.world = world;
    this.prng = prng;
    this.client = new Client(world.scheduler, world.network, world.proxy);
    this.source = address(`198.51.100.${plan.number + 1}`, 5060);
    this.left = plan.tries;
    world.network.attach(this.source, (packet) => this.client.receive(packet));
    world.scheduler.at(plan.startAtMs, () => this.next());
  }

  private next(): void {
    if (this.left <= 0 || this.world.isQuiet()) return;
    this.left--;
    const keepsNonce = this.plan.attack === 'crack_reusing' || this.plan.attack === 'old_nonce';
    if (keepsNonce && this.challenge !== undefined) this.guess(this.challenge);
    else this.probe();
  }

  private pause(): void {
    this.world.scheduler.in(this.plan.gapMs * this.prng.between(0.5, 1.5), () => this.next());
  }

  private probe(): void {
    this.request(1, undefined, (outcome, challengedIn) => {
      const nonce = outcome === 'timeout' ? undefined : outcome.nonces[0];
      if (nonce === undefined || this.plan.attack === 'enumerate') {
        this.pause();
        return;
      }
      const challenge = { nonce, challengedIn };
      this.challenge = challenge;
      const waitMs =
        this.plan.attack === 'old_nonce' ? this.prng.between(...OLD_NONCE_MS) : this.prng.between(1, 50);
      this.world.scheduler.in(waitMs, () => this.guess(challenge));
    });
  }

  private guess(challenge: Challenged): void {
    this.request(2, { ...challenge, passwordIsRight: false }, () => this.pause());
  }

  private request(
    cseq: number,
    credentials: CredentialFacts | undefined,
    done: (outcome: Outcome, id: number) => void,
  ): void {
    const { plan, prng, source } = this;
    const isEnumerating = plan.attack === 'enumerate';
    const user = isEnumerating ? `${9000 + (plan.tries - this.left)}` : plan.user;
    if (credentials === undefined) this.callId = prng.hex(24);
    const { callId } = this;
    const contactId = `attacker${plan.number}/${user}`;
    const uri = `sip:${user}@${source.text}`;
    this.world.contactUris.set(uri, contactId);
    const transaction = {
      id: this.world.nextId(),
      aor: `${user}@${plan.domain}`,
      userIsKnown: !isEnumerating,
      attempt: credentials === undefined ? ('initial' as const) : ('with_credentials' as const),
      credentials,
      contacts: [{ contactId, isRemoval: false, version: 0, spelling: 0 }],
      removesAll: false,
      requestedSec: 3600,
      callId,
      cseq,
      userAgent: 'friendly-scanner',
      instance: undefined,
    };
    const name = this.world.challengeStatus === 407 ? 'Proxy-Authorization' : 'Authorization';
    const text = registerText({
      domain: plan.domain,
      sentBy: source.text,
      rport: true,
      branch: `z9hG4bK-${prng.hex(10)}`,
      toUri: `sip:${user}@${plan.domain}`,
      fromTag: prng.hex(16),
      callId,
      cseq,
      contacts: [contactText('brackets', uri, '')],
      expiresHeader: 3600,
      authorization:
        credentials === undefined
          ? []
          : [credentialsLine(name, user, plan.domain, credentials.nonce, prng.hex(32), 'usual')],
      userAgent: 'friendly-scanner',
      isCompact: false,
    });
    this.client.start(
      bytesOf(text),
      transaction,
      () => source,
      (outcome) => done(outcome, transaction.id),
    );
  }
}
