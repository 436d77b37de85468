import assert from 'node:assert/strict';

/** Longest text from the wire that may stand in a label, an event or a log line. */
const MAX_TEXT = 512;

/** What comes from the wire and is shown to people: printable, bounded, nothing that ends a quoted string's line. */
export function assertLabel(text: string): void {
  assert.ok(text.length > 0 && text.length <= MAX_TEXT, `${text.length} characters`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f]/, JSON.stringify(text));
}
