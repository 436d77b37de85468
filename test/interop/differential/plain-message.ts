/**
 * A reading of messages that owes nothing to src/sip/: lines and colons, no more. What is compared, and what is said
 * of a difference, must not depend on the code that is being judged.
 */
export interface PlainHeader {
  /** In lower case, compact forms written out. */
  readonly name: string;
  /** As it stands, folds and line end included. */
  readonly line: string;
  readonly value: string;
}

export interface PlainMessage {
  readonly startLine: string;
  readonly headers: readonly PlainHeader[];
  /** Behind the empty line. */
  readonly body: string;
  /** Whether there is an empty line. */
  readonly isEnded: boolean;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  c: 'content-type',
  k: 'supported',
  s: 'subject',
  e: 'content-encoding',
  o: 'event',
  r: 'refer-to',
  b: 'referred-by',
  u: 'allow-events',
};

export function readPlain(datagram: string): PlainMessage {
  const message = datagram.replace(/^[\r\n]+/, '');
  const empty = /(?<=\n)\r?\n/.exec(message);
  const head = empty ? message.slice(0, empty.index) : message;
  const body = empty ? message.slice(empty.index + empty[0].length) : '';
  // A line ends where the next one does not start with white space (RFC 3261 section 7.3.1).
  const [startLine = '', ...lines] = head.split(/(?<=\n)/);
  return { startLine: startLine.replace(/\r?\n$/, ''), headers: unfolded(lines), body, isEnded: !!empty };
}

function unfolded(lines: readonly string[]): PlainHeader[] {
  const whole: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && whole.length > 0) whole.push((whole.pop() ?? '') + line);
    else whole.push(line);
  }
  return whole.map((line) => {
    const colon = line.indexOf(':');
    const name =
      colon < 0
        ? ''
        : line
            .slice(0, colon)
            .replace(/[ \t]+$/, '')
            .toLowerCase();
    return { name: COMPACT[name] ?? name, line, value: trimmed(line.slice(colon + 1)) };
  });
}

/** Without white space at its ends, as SIP has it: not all that trim() takes away. */
function trimmed(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

export function headersNamed({ headers }: PlainMessage, name: string): readonly PlainHeader[] {
  return headers.filter((header) => header.name === name);
}

export function firstValue(message: PlainMessage, name: string): string | undefined {
  return headersNamed(message, name)[0]?.value;
}
