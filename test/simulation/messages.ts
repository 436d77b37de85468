/**
 * SIP text as the model's phones and registrar write and read it. It shares no code with src/: what reads the
 * messages here must be able to disagree with what reads them there.
 */

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

export interface Field {
  readonly name: string;
  readonly value: string;
}

const COMPACT: Readonly<Record<string, string>> = {
  v: 'via',
  f: 'from',
  t: 'to',
  i: 'call-id',
  m: 'contact',
  l: 'content-length',
  k: 'supported',
};

/** Header fields in order, names in lower case and in full. */
export function fieldsOf(text: string): Field[] {
  const fields: Field[] = [];
  const lines = text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n');
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    fields.push({ name: COMPACT[name] ?? name, value: line.slice(colon + 1).trim() });
  }
  return fields;
}

export function fieldText(fields: readonly Field[], name: string): string {
  return fields.find((field) => field.name === name)?.value ?? '';
}

export function fieldTexts(fields: readonly Field[], name: string): string[] {
  return fields.filter((field) => field.name === name).map((field) => field.value);
}

/** Every Contact value of a message, lists split at commas outside of quotes and angle brackets. */
export function contactsOf(fields: readonly Field[]): string[] {
  return fieldTexts(fields, 'contact').flatMap(splitList);
}

function splitList(value: string): string[] {
  const parts: string[] = [];
  let isQuoted = false;
  let depth = 0;
  let from = 0;
  for (let i = 0; i < value.length; i++) {
    const c = value[i]!;
    if (c === '"') isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (c === '<') depth++;
    else if (c === '>') depth--;
    else if (c === ',' && depth === 0) {
      parts.push(value.slice(from, i).trim());
      from = i + 1;
    }
  }
  parts.push(value.slice(from).trim());
  return parts;
}

/** The URI of a Contact value, with or without brackets. */
export function uriOf(contact: string): string {
  if (contact.startsWith('sip:'))
    return contact.slice(0, (contact.indexOf(';') + 1 || contact.length + 1) - 1);
  let at = 0;
  if (contact[0] === '"') at = contact.indexOf('"', 1) + 1;
  const open = contact.indexOf('<', at);
  return contact.slice(open + 1, contact.indexOf('>', open));
}

const TOKEN_PARAM = /;rollcall=[^;>]*/i;

/** The proxy's own parameter of a Contact URI, or nothing: two bindings that differ in it alone are one phone's. */
export function tokenOf(uri: string): string {
  return TOKEN_PARAM.exec(uri)?.[0] ?? '';
}

/** How a Contact is written: in brackets, with the seed's bare words in front, with a nasty quoted name, or bare. */
export type ContactStyle = 'brackets' | 'words' | 'quoted' | 'bare';

export function contactText(style: ContactStyle, uri: string, params: string): string {
  switch (style) {
    case 'brackets':
      return `<${uri}>${params}`;
    case 'words':
      return `Karen Filippelli 24001 <${uri}>${params}`;
    case 'quoted':
      return `"Doe, Jane; <x>" <${uri}>${params}`;
    case 'bare':
      return `${uri}${params}`;
  }
}

export interface RegisterText {
  readonly domain: string;
  readonly sentBy: string;
  readonly rport: boolean;
  readonly branch: string;
  /** The To URI as this phone spells it. */
  readonly toUri: string;
  readonly fromTag: string;
  readonly callId: string;
  readonly cseq: number;
  /** Whole Contact values; `*` for all; none for a query. */
  readonly contacts: readonly string[];
  readonly expiresHeader: number | undefined;
  /** Whole header lines with credentials. */
  readonly authorization: readonly string[];
  readonly userAgent: string;
  readonly isCompact: boolean;
}

export function registerText(m: RegisterText): string {
  const name = m.isCompact
    ? { via: 'v', from: 'f', to: 't', callId: 'i', contact: 'm', length: 'l' }
    : { via: 'Via', from: 'From', to: 'To', callId: 'Call-ID', contact: 'Contact', length: 'Content-Length' };
  const lines = [
    `REGISTER sip:${m.domain} SIP/2.0`,
    `${name.via}: SIP/2.0/UDP ${m.sentBy};branch=${m.branch}${m.rport ? ';rport' : ''}`,
    'Max-Forwards: 70',
    `${name.to}: <${m.toUri}>`,
    `${name.from}: <${m.toUri}>;tag=${m.fromTag}`,
    `${name.callId}: ${m.callId}`,
    `CSeq: ${m.cseq} REGISTER`,
  ];
  if (m.contacts.length > 0) lines.push(`${name.contact}: ${m.contacts.join(', ')}`);
  if (m.expiresHeader !== undefined) lines.push(`Expires: ${m.expiresHeader}`);
  lines.push(...m.authorization, `User-Agent: ${m.userAgent}`, `${name.length}: 0`, '', '');
  return lines.join('\r\n');
}

/** An Authorization line; phones of the seed's kind write no space behind the colon and put the response first. */
export function credentialsLine(
  name: 'Authorization' | 'Proxy-Authorization',
  user: string,
  domain: string,
  nonce: string,
  response: string,
  style: 'usual' | 'seed',
): string {
  return style === 'usual'
    ? `${name}: Digest username="${user}", realm="${domain}", nonce="${nonce}", uri="sip:${domain}", response="${response}", algorithm=MD5`
    : `${name}:Digest response="${response}",username="${user}",realm="${domain}", nonce="${nonce}",algorithm=MD5,uri="sip:${domain}"`;
}
