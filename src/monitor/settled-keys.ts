import type { Exchange } from './exchange.ts';
import type { ExchangeKey } from './exchange-key.ts';
import { CHAIN_WORDS, ChainedRows } from './row-ring.ts';

const BRANCH = CHAIN_WORDS;
const SENT_BY = 6;
const PORT_AND_KINDS = 10;
const CSEQ = 11;
/** Two doubles. */
const SETTLED_AT = 12;
const HANDSHAKE_START = 14;

/**
 * The keys of exchanges of which little more is wanted than to know a copy when one comes: which is nearly all,
 * for half a minute each.
 */
export class SettledKeys {
  private readonly rows = new ChainedRows();

  get size(): number {
    return this.rows.size;
  }

  /** When the oldest was settled; infinite where there is none. */
  get oldestMs(): number {
    const { rows } = this;
    if (rows.size === 0) return Number.POSITIVE_INFINITY;
    return rows.times[(rows.at(rows.oldest) + SETTLED_AT) >>> 1]!;
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
    words[at + PORT_AND_KINDS] = exchange.portAndKinds;
    words[at + CSEQ] = exchange.cseq;
    times[(at + SETTLED_AT) >>> 1] = settledAtMs;
    times[(at + HANDSHAKE_START) >>> 1] = exchange.handshakeStartMs;
  }

  /** When the handshake of this exchange began; undefined where it is not here. */
  handshakeStartOf(key: ExchangeKey): number | undefined {
    const { rows } = this;
    for (let at = rows.newestUnder(key.hash); at >= 0; at = rows.olderThan(at)) {
      if (isAt(rows.words, at, key)) return rows.times[(at + HANDSHAKE_START) >>> 1];
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
    words[at + PORT_AND_KINDS] === portAndKinds &&
    words[at + CSEQ] === cseq
  );
}
