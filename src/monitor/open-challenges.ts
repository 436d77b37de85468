import { Endpoint } from '../sip/address.ts';
import type { Exchange } from './exchange.ts';
import { RowRing } from './row-ring.ts';

/** A challenge that no REGISTER with credentials followed within this time is abandoned. */
export const ABANDONED_MS = 32_000;

/** 1 = answered, or no longer to be judged because something that we needed was lost. */
const DONE = 0;
/** Where it went, as an Endpoint has it. */
const PHONE = 2;
/** Two doubles. */
const AT = 6;
const HANDSHAKE_START = 8;
const AOR_A = 10;

const FIRST_PLACES = 1024;

/** What is told of a challenge that nobody answered. One object serves all. */
export class AbandonedChallenge {
  aor = '';
  aorA = 0;
  /** Where it went, without a port. */
  readonly phone = new Endpoint();
}

/**
 * Plain challenges in the order in which they were seen, until they are answered or abandoned. Each has a number, by
 * which all nonces of its response, and those of copies of it, lead to it.
 */
export class OpenChallenges {
  private readonly ring = new RowRing();
  /** By the low bits of their numbers. */
  private aors = new Array<string>(FIRST_PLACES).fill('');
  private readonly abandoned = new AbandonedChallenge();
  private readonly max: number;
  private readonly onEvict: () => void;

  /** `onEvict` is told of each open challenge that had to go before its time. */
  constructor(max: number, onEvict: () => void) {
    this.max = Math.max(1, max);
    this.onEvict = onEvict;
  }

  /** The answer to `exchange` was a challenge; answers its number. */
  add(exchange: Exchange, nowMs: number): number {
    const { ring } = this;
    if (ring.size >= this.max) this.evict();
    if (ring.size === this.aors.length) this.growTexts();
    const number = ring.add();
    const at = ring.at(number);
    const { times, words } = ring;
    words[at + DONE] = 0;
    words[at + AOR_A] = exchange.aorA;
    exchange.phone.putHost(words, at + PHONE);
    times[(at + AT) >>> 1] = nowMs;
    times[(at + HANDSHAKE_START) >>> 1] = exchange.handshakeStartMs;
    this.aors[this.placeOf(number)] = exchange.aor;
    return number;
  }

  isOpen(number: number): boolean {
    return this.ring.has(number) && this.ring.words[this.ring.at(number) + DONE] === 0;
  }

  /** Nobody asks for this one any more. */
  close(number: number): void {
    if (this.ring.has(number)) this.ring.words[this.ring.at(number) + DONE] = 1;
  }

  /** When the handshake began that an open challenge was part of. */
  handshakeStartOf(number: number): number {
    return this.ring.times[(this.ring.at(number) + HANDSHAKE_START) >>> 1]!;
  }

  /** Takes out the challenges whose time is over; `onAbandoned` gets those that nobody answered. */
  advance(nowMs: number, onAbandoned: (challenge: AbandonedChallenge) => void): void {
    const { abandoned, ring } = this;
    while (ring.size > 0) {
      const at = ring.at(ring.oldest);
      const { times, words } = ring;
      const isDone = words[at + DONE] === 1;
      if (!isDone && nowMs - times[(at + AT) >>> 1]! < ABANDONED_MS) return;
      if (!isDone) {
        abandoned.aor = this.aors[this.placeOf(ring.oldest)]!;
        abandoned.aorA = words[at + AOR_A]!;
        abandoned.phone.takeHost(words, at + PHONE);
      }
      this.forgetOldest();
      if (!isDone) onAbandoned(abandoned);
    }
  }

  /** Records were lost: whatever is open may have been answered unseen. */
  giveUp(): void {
    this.ring.forgetAll();
  }

  private evict(): void {
    if (this.isOpen(this.ring.oldest)) this.onEvict();
    this.forgetOldest();
  }

  private forgetOldest(): void {
    this.aors[this.placeOf(this.ring.oldest)] = '';
    this.ring.forgetOldest();
  }

  private placeOf(number: number): number {
    return number & (this.aors.length - 1);
  }

  private growTexts(): void {
    const before = this.aors;
    this.aors = new Array<string>(before.length * 2).fill('');
    for (let age = 0; age < this.ring.size; age++) {
      const number = (this.ring.oldest + age) | 0;
      this.aors[this.placeOf(number)] = before[number & (before.length - 1)]!;
    }
  }
}
