/**
 * What a proxy may change, said a second time: slowly, over strings, knowing nothing of spans and edits. Two
 * texts are compared after everything that we are allowed to touch has been taken out of both.
 */

/** A message cut at its line ends: start line, header lines with their folds and ends, body. */
interface Pieces {
  readonly startLine: string;
  readonly headers: readonly string[];
  /** From the empty line on. */
  readonly rest: string;
}

export function pieces(text: string): Pieces {
  const lines = text.split(/(?<=\n)/);
  const headers: string[] = [];
  let at = 1;
  for (; at < lines.length && !/^\r?\n$/.test(lines[at]!); at++) {
    if (/^[ \t]/.test(lines[at]!) && headers.length > 0) headers.push(headers.pop()! + lines[at]!);
    else headers.push(lines[at]!);
  }
  return { startLine: lines[0] ?? '', headers, rest: lines.slice(at).join('') };
}

const NAMES: Readonly<Record<string, string>> = {
  v: 'via',
  m: 'contact',
  l: 'content-length',
  k: 'supported',
  t: 'to',
};

export function nameOf(header: string): string {
  const name = /^([^\s:]*)[ \t]*:/.exec(header)?.[1]?.toLowerCase() ?? '';
  return NAMES[name] ?? name;
}

/** Where the first value of a comma list ends: at a comma outside of quotes. */
export function firstValueEnd(value: string): number {
  return splitOutsideQuotes(value, ',')[0]!.length;
}

/** Cut at every separator that stands outside of quotes. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const out = [''];
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === separator && !isQuoted) {
      out.push('');
      continue;
    }
    if (c === '"') isQuoted = !isQuoted;
    const isEscape = isQuoted && c === '\\' && i + 1 < text.length;
    out.push(out.pop()! + (isEscape ? c + text[++i]! : c));
  }
  return out;
}

/** The parameters of a Via value, the sent-by first; white space around them is of no matter here. */
function viaParts(value: string): string[] {
  return splitOutsideQuotes(value, ';').map((part) => part.trim());
}

/** What a Via value says that it received from: the first such parameter, else its sent-by. */
export function receivedOf(value: string): string {
  const [sentBy, ...params] = viaParts(value);
  const stamp = params.find((param) => /^received\s*=/i.test(param));
  if (stamp !== undefined) return stamp.replace(/^[^=]*=\s*/, '');
  return /\s(\[[^\]]*\]|[^\s:]*)(?:\s*:\s*\d+)?$/.exec(sentBy!)![1]!;
}

/** A Via value without `received` and `rport`, wherever they stand and however they are written. */
function withoutStamps(value: string): string {
  return viaParts(value)
    .filter((part) => !/^(?:received|rport)(?:\s*=[\s\S]*)?$/i.test(part))
    .join(';');
}

function withoutTokens(header: string): string {
  return header.replace(/;rollcall(?:=[^;>]*)?(?=[;>])/gi, '');
}

/** A request without anything that we may take out, put in or change. Our own additions are told by their form. */
export function strippedRequest(text: string, side: 'received' | 'sent'): string {
  const { startLine, headers, rest } = pieces(text);
  const isRegister = startLine.startsWith('REGISTER ');
  const ours = side === 'sent' ? headers.slice(1) : headers;
  const kept: string[] = [];
  let isStamped = false;
  for (const header of ours) {
    const name = nameOf(header);
    if (name === 'via' && !isStamped) {
      isStamped = true;
      kept.push(strippedVia(header));
    } else if (name === 'max-forwards') {
      // Its number is compared apart.
    } else if (name === 'route') {
      // So are the Routes.
    } else if (isRegister && (name === 'path' || /^supported: path\r?\n$/i.test(header))) {
      // Ours are added, a phone's Path goes.
    } else if (/^Record-Route: <sip:[0-9a-v]{29,48}@[^@>]*;lr>\r?\n$/.test(header)) {
      // Ours; a Record-Route of just this form in the input is a former one of ours.
    } else {
      kept.push(isRegister && name === 'contact' ? withoutTokens(header) : header);
    }
  }
  return [startLine.replace(/ [^ ]* (?=\S*\r?\n?$)/, ' URI '), ...kept, rest].join('');
}

function strippedVia(header: string): string {
  const colon = header.indexOf(':') + 1;
  const end = colon + firstValueEnd(header.slice(colon));
  // White space at the end of a line, or before the comma, is no part of the value.
  return header.slice(0, colon) + withoutStamps(header.slice(colon, end)) + header.slice(end);
}

/** Values of the Route headers, white space around them left out. */
export function routes(text: string): string[] {
  return pieces(text)
    .headers.filter((header) => nameOf(header) === 'route')
    .flatMap((header) => splitList(header.slice(header.indexOf(':') + 1)));
}

function splitList(value: string): string[] {
  const out: string[] = [];
  let from = 0;
  let isQuoted = false;
  let isBracketed = false;
  for (let i = 0; i <= value.length; i++) {
    const c = value[i];
    if (isQuoted && c === '\\') i++;
    else if (c === '"' && !isBracketed) isQuoted = !isQuoted;
    else if (!isQuoted && c === '<') isBracketed = true;
    else if (!isQuoted && c === '>') isBracketed = false;
    else if (c === undefined || (c === ',' && !isQuoted && !isBracketed)) {
      out.push(value.slice(from, i).trim());
      from = i + 1;
    }
  }
  return out;
}

/** A response without its first Via value, and, where that was alone in its line, without the line. */
export function withoutTopVia(text: string): string {
  const { startLine, headers, rest } = pieces(text);
  const at = headers.findIndex((header) => nameOf(header) === 'via');
  const header = headers[at]!;
  const colon = header.indexOf(':') + 1;
  const blank = /^\s*/.exec(header.slice(colon))![0].length;
  const end = firstValueEnd(header.slice(colon));
  const behind = header.slice(colon + end + 1);
  const left =
    end === header.length - colon ? [] : [header.slice(0, colon + blank) + behind.replace(/^\s*/, '')];
  return [startLine, ...headers.slice(0, at), ...left, ...headers.slice(at + 1), rest].join('');
}

/** A response to REGISTER without our parameters. */
export function withoutContactTokens(text: string): string {
  const { startLine, headers, rest } = pieces(text);
  return [
    startLine,
    ...headers.map((header) => (nameOf(header) === 'contact' ? withoutTokens(header) : header)),
    rest,
  ].join('');
}

/** The message as Content-Length bounds it; the whole of it where there is none. */
export function bounded(text: string): string {
  const { headers, rest } = pieces(text);
  const line = headers.find((header) => nameOf(header) === 'content-length');
  if (line === undefined) return text;
  const length = Number(line.slice(line.indexOf(':') + 1).trim());
  const emptyLine = /^\r?\n/.exec(rest)![0].length;
  return text.slice(0, text.length - rest.length + emptyLine + length);
}
