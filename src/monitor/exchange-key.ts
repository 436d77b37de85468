import { Endpoint, readHost } from '../sip/address.ts';
import { ascii, equals } from '../sip/bytes.ts';
import { CSeq, readCSeq } from '../sip/cseq.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import type { HashKey } from '../sip/siphash.ts';
import { HashInput } from '../sip/siphash.ts';
import type { Transaction } from '../sip/transaction.ts';
import { BRANCH_WORDS, readOwnBranch } from '../sip/transaction.ts';
import { readVia, Via } from '../sip/via.ts';

const REGISTER = ascii('REGISTER');

/** Longer branches and hosts are no key: nobody writes them, and what is hashed is bounded. */
export const MAX_KEY_PART = 255;

/** Above the port in `portAndKinds`: what the words of branch and host are a hash of the bytes and not their value. */
const HASHED_BRANCH = 1 << 16;
const HASHED_HOST = 1 << 17;

/**
 * The identity of a transaction as a datagram states it: branch and sent-by of the top Via, and the sequence
 * number (RFC 3261 §17.2.3; the method is REGISTER). Numbers all, because each is remembered for half a minute.
 *
 * Where the top Via is ours, as nearly always, they are what stands there: 128 bits in hex and a numeric host. Another
 * branch, and a host name, become a keyed hash of 128 bits (SipHash), kept apart from values by its kind. That may
 * decide without the bytes: two that are equal by chance won't be met in the life of a machine, and nobody
 * makes two who does not know the key. Our own branches are such hashes in the first place.
 */
export class ExchangeKey {
  readonly branch = new Int32Array(BRANCH_WORDS);
  readonly host = new Endpoint();
  /** The port in the low 16 bits; above it, what kinds branch and host are of. */
  portAndKinds = 0;
  cseq = 0;
  /** To find by; whoever finds by it compares the rest. */
  hash = 0;
  private readonly hashKey: HashKey;
  private readonly via = new Via();
  private readonly number = new CSeq();
  private readonly input = new HashInput();
  private readonly hashed = new Int32Array(BRANCH_WORDS);

  constructor(hashKey: HashKey) {
    this.hashKey = hashKey;
  }

  /** What our Via of this transaction says, wherever it stands. */
  set({ branch, sentBy, cseq }: Transaction): void {
    for (let word = 0; word < BRANCH_WORDS; word++) this.branch[word] = branch[word]!;
    this.host.copyFrom(sentBy);
    this.portAndKinds = sentBy.port;
    this.cseq = cseq;
    this.hash = this.mixed();
  }

  /** False where the message is no well-formed REGISTER or response to one. */
  read(message: Message): boolean {
    const cseqLine = message.firstOf(Header.CSEQ);
    const viaLine = message.firstOf(Header.VIA);
    if (cseqLine < 0 || viaLine < 0) return false;
    const { bytes } = message;
    const { number } = this;
    if (!readCSeq(bytes, message.valueStart(cseqLine), message.valueEnd(cseqLine), number)) return false;
    if (!equals(bytes, number.methodStart, number.methodEnd, REGISTER)) return false;
    this.cseq = number.number;
    if (!this.readVia(message, message.valueStart(viaLine), message.valueEnd(viaLine))) return false;
    this.hash = this.mixed();
    return true;
  }

  private readVia(message: Message, start: number, end: number): boolean {
    const { via } = this;
    const { bytes } = message;
    if (!readVia(bytes, start, end, via) || !this.takeHost(bytes, via.hostStart, via.hostEnd)) return false;
    this.portAndKinds |= via.sentByPort;
    if (via.branchStart < via.branchEnd) return this.takeBranch(bytes, via.branchStart, via.branchEnd);
    // RFC 2543 clients have no branch; their Call-ID has to do.
    const callId = message.firstOf(Header.CALL_ID);
    if (callId < 0) return this.takeBranch(bytes, end, end);
    return this.takeBranch(bytes, message.valueStart(callId), message.valueEnd(callId));
  }

  /** The first to be taken: the port and the branch's kind come to its kind. False where it is too long. */
  private takeHost(bytes: Uint8Array, start: number, end: number): boolean {
    const { hashed, host } = this;
    this.portAndKinds = 0;
    if (readHost(bytes, start, end, host)) return true;
    const length = end - start;
    if (length === 0 || length > MAX_KEY_PART) return false;
    this.input.clear().foldedField(bytes, start, end).sipHash128(this.hashKey, hashed);
    host.a = hashed[0]!;
    host.b = hashed[1]!;
    host.c = hashed[2]!;
    host.d = hashed[3]!;
    this.portAndKinds = HASHED_HOST;
    return true;
  }

  /** False where it is too long. */
  private takeBranch(bytes: Uint8Array, start: number, end: number): boolean {
    if (readOwnBranch(bytes, start, end, this.branch)) return true;
    if (end - start > MAX_KEY_PART) return false;
    this.input.clear().field(bytes, start, end).sipHash128(this.hashKey, this.branch);
    this.portAndKinds |= HASHED_BRANCH;
    return true;
  }

  /** Keyed as well: long chains are not to be had for the asking. */
  private mixed(): number {
    const { branch, hashKey } = this;
    let hash = this.cseq;
    for (let word = 0; word < BRANCH_WORDS; word++) {
      hash = Math.imul(hash ^ branch[word]! ^ hashKey[word]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  /** The same as text, for the few that must wait. */
  get text(): string {
    const { a, b, c, d } = this.host;
    return [...this.branch, a, b, c, d, this.portAndKinds, this.cseq].join(' ');
  }
}
