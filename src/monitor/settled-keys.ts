import type { Exchange } from './exchange.ts';
import type { ExchangeKey } from './exchange-key.ts';
import { ChainedRows } from './row-ring.ts';

const BRANCH = 0;
const SENT_BY = 4;
/** With HAS_CHALLENGE or not. */
const PORT_AND_KINDS = 8;
const CSEQ = 9;
/** A double. */
const HANDSHAKE_START = 10;
const CHALLENGE = 12;
/** In sixteenths of a millisecond, 32 bits, round their end. */
const SETTLED_AT = 13;

/** None of what an ExchangeKey has there. */
const HAS_CHALLENGE = 1 << 31;
const TICKS_PER_MS = 16;

/** What is still to be known of a transaction that is over. */
export interface Remains {
  /** When its handshake began. */
  handshakeStartMs: number;
  /** Number of the challenge that it ended in, where that was a plain one. */
  challenge: number | undefined;
}

/**
 * The keys of exchanges of which little more is wanted than to know a copy when one comes: which is nearly all,
 * for half a minute each.
 */
export class SettledKeys {
  private readonly rows = new ChainedRows();
  private readonly found: Remains = { handshakeStartMs: 0, challenge: undefined };

  get size(): number {
    return this.rows.size;
  }

  /** How long ago the oldest was settled, or up to an eighth of a millisecond less; -1 where there is none. */
  ageOfOldestMs(nowMs: number): number {
    const { rows } = this;
    if (rows.size === 0) return -1;
    const settledAt = rows.words[rows.at(rows.oldest) + SETTLED_AT]!;
    return ((Math.floor(nowMs * TICKS_PER_MS) - settledAt) | 0) / TICKS_PER_MS;
  }

  /** Keeps the key of an exchange, which must not be here; `settledAtMs` must not lie before that of the last one. */
  add(exchange: Exchange, settledAtMs: number): void {
    const at = this.rows.addUnder(exchange.hash);
    const { times, words } = this.rows;
    words[at + BRANCH] = exchange.branchA;
    words[at + BRANCH + 1] = exchange.branchB;
    words[at + BRANCH + 2] = exchange.branchC;
    words[at + BRANCH + 3] = exchange.branchD;
    words[at + SENT_BY] = exchange.sentByA;
    words[at + SENT_BY + 1] = exchange.sentByB;
    words[at + SENT_BY + 2] = exchange.sentByC;
    words[at + SENT_BY + 3] = exchange.sentByD;
    const { challenge } = exchange;
    words[at + PORT_AND_KINDS] = exchange.portAndKinds | (challenge === undefined ? 0 : HAS_CHALLENGE);
    words[at + CSEQ] = exchange.cseq;
    times[(at + HANDSHAKE_START) >>> 1] = exchange.handshakeStartMs;
    words[at + CHALLENGE] = challenge ?? 0;
    words[at + SETTLED_AT] = Math.ceil(settledAtMs * TICKS_PER_MS) | 0;
  }

  /** What is kept of the exchange with this key; undefined where it is not here. The object is the next answer's, too. */
  find(key: ExchangeKey): Readonly<Remains> | undefined {
    const { found, rows } = this;
    for (let at = rows.newestUnder(key.hash); at >= 0; at = rows.olderThan(at)) {
      const { times, words } = rows;
      if (!isAt(words, at, key)) continue;
      found.handshakeStartMs = times[(at + HANDSHAKE_START) >>> 1]!;
      found.challenge =
        (words[at + PORT_AND_KINDS]! & HAS_CHALLENGE) === 0 ? undefined : words[at + CHALLENGE]!;
      return found;
    }
    return undefined;
  }

  forgetOldest(): void {
    this.rows.forgetOldest();
  }
}

function isAt(words: Int32Array, at: number, { branch, host, portAndKinds, cseq }: ExchangeKey): boolean {
  return (
    words[at + BRANCH] === branch[0] &&
    words[at + BRANCH + 1] === branch[1] &&
    words[at + BRANCH + 2] === branch[2] &&
    words[at + BRANCH + 3] === branch[3] &&
    words[at + SENT_BY] === host.a &&
    words[at + SENT_BY + 1] === host.b &&
    words[at + SENT_BY + 2] === host.c &&
    words[at + SENT_BY + 3] === host.d &&
    (words[at + PORT_AND_KINDS]! & ~HAS_CHALLENGE) === portAndKinds &&
    words[at + CSEQ] === cseq
  );
}
