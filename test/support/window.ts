import { ascii, text } from '../../src/sip/bytes.ts';

/**
 * A datagram as it stands in the receive arena: a range of a big buffer with other datagrams around it. A
 * parser that looks past the range reads its neighbours, and no length check of the language stops it.
 */
export interface Window {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The datagram in a buffer of its own. */
export function alone(datagram: Uint8Array): Window {
  return { bytes: datagram.slice(), start: 0, end: datagram.length };
}

/** The datagram with neighbours before and behind it. */
export function between(before: Uint8Array, datagram: Uint8Array, behind: Uint8Array): Window {
  const bytes = new Uint8Array(before.length + datagram.length + behind.length);
  bytes.set(before, 0);
  bytes.set(datagram, before.length);
  bytes.set(behind, before.length + datagram.length);
  return { bytes, start: before.length, end: before.length + datagram.length };
}

/** What watches the reads of one window. */
export class ReadWatch {
  reads = 0;
  private readonly maxReads: number;

  constructor(maxReads = Number.POSITIVE_INFINITY) {
    this.maxReads = maxReads;
  }

  /**
   * The same window over bytes that count every read, and throw where one falls outside of it or goes over the
   * maximum. Reads only: whoever wants to write, or to use a method of arrays, fails too.
   */
  over({ bytes, start, end }: Window): Window {
    // On an odd address nobody can read several bytes at once, past the watch.
    const watched = new Uint8Array(new ArrayBuffer(bytes.length + 1), 1);
    watched.set(bytes);
    const get = (target: Uint8Array, key: string | symbol): unknown => {
      const index = typeof key === 'string' ? Number(key) : Number.NaN;
      if (key === 'subarray') return copyOf;
      if (Number.isNaN(index)) return Reflect.get(target, key, target);
      this.note(index, index + 1, start, end);
      return target[index];
    };
    /** Whoever takes a part is taken to read all of it, once. */
    const copyOf = (from: number, to: number): Uint8Array => {
      this.note(from, to, start, end);
      return watched.slice(from, to);
    };
    return { bytes: new Proxy(watched, { get }), start, end };
  }

  private note(from: number, to: number, start: number, end: number): void {
    this.reads += to - from;
    if (from < start || to > end) throw new RangeError(`read at ${from}..${to}, outside of ${start}..${end}`);
    if (this.reads > this.maxReads) throw new RangeError(`more than ${this.maxReads} reads`);
  }
}

/** A text as a window, with neighbours that would go on with most of what it may end in. */
export function amid(content: string): Window {
  return between(ascii('9a.:<"'), ascii(content), ascii('9a.:1;,>="\r\n x'));
}

/** What stands at [start, end) of the window's buffer. */
export function at({ bytes }: Window, start: number, end: number): string {
  return text(bytes, start, end);
}
