import type { HeaderId } from '../sip/headers.ts';
import { Header } from '../sip/headers.ts';
import type { Message } from '../sip/message.ts';
import type { HashKey } from '../sip/siphash.ts';
import { HashInput } from '../sip/siphash.ts';

/** Of Contact all lines are read, of the others the first: more of them are another thing to say all the same. */
const OF_REQUEST: readonly HeaderId[] = [Header.CONTACT, Header.CALL_ID, Header.USER_AGENT, Header.EXPIRES];
const OF_GRANT: readonly HeaderId[] = [Header.CONTACT, Header.EXPIRES];

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
    message.hashAddress(Header.TO, this.input);
    message.hashAddress(Header.FROM, this.input);
    this.end();
  }

  /** All that the monitor reads of a 2xx to a REGISTER. */
  readGrant(message: Message): void {
    this.begin(message, OF_GRANT);
    this.end();
  }

  private begin(message: Message, ids: readonly HeaderId[]): void {
    this.input.clear();
    for (let i = 0; i < ids.length; i++) message.hashHeaders(ids[i]!, this.input);
  }

  private end(): void {
    const { out } = this;
    this.input.sipHash128(this.key, out);
    this.a = out[0]!;
    this.b = out[1]!;
  }
}
