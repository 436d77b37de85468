/** 0 fine, 1 it failed while running, 2 it was called or configured wrongly. */
export type ExitCode = 0 | 1 | 2;

/** What one word behind `rollcall` does. */
export interface Command {
  readonly help: () => string;
  readonly execute: (args: readonly string[]) => Promise<ExitCode>;
}

/** Sentences on standard error, one a line, each from us and each with its full stop. */
export function complain(...sentences: readonly string[]): void {
  for (const sentence of sentences) {
    process.stderr.write(`rollcall: ${sentence.replace(/[.]?$/, /[?]$/.test(sentence) ? '' : '.')}\n`);
  }
}

/**
 * What to say of an error that ended a command: the sentence that it carries where somebody thought of it,
 * with the stack where it is our own defect.
 */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isDefect = [TypeError, RangeError, ReferenceError, SyntaxError].some((kind) => error instanceof kind);
  return isDefect ? `a defect of ours: ${error.stack ?? error.message}` : error.message;
}

/**
 * Resolves with the first of these signals. Later ones are swallowed: `npm run` passes on the Ctrl-C that the
 * terminal has already given to everybody, and the second one must not cut the ending short.
 */
export function signalled(...signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, () => resolve(signal));
  });
}
