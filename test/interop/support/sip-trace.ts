import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** A SIP message as one party sent or received it. */
export interface TracedMessage {
  readonly direction: 'sent' | 'received';
  /** Without its line end. */
  readonly startLine: string;
  /** The method of a request, or the one that a response answers, from CSeq. */
  readonly method: string;
  /** Of a response; 0 for a request. */
  readonly status: number;
  readonly callId: string;
  /** The values of a header in order; lists are taken apart. The long name alone. */
  values(header: string): readonly string[];
}

/** SIPp writes one such line before each message of its -trace_msg file. */
const BETWEEN = /^-{20,} \d{4}-\d\d-\d\d \S+\r?\n/m;
const TITLE = /^\w+ message (sent|received) [^\n]*\n\n?/;

function traced(section: string): TracedMessage | undefined {
  const [title, direction] = TITLE.exec(section) ?? [];
  if (title === undefined) return undefined;
  const [startLine = '', ...lines] = section
    .slice(title.length)
    .split(/\r?\n\r?\n/)[0]!
    .split(/\r?\n/);
  const values = (header: string): string[] =>
    lines
      .filter((line) => line.toLowerCase().startsWith(`${header.toLowerCase()}:`))
      .flatMap((line) => line.slice(header.length + 1).split(/,(?=\s*(?:<|SIP\/2\.0))/))
      .map((value) => value.trim());
  const status = Number(/^SIP\/2\.0 (\d{3})/.exec(startLine)?.[1] ?? 0);
  return {
    direction: direction as TracedMessage['direction'],
    startLine,
    status,
    method: values('CSeq')[0]?.split(/\s+/)[1] ?? '',
    callId: values('Call-ID')[0] ?? '',
    values,
  };
}

/** Reads what a SIPp has written so far, each time it is asked; the last message may be incomplete. */
export function openTrace(path: string): () => TracedMessage[] {
  const complete: TracedMessage[] = [];
  let readBytes = 0;
  let rest = '';
  return () => {
    const more = bytesBehind(path, readBytes);
    readBytes += more.length;
    const sections = (rest + more.toString('latin1')).split(BETWEEN);
    rest = sections.pop() ?? '';
    complete.push(...sections.flatMap((section) => traced(section) ?? []));
    return [...complete, ...[traced(rest) ?? []].flat()];
  };
}

function bytesBehind(path: string, position: number): Buffer {
  if (!existsSync(path)) return Buffer.alloc(0);
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size - position);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, position));
  } finally {
    closeSync(file);
  }
}

/** Host and port of a message's top Via: of the last hop that it came over. */
export function lastHop(message: TracedMessage): string {
  return /^SIP\/2\.0\/UDP ([^;\s]+)/.exec(message.values('Via')[0] ?? '')?.[1] ?? '';
}
