import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Prng } from '../../simulation/prng.ts';
import type { Rollcall } from '../support/rollcall.ts';
import type { Reference } from './agreement.ts';
import { disagreements } from './agreement.ts';
import type { Act, RegisterPhone } from './register-phone.ts';
import type { Truth } from './truth.ts';

/** What a phone may do next; see `Life.do`. */
export type Deed =
  | 'refresh'
  | 'reuse nonce'
  | 'unregister'
  | 'clear'
  | 'query'
  | 'wrong password'
  | 'wrong on old nonce'
  | 'restart'
  | 'restart elsewhere'
  | 'crash'
  | 'crash midway'
  | 'rebind'
  | 'move'
  | 'ask for more'
  | 'abandon'
  | 'new firmware'
  | 'be joined';

export type Character = Readonly<Partial<Record<Deed, number>>>;

/** One who lives: its phone, what it is like, and where its other addresses are. */
export interface Inhabitant {
  readonly phone: RegisterPhone;
  readonly character: Character;
  readonly otherIp: string;
  /** A phone of the same AOR that registers past Rollcall. */
  readonly stranger?: RegisterPhone;
  /** Whether it asks who is there also while itself it is not. Default: always. */
  readonly asks?: 'always' | 'while registered';
  /** Seconds between two deeds, from and to. */
  readonly pauseSec: readonly [number, number];
}

/** An answer may be on its way to a phone that was switched off: its AOR stays occupied for as long. */
const ECHO_MS = 150;
const GRACE_MS = 10_000;
const MARGIN_MS = 3_000;
const QUIET_LIMIT_MS = 8_000;

/** Acts of what kind a deed comes to; the others are made of several. */
const PLAIN_DEEDS: Readonly<Partial<Record<Deed, Act>>> = {
  refresh: { what: 'own' },
  'reuse nonce': { what: 'own', begins: 'with old nonce' },
  unregister: { what: 'own', expiresSec: 0 },
  clear: { what: 'all' },
  'wrong password': { what: 'own', password: 'wrong' },
  'wrong on old nonce': { what: 'own', password: 'wrong', begins: 'with old nonce' },
  abandon: { what: 'own', until: 'challenged' },
};

/** Phones that go their ways until told to stop, and moments at which all hold their breath and are looked at. */
export class Life {
  readonly truth: Truth;
  /** How many comparisons there were. */
  moments = 0;
  readonly deeds = new Map<Deed, number>();
  /** Whether the registrar answers nothing now: then nothing that is under way comes to an end. */
  registrarIsSilent = false;
  private isOver = false;
  private isHeld = false;
  private busy = 0;
  private readonly occupied = new Map<string, Promise<void>>();
  private readonly lives: Promise<void>[] = [];
  private readonly unsure: { readonly fromMs: number; readonly toMs: number }[] = [];
  private readonly rollcall: Rollcall;
  private readonly reference: Reference;
  private readonly stopped = new AbortController();

  constructor(truth: Truth, rollcall: Rollcall, reference: Reference) {
    this.truth = truth;
    this.rollcall = rollcall;
    this.reference = reference;
    // Each phone that pauses listens to it.
    setMaxListeners(0, this.stopped.signal);
  }

  begin(inhabitants: readonly Inhabitant[], random: Prng): void {
    for (const [index, inhabitant] of inhabitants.entries()) {
      this.lives.push(this.live(inhabitant, random.fork(`life ${index}`)));
    }
  }

  /** No new deeds; resolves when the last ones are done. */
  async end(): Promise<void> {
    this.isOver = true;
    this.stopped.abort();
    await Promise.all(this.lives);
  }

  /** In this time something comes about that nobody knows the moment of: no comparison then. */
  isUnsure(fromMs: number, toMs: number): void {
    this.unsure.push({ fromMs, toMs });
  }

  /** One comparison. Gives what did not agree. */
  async look(): Promise<string[]> {
    await this.quiet();
    try {
      this.moments++;
      const apart = await disagreements(this.truth, this.rollcall, this.reference);
      const aors = new Set(apart.flatMap((line) => /\bu\d+@[\w.]+/.exec(line)?.[0] ?? []));
      return [...apart, ...[...aors].slice(0, 3).flatMap((aor) => this.truth.diaryOf(aor))];
    } finally {
      this.isHeld = false;
    }
  }

  private async quiet(): Promise<void> {
    const nowMs = performance.now();
    const clear = this.unsure.filter(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
    if (clear.length > 0) await sleep(Math.max(...clear.map(({ toMs }) => toMs)) - nowMs);
    this.isHeld = true;
    const deadlineMs = performance.now() + QUIET_LIMIT_MS;
    await sleep(ECHO_MS);
    while (this.busy > 0 && !this.registrarIsSilent && performance.now() < deadlineMs) await sleep(20);
  }

  private async live(inhabitant: Inhabitant, random: Prng): Promise<void> {
    const [least, most] = inhabitant.pauseSec;
    await this.wait(random.between(0, most) * 1000);
    while (!this.isOver) {
      const deed = pick(inhabitant.character, random);
      this.deeds.set(deed, (this.deeds.get(deed) ?? 0) + 1);
      await this.do(inhabitant, deed, random);
      await this.wait(random.between(least, most) * 1000);
    }
  }

  /** Sleeps, unless it is over. */
  private async wait(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.stopped.signal }).catch(() => {});
  }

  private async do(who: Inhabitant, deed: Deed, random: Prng): Promise<void> {
    const { phone } = who;
    const plain = PLAIN_DEEDS[deed];
    if (deed === 'query') await this.ask(who);
    else if (plain !== undefined) await this.act(phone, plain);
    else if (deed === 'crash') await this.crash(phone);
    else if (deed === 'crash midway') await this.crashMidway(phone, random);
    else if (deed === 'be joined') await this.beJoined(who);
    else await this.refreshAfter(who, deed, random);
  }

  /** One thing at a time for each AOR: what comes of two at once depends on who is faster, which nobody knows. */
  private async occupy(aor: string, work: () => Promise<void>): Promise<void> {
    const before = this.occupied.get(aor) ?? Promise.resolve();
    const mine = before.then(async () => {
      while (this.isHeld) await sleep(10);
      this.busy++;
      try {
        await work();
      } finally {
        this.busy--;
      }
    });
    this.occupied.set(aor, mine);
    await mine;
  }

  private async act(phone: RegisterPhone, act: Act): Promise<void> {
    await this.occupy(phone.aor, async () => {
      if (!this.isOver) await phone.act(act);
    });
  }

  private async ask({ phone, asks = 'always' }: Inhabitant): Promise<void> {
    await this.occupy(phone.aor, async () => {
      const leftMs = this.truth.bindings.leftMs(phone.aor, phone.contact, performance.now()) ?? 0;
      if (!this.isOver && (asks === 'always' || leftMs > 0)) await phone.act({ what: 'none' });
    });
  }

  /** Off until its binding is forgotten everywhere. */
  private async crash(phone: RegisterPhone): Promise<void> {
    phone.crash();
    const leftMs = this.truth.bindings.leftMs(phone.aor, phone.contact, performance.now());
    if (leftMs !== undefined) await this.wait(leftMs + GRACE_MS + MARGIN_MS);
    await this.act(phone, { what: 'own' });
  }

  /** Off while it registers, and on again. */
  private async crashMidway(phone: RegisterPhone, random: Prng): Promise<void> {
    await this.occupy(phone.aor, async () => {
      if (this.isOver) return;
      const act = phone.act({ what: 'own' });
      await sleep(this.registrarIsSilent ? random.between(300, 2500) : random.between(0, 4));
      phone.crash();
      await act;
      await sleep(ECHO_MS);
    });
    await this.act(phone, { what: 'own' });
  }

  private async beJoined({ phone, stranger }: Inhabitant): Promise<void> {
    if (stranger === undefined) return;
    await this.occupy(phone.aor, async () => {
      if (this.isOver) return;
      this.truth.registeredPast(stranger.aor, stranger.contact);
      // Nobody waits for one that is not answered.
      const off = setTimeout(() => stranger.crash(), 1000);
      await stranger.act({ what: 'own' });
      clearTimeout(off);
      await phone.act({ what: 'own' });
    });
  }

  private async refreshAfter({ phone, otherIp }: Inhabitant, deed: Deed, random: Prng): Promise<void> {
    const { ip, port } = phone.settings;
    await this.occupy(phone.aor, async () => {
      if (this.isOver) return;
      switch (deed) {
        case 'restart':
          phone.crash();
          break;
        case 'restart elsewhere':
          await phone.restartAt(port + random.int(1, 400));
          break;
        case 'rebind':
          await phone.sendFrom(ip, port + random.int(1, 5));
          break;
        case 'move':
          await phone.sendFrom(random.chance(0.5) ? ip : otherIp, port);
          break;
        case 'new firmware':
          phone.userAgent = `truth-phone/${random.int(2, 99)}`;
          break;
        default:
          break;
      }
      const expiresSec = deed === 'ask for more' ? random.int(6, 15) : phone.settings.expiresSec;
      await phone.act({ what: 'own', expiresSec });
    });
  }
}

function pick(character: Character, random: Prng): Deed {
  const deeds = Object.entries(character) as [Deed, number][];
  let left = random.next() * deeds.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [deed, weight] of deeds) {
    left -= weight;
    if (left < 0) return deed;
  }
  return deeds[0]![0];
}
