import type { AttemptKind } from '../../src/monitor/lists.ts';
import type { Address } from './address.ts';
import { address } from './address.ts';
import type { Outcome } from './client.ts';
import { Client } from './client.ts';
import type { ContactFacts, CredentialFacts, ReplyFacts, TransactionFacts } from './facts.ts';
import { bytesOf, contactText, credentialsLine, registerText } from './messages.ts';
import type { LifeEvent, PhoneTraits } from './phone-traits.ts';
import type { Prng } from './prng.ts';
import type { Planned } from './scheduler.ts';
import type { Surroundings } from './surroundings.ts';

type Job = 'register' | 'unregister' | 'unregister_all' | 'query';

/** Nothing sent before a reboot is still on its way after it: longer than four links and the slowest registrar. */
const BOOT_MS = [8000, 25_000] as const;
const BUSY_AGAIN_MS = 700;
/** Phones of one kind boot in the same time, give or take. */
const MOSTLY_AT_ONCE_MS = 1500;
const MIN_REFRESH_MS = 4000;
const MAX_CHALLENGES_ANSWERED = 6;

/** Stands for host and port in a Contact URI. */
const HOST = '{host}';

/** Its Contact URI in ways that RFC 3261 §19.1.4 takes for equal. */
function spellingsOf({ user, contactStyle }: PhoneTraits): string[] {
  const escaped = `%3${user[0]}${user.slice(1)}`;
  // Behind a bare URI parameters belong to the header, so it has none (§20.10).
  if (contactStyle === 'bare')
    return [`sip:${user}@${HOST}`, `sip:${user}@${HOST}`, `sip:${escaped}@${HOST}`];
  return [
    `sip:${user}@${HOST};transport=udp;ob`,
    `sip:${user}@${HOST};ob;Transport=UDP`,
    `sip:${escaped}@${HOST};ob;transport=udp`,
  ];
}

/** A phone: it registers, answers challenges, refreshes, and has a life in which things go wrong. */
export class Phone {
  readonly traits: PhoneTraits;
  private readonly world: Surroundings;
  private readonly prng: Prng;
  private readonly client: Client;
  private isRunning = false;
  private hasNoPower = false;
  private job: Job | undefined;
  private refresh: Planned | undefined;
  private boots = 0;
  private source: Address;
  private listen: Address;
  private callId = '';
  private fromTag = '';
  private cseq = 0;
  private challenge: { readonly nonce: string; readonly challengedIn: number } | undefined;
  private passwordIsRight: boolean;
  private expiresSec: number | undefined;
  private readonly spellings: readonly string[];
  private contactVersion = 0;
  private contactGeneration = 0;
  private spelling = 0;
  private firmware = 0;
  private challengesAnswered = 0;

  constructor(traits: PhoneTraits, world: Surroundings, prng: Prng) {
    this.traits = traits;
    this.world = world;
    this.prng = prng;
    this.client = new Client(world.scheduler, world.network, world.proxy);
    this.passwordIsRight = traits.passwordIsRight;
    this.spellings = spellingsOf(traits);
    this.expiresSec = traits.expiresSec;
    this.listen = address(traits.publicIp, traits.isNatted ? prng.int(...traits.natPorts) : traits.port);
    this.source = this.sourceFor(this.listen);
    world.scheduler.at(traits.startAtMs, () => this.boot());
    world.scheduler.at(traits.startAtMs + prng.gap(traits.lifeGapMs), () => this.live());
  }

  /** Ends the phone for good, without a word to anyone. */
  die(): void {
    this.crash();
    this.boots++;
  }

  /** Everything on this mains goes down at once … */
  losePower(): void {
    if (!this.isRunning) return;
    this.crash();
    this.hasNoPower = true;
  }

  /** … and comes up again nearly at once. */
  regainPower(): void {
    if (!this.hasNoPower) return;
    this.hasNoPower = false;
    this.world.scheduler.in(this.prng.between(0, MOSTLY_AT_ONCE_MS), () => this.boot());
  }

  private sourceFor(listen: Address): Address {
    return this.traits.sendsFromElsewhere ? address(listen.ip, 33_333) : listen;
  }

  private boot(): void {
    if (this.world.isQuiet() && this.boots > 0) return;
    this.boots++;
    this.isRunning = true;
    this.world.network.attach(this.listen, (packet) => this.client.receive(packet));
    this.newCall();
    if (this.prng.chance(0.1)) this.begin('query');
    else this.begin('register');
  }

  private crash(): void {
    this.isRunning = false;
    this.job = undefined;
    this.refresh?.cancel();
    this.client.abandonAll();
    this.world.network.detach(this.listen);
  }

  private newCall(): void {
    this.callId = `${this.prng.hex(20)}@${this.traits.privateIp}`;
    this.fromTag = this.prng.hex(8);
    this.cseq = this.prng.int(1, 100);
  }

  private later(delayMs: number, run: () => void): Planned {
    const boot = this.boots;
    return this.world.scheduler.in(delayMs, () => {
      if (this.boots === boot && this.isRunning) run();
    });
  }

  // --- life ---

  private live(): void {
    if (this.world.isQuiet()) return;
    this.world.scheduler.in(this.prng.gap(this.traits.lifeGapMs), () => this.live());
    if (this.isRunning) this.happen(this.prng.pick(this.traits.lifeEvents));
  }

  private happen(event: LifeEvent): void {
    if (event !== 'crash' && event !== 'restart' && this.job !== undefined) {
      this.later(BUSY_AGAIN_MS, () => this.happen(event));
      return;
    }
    this.world.note(() => `${this.traits.name} ${event}`);
    switch (event) {
      case 'crash':
        this.crash();
        this.world.scheduler.in(this.prng.between(60_000, 400_000), () => this.boot());
        return;
      case 'restart':
        this.crash();
        this.world.scheduler.in(this.prng.between(...BOOT_MS), () => this.boot());
        return;
      case 'nat_rebind':
        this.rebind(this.listen.ip);
        return;
      case 'move':
        this.move();
        return;
      case 'change_expires':
        this.expiresSec = this.prng.pick(this.world.expiresChoices);
        this.begin('register');
        return;
      case 'change_contact':
        this.contactVersion++;
        this.begin('register');
        return;
      case 'upgrade':
        this.firmware++;
        this.begin('register');
        return;
      case 'spell_otherwise':
        this.respell();
        this.begin('register');
        return;
      case 'forget_password':
        this.passwordIsRight = false;
        this.later(this.prng.between(20_000, 120_000), () => {
          this.passwordIsRight = this.traits.passwordIsRight;
        });
        return;
      case 'refresh_now':
        this.begin('register');
        return;
      default:
        this.begin(event);
    }
  }

  /** Equal by RFC 3261 §19.1.4, and not the same bytes: the same binding, with something changed about it. */
  private respell(): void {
    this.spelling = (this.spelling + this.prng.int(1, 2)) % 3;
  }

  private rebind(ip: string): void {
    this.world.network.detach(this.listen);
    this.listen = address(
      ip,
      this.traits.isNatted ? this.prng.int(...this.traits.natPorts) : this.traits.port,
    );
    this.source = this.sourceFor(this.listen);
    this.world.network.attach(this.listen, (packet) => this.client.receive(packet));
    if (this.prng.chance(0.5)) this.begin('register');
  }

  /** Another network: a new public address; without a NAT that is a new Contact, too. */
  private move(): void {
    const [a, b, c, d] = this.listen.ip.split('.').map(Number) as [number, number, number, number];
    if (!this.traits.isNatted) this.contactGeneration++;
    this.rebind(`${a}.${(b + 1) % 250}.${c}.${d}`);
  }

  // --- registering ---

  private begin(job: Job): void {
    if (this.job !== undefined || !this.isRunning) return;
    this.refresh?.cancel();
    this.job = job;
    this.challengesAnswered = 0;
    if (this.traits.callIds === 'each_registration') this.newCall();
    const { challenge, passwordIsRight } = this;
    const isEarly = this.traits.reusesNonce && challenge !== undefined;
    this.request(isEarly ? { ...challenge, passwordIsRight } : undefined);
  }

  private request(credentials: CredentialFacts | undefined): void {
    const job = this.job!;
    const { traits } = this;
    this.cseq++;
    const removes = job === 'unregister' || job === 'unregister_all';
    const attempt: AttemptKind = removes
      ? 'unregister'
      : job === 'query'
        ? 'query'
        : credentials === undefined
          ? 'initial'
          : 'with_credentials';
    const contacts = job === 'register' || job === 'unregister' ? this.contactFacts(removes) : [];
    const transaction = {
      id: this.world.nextId(),
      aor: traits.aor,
      userIsKnown: traits.userIsKnown,
      attempt,
      credentials,
      contacts,
      removesAll: job === 'unregister_all',
      requestedSec: removes ? 0 : this.expiresSec,
      callId: this.callId,
      cseq: this.cseq,
      userAgent: this.userAgent,
      instance: traits.instance,
    };
    const bytes = bytesOf(this.text(job, contacts, credentials));
    const boot = this.boots;
    this.client.start(
      bytes,
      transaction,
      () => this.source,
      (outcome) => {
        if (this.boots === boot && this.isRunning) this.finish(outcome, transaction);
      },
    );
  }

  private contactFacts(isRemoval: boolean): ContactFacts[] {
    const { contactVersion: version } = this;
    // Without parameters the first two are one.
    const spelling = this.spellings.indexOf(this.spellings[this.spelling]!);
    const facts: ContactFacts[] = [];
    for (let i = 0; i < this.traits.contactCount; i++)
      facts.push({ contactId: this.contactId(i), isRemoval, version, spelling });
    return facts;
  }

  private contactId(index: number): string {
    const generation = this.traits.instanceCounts ? 'instance' : this.contactGeneration;
    return `${this.traits.name}/${generation}/${index}`;
  }

  private contactUri(index: number): string {
    const host = this.traits.isNatted ? this.traits.privateIp : this.listen.ip;
    const port = (this.traits.isNatted ? this.traits.port : this.listen.port) + index * 100;
    return this.spellings[this.spelling]!.replace(HOST, `${host}:${port}`);
  }

  private text(
    job: Job,
    contacts: readonly ContactFacts[],
    credentials: CredentialFacts | undefined,
  ): string {
    const { traits, prng } = this;
    const removes = job === 'unregister' || job === 'unregister_all';
    const asksSec = removes ? 0 : this.expiresSec;
    const inParam = asksSec !== undefined && traits.expiresStyle !== 'header';
    const inHeader = asksSec !== undefined && (traits.expiresStyle !== 'param' || job === 'unregister_all');
    const values = contacts.map((facts, i) => {
      const uri = this.contactUri(i);
      this.world.contactUris.set(uri, facts.contactId);
      const q = facts.version > 0 ? `;q=0.${1 + (facts.version % 9)}` : '';
      const instance = traits.instance === undefined ? '' : `;+sip.instance="${traits.instance}";reg-id=1`;
      return contactText(traits.contactStyle, uri, `${inParam ? `;expires=${asksSec}` : ''}${q}${instance}`);
    });
    const sentByHost = traits.isNatted ? traits.privateIp : this.listen.ip;
    return registerText({
      domain: traits.domain,
      sentBy: `${sentByHost}:${traits.isNatted ? traits.port : this.listen.port}`,
      rport: traits.asksRport,
      branch: `z9hG4bK${prng.hex(12)}`,
      toUri: prng.pick(traits.toUris),
      fromTag: this.fromTag,
      callId: this.callId,
      cseq: this.cseq,
      contacts: job === 'unregister_all' ? ['*'] : values,
      expiresHeader: inHeader ? asksSec : undefined,
      authorization: this.authorization(credentials),
      userAgent: this.userAgent,
      isCompact: traits.isCompact,
    });
  }

  private get userAgent(): string {
    return `${this.traits.userAgent}.${this.firmware}`;
  }

  private authorization(credentials: CredentialFacts | undefined): string[] {
    const { user, domain, credentialsStyle, sendsEmptyCredentials } = this.traits;
    const name = this.world.challengeStatus === 407 ? 'Proxy-Authorization' : 'Authorization';
    if (credentials !== undefined) {
      return [credentialsLine(name, user, domain, credentials.nonce, this.prng.hex(32), credentialsStyle)];
    }
    return sendsEmptyCredentials ? [credentialsLine(name, user, domain, '', '', credentialsStyle)] : [];
  }

  // --- answers ---

  private finish(outcome: Outcome, sent: TransactionFacts): void {
    if (outcome === 'timeout') {
      this.giveUp(this.prng.between(5000, 30_000));
    } else if (outcome.status === 401 || outcome.status === 407) {
      this.answer(outcome, sent);
    } else if (outcome.status >= 200 && outcome.status < 300) {
      this.succeed(outcome);
    } else if (outcome.status === 423 && outcome.minExpiresSec !== undefined && this.job === 'register') {
      this.expiresSec = outcome.minExpiresSec;
      this.request(sent.credentials);
    } else {
      const { retryAfterSec } = outcome;
      const waitMs = retryAfterSec === undefined ? this.prng.between(15_000, 60_000) : retryAfterSec * 1000;
      this.giveUp(waitMs + this.prng.between(0, 3000));
    }
  }

  private answer(reply: ReplyFacts, sent: TransactionFacts): void {
    const challenge = { nonce: this.prng.pick(reply.nonces), challengedIn: sent.id };
    this.challenge = challenge;
    if (!this.wantsToAnswer(sent.credentials === undefined || reply.isStaleSaid)) {
      this.giveUp(this.prng.between(20_000, 60_000));
      return;
    }
    this.challengesAnswered++;
    if (this.traits.callIds === 'each_request') this.newCall();
    const credentials = { ...challenge, passwordIsRight: this.passwordIsRight };
    const thinkMs = this.prng.chance(0.02) ? this.prng.between(25_000, 45_000) : this.prng.between(5, 200);
    this.later(thinkMs, () => this.request(credentials));
  }

  private wantsToAnswer(isFirst: boolean): boolean {
    if (!isFirst && this.challengesAnswered >= this.traits.persistence) return false;
    if (this.challengesAnswered >= MAX_CHALLENGES_ANSWERED) return false;
    return !this.prng.chance(this.traits.abandons);
  }

  private giveUp(waitMs: number): void {
    const job = this.job!;
    this.job = undefined;
    this.refresh = this.later(waitMs, () => this.begin(job === 'query' ? 'register' : job));
  }

  private succeed(reply: ReplyFacts): void {
    const job = this.job!;
    this.job = undefined;
    if (job === 'query') {
      this.begin('register');
      return;
    }
    if (job !== 'register') {
      const awayMs = this.prng.chance(0.5)
        ? this.prng.between(500, 5000)
        : this.prng.between(10_000, 200_000);
      if (!this.world.isQuiet()) this.refresh = this.later(awayMs, () => this.begin('register'));
      return;
    }
    const own = reply.listed.find((listed) => listed.contactId === this.contactId(0));
    const grantedMs = (own?.toldSec ?? 60) * 1000;
    const waitMs = grantedMs * this.traits.refreshRatio * this.prng.between(0.9, 1.1);
    this.refresh = this.later(Math.max(waitMs, MIN_REFRESH_MS), () => this.begin('register'));
  }
}
