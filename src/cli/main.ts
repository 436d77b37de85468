#!/usr/bin/env node
import type { Command, ExitCode } from './command.ts';
import { complain, sentenceOf } from './command.ts';
import { startAnewOnOneCpu } from './single-threaded-gc.ts';
import { ownVersion } from './surroundings.ts';

/** A word behind `rollcall`. What it needs is loaded when it is called: that takes longer than all else here. */
interface Word {
  readonly name: string;
  readonly summary: string;
  /** To be done before anything is loaded. */
  readonly first?: () => Promise<void>;
  readonly load: () => Promise<Command>;
}

const WORDS: readonly Word[] = [
  {
    name: 'run',
    summary: 'stand between phones and registrar, and tell what passes',
    first: startAnewOnOneCpu,
    load: async () => (await import('./run.ts')).RUN,
  },
  {
    name: 'demo',
    summary: 'see it work: a PBX, some dozens of phones and Rollcall in one process',
    load: async () => (await import('./demo.ts')).DEMO,
  },
  {
    name: 'check',
    summary: 'say what `run` would do with the same flags, or what is wrong with them',
    load: async () => (await import('./check.ts')).CHECK,
  },
];

function generalHelp(): string {
  const width = Math.max(...WORDS.map(({ name }) => name.length));
  const lines = WORDS.map(({ name, summary }) => `  rollcall ${name.padEnd(width)}  ${summary}`);
  return `Rollcall: a SIP proxy in front of a registrar that tells its registrations as metrics.

${lines.join('\n')}

rollcall COMMAND --help tells its flags; rollcall --version tells the version.
`;
}

const HELP_FLAGS = ['--help', '-h'];

async function main(words: readonly string[]): Promise<ExitCode> {
  const [name, ...args] = words;
  if (name === '--version') {
    process.stdout.write(`${ownVersion()}\n`);
    return 0;
  }
  if (name === undefined || HELP_FLAGS.includes(name)) {
    process[name === undefined ? 'stderr' : 'stdout'].write(generalHelp());
    return name === undefined ? 2 : 0;
  }
  const word = WORDS.find((known) => known.name === name);
  if (word === undefined) {
    const { nearest } = await import('./given.ts');
    const near = nearest(
      name,
      WORDS.map((known) => known.name),
    );
    const cure = near === undefined ? 'rollcall --help lists them all' : `did you mean ${near}?`;
    complain(`there is no command ${JSON.stringify(name)}; ${cure}`);
    return 2;
  }
  if (args.some((arg) => HELP_FLAGS.includes(arg))) {
    process.stdout.write((await word.load()).help());
    return 0;
  }
  await word.first?.();
  return (await word.load()).execute(args);
}

/** A reader that went away (`| head`) is no failure of ours. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

/** Whatever still holds the process when a command has ended must not hold it for long. */
const LINGER_MS = 500;

const code = await main(process.argv.slice(2)).catch((error: unknown): ExitCode => {
  complain(sentenceOf(error));
  return 1;
});
process.exitCode = code;
setTimeout(() => process.exit(), LINGER_MS).unref();
