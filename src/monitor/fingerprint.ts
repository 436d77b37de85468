import { RANGLE } from '../sip/bytes.ts';
import type { HeaderId } from '../sip/headers.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import type { HashKey } from '../sip/siphash.ts';
import { HashInput } from '../sip/siphash.ts';

/** Of a REGISTER the first header of each is read, of Contact all. */
const OF_REQUEST: readonly HeaderId[] = [Header.CALL_ID, Header.USER_AGENT, Header.EXPIRES];
const OF_GRANT: readonly HeaderId[] = [Header.EXPIRES];

/**
 * Keyed hashes of 64 bits of what a message says, so that one which says nothing new is known without being read.
 * They may decide without the bytes: who does not know the key can't make two that are equal, and by chance one pair in
 * 10^19 is.
 */
export class Fingerprint {
  a = 0;
  b = 0;
  private readonly key: HashKey;
  private readonly input = new HashInput();
  private readonly out = new Int32Array(2);

  constructor(key: HashKey) {
    this.key = key;
  }

  /**
   * All that the monitor reads of a REGISTER, but what is new in each: tags, sequence number and credentials. Equal where
   * the same is asked for in the same words, and nowhere else.
   */
  readRequest(message: Message): void {
    this.begin(message, OF_REQUEST);
    this.putAddress(message, message.firstOf(Header.TO));
    this.putAddress(message, message.firstOf(Header.FROM));
    this.end();
  }

  /** All that the monitor reads of a 2xx to a REGISTER. */
  readGrant(message: Message): void {
    this.begin(message, OF_GRANT);
    this.end();
  }

  private begin(message: Message, ids: readonly HeaderId[]): void {
    const input = this.input.clear().word(message.countOf(Header.CONTACT));
    for (let line = message.firstOf(Header.CONTACT); line >= 0; line = message.nextOf(Header.CONTACT, line)) {
      input.field(message.bytes, message.valueStart(line), message.valueEnd(line));
    }
    for (let i = 0; i < ids.length; i++) {
      const line = message.firstOf(ids[i]!);
      input.word(line < 0 ? 0 : 1);
      if (line >= 0) input.field(message.bytes, message.valueStart(line), message.valueEnd(line));
    }
  }

  /** Up to the last angle bracket, behind which nothing but parameters can be. */
  private putAddress(message: Message, line: number): void {
    this.input.word(line < 0 ? 0 : 1);
    if (line < 0) return;
    const start = message.valueStart(line);
    const valueEnd = message.valueEnd(line);
    let end = valueEnd;
    while (end > start && message.bytes[end - 1] !== RANGLE) end--;
    this.input.field(message.bytes, start, end > start ? end : valueEnd);
  }

  private end(): void {
    const { out } = this;
    this.input.sipHash128(this.key, out);
    this.a = out[0]!;
    this.b = out[1]!;
  }
}
