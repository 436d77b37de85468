#!/usr/bin/env node
import { CHECK } from './check.ts';
import type { Command, ExitCode } from './command.ts';
import { complain, sentenceOf } from './command.ts';
import { DEMO } from './demo.ts';
import { nearest } from './given.ts';
import { RUN } from './run.ts';
import { ownVersion } from './surroundings.ts';

const COMMANDS: readonly Command[] = [RUN, DEMO, CHECK];

function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  rollcall ${name.padEnd(width)}  ${summary}`);
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
  const command = COMMANDS.find((known) => known.name === name);
  if (command === undefined) {
    const near = nearest(
      name,
      COMMANDS.map((known) => known.name),
    );
    const cure = near === undefined ? 'rollcall --help lists them all' : `did you mean ${near}?`;
    complain(`there is no command ${JSON.stringify(name)}; ${cure}`);
    return 2;
  }
  if (args.some((arg) => HELP_FLAGS.includes(arg))) {
    process.stdout.write(command.help());
    return 0;
  }
  return command.execute(args);
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
