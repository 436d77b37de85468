/** Messages of tests, parsed, and their parts as text. */
import assert from 'node:assert/strict';
import { text } from '../../src/sip/bytes.ts';
import { Message } from '../../src/sip/message.ts';
import { parse } from '../../src/sip/parse.ts';
import type { Window } from './window.ts';
import { amid } from './window.ts';

/** The parsed window, or undefined where parse says that it is no message at all. */
export function parsed({ bytes, start, end }: Window): Message | undefined {
  const message = new Message();
  return parse(bytes, start, end, message) ? message : undefined;
}

/** The message that the text is, with neighbours around it. */
export function messageOf(content: string): Message {
  const message = parsed(amid(content));
  assert.ok(message !== undefined, content);
  return message;
}

export function bytesAt(message: Message, start: number, end: number): string {
  return text(message.bytes, start, end);
}

export function valueText(message: Message, line: number): string {
  return bytesAt(message, message.valueStart(line), message.valueEnd(line));
}

/** The numbers of all header lines. */
export function linesOf(message: Message): number[] {
  return Array.from({ length: message.headerCount }, (_, line) => line);
}
