import { addressOf } from '../linux.ts';

/** struct io_uring_buf: address 0, length 8, number 12; the tail of the ring stands at 14 of the first. */
const BUFFER_WORDS = 4;
const BUFFER_TAIL_AT = 14;
const PAGE = 4096;

/** Buffers of one length that the kernel takes from one end and that are given back at the other. */
export class BufferRing {
  readonly address: number;
  private readonly words: Int32Array;
  private readonly halves: Uint16Array;
  private readonly at: number;
  private readonly mask: number;
  private readonly addressOfBuffer: (number: number) => number;
  private readonly length: number;
  private tail = 0;

  /** `count`: a power of two, at most 256. All of them are given at once. */
  constructor(count: number, length: number, addressOfBuffer: (number: number) => number) {
    // The kernel wants it at a page's beginning.
    const memory = new Uint8Array(2 * PAGE);
    const start = addressOf(memory);
    this.at = (PAGE - (start % PAGE)) % PAGE;
    this.address = start + this.at;
    this.words = new Int32Array(memory.buffer);
    this.halves = new Uint16Array(memory.buffer);
    this.mask = count - 1;
    this.length = length;
    this.addressOfBuffer = addressOfBuffer;
    for (let i = 0; i < count; i++) this.give(i);
    this.publish();
  }

  /** The kernel sees it after `publish`. */
  give(number: number): void {
    const word = (this.at >>> 2) + (this.tail & this.mask) * BUFFER_WORDS;
    const address = this.addressOfBuffer(number);
    this.words[word] = address | 0;
    this.words[word + 1] = (address / 0x1_0000_0000) | 0;
    this.words[word + 2] = this.length;
    this.halves[(word + 3) << 1] = number;
    this.tail = (this.tail + 1) & 0xffff;
  }

  publish(): void {
    Atomics.store(this.halves, (this.at + BUFFER_TAIL_AT) >>> 1, this.tail);
  }
}
