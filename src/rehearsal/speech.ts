import { ascii, ZERO } from '../sip/bytes.ts';

/** The numbers that one message has in it. Each has as many digits as its letters in `PLACES`. */
export interface Numbers {
  readonly user: number;
  /** Counts on from message to message: CSeq, branch, tag. */
  readonly serial: number;
  readonly nonce: number;
  /** Of the phone's address the last part. */
  readonly host: number;
}

const PLACES: Readonly<Record<keyof Numbers, string>> = {
  user: 'uuuuuuu',
  serial: 'ssssssssss',
  nonce: 'nnnnnnnnnn',
  host: 'hhh',
};

interface Place {
  readonly number: keyof Numbers;
  readonly at: number;
  readonly digits: number;
}

/** Lines of a message, in which the numbers are written anew each time. */
export class Speech {
  private readonly bytes: Uint8Array;
  private readonly places: readonly Place[];

  constructor(lines: readonly string[]) {
    const all = lines.map((line) => `${line}\r\n`).join('');
    this.bytes = ascii(all);
    this.places = Object.entries(PLACES).flatMap(([number, letters]) =>
      [...all.matchAll(new RegExp(letters, 'g'))].map(({ index }) => ({
        number: number as keyof Numbers,
        at: index,
        digits: letters.length,
      })),
    );
  }

  /** Writes it from there on; answers where it ends. */
  write(into: Uint8Array, at: number, numbers: Numbers): number {
    into.set(this.bytes, at);
    for (const place of this.places) {
      writeDigits(into, at + place.at, place.digits, numbers[place.number]);
    }
    return at + this.bytes.length;
  }
}

/** With zeros before it where it is shorter. */
function writeDigits(into: Uint8Array, at: number, digits: number, value: number): void {
  let left = value;
  for (let place = at + digits - 1; place >= at; place--) {
    const shorter = Math.trunc(left / 10);
    into[place] = ZERO + left - shorter * 10;
    left = shorter;
  }
}
